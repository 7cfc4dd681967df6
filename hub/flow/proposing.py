"""What members are asked and told about a conflict, and what their yes to another plan does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from hub.domain.activities import ActivityError
from hub.domain.cases import Case
from hub.domain.conflicts import Resolution, Unresolvable
from hub.domain.daywords import conflict_text, span_text, way_out
from hub.domain.decisions import Decision, DecisionResult
from hub.domain.money import Money
from hub.domain.orders import Change, Order, Window
from hub.domain.peers import PeerError
from hub.domain.plans import Plan
from hub.domain.suggestions import Because, Kind, Option, Suggestion
from hub.domain.tongue import phrase
from hub.domain.wording import window_text
from hub.flow.activities import organize
from hub.flow.agenda import USUAL
from hub.flow.asking import posed, put
from hub.flow.ending import end
from hub.flow.home import Home
from hub.flow.tell import tag_of, tell
from hub.store.tx import Entry, Tx
from rules.times import quiet_until

SHORTEST = timedelta(minutes=5)
"""How long members have to answer at least."""


def propose_move(
    tx: Tx, home: Home, case: Case, order: Order, change: Change, found: Resolution
) -> None:
    """Ask whether a delivery is to come in another window, at the fee its provider named."""
    zone = home.settings.home.zone
    new, old = found.slot.window, case.conflict.block.window
    fee = case.fee if case.fee is not None and case.fee.amount else None
    costs = phrase("Moving it costs {fee}.", fee=fee) if fee else phrase("Moving it costs nothing.")
    asked_for = replace(found, slot=replace(found.slot, fee=fee))
    option = Option(
        id=f"{order.id}:move",
        order_id=order.id,
        provider_id=order.provider.subscriber_id,
        provider_name=order.provider_name,
        lines=order.lines,
        total=fee or _nothing(home),
        window=new,
    )
    latest = [old.start, new.start]
    if order.rescheduling is not None and order.rescheduling.until is not None:
        latest.append(order.rescheduling.until)
    body = phrase(
        "It would come {when} instead of {before}. {costs}",
        when=window_text(new, zone, tx.now),
        before=window_text(old, zone, tx.now),
        costs=costs,
    )
    title = way_out(asked_for, zone, tx.now)
    facts = {"order": order.id, "fee": str(fee or "")}
    made = _asked(tx, home, case, "move_delivery", title, body, option, min(latest), facts)
    tx.save(replace(order, change=replace(change, suggestion_id=made.id)))


def propose_plan(tx: Tx, home: Home, case: Case, found: Resolution | None) -> None:
    """Ask whether a plan of the household's own is to be at another time, or not at all."""
    block, zone = case.conflict.block, home.settings.home.zone
    if found is None:
        title, window = phrase("Leave out {title}?", title=block.title), None
        body = phrase("Nobody would cook then.")
    else:
        title, window = way_out(found, zone, tx.now), found.slot.window
        body = phrase(
            "It would be {when} instead of {before}.",
            when=window_text(window, zone, tx.now),
            before=window_text(block.window, zone, tx.now),
        )
    latest = min(block.window.start, window.start) if window else block.window.start
    case = replace(case, slot=found.slot if found is not None else None)
    _asked(tx, home, case, "change_plan", title, body, None, latest, {})


def _asked(
    tx: Tx,
    home: Home,
    case: Case,
    kind: Kind,
    title: str,
    body: str,
    option: Option | None,
    latest_answer: datetime,
    facts: Mapping[str, object],
) -> Suggestion:
    zone = home.settings.home.zone
    said = [conflict_text(one, zone, tx.now) for one in case.conflicts]
    index = tx.append(
        Entry("conflict_found", case.id, {"conflicts": [one.key for one in case.conflicts]})
    )
    latest = max(tx.now + SHORTEST, latest_answer)
    wait = quiet_until(home.settings.home.quiet_hours, tx.now, zone)
    if wait is not None and wait + SHORTEST >= latest:
        # Who is not woken would be asked too late.
        wait = None
    question = posed(
        tx,
        home,
        kind,
        key=case.key,
        subject=case.id,
        title=title[:200],
        body=" ".join([*said, body]),
        because=tuple(
            Because(text, index if number == 0 else None) for number, text in enumerate(said)
        ),
        deadline=latest,
        options=(option,) if option is not None else (),
        not_before=wait,
    )
    tx.save_case(replace(case, state="asked", suggestion_id=question.id))
    told = {"kind": kind, "because": [index], "key": question.key, **facts}
    return put(tx, home, question, told)


