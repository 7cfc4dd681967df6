"""What members do with activities, each with the messages to send: RFC 5546, section 3.2 (pure).

A refusal is an ActivityError that says why in one line. Two revisions never have the same DTSTAMP,
which iCalendar writes in whole seconds: the later one is dated a second on, if need be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hub.domain.activities import (
    ANSWERS,
    Activity,
    ActivityError,
    ActivityState,
    Attendee,
    Details,
    Message,
    PartStat,
    Person,
    Proposal,
    whole_seconds,
)
from hub.domain.offers import Window
from hub.domain.values import dataclass

_TICK = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Sending:
    """One message and whom it goes to, by calendar address."""

    message: Message
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """What an activity has become, and what is to be sent."""

    activity: Activity
    send: tuple[Sending, ...] = ()


def later_than(last: datetime | None, now: datetime) -> datetime:
    """Return the DTSTAMP of what is written at ``now``, always after ``last``."""
    stamp = whole_seconds(now)
    return stamp if last is None else max(stamp, last + _TICK)


# -- the organizer -----------------------------------------------------------------------------


def create(
    uid: str,
    organizer: Person,
    details: Details,
    guests: Sequence[Attendee],
    now: datetime,
    *,
    tentative: bool = False,
) -> Done:
    """Make an activity and invite ``guests``; ``tentative`` where it is not settled yet."""
    _to_come(details, now)
    activity = Activity(
        uid=uid,
        sequence=0,
        stamp=whole_seconds(now),
        state="tentative" if tentative else "confirmed",
        organizer=organizer,
        details=details,
        attendees=_unanswered(guests, organizer),
    )
    return Done(activity, _requests(activity))


def change(
    activity: Activity,
    details: Details,
    now: datetime,
    *,
    state: ActivityState | None = None,
    settled: bool = False,
) -> Done:
    """Change what, when or where it is, and tell everybody.

    With other times or another place everybody is asked anew (RFC 5546, 3.2.2.1), unless what
    they said yes to left that open and it is ``settled`` now; SEQUENCE goes up then, and with
    ``state`` (``tentative`` or ``confirmed``). Nothing is sent when nothing changes. ActivityError
    when it is cancelled or over.
    """
    _must_be_open(activity)
    _to_come(details, now)
    wanted = state or activity.state
    if details == activity.details and wanted == activity.state:
        return Done(activity)
    as_before = activity.details.same_question(details)
    same = as_before or settled
    sequence = activity.sequence + (not as_before or wanted != activity.state)
    changed = activity.moved(
        wanted,
        sequence=sequence,
        stamp=later_than(activity.stamp, now),
        details=details,
        asked=activity.asked if same else sequence,
        attendees=activity.attendees if same else _asked_anew(activity.attendees),
        proposals=activity.proposals if same else (),
    )
    return Done(changed, _requests(changed))


def invite(activity: Activity, guests: Sequence[Attendee], now: datetime) -> Done:
    """Invite more people; who was invited already is left alone."""
    _must_be_open(activity)
    new = [one for one in guests if activity.attendee(one.address) is None]
    added = _unanswered(new, activity.organizer)
    if not added:
        return Done(activity)
    grown = replace(
        activity,
        attendees=(*activity.attendees, *added),
        stamp=later_than(activity.stamp, now),
    )
    return Done(grown, _requests(grown, [one.address for one in added]))


def uninvite(activity: Activity, who: str, now: datetime) -> Done:
    """Take an invitation back: CANCEL to that one (RFC 5546, 3.2.5), the new list to the others."""
    _must_be_open(activity)
    gone = _invited(activity, who)
    smaller = replace(
        activity,
        sequence=activity.sequence + 1,
        stamp=later_than(activity.stamp, now),
        attendees=tuple(one for one in activity.attendees if one != gone),
        proposals=tuple(one for one in activity.proposals if one.by != gone.address),
    )
    off = Sending(_message(smaller, "CANCEL", (gone,)), (gone.address,))
    return Done(smaller, (off, *_requests(smaller)))


def tell_cancelled(activity: Activity, guests: Sequence[Attendee], now: datetime) -> Done:
    """Tell guests that came later that this occurrence is cancelled: of the whole they know."""
    new = [one for one in guests if activity.attendee(one.address) is None]
    added = _unanswered(new, activity.organizer)
    if activity.state != "cancelled" or not added:
        return Done(activity)
    grown = replace(
        activity,
        attendees=(*activity.attendees, *added),
        stamp=later_than(activity.stamp, now),
    )
    to = tuple(one.address for one in added)
    return Done(grown, (Sending(_message(grown, "CANCEL", added), to),))


def roster(activity: Activity, now: datetime, to: Sequence[str] | None = None) -> Done:
    """Tell the guests (or those in ``to``) who comes: a REQUEST with the same SEQUENCE."""
    _must_be_open(activity)
    told = replace(activity, stamp=later_than(activity.stamp, now))
    return Done(told, _requests(told, to))


def cancel(activity: Activity, now: datetime, comment: str = "") -> Done:
    """Cancel it for everybody. Nothing happens when it is cancelled already."""
    if activity.state == "cancelled":
        return Done(activity)
    off = activity.moved(
        "cancelled",
        sequence=activity.sequence + 1,
        stamp=later_than(activity.stamp, now),
        proposals=(),
    )
    to = tuple(one.address for one in off.attendees if one.partstat != "DECLINED")
    message = _message(off, "CANCEL", off.attendees, comment)
    return Done(off, (Sending(message, to),) if to else ())


def accept_counter(activity: Activity, who: str, now: datetime) -> Done:
    """Move it to the time ``who`` proposed; everybody else is asked anew.

    ActivityError when there is no such proposal, or its time is over.
    """
    _must_be_open(activity)
    proposal = _proposed(activity, who)
    details = replace(activity.details, window=proposal.window)
    done = change(activity, details, now)
    author = _invited(done.activity, who)
    # Who proposed a time need not be asked whether it suits.
    settled = replace(author, partstat="ACCEPTED", sequence=done.activity.sequence)
    moved = done.activity.with_attendee(settled)
    return Done(moved, _requests(moved))


def decline_counter(activity: Activity, who: str, now: datetime, comment: str = "") -> Done:
    """Stay with the time that was, and say so to ``who`` (RFC 5546, 3.2.8)."""
    proposal = _proposed(activity, who)
    kept = replace(
        activity,
        stamp=later_than(activity.stamp, now),
        proposals=tuple(one for one in activity.proposals if one != proposal),
    )
    message = _message(kept, "DECLINECOUNTER", (_invited(kept, who),), comment)
    return Done(kept, (Sending(message, (proposal.by,)),))


def let_in(activity: Activity, answer: Attendee, now: datetime) -> Done:
    """Count an answer that came after the deadline (``Outcome.late``), and tell who sent it."""
    _must_be_open(activity)
    known = _invited(activity, answer.address)
    if known.stamp is not None and answer.stamp is not None and known.stamp >= answer.stamp:
        raise ActivityError(f"{known.name or known.address} has answered anew meanwhile")
    counted = replace(
        known,
        partstat=answer.partstat,
        sequence=answer.sequence,
        stamp=answer.stamp,
        comment=answer.comment,
    )
    return roster(activity.with_attendee(counted), now, [known.address])


def noted(activity: Activity, who: str, partstat: PartStat, now: datetime) -> Activity:
    """Return it with what a guest said in another way: by mail, or by word of mouth."""
    _must_be_open(activity)
    known = _invited(activity, who)
    if partstat not in ANSWERS:
        raise ActivityError(f"expected an answer: {', '.join(ANSWERS)}")
    said = replace(
        known,
        partstat=partstat,
        sequence=activity.sequence,
        stamp=later_than(known.stamp, now),
        comment="",
    )
    return activity.with_attendee(said)


def occurrence(series: Activity, window: Window) -> Activity:
    """Return one occurrence of a repeated activity as one by itself (RFC 5545, 3.8.4.4).

    Whoever answered the series has answered it; from now on it has answers and changes of its own.
    """
    details = replace(series.details, window=window, recurrence="", excluded=())
    return replace(series, recurrence_id=window.start, details=details, proposals=())


# -- a guest -----------------------------------------------------------------------------------


def answer(
    activity: Activity, me: str, partstat: PartStat, now: datetime, comment: str = ""
) -> Done:
    """Answer an invitation: REPLY to the organizer. The same answer again sends nothing.

    ActivityError when it is cancelled or over, ``me`` was not invited, or a yes comes after the
    organizer's deadline.
    """
    _must_be_open(activity)
    own = _invited(activity, me)
    if partstat not in ANSWERS:
        raise ActivityError(f"expected an answer: {', '.join(ANSWERS)}")
    if own.partstat == partstat and own.sequence == activity.sequence and own.comment == comment:
        return Done(activity)
    until = activity.details.answer_by
    if partstat == "ACCEPTED" and own.partstat != "ACCEPTED" and until is not None and now > until:
        raise ActivityError(
            f"answers were awaited until {until:%Y-%m-%d %H:%M} UTC; ask"
            f" {activity.organizer.name or activity.organizer.address} whether there is room"
        )
    said = replace(
        own,
        partstat=partstat,
        sequence=activity.sequence,
        stamp=later_than(own.stamp, now),
        comment=comment,
    )
    answered = activity.with_attendee(said)
    message = replace(_message(answered, "REPLY", (said,), comment), sender=said.address)
    return Done(answered, (Sending(_dated(message, said), (activity.organizer.address,)),))


def propose(activity: Activity, me: str, window: Window, now: datetime, comment: str = "") -> Done:
    """Propose another time: COUNTER to the organizer, who alone can move it."""
    _must_be_open(activity)
    own = _invited(activity, me)
    if window.start <= now:
        raise ActivityError("a time that is over cannot be proposed")
    said = replace(
        own, partstat="TENTATIVE", sequence=activity.sequence, stamp=later_than(own.stamp, now)
    )
    asked = activity.with_attendee(said)
    details = replace(activity.details, window=window)
    message = replace(
        _message(asked, "COUNTER", (said,), comment), sender=said.address, details=details
    )
    return Done(asked, (Sending(_dated(message, said), (activity.organizer.address,)),))


def finished(activity: Activity, last_end: datetime, now: datetime) -> Activity:
    """Return it as over once ``last_end``, the end of its last occurrence, has passed."""
    return activity.moved("over", proposals=()) if activity.open and last_end <= now else activity


# -- within ------------------------------------------------------------------------------------


def _dated(message: Message, said: Attendee) -> Message:
    assert said.stamp is not None, "an answer is dated"
    return replace(message, stamp=said.stamp)


def _requests(activity: Activity, to: Sequence[str] | None = None) -> tuple[Sending, ...]:
    """Return the REQUEST to ``to``, by default to all but those who declined it as it is."""
    if to is None:
        to = [one.address for one in activity.attendees if one.partstat != "DECLINED"]
    if not to:
        return ()
    return (Sending(_message(activity, "REQUEST", activity.attendees), tuple(to)),)


def _message(
    activity: Activity,
    method: str,
    attendees: tuple[Attendee, ...],
    comment: str = "",
) -> Message:
    return Message(
        method=method,  # type: ignore[arg-type]
        sender=activity.organizer.address,
        uid=activity.uid,
        sequence=activity.sequence,
        stamp=activity.stamp,
        organizer=activity.organizer,
        attendees=attendees,
        details=activity.details,
        status="TENTATIVE" if activity.state == "tentative" else "CONFIRMED",
        recurrence_id=activity.recurrence_id,
        comment=comment,
    )


def _unanswered(guests: Sequence[Attendee], organizer: Person) -> tuple[Attendee, ...]:
    """Return guests as newly invited; the organizer comes anyway and is not asked."""
    return tuple(
        Attendee(one.address, one.name, role=one.role)
        for one in guests
        if one.address != organizer.address
    )


def _asked_anew(attendees: Sequence[Attendee]) -> tuple[Attendee, ...]:
    return tuple(replace(one, partstat="NEEDS-ACTION", comment="") for one in attendees)


def _must_be_open(activity: Activity) -> None:
    if not activity.open:
        state = "cancelled" if activity.state == "cancelled" else "over"
        raise ActivityError(f"{activity.details.summary} is {state}")


def _to_come(details: Details, now: datetime) -> None:
    if details.window.end <= now and not details.recurrence:
        raise ActivityError("an activity cannot be put into the past")
    if details.answer_by is not None and details.answer_by > details.window.end:
        raise ActivityError("answers cannot be awaited for longer than the activity lasts")


def _invited(activity: Activity, who: str) -> Attendee:
    known = activity.attendee(who)
    if known is None:
        raise ActivityError(f"{who} was not invited to {activity.details.summary}")
    return known


def _proposed(activity: Activity, who: str) -> Proposal:
    by = _invited(activity, who).address
    for proposal in activity.proposals:
        if proposal.by == by:
            return proposal
    raise ActivityError(f"{who} has proposed no other time, or it was decided already")
