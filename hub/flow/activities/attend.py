"""What members do with activities of friends: answer them."""

from __future__ import annotations

from hub.domain import hosting
from hub.domain.activities import PartStat, Planned
from hub.domain.decisions import Decision
from hub.domain.suggestions import Suggestion
from hub.flow.activities.keep import keep, known, ready
from hub.flow.activities.write import post
from hub.flow.home import Home
from hub.store.tx import Entry, Tx


def answer_invitation(tx: Tx, home: Home, suggestion: Suggestion, decision: Decision) -> None:
    """Answer what a friend asked, as a member decided. ActivityError, PeerError."""
    _, own = ready(home)
    planned = known(tx, suggestion.subject)
    said: PartStat = "ACCEPTED" if decision.verb == "approve" else "DECLINED"
    done = hosting.answer(planned.activity, own.address, said, tx.now)
    facts = {"member": decision.member, "via": decision.via, "answer": said}
    going = (decision.member,) if said == "ACCEPTED" else ()
    entry = Entry("activity_answered", suggestion.subject, facts)
    keep(tx, home, Planned(done.activity, going), entry)
    post(tx, home, done)