# -- where nothing is asked ------------------------------------------------------------------------


def say_no_way_out(tx: Tx, home: Home, case: Case, why: str) -> None:
    """Tell members that a conflict is there and cannot be resolved, and why."""
    zone = home.settings.home.zone
    said = [conflict_text(one, zone, tx.now) for one in case.conflicts]
    facts = {"conflicts": [one.key for one in case.conflicts], "reason": why[:300]}
    told = replace(case, state="told", slot=None, priced=False, suggestion_id="", said=why)
    tx.save_case(told)
    if case.said == why:
        return
    index = tx.append(Entry("conflict_unresolved", case.id, facts))
    tell(
        tx,
        home,
        home.adults(),
        tag=tag_of(case.key),
        title=case.conflict.block.title,
        body=" ".join([*said, way_out(Unresolvable(case.conflict, why), zone, tx.now)]),
        cause=index,
        not_before=quiet_until(home.settings.home.quiet_hours, tx.now, zone),
    )


def say_settled(tx: Tx, home: Home, case: Case) -> None:
    """Take back what was told of a conflict that is no more."""
    index = tx.append(Entry("conflict_settled", case.id, {}))
    tell(
        tx,
        home,
        home.adults(),
        tag=tag_of(case.key),
        title=case.conflict.block.title,
        body=phrase("It is settled: nothing needs to be changed."),
        cause=index,
        withdraw=True,
    )


# -- a yes -----------------------------------------------------------------------------------------


def change_plan(tx: Tx, home: Home, suggestion: Suggestion, decision: Decision) -> DecisionResult:
    """Do with a plan of the household's own what a member agreed to."""
    case = tx.house.cases.get(suggestion.subject)
    if case is None or case.suggestion_id != suggestion.id:
        return DecisionResult("refused", phrase("That plan is gone."), suggestion)
    window = case.slot.window if case.slot is not None else None
    kind, _, name = suggestion.subject.partition(":")
    agreed = suggestion.moved("approved", decided_by=decision.member, decided_at=tx.now)
    if kind == "cooking":
        done = _recook(tx, home, name, window, decision)
    else:
        key = name.rpartition("@")[0]
        try:
            done = _move_activity(tx, home, key, window, decision)
        except (ActivityError, PeerError) as error:
            return DecisionResult("refused", str(error), suggestion)
    if not done:
        return DecisionResult("refused", phrase("That plan is gone."), suggestion)
    facts = {"member": decision.member, "via": decision.via, "version": suggestion.version}
    tx.save(agreed, Entry("approved", suggestion.id, facts))
    when = window and span_text(window, home.settings.home.zone, tx.now)
    outcome = (
        phrase("{title} is {when} now.", title=case.conflict.block.title, when=when)
        if when
        else phrase("It is left out.")
    )
    ended = end(tx, home, agreed, "carried_out", outcome)
    return DecisionResult("done", outcome, ended)


def _recook(tx: Tx, home: Home, plan_id: str, window: Window | None, decision: Decision) -> bool:
    plan = tx.house.plans.get(plan_id)
    if plan is None and plan_id.startswith(USUAL) and window is not None:
        # A usual meal becomes a planned one: on that day it takes the other's place.
        at = plan_id.rpartition("-")[2]
        meal = next((one for one in home.settings.agenda.meals if one.at == at), None)
        if meal is None:
            return False
        plan = Plan(
            tx.new_id(), "cooking", window, home.adults(), meal.name, meal.uses, decision.member
        )
    if plan is None:
        return False
    if window is None:
        tx.drop_plan(plan.id)
    else:
        tx.save_plan(replace(plan, window=window))
    return True


def _move_activity(tx: Tx, home: Home, key: str, window: Window | None, decision: Decision) -> bool:
    planned = tx.house.activities.get(key)
    if planned is None or window is None:
        return False
    details = replace(planned.activity.details, window=window)
    organize.change(tx, home, key, details, decision.member, decision.via)
    return True


def _nothing(home: Home) -> Money:
    return Money(Decimal(0), home.settings.home.currency)
