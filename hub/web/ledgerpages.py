"""The ledger in words: newest entries, and all that was said of one subject."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from aiohttp import web

from hub.domain.values import dataclass
from hub.domain.witness import UNHEARD
from hub.web.backend import LedgerEntry, WitnessView
from hub.web.ledgerwords import sentence
from hub.web.names import Called, Names, plain
from hub.web.naming import Subjects
from hub.web.site import render, site_of
from hub.web.words import Words

_PAGE = 50
_LONGEST = 2000


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
    backend: Subjects,
    entries: Sequence[LedgerEntry],
    say: Words,
    witnesses: Sequence[WitnessView] = (),
) -> list[Row]:
    """Put entries into words, naming what they are about as members know it."""
    names: dict[str, str] = {one.contact or one.provider: one.name for one in witnesses}
    names |= {one.id: one.name for one in backend.friends.listed()}
    names |= {row.item.id: row.item.name for row in backend.pantry()}
    names |= {one.key: one.details.summary for one in backend.activities.listed()}
    called = Names(backend)
    return [_row(backend, entry, say, names, called) for entry in entries]


def _row(
    backend: Subjects, entry: LedgerEntry, say: Words, names: dict[str, str], called: Called
) -> Row:
    if entry.subject not in names:
        names[entry.subject] = _name(backend, entry.subject)
    about = names[entry.subject]
    facts = _Facts({key: _short(say, value) for key, value in entry.facts.items()})
    facts["about"] = about
    if "source" in entry.facts:
        facts["source"] = called(facts["source"])
    template = sentence(entry.kind)
    text = say.text(template) % facts if template else f"{entry.kind.replace('_', ' ')}: {about}"
    written = json.dumps(entry.facts, indent=1, ensure_ascii=False, sort_keys=True)
    whole = written if len(written) <= _LONGEST else written[:_LONGEST] + "…"
    return Row(entry.index, entry.at, entry.subject, about, text, whole if entry.facts else "")


def _name(backend: Subjects, subject: str) -> str:
    order = backend.order(subject)
    if order is not None:
        return order.provider_name
    suggestion = backend.suggestion(subject)
    if suggestion is not None:
        return suggestion.title
    meal = backend.meals.meal(subject)
    return meal.title if meal is not None else plain(subject)


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
