"""What the clock causes: each due timer is taken once, in one step, however late it comes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.exc import OperationalError

from hub.domain import noticeboard
from hub.domain.decisions import Decision
from hub.domain.events import StockChanged, TimerFired
from hub.domain.noticeboard import expire
from hub.domain.suggestions import ORDERING
from hub.domain.tongue import later, phrase
from hub.domain.wording import brought_text
from hub.flow import digest, owners, witness
from hub.flow.activities.timers import over as _activity
from hub.flow.activities.timers import roster as _roster
from hub.flow.approving import AGREED, RULE
from hub.flow.belonging import KIND as ABOUT
from hub.flow.belonging import note
from hub.flow.busytimes import survey_due as _survey
from hub.flow.changes import silent
from hub.flow.choose import agreed_choice, rules_choice
from hub.flow.conflicts import ask_again, look_at_all, wake
from hub.flow.decide import decide
from hub.flow.dispatch import CHANGING
from hub.flow.ending import end
from hub.flow.expected import expect_no_more
from hub.flow.home import Home
from hub.flow.meals.follow import timer as _meal
from hub.flow.meals.keep import TIMER as MEAL
from hub.flow.observe import change_board, observe_readings
from hub.flow.offers import ask_now, unanswered
from hub.flow.peers import timer as _peer
from hub.flow.placing import PLACED, fail
from hub.flow.quarantine import switched
from hub.flow.react import react
from hub.flow.requests import request
from hub.flow.rides import news as rides
from hub.flow.saying import give_up
from hub.flow.tell import ESCALATE, ask, escalate
from hub.store.house import House
from hub.store.tidy import tidy
from hub.store.tx import Entry, Tx

INIT_TRIES = 3
FOLLOW_EVERY = timedelta(hours=1)
FOLLOW_FOR = timedelta(hours=24)
LONGEST_PATIENCE = timedelta(hours=1)
DOUBT = timedelta(hours=24)
"""How long it may stay unknown whether a provider took an order."""
TIDY_EVERY = timedelta(days=1)
_NOTHING = {
    "grocery_order": later("; nothing was ordered"),
    "move_delivery": later("; nothing was moved"),
    "cancel_order": later("; nothing was cancelled"),
    "ride": later("; no ride was ordered"),
    "table": later("; no table was booked"),
    "change_plan": later("; nothing was changed"),
}
SIGN_WITHIN = timedelta(hours=1)
"""How long an entry of the ledger waits for a checkpoint that nobody's decision brings."""

log = logging.getLogger(__name__)


def begin(tx: Tx, home: Home) -> None:
    """Set the clocks of the rules as they are now: at start, and when rules were changed.

    A time that passed while the hub was off stays due, and is taken once.
    """
    zone = home.settings.home.zone
    wanted = {timer.rule_id: timer.due for timer in home.rules.initial_timers(tx.now, zone)}
    known = {rule.id for rule in home.rules.rules() if rule.enabled}
    for kind, name, subject in list(tx.house.timers):
        if kind == "rule" and (name not in known or (not subject and name not in wanted)):
            tx.set_timer(kind, name, subject, None)
    for rule_id, due in wanted.items():
        at = tx.house.timers.get(("rule", rule_id, ""))
        if at is None or at > tx.now:
            tx.set_timer("rule", rule_id, "", due)
    look_at_all(tx)
    switched(tx, home)
    if ("tidy", "", "") not in tx.house.timers:
        tx.set_timer("tidy", "", "", tx.now)


def wait_anew(tx: Tx, home: Home) -> None:
    """At a start, begin the waits that ended while the hub was off: nobody could answer it."""
    fresh = tx.now + timedelta(seconds=home.settings.beckn.confirm_patience)
    for (kind, name, subject), due in list(tx.house.timers.items()):
        if kind == "patience" and due <= tx.now:
            tx.set_timer(kind, name, subject, fresh)


def next_due(house: House) -> datetime | None:
    """Return when ``tick`` next has something to do: a timer is due, or a notice is over."""
    board = noticeboard.next_due(dict(house.notices))
    return min((at for at in (house.next_due(), board) if at is not None), default=None)


def tick(tx: Tx, home: Home) -> None:
    """Do everything that is due at ``tx.now``; doing it twice does nothing more."""
    due = sorted((at, key) for key, at in tx.house.timers.items() if at <= tx.now)
    for at, (kind, name, subject) in due:
        if tx.house.timers.get((kind, name, subject)) != at:
            continue
        tx.set_timer(kind, name, subject, None)
        try:
            tx.attempt(partial(_KINDS[kind], tx, home, name, subject, at))
        except OperationalError:
            # The machine's fault: nothing of all this is committed, and it stays due.
            raise
        except Exception as error:
            # One that fails must not hold up the others, now and at every tick to come.
            log.exception("timer %s %s failed", kind, name)
            tx.park("hub/timers", name.encode(), f"{kind}: {error!r}")
    observe_readings(tx, home, home.book.expire(tx.now))
    change_board(tx, home, expire(tx.house.notices, tx.now))
    tx.sign_log(SIGN_WITHIN)


def _rule(tx: Tx, home: Home, name: str, subject: str, due: datetime) -> None:
    react(tx, home, TimerFired(name, subject, due, tx.now))


def _collect(tx: Tx, home: Home, name: str, subject: str, due: datetime) -> None:
    suggestion = tx.suggestion(name)
    if suggestion is None or not suggestion.open or suggestion.asked:
        return
    if subject == "late" and not suggestion.options:
        end(tx, home, suggestion, "failed", phrase("No provider answered in time."))
    else:
        ask_now(tx, home, suggestion)


