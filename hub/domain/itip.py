"""Messages about activities, taken in: late, twice, out of order or from the wrong one (pure).

RFC 5546, 2.1.5: of two messages about the same UID and RECURRENCE-ID the one with the higher
SEQUENCE holds, at the same SEQUENCE the one with the later DTSTAMP. Whatever the order in which an
organizer's messages arrive, and however often, the end is the same.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Literal

from hub.domain.activities import (
    ANSWERS,
    Activity,
    ActivityState,
    Attendee,
    Message,
    Proposal,
    Tombstone,
)
from hub.domain.values import dataclass

Verdict = Literal[
    "invited",
    "changed",
    "cancelled",
    "answered",
    "countered",
    "counter_declined",
    "late",
    "duplicate",
    "outdated",
    "refused",
]
"""What a message came to.

``late``: a yes after the deadline, for the organizer to decide (``hosting.let_in``).
``duplicate`` and ``outdated`` change nothing. ``refused``: it should not have been sent.
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a message came to: ``now_is`` is to be kept where it is not what was known.

    ``reason`` is one line for a person. ``anew`` is true when our own answer no longer holds,
    because times or place changed. ``late`` is the answer that came too late.
    """

    verdict: Verdict
    now_is: Activity | Tombstone | None
    reason: str = ""
    anew: bool = False
    late: Attendee | None = None


def take(
    known: Activity | Tombstone | None, message: Message, own: Collection[str], now: datetime
) -> Outcome:
    """Return what ``message`` changes for a household whose members' addresses are ``own``.

    ``known`` is what is kept under ``message.key``. Never raises for a message's own fault.
    """
    if message.method in ("REPLY", "COUNTER"):
        return _from_guest(known, message, own, now)
    if message.sender != message.organizer.address:
        return _refused(known, f"{message.sender} is not its organizer")
    if message.organizer.address in own:
        return _refused(known, "it claims to come from this household")
    if known is not None and known.organizer.address != message.organizer.address:
        return _refused(known, f"it is {known.organizer.address}'s, who alone may change it")
    if message.method == "DECLINECOUNTER":
        return _counter_declined(known, message, own)
    return _from_organizer(known, message, own, now)


# -- from the organizer ------------------------------------------------------------------------


def _from_organizer(
    known: Activity | Tombstone | None, message: Message, own: Collection[str], now: datetime
) -> Outcome:
    mine = [one for one in message.attendees if one.address in own]
    ends = message.method == "CANCEL"
    if ends and message.attendees and not mine:
        return _refused(known, "it is about somebody else")
    if not ends and not mine:
        if known is None:
            return _refused(known, "nobody of this household is invited")
        # Off the list is as good as cancelled, for us.
        ends = True
    if isinstance(known, Activity) and known.state == "over":
        return Outcome("outdated", known, f"{known.details.summary} is over")
    if known is not None:
        this, last = _age(message, ends), _known_age(known)
        if this == last:
            return Outcome("duplicate", known)
        if this < last:
            return Outcome("outdated", known, "a later message about it came before")
    return _ended(known, message) if ends else _requested(known, message, own, now)


def _age(message: Message, ends: bool) -> tuple[int, datetime, bool]:
    # Sent in the same second, a cancellation is the later one.
    return message.sequence, message.stamp, ends


def _known_age(known: Activity | Tombstone) -> tuple[int, datetime, bool]:
    ended = isinstance(known, Tombstone) or known.state == "cancelled"
    return known.sequence, known.stamp, ended


def _ended(known: Activity | Tombstone | None, message: Message) -> Outcome:
    if isinstance(known, Activity):
        state: ActivityState = "cancelled"
        if known.state == "cancelled":
            again = replace(known, sequence=message.sequence, stamp=message.stamp)
            return Outcome("duplicate", again)
        off = known.moved(state, sequence=message.sequence, stamp=message.stamp)
        return Outcome("cancelled", off, message.comment)
    stone = Tombstone(
        message.uid, message.sequence, message.stamp, message.organizer, message.recurrence_id
    )
    return Outcome("outdated", stone, "it was cancelled before it was known here")


def _requested(
    known: Activity | Tombstone | None, message: Message, own: Collection[str], now: datetime
) -> Outcome:
    details = message.details
    assert details is not None, "a REQUEST has details"
    state: ActivityState = "tentative" if message.status == "TENTATIVE" else "confirmed"
    if not isinstance(known, Activity):
        if details.window.end <= now and not details.recurrence:
            return _refused(known, f"{details.summary} is over already")
        made = Activity(
            uid=message.uid,
            sequence=message.sequence,
            stamp=message.stamp,
            state=state,
            organizer=message.organizer,
            details=details,
            attendees=message.attendees,
            asked=message.sequence,
            recurrence_id=message.recurrence_id,
        )
        return Outcome("invited", made, message.comment)
    same = known.details.same_question(details)
    changed = known.moved(
        state,
        sequence=message.sequence,
        stamp=message.stamp,
        organizer=message.organizer,
        details=details,
        attendees=tuple(
            _kept(known, one, same) if one.address in own else one for one in message.attendees
        ),
        asked=known.asked if same else message.sequence,
    )
    # Cancelled and called for again is as good as new.
    verdict: Verdict = "changed" if known.open else "invited"
    # Its organizer may let what we said stand: the place was left open, and is settled now.
    anew = not same and any(
        one.address in own
        and one.partstat in ANSWERS
        and (stated := changed.attendee(one.address)) is not None
        and stated.partstat == "NEEDS-ACTION"
        for one in known.attendees
    )
    return Outcome(verdict, changed, message.comment, anew=anew)


def _kept(known: Activity, stated: Attendee, same: bool) -> Attendee:
    """Return our own line: what we said holds as long as the question is the same.

    The organizer may not have had our answer yet when this was written.
    """
    own = known.attendee(stated.address)
    if own is None or own.stamp is None:
        return stated
    if same and known.open:
        return replace(own, name=stated.name or own.name, role=stated.role)
    return replace(stated, sequence=own.sequence, stamp=own.stamp)


def _counter_declined(
    known: Activity | Tombstone | None, message: Message, own: Collection[str]
) -> Outcome:
    if not isinstance(known, Activity) or not known.open:
        return Outcome("outdated", known, "it answers nothing that is open here")
    if not any(one.address in own for one in message.attendees):
        return _refused(known, "it is about somebody else")
    if message.sequence < known.sequence:
        return Outcome("outdated", known, "the activity has changed since")
    return Outcome("counter_declined", known, message.comment)


# -- from a guest ------------------------------------------------------------------------------


def _from_guest(
    known: Activity | Tombstone | None, message: Message, own: Collection[str], now: datetime
) -> Outcome:
    said = message.attendees[0]
    if not isinstance(known, Activity) or known.organizer.address not in own:
        return _refused(known, "it answers nothing that was asked from here")
    what = known.details.summary
    if message.sender != said.address:
        return _refused(known, f"{message.sender} cannot answer for {said.address}")
    invited = known.attendee(said.address)
    if invited is None:
        return _refused(known, f"{said.address} was not invited to {what}")
    if message.sequence > known.sequence:
        return _refused(known, f"it answers a change of {what} that was never made")
    if not known.open:
        verdict: Verdict = "refused" if message.method == "COUNTER" else "outdated"
        ended = "was cancelled" if known.state == "cancelled" else "is over"
        return Outcome(verdict, known, f"{what} {ended}; there is nothing left to answer")
    if message.sequence < known.asked:
        return Outcome("outdated", known, f"it is about {what} as it was before it changed")
    if invited.stamp is not None:
        this, last = (message.sequence, message.stamp), (invited.sequence, invited.stamp)
        if this <= last:
            verdict = "duplicate" if this == last else "outdated"
            return Outcome(verdict, known, "a later answer came before")
    if message.method == "COUNTER":
        return _countered(known, invited, message, now)
    return _answered(known, invited, message, now)


def _answered(known: Activity, invited: Attendee, message: Message, now: datetime) -> Outcome:
    said = message.attendees[0]
    if said.partstat not in ANSWERS:
        return _refused(known, f"expected an answer: {', '.join(ANSWERS)}")
    counted = replace(
        invited,
        name=invited.name or said.name,
        partstat=said.partstat,
        sequence=message.sequence,
        stamp=message.stamp,
        comment=message.comment or said.comment,
    )
    until = known.details.answer_by
    too_late = until is not None and now > until
    # Who will not come after all must be known at any time.
    if too_late and said.partstat == "ACCEPTED" and invited.partstat != "ACCEPTED":
        assert until is not None, "there is a deadline"
        reason = f"answers were awaited until {until:%Y-%m-%d %H:%M} UTC"
        return Outcome("late", known, reason, late=counted)
    # Who answers after having proposed another time proposes it no more.
    others = tuple(one for one in known.proposals if one.by != invited.address)
    kept = replace(known.with_attendee(counted), proposals=others)
    return Outcome("answered", kept, counted.comment)


def _countered(known: Activity, invited: Attendee, message: Message, now: datetime) -> Outcome:
    assert message.details is not None, "a COUNTER has details"
    window = message.details.window
    if window.start <= now:
        return _refused(known, "the time it proposes is over")
    if window == known.details.window:
        return _refused(known, "it proposes the time that it is at already")
    proposal = Proposal(invited.address, window, message.sequence, message.stamp, message.comment)
    unsure = replace(invited, partstat="TENTATIVE", sequence=message.sequence, stamp=message.stamp)
    others = tuple(one for one in known.proposals if one.by != invited.address)
    kept = replace(known.with_attendee(unsure), proposals=(*others, proposal))
    return Outcome("countered", kept, message.comment)


def _refused(known: Activity | Tombstone | None, reason: str) -> Outcome:
    return Outcome("refused", known, reason)
