"""What can wait: gathered, and told each member once a day in one message."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

from hub.domain.effects import TellMember
from hub.domain.tongue import phrase
from hub.flow.home import Home, channels
from hub.settings import MemberSettings
from hub.store.tx import Tx
from rules.times import instant, quiet_until, time_of_day

TIMER = "digest"
MOST = 50
"""What one message gathers; of more the oldest is only counted."""


def gather(tx: Tx, home: Home, member: MemberSettings, title: str, body: str) -> None:
    """Keep a line for a member's next message. ``member.digest`` is its time of day."""
    count, lines = _kept(tx, member.id)
    line = f"{title}: {body}" if body else title
    tx.set_cursor(_name(member.id), json.dumps([count + 1, [*lines, line[:500]][-MOST:]]))
    key = (TIMER, member.id, "")
    if key not in tx.house.timers:
        tx.set_timer(*key, _next(home, member, tx.now))


def due(tx: Tx, home: Home, name: str, subject: str, at: datetime) -> None:
    """Tell a member what was gathered: once, for the lines go with the timer that told them."""
    count, lines = _kept(tx, name)
    member = home.member(name)
    tx.set_cursor(_name(name), "")
    if member is None or not lines:
        return
    more = [phrase("… and {count} before", count=count - len(lines))] if count > len(lines) else []
    wait = quiet_until(member.quiet_hours, tx.now, home.settings.home.zone)
    for channel in channels(member, home.pushed, news=True):
        tx.emit(
            TellMember(
                f"digest-{name}",
                phrase("Of the last day"),
                "\n".join([*more, *lines]),
                name,
                channel,
                2,
            ),
            key=f"digest:{at.isoformat()}:{name}:{channel}",
            subject=f"digest-{name}",
            not_before=wait,
        )


def _next(home: Home, member: MemberSettings, now: datetime) -> datetime:
    zone = home.settings.home.zone
    today: date = now.astimezone(zone).date()
    clock = time_of_day(member.digest)
    days = (instant(datetime.combine(today + timedelta(days=n), clock), zone) for n in (0, 1, 2))
    return next(one for one in days if one > now)


def _kept(tx: Tx, member_id: str) -> tuple[int, list[str]]:
    kept = tx.cursor(_name(member_id))
    count, lines = json.loads(kept) if kept else (0, [])
    return count, lines


def _name(member_id: str) -> str:
    return f"digest:{member_id}"
