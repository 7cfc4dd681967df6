"""Members asked and told about activities."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hub.domain import daywords
from hub.domain.activities import Activity, Attendee, Planned, Proposal
from hub.domain.contacts import Contact
from hub.domain.suggestions import Because, Kind, Suggestion
from hub.domain.tongue import capital, phrase
from hub.flow.activities.keep import ready
from hub.flow.asking import posed, put
from hub.flow.ending import take_back
from hub.flow.home import Home
from hub.flow.tell import tag_of, tell
from hub.store.tx import Tx
from rules.times import quiet_until

_LONGEST = timedelta(days=60)
LIVELY = 20
GATHER = timedelta(minutes=10)
"""So much may happen to an activity in so long before a phone rings less often for it."""


def withdraw(tx: Tx, home: Home, key: str, why: str) -> None:
    """Take the question about an invitation back."""
    take_back(tx, home, f"invitation:{key}", why)


def withdraw_proposals(tx: Tx, home: Home, activity: Activity, but: str = "") -> None:
    """Take questions about times that are proposed no more back, except suggestion ``but``."""
    start = f"counter:{activity.key}|"
    kept = {_counter(activity.key, one.by) for one in activity.proposals}
    late = f"late:{activity.key}|"
    for key, suggestion_id in list(tx.house.open_keys.items()):
        gone = key.startswith(start) and key not in kept
        if suggestion_id != but and (gone or (key.startswith(late) and not activity.open)):
            take_back(tx, home, key, phrase("That is settled otherwise."))


def about(suggestion: Suggestion) -> str:
    """Return the address of the guest that a proposal or a late answer is of."""
    return suggestion.key.rpartition("|")[2]


def ask_members(
    tx: Tx,
    home: Home,
    contact: Contact,
    planned: Planned,
    words: str,
    *,
    muted: bool,
    again: bool = False,
) -> bool:
    """Ask the members about an invitation; False where there is nothing to ask.

    ``again``: also where they said that they may come.
    """
    activity = planned.activity
    own = activity.attendee(ready(home)[1].address)
    unsure = ("NEEDS-ACTION", "TENTATIVE") if again else ("NEEDS-ACTION",)
    if own is None or own.partstat not in unsure:
        return False
    withdraw(tx, home, activity.key, phrase("It has changed since."))
    until = min(activity.details.answer_by or _END, planned.next_start(tx.now))
    if muted or until <= tx.now:
        return False
    line = daywords.activity_line(activity, home.settings.home.zone, tx.now)
    key = f"invitation:{activity.key}"
    _suggest(tx, home, "invitation", key, activity.key, words.rstrip("."), line, until, contact.id)
    return True


def ask_proposal(
    tx: Tx, home: Home, contact: Contact, planned: Planned, proposal: Proposal
) -> None:
    """Ask the members whether an activity of theirs is moved to the time a guest proposes."""
    activity, zone = planned.activity, home.settings.home.zone
    key = _counter(activity.key, proposal.by)
    take_back(tx, home, key, phrase("Another time was proposed since."))
    words = daywords.proposal_text(activity, proposal, zone, tx.now)
    line = daywords.activity_line(activity, zone, tx.now)
    until = min(proposal.window.start, max(planned.next_start(tx.now), tx.now))
    _suggest(
        tx,
        home,
        "counter",
        key,
        activity.key,
        words,
        phrase(
            "It is planned for: {line}. {who_comes}",
            line=line,
            who_comes=daywords.who_comes(activity),
        ),
        until,
        contact.id,
    )


def ask_late(
    tx: Tx, home: Home, contact: Contact, planned: Planned, late: Attendee, why: str
) -> None:
    """Ask the members whether a guest who said yes after the deadline may come."""
    activity = planned.activity
    key = f"late:{activity.key}|{late.address}"
    take_back(tx, home, key, phrase("They have answered anew."))
    line = daywords.activity_line(activity, home.settings.home.zone, tx.now)
    title = phrase(
        "{sender} would come to {what} after all",
        sender=contact.name,
        what=activity.details.summary,
    )
    until = planned.next_start(tx.now)
    body = f"{line}. {capital(why)}."
    _suggest(tx, home, "late_answer", key, activity.key, title, body, until, contact.id)


def tell_members(tx: Tx, home: Home, activity: Activity, words: str, cause: int) -> None:
    """Tell the members what came of an activity."""
    line = daywords.activity_line(activity, home.settings.home.zone, tx.now)
    tell(
        tx,
        home,
        home.adults(),
        tag=tag_of(f"activity:{activity.key}"),
        title=activity.details.summary,
        body=f"{words}\n{line}",
        cause=cause,
        not_before=_not_before(tx, home, activity.key, activity.details.window.start),
    )


def _not_before(tx: Tx, home: Home, key: str, until: datetime) -> datetime | None:
    """Return when members may hear of an activity, None for now or what cannot wait so long.

    Not in the household's quiet hours; and where much happens to one activity, a while later: only
    the last word on it is then said.
    """
    own = home.settings.home
    end = quiet_until(own.quiet_hours, tx.now, own.zone)
    if end is None and tx.count("", key, tx.now - GATHER) >= LIVELY:
        end = tx.now + GATHER
    # One that repeats began long ago, and what it says can wait.
    return end if end is not None and (end < until or until <= tx.now) else None


_END = datetime.max.replace(tzinfo=UTC)


def _counter(key: str, by: str) -> str:
    return f"counter:{key}|{by}"


def _suggest(
    tx: Tx,
    home: Home,
    kind: Kind,
    key: str,
    subject: str,
    title: str,
    line: str,
    until: datetime,
    contact: str,
) -> None:
    deadline = min(until, tx.now + _LONGEST)
    if deadline <= tx.now:
        return
    question = posed(
        tx,
        home,
        kind,
        key=key,
        subject=subject,
        title=title[:120],
        body=line,
        because=(Because(line),),
        deadline=deadline,
        not_before=_not_before(tx, home, subject, deadline),
    )
    put(tx, home, question, {"kind": kind, "from": contact, "key": key})
