"""Looking for a ride or a table at every provider that is known: the road of a wish.

How it goes: each provider of the domain is asked (``discover``), answers are collected for
``beckn.collect_seconds``, each is priced (``select``) and becomes an option of one suggestion.
Members approve one on the phone or the page; it is ordered (``init``, ``confirm``), with what the
provider needs to know and no more. Where a provider says no, they are asked about the offers that
are left. It is the road that groceries take; ``offers``, ``approving``, ``placing``, ``changes``
and ``tick`` look at ``order.ride`` and ``order.table`` where a wish differs from a basket.

For other parts of the flow (see ``rides``)::

    seek(tx, home, question, RideWish(...) | TableWish(...))   # asks members which offer to take
    book(tx, home, question, wish, Agreed("ada", money("10", "EUR")))   # they said yes before
    resize(tx, home, order, 5, by="ada", at_most=None)   # the same table for another party
    give_back(tx, home, order, by="ada", why="…", at_most=None)   # cancel; a fee is asked about
    order_for(tx, about)   # the live order, placed or being placed

``question.about`` is ``"<owner>:<key>"``. What becomes of the wish is told to that owner in
``owners.OWNERS``, in a transaction of its own (``belonging.News``): ``booked``, ``changed``,
``unchanged``, ``cancelled`` and ``over`` of an order, ``ended`` of the suggestion. ``ended`` comes
after a success too (state ``carried_out``): what matters then is whether ``order_for`` finds one.
One ``about`` has one open suggestion at most: its key is made of it, and ``seek`` returns the one
there is where it is for the same wish, and supersedes it where the wish is another.

Nobody is bound before ``init``. A ``confirm`` that is on its way cannot be called back:
``give_back`` then returns False, and the owner gets ``booked`` or ``ended``, upon which it may give
the order back.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from datetime import datetime

from hub.domain.geo import read_gps, write_gps
from hub.domain.money import Money
from hub.domain.offers import Domain, Place, RideWish, TableWish
from hub.domain.orders import Change, Order
from hub.domain.suggestions import Agreed, Because, Escalation, Kind, Suggestion
from hub.domain.tongue import capital, phrase
from hub.domain.values import dataclass
from hub.flow.asking import opened
from hub.flow.belonging import note
from hub.flow.changes import begin
from hub.flow.collect import collect
from hub.flow.ending import end, take_back
from hub.flow.home import Home
from hub.flow.placing import PLACED
from hub.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Question:
    """What members are asked: ``about`` whose wish it is, ``until`` when an answer is awaited.

    ``because`` are reasons with their ledger index; ``ask`` are members, empty for all adults.
    ``subject`` is the suggestion's, empty for ``about``. ``not_before`` holds the asking.
    ``urgent`` and ``escalate`` are the suggestion's.
    """

    about: str
    title: str
    body: str
    because: tuple[Because, ...]
    until: datetime
    subject: str = ""
    ask: tuple[str, ...] = ()
    rule_id: str = ""
    rule_version: str = ""
    rule_text: str = ""
    not_before: datetime | None = None
    urgent: bool = False
    escalate: Escalation | None = None


def seek(
    tx: Tx,
    home: Home,
    question: Question,
    wish: RideWish | TableWish,
    *,
    agreed: Agreed | None = None,
    but: Container[str] = (),
) -> Suggestion:
    """Look for a ride or a table, and ask members which offer to take.

    ``but`` are ids of providers that are not asked (again). With nobody to ask the suggestion
    that is returned has failed, and members have been told. Where one for the same wish is open
    already, it stays as it is. ValueError for a ``question`` whose time is over, for a table
    without a time, or a place whose ``gps`` is none.
    """
    if question.until <= tx.now:
        raise ValueError("no time is left to ask anybody")
    wish = plain(wish)
    key = f"wish:{question.about}"
    older = tx.house.open_with(key)
    if older is not None:
        if not older.open or (_sought(tx, older) == wish and agreed == older.agreed):
            return older
        end(tx, home, older, "superseded", phrase("What is looked for has changed."))
    suggestion = _suggestion(tx, home, question, wish, key, agreed)
    facts: dict[str, object] = {"kind": suggestion.kind, "key": key}
    if agreed is not None:
        facts["agreed"] = {"by": agreed.by, "at_most": str(agreed.at_most or "")}
    opened(tx, suggestion, facts)
    domain: Domain = "ride" if isinstance(wish, RideWish) else "restaurant"
    collect(
        tx,
        home,
        suggestion,
        domain,
        ride=wish if isinstance(wish, RideWish) else None,
        table=wish if isinstance(wish, TableWish) else None,
        but=but,
    )
    return tx.suggestion(suggestion.id) or suggestion


def book(
    tx: Tx,
    home: Home,
    question: Question,
    wish: RideWish | TableWish,
    agreed: Agreed,
    *,
    but: Container[str] = (),
) -> Suggestion:
    """Take the best offer that ``agreed`` covers, without asking again.

    Where none keeps to it, or one that did changes, members are asked as by ``seek``. The
    household's own limits hold all the same. Raises as ``seek``.
    """
    return seek(tx, home, question, wish, agreed=agreed, but=but)


def resize(
    tx: Tx, home: Home, order: Order, party: int, *, by: str, at_most: Money | None, why: str = ""
) -> bool:
    """Ask for a placed table to be for ``party`` people; a fee beyond ``at_most`` is asked about.

    False where it cannot be asked now: it is not placed, or an answer is awaited. Where the table
    is as asked already, its owner is told so.
    """
    if order.table is None or order.state != "confirmed" or order.pending is not None:
        return False
    if order.table.party_size == party:
        note(tx, order.about, "changed", order.id)
        return True
    table = replace(order.table, party_size=party)
    begin(tx, home, order, Change("move", by, order.slot, table=table, at_most=at_most, why=why))
    return True


def give_back(
    tx: Tx, home: Home, order: Order, *, by: str, why: str, at_most: Money | None = None
) -> bool:
    """Cancel an order: at once where nobody is bound, else a fee beyond ``at_most`` is asked about.

    False where that has to wait: a confirmation, or the answer to another change, is on its way.
    """
    if order.state in PLACED:
        waiting = order.change
        if waiting is not None and waiting.kind == "cancel":
            return True
        if order.pending is not None and (waiting is None or waiting.agreed):
            return False
        begin(tx, home, order, Change("cancel", by, at_most=at_most, why=why))
        return True
    if order.pending == "confirm":
        return False
    suggestion = tx.suggestion(order.suggestion_id)
    if suggestion is not None and suggestion.state in ("proposed", "approved"):
        state = "superseded" if suggestion.open else "failed"
        end(tx, home, suggestion, state, f"{capital(why)}.")
    return True


def withdraw(tx: Tx, home: Home, about: str, why: str) -> None:
    """Take back the question about a wish, where nobody has decided on it yet."""
    take_back(tx, home, f"wish:{about}", f"{capital(why)}.")


def order_for(tx: Tx, about: str) -> Order | None:
    """Return the order of a wish that is placed or being placed, None while there are offers.

    Where there are two, as when a ride is replaced, the newer one.
    """
    return next(reversed(orders_for(tx, about)), None)


def orders_for(tx: Tx, about: str) -> list[Order]:
    """Return all orders of a wish that are placed or being placed, the newest last."""
    found = [
        order
        for order in tx.house.orders.values()
        if order.about == about and (order.state in PLACED or order.approved_total is not None)
    ]
    return sorted(found, key=lambda one: (one.created_at or tx.now, one.id))


def sought(tx: Tx, about: str) -> Suggestion | None:
    """Return the suggestion of a wish that is open or being carried out."""
    return tx.house.open_with(f"wish:{about}")


def plain(wish: RideWish | TableWish) -> RideWish | TableWish:
    """Return a wish as it is written to providers: instants to the second, places to six decimals.

    ValueError for a table without a time, and a place that is none.
    """
    if isinstance(wish, TableWish):
        if wish.at is None:
            raise ValueError("a table is looked for at a time")
        return replace(wish, at=wish.at.replace(microsecond=0))
    return replace(
        wish,
        start=_plain_place(wish.start),
        end=_plain_place(wish.end),
        via=tuple(_plain_place(place) for place in wish.via),
        arrive_by=wish.arrive_by.replace(microsecond=0) if wish.arrive_by else None,
        leave_after=wish.leave_after.replace(microsecond=0) if wish.leave_after else None,
    )


def _plain_place(place: Place) -> Place:
    return replace(place, gps=write_gps(read_gps(place.gps)))


def _sought(tx: Tx, suggestion: Suggestion) -> RideWish | TableWish | None:
    orders = tx.orders_of(suggestion.id)
    return next((wish for order in orders if (wish := order.ride or order.table)), None)


def _suggestion(
    tx: Tx,
    home: Home,
    question: Question,
    wish: RideWish | TableWish,
    key: str,
    agreed: Agreed | None,
) -> Suggestion:
    kind: Kind = "ride" if isinstance(wish, RideWish) else "table"
    return Suggestion(
        id=tx.new_id(),
        key=key,
        kind=kind,
        rule_id=question.rule_id,
        rule_version=question.rule_version,
        rule_text=question.rule_text,
        subject=question.subject or question.about,
        title=question.title,
        body=question.body,
        state="proposed",
        version=1,
        because=question.because,
        options=(),
        ask=question.ask or home.adults(),
        created_at=tx.now,
        deadline=question.until,
        not_before=question.not_before,
        about=question.about,
        agreed=agreed,
        urgent=question.urgent,
        escalate=question.escalate,
    )
