"""How a conflict is resolved: a way out is looked for, priced, proposed; or it is said why not.

What to do next follows from the case, its suggestion and its order as they are. Windows are those
the provider names now; one is proposed once the provider has said what it would cost.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hub.domain import spans
from hub.domain.cases import MOST_TRIES, Case
from hub.domain.conflicts import Resolution, Unresolvable, own_times, resolve
from hub.domain.dayview import day_window
from hub.domain.offers import DeliverySlot, Window
from hub.domain.orders import Order
from hub.domain.suggestions import Suggestion
from hub.domain.tongue import phrase
from hub.flow.agenda import agenda_of
from hub.flow.ending import end
from hub.flow.home import Home
from hub.flow.probing import probe
from hub.flow.proposing import propose_move, propose_plan, say_no_way_out, say_settled
from hub.store.tx import Tx

ASK_AGAIN = timedelta(minutes=30)
"""After this long a provider is asked once more that did not answer ..."""
MOST_SILENT = 3
"""... at most so often."""
_WAKING = (timedelta(hours=6), timedelta(hours=23))
"""Between these local times a meal or an activity of the household's own may be moved."""


def pursue(tx: Tx, home: Home, case: Case, cause: str) -> None:
    """Do what is next for a case. ``cause`` is what it is about now."""
    question = tx.suggestion(case.suggestion_id) if case.suggestion_id else None
    if question is not None:
        if question.state == "approved" or (question.open and _holds(tx, home, case, question)):
            return
        followed = _after(tx, home, case, question, cause)
        if followed is None:
            return
        case = followed
    if case.cause == cause and case.state in ("settled", "told"):
        if case.state == "settled" or not _worth_another_look(tx, home, case):
            return
        case = case.anew()
    elif case.cause not in ("", cause):
        case = case.anew()
    if _elsewhere(tx, case):
        # Another question is about the same evening: this one comes after it, if it is needed.
        tx.save_case(replace(case, cause=cause))
        return
    _seek(tx, home, replace(case, cause=cause, again=None, state="looking"))


def let_go(tx: Tx, home: Home, case: Case) -> None:
    """Forget a conflict that is no more, and take back what was asked or told because of it."""
    question = tx.suggestion(case.suggestion_id) if case.suggestion_id else None
    if question is not None and question.state == "approved":
        # It is being carried out, and with it the conflict goes: the answer closes the question.
        tx.drop_case(case.id)
        return
    if question is not None and question.open:
        end(tx, home, question, "superseded", phrase("It is settled: nothing needs to be changed."))
    elif case.state == "told":
        say_settled(tx, home, case)
    forget_probe(tx, case)
    tx.set_timer("conflict", case.id, "", None)
    tx.drop_case(case.id)


def forget_probe(tx: Tx, case: Case) -> None:
    """Take back what was asked of a provider for a case, where nobody has agreed to it."""
    order = _order_of(tx, case)
    change = order.change if order is not None else None
    if order is None or change is None or change.conflict != case.id or change.agreed:
        return
    tx.drop_timers("patience", order.id)
    tx.save(replace(order, change=None, pending=None, pending_message_id=None))


# -- what became of the question -----------------------------------------------------------------


def _holds(tx: Tx, home: Home, case: Case, question: Suggestion) -> bool:
    """Tell whether what is proposed would still resolve the case, and can still be had."""
    if case.slot is None:
        return _leaves_out(case)
    order = _order_of(tx, case)
    if order is not None and (order.change is None or order.change.suggestion_id != question.id):
        return False
    return isinstance(_resolved(tx, home, case, [case.slot]), Resolution)


def _after(tx: Tx, home: Home, case: Case, question: Suggestion, cause: str) -> Case | None:
    """Return the case as it is to be pursued after its question, None where it rests."""
    if question.open:
        end(tx, home, question, "superseded", phrase("The day has changed since."))
        forget_probe(tx, case)
        return case.anew()
    if question.state in ("declined", "expired", "carried_out") and case.cause == cause:
        forget_probe(tx, case)
        tx.save_case(replace(case, state="settled"))
        return None
    if question.state == "failed" and case.tries < MOST_TRIES:
        return case.without_offer()
    if question.state == "failed":
        tx.save_case(replace(case, state="settled"))
        return None
    return case.anew()


def _elsewhere(tx: Tx, case: Case) -> bool:
    """Tell whether eating out is being asked about because of the same notice."""
    against = case.conflict.against
    if case.conflict.kind != "service_off" or against is None:
        return False
    notice = next(
        (one for one in tx.house.notices.values() if f"notice:{one.ref}" == against.id), None
    )
    if notice is None:
        return False
    cause = f"{notice.sender},{notice.identifier}"
    return any(
        one.kind == "social_meal" and one.key.endswith(f":{cause}")
        for one in tx.house.suggestions.values()
    ) or any(
        meal.cause == cause and meal.state in ("proposed", "inviting", "booking")
        for meal in tx.house.meals.values()
    )


