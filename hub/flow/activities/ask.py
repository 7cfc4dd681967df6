"""Members asked and told about activities."""

from __future__ import annotations

from datetime import timedelta

from hub.domain import daywords
from hub.domain.activities import Activity
from hub.domain.contacts import Contact
from hub.domain.suggestions import Because, Suggestion
from hub.flow.activities.keep import ready
from hub.flow.ending import end
from hub.flow.home import Home
from hub.flow.tell import ask, tag_of, tell
from hub.store.tx import Entry, Tx

_LONGEST = timedelta(days=60)


def suggested(tx: Tx, key: str) -> Suggestion | None:
    """Return the open suggestion about an invitation."""
    return tx.house.suggestions.get(tx.house.open_keys.get(f"invitation:{key}", ""))


def withdraw(tx: Tx, home: Home, key: str, why: str) -> None:
    """Take a question about an invitation back."""
    older = suggested(tx, key)
    if older is not None and older.open:
        end(tx, home, older, "superseded", why)


def ask_members(
    tx: Tx, home: Home, contact: Contact, activity: Activity, words: str, *, muted: bool
) -> bool:
    """Ask the members about an invitation; False where there is nothing to ask."""
    own = activity.attendee(ready(home)[1].address)
    zone = home.settings.home.zone
    if own is None or own.partstat != "NEEDS-ACTION":
        return False
    withdraw(tx, home, activity.key, "It has changed since.")
    deadline = min(activity.details.answer_by or activity.details.window.start, tx.now + _LONGEST)
    if muted or deadline <= tx.now:
        return False
    line = daywords.activity_line(activity, zone, tx.now)
    suggestion = Suggestion(
        id=tx.new_id(),
        key=f"invitation:{activity.key}",
        kind="invitation",
        rule_id="",
        rule_version="",
        rule_text="",
        subject=activity.key,
        title=words.rstrip(".")[:120],
        body=line,
        state="proposed",
        version=1,
        because=(Because(line),),
        options=(),
        ask=home.adults(),
        created_at=tx.now,
        deadline=deadline,
    )
    facts = {"kind": "invitation", "from": contact.id, "key": suggestion.key}
    tx.save(suggestion, Entry("suggested", suggestion.id, facts))
    tx.set_timer("deadline", suggestion.id, "", deadline)
    ask(tx, home, suggestion)
    return True


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
    )
