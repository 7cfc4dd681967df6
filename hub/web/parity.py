"""What programs do instead of each page and each form: operations of the API, or why none.

The OpenAPI document shows it, and a test holds every route of the pages to it.
"""

from __future__ import annotations

from collections.abc import Mapping

FORMS: Mapping[str, tuple[str, ...]] = {
    "/suggestions/{id}/decision": ("decide",),
    "/orders/{id}/commands": ("actOnOrder",),
    "/pantry/{item}": ("setStock",),
    "/plans": ("addAbsence", "addPlan"),
    "/plans/remove": ("dropAbsence", "dropPlan"),
    "/meals": ("proposeMeal",),
    "/meals/{id}": ("callMealOff", "letIn", "splitBill"),
    "/activities": ("createActivity",),
    "/activities/{id}": (
        "cancelActivity", "inviteToActivity", "answerInvitation", "noteAnswer", "proposeTime",
    ),
    "/activities/{id}/edit": ("changeActivity",),
    "/friends/invite": ("inviteContact",),
    "/friends/accept": ("acceptInvitation",),
    "/friends/add": ("addContactByMail",),
    "/friends/{id}": (
        "confirmContact", "muteContact", "limitContact", "witnessContact", "placeContact",
        "removeContact",
    ),
    "/devices/waiting": ("answerDevice",),
    "/devices/logins": ("addDeviceLogin",),
    "/devices/logins/{name}/revoke": ("revokeDeviceLogin",),
    "/devices/pairing": ("openPairing", "closePairing"),
    "/devices/{id}": ("sayMeaning",),
    "/rules": ("rehearseRules",),
    "/rules/{id}": ("changeRule", "switchRule"),
    "/rules/files/{name}": ("writeRuleFile",),
    "/rules/files/{name}/check": ("checkRuleFile",),
    "/rules/sets": ("fetchRuleSet", "takeRuleSet"),
    "/rules/sets/offers/{digest}": ("compareRuleSet", "adoptRuleSet"),
    "/rules/sets/{id}/update": ("updateRuleSet",),
    "/rules/sets/{id}/drop": ("dropRuleSet",),
    "/settings/files/{name}": ("writeFile",),
    "/settings/files/{name}/check": ("checkFile",),
    "/welcome/{step}": (
        "setHome", "addMember", "setMember", "removeMember", "setBroker", "findBrokers", "addItem",
        "setItem", "removeItem", "setShops", "sayMeaning", "addReadyRules", "previewReadyRule",
        "setAsking", "setBeginning",
    ),
    "/welcome/asking/test": ("sendTestMessage",),
    "/ledger/providers/{id}/anew": ("beginAnewWithProvider",),
    "/privacy/grants/{id}/revoke": ("revokeGrant",),
    "/privacy/erase": ("askToErase",),
    "/you/sessions/{id}/revoke": ("revokeSession",),
    "/you/passkeys/{id}/remove": ("removePasskey",),
    "/you/code": ("makeSignInCode",),
    "/you/asking": ("setAsking",),
    "/you/asking/{member}": ("setAsking",),
    "/you/asking/{member}/test": ("sendTestMessage",),
    "/you/escalation": ("setEscalation",),
    "/you/calendar": ("makeCalendarAddress",),
    "/you/calendar/end": ("endCalendarAddress",),
    "/a/{token}": ("decide",),
}  # fmt: skip
"""Where a page has a form, and the operations that do together what it does."""

PAGES_ONLY: Mapping[str, str] = {
    "/sign-in": "It makes a browser's session of a code. A program has a token instead, and a "
    "session made for one could do what its scopes withhold.",
    "/sign-out": "It ends the session whose cookie comes with it. revokeSession ends any, by its "
    "id, and revokeToken a program's own token.",
    "/sign-in/passkey/options": "The challenge is bound to the browser that shows the sign-in "
    "page (WebAuthn): nobody else can answer it.",
    "/sign-in/passkey": "What a passkey signs is taken from that browser alone, and becomes its "
    "session.",
    "/you/passkeys/options": "A passkey is made by a browser for the address that it shows, and by "
    "the member who is signed in with it.",
    "/you/passkeys": "The second half of that: a passkey that a program could add would sign it in "
    "for good as that member.",
    "/language": "It is a cookie of this browser: the API speaks one language.",
    "/push/subscribe": "A subscription is made by the browser that will be notified, with keys "
    "that only it has, and ends with its session.",
    "/push/unsubscribe": "The browser takes its own subscription back; revokeSession ends it too.",
    "/pair": "It is the door for devices, JSON itself and without a token: an adult opens it with "
    "openPairing.",
}
"""Forms that no operation stands for, and why."""