def _worth_another_look(tx: Tx, home: Home, case: Case) -> bool:
    """Tell whether there may be a way out by now where members know that there was none."""
    if case.again is not None:
        return tx.now >= case.again
    if _order_of(tx, case) is None:
        return True
    left = [slot for slot in case.offered or () if slot.window not in case.refused]
    return isinstance(_resolved(tx, home, case, left), Resolution)


# -- a way out -----------------------------------------------------------------------------------


def _seek(tx: Tx, home: Home, case: Case) -> None:
    block = case.conflict.block
    order = _order_of(tx, case)
    if not block.movable:
        _no_way(tx, home, case, _why(tx, home, case))
    elif order is not None:
        _seek_delivery(tx, home, case, order)
    elif block.kind in ("cooking", "activity"):
        _seek_own(tx, home, case)
    else:
        _no_way(
            tx, home, case, phrase("{title} is not this household's to move", title=block.title)
        )


def _seek_delivery(tx: Tx, home: Home, case: Case, order: Order) -> None:
    tx.save_case(case)
    change = order.change
    if order.slot is None or (change is not None and change.conflict != case.id):
        # A member is changing it already; what comes of that is looked at then.
        return
    if order.pending is not None:
        return
    if case.unheard:
        again = tx.now + ASK_AGAIN if case.silent < MOST_SILENT else None
        words = phrase("{provider_name} does not answer", provider_name=order.provider_name)
        _no_way(tx, home, replace(case, again=again), words)
        tx.set_timer("conflict", case.id, "", again)
        return
    terms = order.rescheduling
    if terms is not None and not terms.possible_at(tx.now):
        _no_way(
            tx,
            home,
            case,
            phrase("{provider_name} lets it be moved no more", provider_name=order.provider_name),
        )
    elif case.offered is None:
        probe(tx, home, order, order.slot, case)
    else:
        left = [slot for slot in case.offered if slot.window not in case.refused]
        found = _resolved(tx, home, case, left)
        if isinstance(found, Unresolvable):
            refused = len(case.offered) - len(left)
            more = (
                phrase(
                    "; {provider_name} refused {refused}",
                    provider_name=order.provider_name,
                    refused=refused,
                )
                if refused
                else ""
            )
            _no_way(tx, home, case, found.why + more)
        elif case.priced and case.slot == found.slot and change is not None:
            propose_move(tx, home, case, order, change, found)
        elif case.tries >= MOST_TRIES:
            _no_way(
                tx,
                home,
                case,
                phrase(
                    "{provider_name} refuses each window that it offers",
                    provider_name=order.provider_name,
                ),
            )
        else:
            probe(tx, home, order, found.slot, case)


def _seek_own(tx: Tx, home: Home, case: Case) -> None:
    """Look for another time the same day; a meal gives way to what somebody is out for."""
    block = case.conflict.block
    if _leaves_out(case):
        propose_plan(tx, home, case, None)
        return
    zone = home.settings.home.zone
    day = day_window(block.window.start.astimezone(zone).date(), zone)
    waking = Window(day.start + _WAKING[0], min(day.end, day.start + _WAKING[1]))
    found = _resolved(tx, home, case, own_times(block, waking, tx.now))
    if isinstance(found, Unresolvable):
        _no_way(tx, home, case, found.why)
    else:
        propose_plan(tx, home, case, found)


def _leaves_out(case: Case) -> bool:
    """Tell whether a meal is not cooked, because whoever would cook it is out."""
    cooked = case.conflict.block.kind == "cooking"
    return cooked and any(one.kind == "double_booked" for one in case.conflicts)


def _resolved(
    tx: Tx, home: Home, case: Case, offered: list[DeliverySlot] | tuple[DeliverySlot, ...]
) -> Resolution | Unresolvable:
    """Return the best of some windows, looked at with all that is at these times."""
    block = case.conflict.block
    times = [block.span, *(slot.window for slot in offered if slot.window.end > tx.now)]
    within = Window(min(one.start for one in times), max(one.end for one in times))
    agenda = agenda_of(tx.house, home, spans.widened(within, block.travel, block.travel), tx.now)
    return resolve(case.conflict, agenda, tuple(offered), home.doors(), tx.now)


def _no_way(tx: Tx, home: Home, case: Case, why: str) -> None:
    forget_probe(tx, case)
    say_no_way_out(tx, home, case, why)


def _why(tx: Tx, home: Home, case: Case) -> str:
    found = _resolved(tx, home, case, ())
    return found.why if isinstance(found, Unresolvable) else ""


def _order_of(tx: Tx, case: Case) -> Order | None:
    kind, _, order_id = case.id.partition(":")
    return tx.house.orders.get(order_id) if kind == "delivery" else None
