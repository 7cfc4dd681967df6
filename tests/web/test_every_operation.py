"""Each operation of the API does once what it is for, and answers as its document says.

One household lives through all of it in order: an operation may stand on what one before it did.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from hub.domain.scopes import SCOPES
from hub.store.database import open_database
from hub.store.passkeys import Passkey, PasskeyStore
from hub.web.api import OPERATIONS
from hub.web.apidoor import BASE
from hub.web.beginning import FoundBroker
from hub.web.openapi import document
from tests.web.conftest import Client
from tests.web.fake_backend import NOW, FakeBackend
from tests.web.fake_rulesets import DIGEST

ADA = {"member": "ada"}
TIMES = {"start": "2026-11-28T10:00:00+01:00", "end": "2026-11-28T13:00:00+01:00"}
FISHING = {"summary": "Fishing", **TIMES, **ADA}
ACT, CHOIR = {"id": "act-1"}, {"id": "choir/7#x@birch"}
EVA = {"name": "Eva", "email": "eva@y.example"}
OWN_BROKER = {"url": "managed", "bind": False, "listen": False}
TEA = {"name": "Tea", "unit": "g", "par": "50"}
READY = {"fridge_too_warm": {}}
GROCERIES, PANTRY = {"name": "groceries.yaml"}, {"name": "pantry.yaml"}

Kept = dict[str, Any]
"""What the operations before answered, by their names."""


@dataclass(frozen=True)
class Row:
    """One operation with what it is given, and what its answer has to hold.

    What is callable is made of the answers before it. ``told`` is held to some item of a list.
    """

    name: str
    told: Mapping[str, Any]
    path: Mapping[str, str] | Callable[[Kept], Mapping[str, str]] = field(default_factory=dict)
    body: Any = None
    query: str = ""


ROWS = (
    # -- looking
    Row("listSuggestions", {"id": "sug-1", "state": "proposed"}),
    Row("getSuggestion", {"title": "Order oat milk, eggs and bread"}, {"id": "sug-1"}),
    Row("listOrders", {"id": "ord-3", "state": "confirmed"}),
    Row("getOrder", {"provider_name": "Green Corner"}, {"id": "ord-1"}),
    Row("listSlots", {"id": "slot-1-8", "fee": "2.90"}, {"id": "ord-1"}),
    Row("listPantry", {"hours_left": None}),
    Row("getHistory", {"quantity": 3.0}, {"item": "milk"}),
    Row("listSpending", {"provider": "Green Corner"}, query="?days=30"),
    Row("listLedger", {"kind": "confirmed", "subject": "ord-3"}, query="?subject=ord-3"),
    Row("listWitnesses", {"contact": "cleo", "agreed": True}),
    Row("listRules", {"id": "groceries", "enabled": True}),
    Row("listProblems", {"file": "rules/odd.yaml"}),
    Row("listEntities", {"id": "sensor.milk", "value": "0.41"}),
    Row("listNotices", {"identifier": "n-1", "service": "heating"}),
    Row("listParked", {"topic": "commonhearth/v1/fridge/stock", "count": 3}),
    Row("listActivities", {"uid": "act-1", "state": "confirmed"}),
    Row("getActivity", {"uid": "choir/7#x@birch"}, CHOIR),
    Row("listAgenda", {"id": "delivery:ord-3", "needs_home": True}, query="?days=2"),
    Row("readAgenda", {}),
    Row("listCalendars", {"name": "Work"}),
    Row("listFriends", {"id": "ben"}),
    Row("listContacts", {"id": "mill", "standing": "awaits_us"}),
    Row("getContact", {"name": "Mill House"}, {"id": "mill"}),
    Row("listAbsences", {"id": "away-1"}),
    Row("listPlans", {"id": "soup-1", "uses": ["gas"]}),
    Row("listConflicts", {"kind": "nobody_home", "suggestion_id": "sug-5"}),
    Row("listGrants", {"id": "g-1", "called": "Green Corner"}),
    Row("listDisclosures", {"recipient": "market.example"}, query="?recipient=market.example"),
    Row("listWaitingDevices", {"owner": "0x17@0x17", "state": "waiting"}),
    Row("listMeals", {"id": "dinner-1", "state": "booked"}),
    Row("getMeal", {"place": "Table by the River"}, {"id": "dinner-1"}),
    Row("listSettings", {"name": "home"}),
    Row("getAbout", {"version": "0.1.0", "identity": "hub-7f3a.example"}),
    Row("getBackup", {"failing_since": None}),
    # -- the first start
    Row("getBeginning", {"step": ""}),
    Row("setBeginning", {"step": "rules"}, body={"step": "rules"}),
    Row("getHome", {"name": "Lindenhof 7", "currency": None}),
    Row(
        "setHome", {"name": "Elm", "timezone": "Europe/Berlin", "quiet_hours": None},
        body={
            "name": "Elm", "timezone": "Europe/Berlin", "currency": "EUR", "quiet_hours": None
        },
    ),
    Row("listMembers", {"id": "kim", "role": "child"}),
    Row("addMember", {"id": "zoe", "role": "guest"}, body={"name": "Zoe", "role": "guest"}),
    Row("setMember", {"role": "child"}, {"member": "zoe"}, {"name": "Zoe", "role": "child"}),
    Row("removeMember", {"id": "zoe"}, {"member": "zoe"}),
    Row("getBroker", {"url": "managed", "password": False}),
    Row("setBroker", {"url": "managed"}, body=OWN_BROKER),
    Row("findBrokers", {"url": "mqtt://10.0.0.7:1883"}),
    Row("listItems", {"id": "milk", "unit": "l"}),
    Row("addItem", {"id": "tea", "unit": "g", "par": "50"}, body=TEA),
    Row("setItem", {"id": "tea", "par": "80"}, {"item": "tea"}, {**TEA, "par": "80"}),
    Row("removeItem", {"id": "tea"}, {"item": "tea"}),
    Row("getShops", {"registries": []}),
    Row("setShops", {"file": ""}, body={"shops": "https://registry.example"}),
    Row("previewReadyRule", {"problem": ""}, {"id": "fridge_door_open"}, {}),
    Row("listReadyRules", {"id": "fridge_door_open"}),
    Row("addReadyRules", {"id": "fridge_too_warm", "there": True}, body={"rules": READY}),
    Row("getAsking", {"member": "ada", "questions": None}, ADA),
    Row(
        "setAsking", {"questions": [], "quiet_hours": "22:00-07:00"}, ADA,
        lambda kept: {
            "version": kept["getAsking"]["version"], "questions": [],
            "quiet_hours": "22:00-07:00", **ADA
        },
    ),
    Row("getEscalation", {"to": []}),
    Row(
        "setEscalation", {"to": ["ben"], "after": 20},
        body=lambda kept: {
            "version": kept["getEscalation"]["version"], "after": 20, "to": ["ben"], **ADA
        },
    ),
    Row("sendTestMessage", {"member": "ada", "ways": []}, ADA, ADA),
    Row("getOrderReceipt", {"kind": "order"}, {"id": "ord-3"}),
    Row("getActivityReceipt", {"kind": "activity"}, CHOIR),
    Row("beginAnewWithProvider", {"result": "done"}, {"id": "shop.example"}, ADA),
    # -- day by day
    Row(
        "decide", {"result": "done"}, {"id": "sug-1"},
        {"version": 2, "verb": "approve", "option": "opt-1", **ADA},
    ),
    Row("actOnOrder", {"result": "changed"}, {"id": "ord-3"}, {"do": "track", **ADA}),
    Row("setStock", {"quantity": 2.5, "source": "ada"}, {"item": "milk"}, {"quantity": 2.5, **ADA}),
    Row("createActivity", {"state": "confirmed"}, body={**FISHING, "guests": ["ben"]}),
    Row("inviteToActivity", {"uid": "act-1"}, ACT, {"guests": ["cleo"], **ADA}),
    Row(
        "noteAnswer", {"uid": "act-1"}, ACT,
        {"guest": "mailto:ben@x.example", "answer": "ACCEPTED", **ADA},
    ),
    Row("changeActivity", {"sequence": 1}, ACT, {**FISHING, "location": "Mill Lake"}),
    Row("answerInvitation", {"state": "confirmed"}, CHOIR, {"answer": "TENTATIVE", **ADA}),
    Row("proposeTime", {"state": "confirmed"}, CHOIR, {**TIMES, **ADA}),
    Row("cancelActivity", {"state": "cancelled"}, ACT, ADA),
    Row("addAbsence", {"kind": "absence"}, body={"members": ["kim"], **TIMES, **ADA}),
    Row("dropAbsence", {"id": "away-1"}, {"id": "away-1"}, query="?member=ada"),
    Row("addPlan", {"title": "Stew", "uses": ["gas"]}, body={"title": "Stew", **TIMES, **ADA}),
    Row("dropPlan", {"id": "soup-1"}, {"id": "soup-1"}, query="?member=ada"),
    Row("proposeMeal", {"state": "proposed"}, body={"guests": ["ben"], **ADA}),
    Row("letIn", {"id": "dinner-1"}, {"id": "dinner-1"}, {"guest": "mailto:ben@x.example", **ADA}),
    Row(
        "splitBill", {"bill": {"amount": "61.20", "currency": "EUR"}}, {"id": "dinner-1"},
        {"total": "61.20", **ADA},
    ),
    Row("callMealOff", {"state": "cancelled"}, {"id": "dinner-1"}, {"fee": "5", **ADA}),
    # -- contacts
    Row("inviteContact", {"expires": "2026-11-27T16:20:00Z"}, body=ADA),
    Row(
        "acceptInvitation", {"name": "New House"},
        body={"link": "web+commonhearth:contact/abc", **ADA},
    ),
    Row("addContactByMail", {"email": "eva@y.example"}, body={**EVA, **ADA}),
    Row("confirmContact", {"standing": "known"}, {"id": "mill"}, ADA),
    Row("muteContact", {"muted": True}, {"id": "ben"}, {"muted": True, **ADA}),
    Row("limitContact", {"sees": "nothing"}, {"id": "ben"}, {"sees": "nothing", **ADA}),
    Row("witnessContact", {"witness": True}, {"id": "ben"}, {"on": True, **ADA}),
    Row("placeContact", {"circles": ["choir"]}, {"id": "ben"}, {"circles": ["choir"], **ADA}),
    Row("removeContact", {"id": "cleo"}, {"id": "cleo"}, query="?member=ada"),
    # -- privacy
    Row("askToErase", {"result": "done"}, body={"recipient": "green-corner.example", **ADA}),
    Row("revokeGrant", {"result": "done"}, {"id": "g-1"}, ADA),
    # -- devices
    Row("answerDevice", {"result": "done"}, body={"owner": "0x17@0x17", "accept": True, **ADA}),
    Row("addDeviceLogin", {"name": "shelf", "port": 1883}, body={"name": "shelf", **ADA}),
    Row("listDeviceLogins", {"name": "shelf", "kind": "device"}),
    Row("revokeDeviceLogin", {"name": "shelf"}, {"name": "shelf"}, ADA),
    Row("openPairing", {"until": "2026-11-24T16:25:00Z"}, body=ADA),
    Row("getPairing", {"until": "2026-11-24T16:25:00Z"}),
    Row("closePairing", {"until": None}, query="?member=ada"),
    Row("getMeaning", {"item": "", "ignore": False}, {"id": "sensor.temp"}),
    Row(
        "sayMeaning", {"item": "milk", "tare": "350 g"}, {"id": "sensor.temp"},
        {"kind": "scale", "item": "milk", "tare": "350 g"},
    ),
    # -- rules and files
    Row(
        "rehearseRules", {"rule_id": "groceries", "fired": True},
        body={"subject": "milk", "value": "0"},
    ),
    Row("listRuleValues", {"path": "cooldown", "value": "4h"}, {"id": "groceries"}),
    Row("changeRule", {"id": "groceries"}, {"id": "groceries"}, {"values": {"cooldown": "5h"}}),
    Row("switchRule", {"enabled": False}, {"id": "groceries"}, {"enabled": False}),
    Row("listRuleFiles", {"name": "groceries.yaml"}),
    Row("getRuleFile", {"name": "groceries.yaml"}, GROCERIES),
    Row("checkRuleFile", {"file": "rules/groceries.yaml"}, GROCERIES, {"text": "rules: 3"}),
    Row(
        "writeRuleFile", {"text": "rules: []\n"}, GROCERIES,
        lambda kept: {"text": "rules: []", "version": kept["getRuleFile"]["version"]},
    ),
    Row("listFiles", {"name": "devices.yaml"}),
    Row("getFile", {"name": "pantry.yaml"}, PANTRY),
    Row("checkFile", {"file": "pantry.yaml"}, PANTRY, {"text": "pantry: 3"}),
    Row(
        "writeFile", {"name": "pantry.yaml"}, PANTRY,
        lambda kept: {
            "text": kept["getFile"]["text"] + "# counted on Sundays\n",
            "version": kept["getFile"]["version"],
        },
    ),
    Row("listRuleSets", {"id": "elm-street", "newer": "1.1.0"}),
    Row("fetchRuleSet", {"digest": DIGEST}, body={"url": "https://elm.example/x", **ADA}),
    Row("takeRuleSet", {"digest": DIGEST}, body={"document": "signed", **ADA}),
    Row("updateRuleSet", {"digest": DIGEST}, {"id": "elm-street"}, ADA),
    Row(
        "compareRuleSet", {"id": "elm-street", "version": "1.1.0", "was": "1.0.0"},
        lambda kept: {"digest": kept["updateRuleSet"]["digest"]},
        {"choices": {"cold.yaml:0": "theirs"}},
    ),
    Row(
        "adoptRuleSet", {"id": "elm-street"}, {"digest": DIGEST},
        lambda kept: {
            "choices": {"cold.yaml:0": "theirs"}, "stamp": kept["compareRuleSet"]["stamp"], **ADA
        },
    ),
    Row("dropRuleSet", {"id": "elm-street", "kept": []}, {"id": "elm-street"}, ADA),
    # -- who may come in
    Row("listPasskeys", {"name": "phone"}, ADA),
    Row("removePasskey", {"id": "0" * 32}, {"id": "0" * 32, **ADA}, ADA),
    Row("listSessions", {"created_at": "2026-11-24T16:20:00Z"}, ADA),
    Row(
        "revokeSession", {}, lambda kept: {"id": kept["listSessions"]["items"][0]["id"], **ADA}, ADA
    ),
    Row(
        "makeSignInCode", {"member": "kim", "until": "2026-11-24T16:30:00Z"}, {"member": "kim"}, ADA
    ),
    Row("makeCalendarAddress", {"member": "ada"}, ADA),
    Row("getCalendarAddress", {"made_at": "2026-11-24T16:20:00Z"}, ADA),
    Row("endCalendarAddress", {"made_at": None}, ADA),
    Row("makeToken", {"scopes": ["read"]}, body={"name": "grafana", "scopes": ["read"]}),
    Row("listTokens", {"name": "grafana", "scopes": ["read"]}),
    Row("revokeToken", {"name": "grafana"}, {"name": "grafana"}),
)  # fmt: skip


@pytest.fixture
def household(backend: FakeBackend) -> FakeBackend:
    """Return one in which there is something of everything."""
    (backend.folder / "rules/odd.yaml").write_text("rules: [")
    PasskeyStore(open_database(backend.folder / "passkeys.sqlite")).add(
        Passkey("0" * 32, "ada", "phone", "hearth.example", b"", b"", 0, NOW)
    )
    backend.create_session("ada")
    backend.tokens["every-token"] = frozenset(SCOPES)

    async def found() -> Sequence[FoundBroker]:
        return [FoundBroker("Attic", "mqtt://10.0.0.7:1883")]

    backend.beginning.find_brokers = found  # type: ignore[method-assign]
    return backend


def _holds(body: Any, told: Mapping[str, Any]) -> bool:
    items = body["items"] if "items" in body and "items" not in told else [body]
    return any(told.items() <= one.items() for one in items)


def _sent(value: Any, kept: Kept) -> Any:
    return value(kept) if callable(value) else value


async def test_every_operation_does_once_what_it_is_for(
    client: Client, household: FakeBackend
) -> None:
    await household.files._look()
    assert sorted(row.name for row in ROWS) == sorted(one.name for one in OPERATIONS)
    known = {one.name: one for one in OPERATIONS}
    whole = Resource.from_contents(document(), default_specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource("urn:document", whole)
    kept: Kept = {}
    wrong = []
    for row in ROWS:
        operation = known[row.name]
        path = operation.path
        for name, value in _sent(row.path, kept).items():
            path = path.replace(f"{{{name}}}", value.replace("/", "%2F").replace("#", "%23"))
        response = await client.session.request(
            operation.method,
            f"{client.base}{BASE}{path}{row.query}",
            json=_sent(row.body, kept),
            headers={"Authorization": "Bearer every-token"},
        )
        text = await response.text()
        described = document()["paths"][BASE + operation.path][operation.method.lower()]
        (content,) = described["responses"]["200"]["content"].items()
        if response.status != 200 or response.content_type != content[0]:
            wrong.append(f"{row.name}: {response.status} {text[:300]}")
        elif operation.media:
            assert text.startswith("BEGIN:VCALENDAR")
        else:
            body = kept[row.name] = json.loads(text)
            schema = json.loads(json.dumps(content[1]["schema"]).replace('"#/', '"urn:document#/'))
            Draft202012Validator(schema, registry=registry).validate(body)
            if not _holds(body, row.told):
                wrong.append(f"{row.name}: expected {row.told} in {text[:300]}")
            assert response.headers["Cache-Control"] == "no-store"
    assert wrong == []
