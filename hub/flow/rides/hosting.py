"""Our ride, shared: seats are offered, friends get in, and are told when and for how much."""

from __future__ import annotations

from dataclasses import replace

from hub.domain import contacts, daywords
from hub.domain.activities import Planned
from hub.domain.contacts import Contact
from hub.domain.geo import read_gps
from hub.domain.offers import Place
from hub.domain.orders import Order
from hub.domain.peers import PeerError, PeerMessage
from hub.domain.shares import split
from hub.domain.sharing import Share
from hub.domain.tongue import phrase
from hub.flow import wishes
from hub.flow.home import Home
from hub.flow.placing import PLACED
from hub.flow.rides.follow import follow_up
from hub.flow.rides.together import (
    OFF,
    OFFER,
    SHARED,
    activity_in,
    ask_share,
    guests,
    lift,
    money_in,
    place_in,
    post,
    seats_in,
    text_in,
    way_round,
)
from hub.flow.rides.who import about_of, settled
from hub.flow.tell import tag_of, tell
from hub.store.peers import PeerStore
from hub.store.tx import Entry, Tx

MOST_ASKED = 3
"""Friends whom members are asked about: of a crowd nobody wants to be asked one by one."""


def about_offer(contact: str, key: str) -> str:
    """Name the question whether to offer a contact seats."""
    return f"ride:offer:{contact}:{key}"


def consider(tx: Tx, home: Home, planned: Planned) -> None:
    """A ride there is ordered: ask whether to offer seats to the friends who go too.

    Of two households the one whose address comes first offers, so that not both do.
    """
    key, own = planned.activity.key, home.own
    order = wishes.order_for(tx, about_of("there", key))
    if home.settings.rides.share == "off" or own is None or not settled(home, planned):
        return
    if order is None or order.state not in PLACED or order.slot is None or lift(planned):
        return
    known = contacts.by_address(PeerStore(tx.connection).contacts())
    there = {one.address for one in planned.activity.coming()}
    there.add(planned.activity.organizer.address)
    until = order.slot.window.start
    friends = [known[one] for one in sorted(there) if one > own.address and one in known]
    for friend in friends[:MOST_ASKED]:
        if friend.muted or not friend.peer or planned.share(friend.id) is not None:
            continue
        about = about_offer(friend.id, key)
        if f"share:{about}" in tx.house.open_keys or until <= tx.now:
            continue
        what = planned.activity.details.summary
        body = phrase(
            "{name} goes there too. Their hub would be told about where you live (to a"
            " kilometre), when the ride leaves and what it costs. If they get in, you pay less"
            " than alone; you are asked again with the sums before anything changes.",
            name=friend.name,
        )
        title = phrase("Offer {name} seats in your ride to {what}?", name=friend.name, what=what)
        ask_share(tx, home, about, title, body, until, key)


def offer(tx: Tx, home: Home, planned: Planned, contact_id: str) -> None:
    """Members agreed: tell the friend's hub of the ride."""
    order = wishes.order_for(tx, about_of("there", planned.activity.key))
    own = home.settings.home.gps
    contact = PeerStore(tx.connection).contact(contact_id)
    if order is None or order.state not in PLACED or order.quote is None or order.slot is None:
        return
    if own is None or contact is None or planned.share(contact_id) is not None:
        return
    latitude, longitude = read_gps(own)
    sent = post(
        tx,
        contact_id,
        OFFER,
        planned,
        area=f"{latitude:.2f},{longitude:.2f}",
        leave=order.slot.window.start.isoformat(),
        arrive=order.slot.window.end.isoformat(),
        fare=str(order.quote.total),
    )
    if sent:
        share = Share(contact_id, contact.name, "host", "offered", order.quote.total)
        facts = {"contact": contact_id}
        tx.save(
            planned.with_share(contact_id, share),
            Entry("seats_offered", planned.activity.key, facts),
        )


def take_join(tx: Tx, home: Home, contact: Contact, message: PeerMessage) -> None:
    """A friend wants to get in: ask the provider what that comes to. PeerError refuses it."""
    planned = activity_in(tx, contact, message)
    share = planned.share(contact.id)
    if share is None or share.role != "host":
        raise PeerError("nothing was offered, or it is off")
    if share.state != "offered":
        return
    place = Place(place_in(message.body, "gps"), text_in(message.body, "address"))
    joined = replace(
        share,
        state="joined",
        place=place,
        seats=seats_in(message.body),
        alone=money_in(home, message.body, "alone"),
    )
    key = planned.activity.key
    now = planned.with_share(contact.id, joined)
    if way_round(home, now, Place(planned.activity.details.gps or place.gps)) is None:
        turn_away(tx, planned, joined, phrase("it is too far around for all"))
        return
    tx.save(now, Entry("seats_taken", key, {"contact": contact.id, "seats": joined.seats}))
    follow_up(tx, home, "there", now)


