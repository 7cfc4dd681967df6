"""Shopping lists in the flow: what stands on them is kept, joins a basket, and is ticked off."""

from __future__ import annotations

import json
from collections.abc import Container, Sequence
from datetime import datetime, timedelta

from hub.domain.effects import ChangeList
from hub.domain.offers import Want
from hub.domain.orders import Order
from hub.domain.shopping import LONGEST, MOST_ITEMS, ListItem, want_of
from hub.domain.tongue import phrase
from hub.flow.home import Home
from hub.flow.tell import tag_of, tell
from hub.store.house import House
from hub.store.tx import Entry, Tx

_KEPT = "shopping:"
_FAILING = "shopping-failing:"
PATIENCE = timedelta(days=1)
"""How long a list may be away before adults are told."""
WORTH = timedelta(days=7)
"""How long it is tried to tick something off."""


def keep_list(tx: Tx, todo: str, items: Sequence[ListItem]) -> bool:
    """Keep what stands open on a list now, in the place of what did before; False: the same."""
    kept = [(one.uid, one.text[:LONGEST]) for one in items[:MOST_ITEMS]]
    text = json.dumps(kept) if kept else ""
    if tx.cursor(_KEPT + todo) == text:
        return False
    tx.set_cursor(_KEPT + todo, text)
    return True


def list_read(tx: Tx, todo: str, items: Sequence[ListItem]) -> bool:
    """Keep what stands on a list, which can be read (again); False: it is the same as before."""
    if tx.cursor(_FAILING + todo):
        tx.set_cursor(_FAILING + todo, "")
    return keep_list(tx, todo, items)


def list_failed(tx: Tx, home: Home, todo: str, problem: str, *, lasting: bool) -> None:
    """Note that a list could not be read; what stood on it before is still wanted.

    Adults are told once: at once where waiting will not help (``lasting``), else after PATIENCE.
    """
    noted = tx.cursor(_FAILING + todo)
    since, told = json.loads(noted) if noted else (tx.now.isoformat(), False)
    due = lasting or tx.now - datetime.fromisoformat(since) >= PATIENCE
    text = json.dumps([since, told or due])
    if text == noted:
        return
    tx.set_cursor(_FAILING + todo, text)
    if due and not told:
        cause = tx.append(Entry("list_failed", todo, {"problem": problem[:300]}))
        body = phrase(
            "It cannot be read: {problem}. The hub goes on trying.", problem=problem[:300]
        )
        title, tag = phrase("Shopping list {todo}", todo=todo), tag_of(f"list:{todo}")
        tell(tx, home, home.adults(), tag=tag, title=title, body=body, cause=cause)


def standing(tx: Tx, home: Home) -> list[ListItem]:
    """Return what stands open on the household's lists."""
    found = []
    for todo in home.settings.shopping_lists:
        text = tx.cursor(_KEPT + todo)
        found += [ListItem(todo, uid, words) for uid, words in json.loads(text or "[]")]
    return found


def listed_wants(tx: Tx, home: Home, asked_for: Container[str]) -> list[Want]:
    """Return what the lists ask for and nobody was asked about yet."""
    wants = [want_of(item, home.pantry) for item in standing(tx, home)]
    return [want for want in wants if want.item not in asked_for]


def bought(tx: Tx, home: Home, order: Order) -> None:
    """Have what a confirmed order brings ticked off its list, and want it no more."""
    brought = {line.wants for line in order.lines if line.wants is not None and line.count > 0}
    if not brought:
        return
    open_items = standing(tx, home)
    done = [item for item in open_items if want_of(item, home.pantry).item in brought]
    for item in done:
        tx.append(Entry("ticked_off", order.id, {"list": item.todo, "item": item.text}))
        tx.emit(
            ChangeList(item.todo, "complete", item.text, item.uid),
            key=f"list:{order.id}:{item.key}",
            subject=item.todo,
            expires=tx.now + WORTH,
        )
    for todo in {item.todo for item in done}:
        keep_list(tx, todo, [one for one in open_items if one.todo == todo and one not in done])


def note_wanted(house: House, effect: ChangeList) -> bool:
    """Tell whether a suggestion is still to be noted on a list: it waits for an answer."""
    suggestion = house.suggestions.get(effect.about)
    return suggestion is not None and suggestion.open
