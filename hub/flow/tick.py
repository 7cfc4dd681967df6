"""What the clock causes: each due timer is taken once, in one step, however late it comes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from hub.domain.events import StockChanged, TimerFired
from hub.domain.noticeboard import expire
from hub.flow.home import Home
from hub.flow.observe import change_board, observe_readings
from hub.flow.react import react
from hub.flow.requests import party_of, request
from hub.flow.settle import ask_now, end, fail
from hub.flow.tell import ask
from hub.store.tx import Tx

INIT_TRIES = 3
FOLLOW_EVERY = timedelta(hours=1)
FOLLOW_FOR = timedelta(hours=24)
LONGEST_PATIENCE = timedelta(hours=1)


def tick(tx: Tx, home: Home) -> None:
    """Do everything that is due at ``tx.now``; doing it twice does nothing more."""
    due = sorted((at, key) for key, at in tx.house.timers.items() if at <= tx.now)
    for at, (kind, name, subject) in due:
        if tx.house.timers.get((kind, name, subject)) != at:
            continue
        tx.set_timer(kind, name, subject, None)
        _KINDS[kind](tx, home, name, subject, at)
    observe_readings(tx, home, home.book.expire(tx.now))
    change_board(tx, home, expire(tx.house.notices, tx.now))


def _rule(tx: Tx, home: Home, name: str, subject: str, due: datetime) -> None:
    react(tx, home, TimerFired(name, subject, due, tx.now))


def _collect(tx: Tx, home: Home, name: str, subject: str, due: datetime) -> None:
    suggestion = tx.suggestion(name)
    if suggestion is not None and suggestion.open and not suggestion.asked:
        ask_now(tx, home, suggestion)


def _deadline(tx: Tx, home: Home, name: str, subject: str, due: datetime) -> None:
    suggestion = tx.suggestion(name)
    if suggestion is not None and suggestion.open:
        end(tx, home, suggestion, "expired", "Nobody decided in time; nothing was ordered.")


def _ask(tx: Tx, home: Home, name: str, subject: str, due: datetime) -> None:
    suggestion = tx.suggestion(name)
    if suggestion is not None and suggestion.open:
        ask(tx, home, suggestion)


def _patience(tx: Tx, home: Home, name: str, subject: str, due: datetime) -> None:
    """Nothing came back in time: an ``init`` binds nobody and is repeated; a ``confirm`` is asked
    for with ``status``, never sent blindly again."""
    order = tx.house.orders.get(name)
    if order is None or order.pending not in ("init", "confirm"):
        return
    tries = int(subject or "0") + 1
    patience = timedelta(seconds=home.settings.beckn.confirm_patience)
    if order.pending == "init":
        if tries >= INIT_TRIES:
            fail(tx, home, order, "no answer")
            return
        request(tx, home, order, "init", party=party_of(home), again=True)
    else:
        request(tx, home, order, "status")
        patience = min(patience * 2 ** min(tries, 16), LONGEST_PATIENCE)
    tx.set_timer("patience", name, str(tries), tx.now + patience)


def _follow(tx: Tx, home: Home, name: str, subject: str, due: datetime) -> None:
    """The delivery window is over: ask how it went, until the provider says it is done."""
    order = tx.house.orders.get(name)
    if order is None or order.state not in ("confirmed", "in_progress"):
        return
    request(tx, home, order, "status")
    over = order.slot.window.end if order.slot else due
    if tx.now < over + FOLLOW_FOR:
        tx.set_timer("follow", name, "", tx.now + FOLLOW_EVERY)


def _review(tx: Tx, home: Home, name: str, subject: str, due: datetime) -> None:
    """A basket has gone out: what ran low in the meantime has its turn."""
    for level in list(tx.house.stock.values()):
        item = home.pantry.get(level.item)
        if item is not None and item.par is not None and level.quantity < item.par:
            react(
                tx,
                home,
                StockChanged(
                    level.item, level.quantity, level.quantity, level.unit, tx.now, level.source
                ),
            )


_KINDS: dict[str, Callable[[Tx, Home, str, str, datetime], None]] = {
    "rule": _rule,
    "collect": _collect,
    "deadline": _deadline,
    "ask": _ask,
    "patience": _patience,
    "follow": _follow,
    "review": _review,
}
