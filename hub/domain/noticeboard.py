"""The notices a household has to know of now, whatever the order in which they arrived (pure).

On the board are the notices that hold or will, and *cancellations*, which stay for a while so that
what they cancel is recognised when it arrives late. A reader shows ``showing(board)``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from datetime import UTC, datetime, timedelta

from hub.domain.events import NoticeEnded, NoticeIssued
from hub.domain.notices import Notice, NoticeRef
from hub.domain.values import dataclass

REMEMBERED = timedelta(days=7)
"""How long a cancellation is kept for what it cancels to arrive late."""

MOST = 500
"""Notices on the board; of more, the ones sent first give way."""

MOST_REFERENCES = 200


@dataclass(frozen=True, slots=True)
class Change:
    """What changes on the board: ``put`` by reference, references ``removed``, what to tell.

    ``removed`` comes first; no reference is in both.
    """

    put: Mapping[str, Notice] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    events: tuple[NoticeIssued | NoticeEnded, ...] = ()


NOTHING = Change()


def apply(known: Mapping[str, Notice], notice: Notice, now: datetime) -> Change:
    """Return what ``notice`` changes on the board ``known`` (``str(notice.ref)`` -> notice).

    Follows CAP 1.2, section 3.2.1: an Update supersedes and a Cancel ends what its ``references``
    name; Ack, Error and whatever is not Actual change nothing. The same message twice changes
    nothing the second time, and an Update may arrive before what it updates.
    """
    ref = str(notice.ref)
    if not notice.alarming() or notice.msg_type in ("Ack", "Error") or ref in known:
        return NOTHING
    later = next((one for one in known.values() if _refers(one, notice)), None)
    if later is not None:
        # It was superseded before it arrived, and so was all that it supersedes itself.
        heir = _inheriting(later, notice)
        gone = {key: old for key, old in known.items() if old != later and _refers(heir, old)}
        heir = _inheriting(heir, *gone.values())
        put = {} if heir == later else {str(heir.ref): heir}
        return Change(put, tuple(gone), tuple(_endings(gone, now)))
    gone = {key: old for key, old in known.items() if _refers(notice, old)}
    kept = _inheriting(notice, *gone.values())
    if kept.references and not kept.cancels and _over(kept, now):
        # Out of date on arrival, but what it replaced is replaced all the same.
        kept = replace(kept, msg_type="Cancel")
    if kept.cancels:
        events: tuple[NoticeIssued | NoticeEnded, ...] = tuple(_endings(gone, now))
    elif _over(kept, now):
        return NOTHING
    else:
        replaced = tuple(key for key, old in gone.items() if not old.cancels)
        events = (NoticeIssued(kept, now, replaced),)
    if _leaves(kept) <= now:
        return Change({}, tuple(gone), events)
    crowd = _crowd(known, gone)
    return Change({ref: kept}, (*gone, *crowd), (*events, *_endings(crowd, now)))


def expire(known: Mapping[str, Notice], now: datetime) -> Change:
    """Return what leaves the board because its time is over at ``now``."""
    gone = {key: notice for key, notice in known.items() if _leaves(notice) <= now}
    return Change({}, tuple(gone), tuple(_endings(gone, now))) if gone else NOTHING


def next_due(known: Mapping[str, Notice]) -> datetime | None:
    """Return when ``expire`` next has something to do; None: never."""
    due = min((_leaves(notice) for notice in known.values()), default=_NEVER)
    return None if due == _NEVER else due


def showing(known: Mapping[str, Notice]) -> dict[str, Notice]:
    """Return what a person should see of the board: all but the cancellations."""
    return {key: notice for key, notice in known.items() if not notice.cancels}


_NEVER = datetime.max.replace(tzinfo=UTC)


def _leaves(notice: Notice) -> datetime:
    if notice.cancels:
        return max(notice.sent, notice.expires or notice.sent) + REMEMBERED
    return notice.expires or _NEVER


def _over(notice: Notice, now: datetime) -> bool:
    return notice.expires is not None and notice.expires <= now


def _refers(newer: Notice, older: Notice) -> bool:
    """Tell whether one names the other; a message cannot supersede one sent after it."""
    if not newer.references or older.sent > newer.sent:
        return False
    own = older.ref
    return own != newer.ref and any(_same(ref, own) for ref in newer.references)


def _same(ref: NoticeRef, own: NoticeRef) -> bool:
    return (
        ref.identifier == own.identifier
        and ref.sender == own.sender
        and (ref.sent is None or ref.sent == own.sent)
    )


def _inheriting(newer: Notice, *older: Notice) -> Notice:
    """Return ``newer`` naming also what ``older`` ones named, so that none of that comes back."""
    for one in older:
        more = [ref for ref in one.references if ref not in newer.references]
        if more:
            references = (*newer.references, *more)[:MOST_REFERENCES]
            newer = replace(newer, references=references)
    return newer


def _endings(gone: Mapping[str, Notice], now: datetime) -> Iterator[NoticeEnded]:
    return (NoticeEnded(notice, now) for notice in gone.values() if not notice.cancels)


def _crowd(known: Mapping[str, Notice], gone: Mapping[str, Notice]) -> dict[str, Notice]:
    staying = [key for key in known if key not in gone]
    surplus = len(staying) + 1 - MOST
    if surplus <= 0:
        return {}
    first = sorted(staying, key=lambda key: (not known[key].cancels, known[key].sent))
    return {key: known[key] for key in first[:surplus]}
