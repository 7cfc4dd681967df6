"""What members do with activities: say whether they go, and propose other times to friends.

A household is one attendee. It comes while at least one of its members goes.
"""

from __future__ import annotations

from dataclasses import replace

from hub.domain import hosting
from hub.domain.activities import Activity, PartStat
from hub.domain.decisions import Decision
from hub.domain.offers import Window
from hub.domain.suggestions import Suggestion
from hub.domain.tongue import later, phrase
from hub.flow.activities.ask import withdraw
from hub.flow.activities.keep import keep, known, ready
from hub.flow.activities.write import post
from hub.flow.home import Home
from hub.store.tx import Entry, Tx

_SAID: dict[str, PartStat] = {"approve": "ACCEPTED", "maybe": "TENTATIVE", "decline": "DECLINED"}
_WORDS: dict[PartStat, str] = {
    "ACCEPTED": later("{name} comes."),
    "TENTATIVE": later("{name} may come."),
    "DECLINED": later("{name} does not come."),
}


def answer_invitation(tx: Tx, home: Home, suggestion: Suggestion, decision: Decision) -> None:
    """Answer what a friend asked, as a member decided. ActivityError, PeerError."""
    _answer(tx, home, suggestion.subject, _SAID[decision.verb], decision.member, decision.via)


def answer(
    tx: Tx,
    home: Home,
    key: str,
    partstat: PartStat,
    member: str,
    via: str,
    comment: str = "",
) -> Activity:
    """Answer an invitation for a member, or answer it anew; the organizer is told.

    The household declines when the last of its members does. Of an activity of our own it only
    says who of us goes. ActivityError, PeerError.
    """
    answered = _answer(tx, home, key, partstat, member, via, comment)
    withdraw(tx, home, key, phrase(_WORDS[partstat], name=home.called(member)))
    return answered


def propose(
    tx: Tx, home: Home, key: str, window: Window, member: str, via: str, comment: str = ""
) -> Activity:
    """Propose another time to the organizer, who alone can move it. ActivityError, PeerError."""
    _, own = ready(home)
    planned = known(tx, home, key)
    done = hosting.propose(planned.activity, own.address, window, tx.now, comment)
    facts = {"member": member, "via": via, "start": window.start.isoformat()}
    keep(tx, home, replace(planned, what=done.activity), Entry("time_proposed", key, facts))
    post(tx, home, done)
    withdraw(tx, home, key, phrase("Another time was proposed."))
    return done.activity


def _answer(
    tx: Tx,
    home: Home,
    key: str,
    partstat: PartStat,
    member: str,
    via: str,
    comment: str = "",
) -> Activity:
    _, own = ready(home)
    planned = known(tx, home, key)
    others = tuple(one for one in planned.going if one != member)
    going = (*others, member) if partstat == "ACCEPTED" else others
    # While others of us go, the household comes.
    said: PartStat = "ACCEPTED" if going else partstat
    if planned.activity.organizer.address == own.address:
        done = hosting.Done(planned.activity)
    else:
        done = hosting.answer(planned.activity, own.address, said, tx.now, comment)
    if done.activity == planned.activity and going == planned.going:
        return done.activity
    facts = {"member": member, "via": via, "answer": partstat}
    entry = Entry("activity_answered", key, facts)
    keep(tx, home, replace(planned, what=done.activity, going=going), entry)
    post(tx, home, done)
    return done.activity