def take_off(tx: Tx, home: Home, contact: Contact, planned: Planned) -> None:
    """A friend does not get in after all: the ride goes without them."""
    share = planned.share(contact.id)
    if share is None:
        return
    now = planned.with_share(contact.id, None)
    tx.save(now, Entry("seats_given_back", planned.activity.key, {"contact": contact.id}))
    if share.state != "offered":
        follow_up(tx, home, "there", now)


def settle(tx: Tx, home: Home, planned: Planned) -> None:
    """Tell who gets in when they are fetched and what they pay, where that is new to them."""
    order = wishes.order_for(tx, about_of("there", planned.activity.key))
    if order is None or order.state not in PLACED or order.ride is None or order.slot is None:
        return
    found = way_round(home, planned, order.ride.end)
    stops = (order.ride.start, *order.ride.via)
    if found is None or order.quote is None or tuple(r.home for r in found.riders) != stops:
        return
    window = order.slot.window
    times = found.pickups(window.start, window.end - window.start)
    pays = split(order.quote.total, {r.household: r.alone.amount for r in found.riders})
    now = planned
    for share in guests(planned):
        told = (times[share.contact], pays[share.contact])
        if share.told == told and share.state == "settled":
            continue
        body = {
            "pickup": told[0].isoformat(),
            "arrive": window.end.isoformat(),
            "pays": str(told[1]),
            "provider": order.provider_name,
        }
        if order.agent is not None:
            body["driver"] = ", ".join(
                one for one in (order.agent.name, order.agent.vehicle, order.agent.plate) if one
            )
        if post(tx, share.contact, SHARED, planned, **body):
            now = now.with_share(share.contact, replace(share, state="settled", told=told))
    if now is not planned:
        tx.save(now, Entry("ride_shared", planned.activity.key, {"guests": len(guests(now))}))
        _tell_own(tx, home, now, order)


def unsettled(tx: Tx, planned: Planned) -> Planned:
    """The ride stays as it was: whoever wanted to get in is told so; return what is left."""
    order = wishes.order_for(tx, about_of("there", planned.activity.key))
    ride = order.ride if order is not None else None
    if order is None or order.change is not None:
        return planned
    stops = (ride.start, *ride.via) if ride is not None else ()
    for share in guests(planned):
        if share.state == "joined" and share.place not in stops:
            planned = turn_away(tx, planned, share, phrase("the ride could not be changed for all"))
    return planned


def let_down(tx: Tx, planned: Planned, why: str) -> Planned:
    """There is no ride any more: whoever was offered or given a seat is told; return the rest."""
    for share in planned.shares:
        if share.role == "host":
            planned = turn_away(tx, planned, share, why)
    return planned


def turn_away(tx: Tx, planned: Planned, share: Share, why: str) -> Planned:
    """Tell a friend that there is no seat (any more); return the activity without that."""
    post(tx, share.contact, OFF, planned, reason=why)
    now = planned.with_share(share.contact, None)
    facts = {"contact": share.contact, "why": why}
    tx.save(now, Entry("seats_withdrawn", planned.activity.key, facts))
    return now


def _tell_own(tx: Tx, home: Home, planned: Planned, order: Order) -> None:
    zone, key = home.settings.home.zone, planned.activity.key
    lines = []
    for share in guests(planned):
        if share.told is not None:
            at = daywords.moment_text(share.told[0], zone, tx.now)
            lines.append(
                phrase(
                    "{name} gets in {at} and pays {told} of it.",
                    name=share.name,
                    at=at,
                    told=share.told[1],
                )
            )
    cause = tx.append(Entry("ride_told", key, {"guests": len(lines)}))
    tell(
        tx,
        home,
        home.adults(),
        tag=tag_of(f"share:{key}"),
        title=phrase("The ride to {summary} is shared", summary=planned.activity.details.summary),
        body="\n".join(lines),
        cause=cause,
    )
