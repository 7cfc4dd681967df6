"""Blocks of the agenda, made from what the household has: activities, orders, notices, plans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from hub.domain.activities import Activity, PartStat
from hub.domain.agenda import ALWAYS, Block
from hub.domain.geo import distance_km, read_gps
from hub.domain.notices import Notice, Service
from hub.domain.offers import Place, Window
from hub.domain.orders import Order
from hub.domain.sharing import Share

AT_HOME_KM = 0.15
"""Nearer than this is at home: as exact as a phone tells where it is."""

_PLACED = ("confirmed", "in_progress")
_AGREED: tuple[PartStat, ...] = ("ACCEPTED",)
_OPEN: tuple[PartStat, ...] = ("TENTATIVE", "NEEDS-ACTION")


def elsewhere(place: Place | None, location: str, home: Place | None) -> bool:
    """Tell whether something is away from home, as far as can be told.

    Without coordinates a written place counts as elsewhere, unless it is a link (a call) or the
    home's own address; nothing written counts as at home.
    """
    if place is not None and home is not None and home.gps:
        return distance_km(read_gps(place.gps), read_gps(home.gps)) > AT_HOME_KM
    text = " ".join(location.split()).casefold()
    own = " ".join((home.address if home else "").split()).casefold()
    return bool(text) and "://" not in text and text != own


def activity_blocks(
    activity: Activity,
    members: Mapping[str, str],
    occurrences: Iterable[Window],
    home: Place | None,
    travel: timedelta = timedelta(0),
) -> tuple[Block, ...]:
    """Return one block an occurrence, for the members who come; none when nobody does.

    ``members`` are ours by calendar address. While none of them has said yes, or it is not
    certain to take place, it is tentative.
    ``travel`` is how long it takes to get there, where it is elsewhere.
    """
    if not activity.open:
        return ()
    said = {one.address: one.partstat for one in activity.attendees}
    said.setdefault(activity.organizer.address, "ACCEPTED")
    sure = sorted(members[who] for who in said if who in members and said[who] in _AGREED)
    unsure = sorted(members[who] for who in said if who in members and said[who] in _OPEN)
    if not sure and not unsure:
        return ()
    details = activity.details
    away = elsewhere(details.place, details.location, home)
    return tuple(
        Block(
            id=f"activity:{activity.key}@{window.start:%Y%m%dT%H%M%SZ}",
            kind="activity",
            window=window,
            title=details.summary,
            members=tuple(dict.fromkeys(sure or unsure)),
            away=away,
            travel=travel if away else timedelta(0),
            movable=activity.organizer.address in members,
            tentative=not sure or activity.state == "tentative",
            place=details.place,
        )
        for window in occurrences
    )


def order_block(order: Order, members: Sequence[str] = (), *, frozen: bool = False) -> Block | None:
    """Return what an order takes of the day, None while it is not placed or has no window.

    A delivery needs somebody at home (``frozen``: it brings freezer goods). A ride takes
    ``members`` away. A table makes no block: the meal's activity does.
    """
    if order.state not in _PLACED or order.slot is None or order.domain == "restaurant":
        return None
    movable = order.state == "confirmed" and order.rescheduling is not None
    if order.domain == "ride":
        return Block(
            id=f"ride:{order.id}",
            kind="ride",
            window=order.slot.window,
            title=order.provider_name,
            members=tuple(members),
            away=True,
            movable=movable,
            place=order.ride.end if order.ride else None,
        )
    return Block(
        id=f"delivery:{order.id}",
        kind="delivery",
        window=order.slot.window,
        title=order.provider_name,
        needs_home=True,
        frozen=frozen,
        movable=movable,
    )


def lift_block(share: Share, activity: Activity, members: Sequence[str]) -> Block | None:
    """Return the time in a friend's ride that fetches us, None while none is arranged."""
    told, arrive = share.told, share.arrive
    if share.role != "guest" or told is None or arrive is None or arrive <= told[0]:
        return None
    return Block(
        id=f"ride:{share.contact}:{activity.key}",
        kind="ride",
        window=Window(told[0], arrive),
        title=f"{share.name}'s ride",
        members=tuple(members),
        away=True,
        place=activity.details.place,
    )


def notice_block(notice: Notice) -> Block | None:
    """Return when a service is off, None for a notice about none or one that ends another.

    Its id is the notice's reference: what an update replaces has a block of its own to drop.
    """
    if notice.service is None or notice.cancels or not notice.alarming():
        return None
    start = notice.effective_from
    end = notice.expires or start + ALWAYS
    if end <= start:
        return None
    return Block(
        id=f"notice:{notice.ref}",
        kind="notice",
        window=Window(start, end),
        title=notice.headline or notice.event,
        stops=notice.service,
    )


def cooking_block(
    plan_id: str, title: str, window: Window, members: Sequence[str], uses: Sequence[Service]
) -> Block:
    """Return a plan to cook at home; ``uses`` are the services it takes, e.g. gas."""
    return Block(
        id=f"cooking:{plan_id}",
        kind="cooking",
        window=window,
        title=title,
        members=tuple(members),
        uses=tuple(uses),
        movable=True,
    )


def absence_block(absence_id: str, title: str, window: Window, members: Sequence[str]) -> Block:
    """Return a time in which members have said they will be away."""
    return Block(
        id=f"absence:{absence_id}",
        kind="absence",
        window=window,
        title=title,
        members=tuple(members),
        away=True,
    )


def presence_block(
    member: str, *, home: bool, since: datetime, now: datetime, holds: timedelta
) -> Block:
    """Return where a member is seen to be, and is taken to be until ``holds`` from now.

    One a member: the next observation takes its place, and so does the same one later on.
    """
    end = max(now, since) + holds
    return Block(
        id=f"presence:{member}",
        kind="presence",
        window=Window(since, end),
        title="at home" if home else "away",
        members=(member,),
        away=not home,
    )
