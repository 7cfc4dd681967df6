"""When a notice is cancelled, updated or over: what the hub asked because of it goes too."""

from __future__ import annotations

from hub.domain.events import NoticeEnded, NoticeIssued
from hub.domain.tongue import phrase
from hub.flow.ending import end
from hub.flow.home import Home
from hub.flow.meals import follow as meals
from hub.flow.tell import tell
from hub.store.tx import Entry, Tx


def notice_ended(tx: Tx, home: Home, event: NoticeEnded) -> None:
    """Close what was asked because of the notice. A cancellation is told to whom it was told."""
    notice = event.notice
    cancelled = notice.expires is None or tx.now < notice.expires
    what = notice.event or notice.headline
    outcome = (
        phrase("{what}: cancelled.", what=what)
        if cancelled
        else phrase("{what}: it is over.", what=what)
    )
    identity = f"{notice.sender},{notice.identifier}"
    _close(tx, home, identity, "expired", outcome)
    if not cancelled:
        return
    meals.notice_cancelled(tx, home, identity)
    for told in tx.told(notice.service or "notice", str(notice.ref)):
        entry = Entry("withdrawn", notice.service or notice.event, {"ref": str(notice.ref)})
        tell(
            tx,
            home,
            told.members,
            tag=told.tag,
            title=told.title,
            body=outcome,
            cause=tx.append(entry),
        )


def notice_replaced(tx: Tx, home: Home, event: NoticeIssued) -> None:
    """Close what was asked because of notices that this one updates; its rules may ask anew."""
    for ref in event.replaced:
        identity = ref.rpartition(",")[0]
        outcome = phrase(
            "{event}: there is newer word of it.", event=event.notice.event or event.notice.headline
        )
        _close(tx, home, identity, "superseded", outcome)
        newer = f"{event.notice.sender},{event.notice.identifier}"
        meals.notice_replaced(tx, home, identity, newer)


def _close(tx: Tx, home: Home, identity: str, state: str, outcome: str) -> None:
    for suggestion in list(tx.house.suggestions.values()):
        if suggestion.open and suggestion.key.endswith(f":{identity}"):
            end(tx, home, suggestion, state, outcome)
