"""The ledger in words: newest entries, and all that was said of one subject."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from aiohttp import web

from hub.domain.values import dataclass
from hub.domain.witness import UNHEARD
from hub.web.backend import Backend, LedgerEntry, WitnessView
from hub.web.i18n import N_
from hub.web.site import render, site_of
from hub.web.words import Words

_PAGE = 50
_LONGEST = 2000

SAID: Mapping[str, str] = {
    "stock_changed": N_("%(about)s: %(previous)s became %(current)s (%(source)s)"),
    "state_changed": N_("%(about)s: %(previous)s became %(current)s"),
    "device_event_occurred": N_("%(about)s reported %(event_type)s"),
    "notice_issued": N_("A notice about %(about)s was issued"),
    "notice_ended": N_("A notice about %(about)s ended"),
    "timer_fired": N_("The clock of %(about)s went off"),
    "rule_set_adopted": N_("The rule set %(about)s was adopted: version %(version)s"),
    "rule_set_updated": N_("The rule set %(about)s was updated: version %(version)s"),
    "rule_set_dropped": N_("The rule set %(about)s was dropped"),
    "rule_set_newer": N_("The rule set %(about)s has a newer version: %(version)s"),
    "rule_set_refused": N_("A version of the rule set %(about)s was refused: %(reason)s"),
    "rules_in_force": N_("%(count)s rules are in force"),
    "suggested": N_("Suggested: %(about)s"),
    "asked": N_("Members were asked: %(about)s"),
    "told": N_("Members were told: %(title)s"),
    "withdrawn": N_("What was told about %(about)s was taken back"),
    "put_off": N_("Put off: %(about)s"),
    "approved": N_("Approved: %(about)s"),
    "declined": N_("Declined: %(about)s"),
    "changed": N_("A member changed what is wanted: %(about)s"),
    "expired": N_("Nobody answered in time: %(about)s"),
    "superseded": N_("Replaced by a newer suggestion: %(about)s"),
    "reopened": N_("Asked again, since the offer changed: %(about)s"),
    "carried_out": N_("Carried out: %(about)s"),
    "failed": N_("Failed: %(about)s"),
    "disclosed": N_("%(about)s was told what the order needs"),
    "quoted": N_("%(about)s named a price: %(total)s"),
    "change_refused": N_("%(about)s refused the change: %(reason)s"),
    "changed_by_provider": N_("%(about)s changed the price: %(total)s"),
    "no_offer": N_("%(about)s makes no offer: %(reason)s"),
    "confirmed": N_("%(about)s confirmed the order"),
    "cancelled": N_("The order at %(about)s was cancelled by %(by)s"),
    "order_in_progress": N_("The order of %(about)s is on its way"),
    "order_completed": N_("The order of %(about)s was delivered"),
    "order_cancelled": N_("The order of %(about)s was cancelled"),
    "order_failed": N_("The order at %(about)s failed: %(reason)s"),
    "status_undelivered": N_("%(about)s could not be asked how the order is: %(reason)s"),
    "witnessed": N_("The log of %(about)s was countersigned for the first time"),
    "witness_agreed": N_("It was agreed to countersign logs with %(about)s"),
    "witness_ended": N_("Logs are no longer countersigned with %(about)s"),
    "witness_key_changed": N_("%(about)s countersigns with another key than before"),
    "witnessed_log_differs": N_("The log of %(about)s is not the one it had signed: %(reason)s"),
    "witnessed_log_mended": N_("The log of %(about)s is again the one it had signed"),
    "own_log_differs": N_("This log is not the one that %(about)s countersigned: %(reason)s"),
    "answer_refused": N_("An answer (%(about)s) was not believed"),
}
"""What each kind of entry says; ``about`` is its subject by name, the rest are its facts."""

_SENT = N_("%(action)s was sent to %(about)s")
_RECEIVED = N_("%(about)s answered %(action)s")


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as shown; ``about`` is its subject by name, ``facts`` all it says, as JSON."""

    index: int
    at: datetime
    subject: str
    about: str
    text: str
    facts: str


class _Facts(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


def told(
    backend: Backend,
    entries: Sequence[LedgerEntry],
    say: Words,
    witnesses: Sequence[WitnessView] = (),
) -> list[Row]:
    """Put entries into words, naming what they are about as members know it."""
    names: dict[str, str] = {one.contact: one.name for one in witnesses}
    names |= {row.item.id: row.item.name for row in backend.pantry()}
    return [_row(backend, entry, say, names) for entry in entries]


def _row(backend: Backend, entry: LedgerEntry, say: Words, names: dict[str, str]) -> Row:
    if entry.subject not in names:
        names[entry.subject] = _name(backend, entry.subject)
    about = names[entry.subject]
    facts = _Facts({key: _short(say, value) for key, value in entry.facts.items()})
    facts["about"] = about
    template = SAID.get(entry.kind)
    if template is None and entry.kind.startswith("on_") and entry.kind.endswith("_received"):
        template, facts["action"] = _RECEIVED, entry.kind[3:-9]
    elif template is None and entry.kind.endswith("_sent"):
        template, facts["action"] = _SENT, entry.kind[:-5]
    text = say.text(template) % facts if template else f"{entry.kind.replace('_', ' ')}: {about}"
    written = json.dumps(entry.facts, indent=1, ensure_ascii=False, sort_keys=True)
    whole = written if len(written) <= _LONGEST else written[:_LONGEST] + "…"
    return Row(entry.index, entry.at, entry.subject, about, text, whole if entry.facts else "")


def _name(backend: Backend, subject: str) -> str:
    order = backend.order(subject)
    if order is not None:
        return order.provider_name
    suggestion = backend.suggestion(subject)
    return suggestion.title if suggestion is not None else subject


def _short(say: Words, value: object) -> str:
    if isinstance(value, float):
        return say.amount(value)
    text = say.text("not known") if value is None else str(value)
    return text if len(text) <= 120 else text[:119] + "…"


async def show(request: web.Request) -> web.Response:
    """Show the newest entries, or those before one, or those about one subject."""
    site = site_of(request)
    say = site.words(request)
    subject = request.query.get("subject", "")[:255] or None
    before = request.query.get("before", "")
    start = int(before) if before.isascii() and before.isdigit() and len(before) < 16 else None
    entries = site.backend.ledger(before=start, limit=_PAGE + 1, subject=subject)
    witnesses = site.backend.witnesses()
    return render(
        request,
        "ledger.html",
        rows=told(site.backend, entries[:_PAGE], say, witnesses),
        older=entries[_PAGE - 1].index if len(entries) > _PAGE else None,
        subject=subject,
        witnesses=() if subject or start is not None else witnesses,
        unheard=site.backend.now() - UNHEARD,
        about=_name(site.backend, subject) if subject else "",
    )