def _deadline(tx: Tx, home: Home, name: str, subject: str, due: datetime) -> None:
    suggestion = tx.suggestion(name)
    if suggestion is not None and suggestion.open:
        nothing = phrase(_NOTHING.get(suggestion.kind, ""))
        outcome = phrase("Nobody decided in time{nothing}.", nothing=nothing)
        end(tx, home, suggestion, "expired", outcome)


def _auto(tx: Tx, home: Home, name: str, subject: str, due: datetime) -> None:
    """Take what a member agreed to before, or let a rule order what it may order by itself.

    Whatever neither covers, members are asked.
    """
    suggestion = tx.suggestion(name)
    if suggestion is None or not suggestion.open or suggestion.asked:
        return
    agreed = suggestion.agreed
    if agreed is not None:
        choice, member, via = agreed_choice(tx, home, suggestion), agreed.by, AGREED
    else:
        choice, member, via = rules_choice(tx, home, suggestion), "", RULE
    if choice is not None:
        by_itself = Decision(
            suggestion.id, suggestion.version, "approve", member, via=via, option=choice.id
        )
        if decide(tx, home, by_itself).result == "done":
            return
    ask(tx, home, suggestion)


def _ask(tx: Tx, home: Home, name: str, subject: str, due: datetime) -> None:
    suggestion = tx.suggestion(name)
    if suggestion is None or not suggestion.open:
        return
    if suggestion.kind in ORDERING and not suggestion.options:
        # Put off while offers were still being collected: they ask when they come.
        tx.save(replace(suggestion, not_before=None))
        return
    ask(tx, home, suggestion)


def _patience(tx: Tx, home: Home, name: str, subject: str, due: datetime) -> None:
    """Nothing came back in time: an ``init`` binds nobody and is repeated; a ``confirm`` is asked
    for with ``status``, never sent blindly again. A changed basket goes back to what it was."""
    order = tx.house.orders.get(name)
    if order is None or order.pending not in ("select", "init", "confirm", *CHANGING):
        return
    if order.pending == "select":
        unanswered(tx, home, order, phrase("there was no answer in time"))
        return
    tries = int(subject or "0") + 1
    patience = timedelta(seconds=home.settings.beckn.confirm_patience)
    if order.pending in CHANGING:
        if not silent(tx, home, order, tries):
            return
    elif order.pending == "init":
        if tries >= INIT_TRIES:
            fail(tx, home, order, phrase("no answer"))
            return
        request(tx, home, order, "init", again=True)
    else:
        if order.updated_at is not None and tx.now - order.updated_at >= DOUBT:
            who = order.provider_name
            outcome = phrase(
                "{who} never said whether it took the order. Please ask {who} yourself.", who=who
            )
            fail(tx, home, order, phrase("it never answered"), outcome=outcome)
            return
        request(tx, home, order, "status")
        patience = min(patience * 2 ** min(tries, 16), LONGEST_PATIENCE)
    tx.set_timer("patience", name, str(tries), tx.now + patience)


def _follow(tx: Tx, home: Home, name: str, subject: str, due: datetime) -> None:
    """The delivery window is over: ask how it went, until the provider says it is done."""
    order = tx.house.orders.get(name)
    if order is None or order.state not in PLACED:
        return
    over = datetime.fromisoformat(subject) if subject else due
    if tx.now >= over + FOLLOW_FOR:
        reason = phrase("the provider said no more of it; it is taken for delivered")
        give_up(tx, home, order, brought_text(order))
        done = order.moved("completed", pending=None, change=None, reason=reason, updated_at=tx.now)
        tx.save(done, Entry("order_completed", order.id, {"presumed": True}))
        note(tx, done.about, "over", done.id)
        expect_no_more(tx, done)
        return
    request(tx, home, order, "status")
    tx.set_timer("follow", name, over.isoformat(), tx.now + FOLLOW_EVERY)


def _arrived(tx: Tx, home: Home, name: str, subject: str, due: datetime) -> None:
    """What was delivered has had its time to show in the levels."""
    order = tx.order(name)
    if order is not None:
        expect_no_more(tx, order)


def _review(tx: Tx, home: Home, name: str, subject: str, due: datetime) -> None:
    """A basket has gone out, or a rule may speak again: what ran low meanwhile has its turn.

    ``subject`` is since when, where what was low before has been asked about already.
    """
    since = datetime.fromisoformat(subject) if subject else None
    for level in list(tx.house.stock.values()):
        if since is not None and level.at <= since:
            continue
        item = home.pantry.get(level.item)
        if item is not None and item.par is not None and level.quantity < item.par:
            react(
                tx,
                home,
                StockChanged(
                    level.item, level.quantity, level.quantity, level.unit, tx.now, level.source
                ),
            )


def _plan(tx: Tx, home: Home, name: str, subject: str, due: datetime) -> None:
    """A plan is over since a day."""
    tx.drop_plan(name)


def _tidy(tx: Tx, home: Home, name: str, subject: str, due: datetime) -> None:
    tidy(tx)
    tx.set_timer("tidy", "", "", tx.now + TIDY_EVERY)


_KINDS: dict[str, Callable[[Tx, Home, str, str, datetime], None]] = {
    "rule": _rule,
    "collect": _collect,
    "auto": _auto,
    "deadline": _deadline,
    "ask": _ask,
    ESCALATE: escalate,
    digest.TIMER: digest.due,
    "patience": _patience,
    "follow": _follow,
    "review": _review,
    "arrived": _arrived,
    "peer": _peer,
    "activity": _activity,
    "roster": _roster,
    "survey": _survey,
    ABOUT: owners.told,
    MEAL: _meal,
    "plan": _plan,
    "agenda": wake,
    "conflict": ask_again,
    "ride": rides.due,
    "tidy": _tidy,
    witness.TIMER: witness.due,
}