VIEWS: Mapping[str, tuple[str, ...]] = {
    "/": ("listSuggestions", "listNotices", "listProblems", "getBeginning"),
    "/suggestions/{id}": ("getSuggestion", "listSlots"),
    "/day": ("listAgenda", "listConflicts", "listCalendars", "listNotices"),
    "/day/{day}": ("listAgenda", "listAbsences", "listPlans", "listMeals", "getMeal"),
    "/activities": ("listActivities", "listFriends"),
    "/activities/{id}": ("getActivity",),
    "/activities/{id}/receipt": ("getActivityReceipt",),
    "/orders/{id}/receipt": ("getOrderReceipt",),
    "/activities/{id}/edit": ("getActivity",),
    "/friends": ("listContacts",),
    "/friends/{id}": ("getContact",),
    "/pantry": ("listPantry",),
    "/pantry/{item}": ("listPantry", "getHistory"),
    "/pantry/{item}/level.svg": ("getHistory",),
    "/orders": ("listOrders",),
    "/orders/{id}": ("getOrder", "listSlots", "listLedger"),
    "/spending.svg": ("listSpending",),
    "/devices": ("listEntities", "listWaitingDevices", "listParked"),
    "/devices/logins": ("listDeviceLogins", "getPairing"),
    "/devices/{id}": ("listEntities", "getMeaning", "listParked"),
    "/rules": ("listRules", "listRuleFiles", "listProblems"),
    "/rules/{id}": ("listRules", "listRuleValues"),
    "/rules/files/{name}": ("getRuleFile",),
    "/rules/sets": ("listRuleSets",),
    "/rules/sets/offers/{digest}": ("compareRuleSet",),
    "/welcome": ("getBeginning",),
    "/welcome/{step}": (
        "getHome", "listMembers", "getBroker", "findBrokers", "listItems", "getShops",
        "listEntities", "listReadyRules", "previewReadyRule",
    ),
    "/ledger": ("listLedger", "listWitnesses"),
    "/settings": ("listSettings", "listFiles", "listProblems", "getBackup", "getAbout"),
    "/settings/files/{name}": ("getFile",),
    "/privacy": ("listGrants", "listDisclosures"),
    "/notices": ("listNotices",),
    "/parked": ("listParked",),
    "/you": ("listSessions", "listPasskeys", "getCalendarAddress", "getAsking", "getEscalation"),
    "/you/asking": ("getAsking", "getEscalation"),
    "/you/asking/{member}": ("getAsking",),
    "/calendar/{secret}.ics": ("readAgenda",),
}  # fmt: skip
"""Where a page shows something, and the operations that tell what it shows."""

SHOWS_NOTHING: Mapping[str, str] = {
    "/activities/new": "It is an empty form.",
    "/friends/invite": "It leads a reloaded page back: an invitation is shown once.",
    "/friends/accept": "It leads a reloaded page back.",
    "/friends/add": "It leads a reloaded page back.",
    "/devices/pairing": "It leads a reloaded page back: a code is shown once.",
    "/you/calendar": "It leads a reloaded page back: an address is shown once.",
    "/you/code": "It leads a reloaded page back: a code is shown once.",
    "/more": "It is a list of pages.",
    "/events": "It says only that something changed, for open pages: a program asks again.",
    "/sign-in": "It is the form for who is not signed in.",
    "/a/{token}": "It shows one suggestion to whoever holds its link: getSuggestion.",
    "/push/key": "It is for the browser that subscribes.",
    "/healthz": "It is JSON itself, for supervisors, and takes no token.",
    "/metrics": "It is for Prometheus, and takes a token with the scope read.",
    "/static/{name}": "It is a file of the pages.",
    "/manifest.webmanifest": "It is a file of the pages.",
    "/worker.js": "It is a file of the pages.",
    "/offline": "It is what a browser shows while the hub cannot be reached.",
}
"""Other addresses, and why no operation is needed."""
