"""A ride for several households: who gets in where, and who is asked and told about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from hub.domain.activities import Planned
from hub.domain.contacts import Contact
from hub.domain.geo import read_gps, write_gps
from hub.domain.money import Money, money
from hub.domain.offers import Place, RideWish
from hub.domain.peers import PeerError, PeerMessage
from hub.domain.sharing import OWN, Detour, Rider, Route, Share, route
from hub.domain.suggestions import Because
from hub.flow.asking import posed, put
from hub.flow.home import Home
from hub.flow.peerout import send
from hub.flow.rides.who import riders
from hub.store.peers import PeerStore
from hub.store.tx import Entry, Tx

OFFER, JOIN, SHARED, OFF = "ride-offer", "ride-join", "ride-shared", "ride-off"
"""The types of the messages between hubs: a seat is offered, taken, arranged, or it is off."""
MOST_SEATS = 8
"""People in one vehicle; that it takes so many its provider says."""
LONGEST_TEXT = 300


def guests(planned: Planned) -> tuple[Share, ...]:
    """Return the households that get into our ride, by contact."""
    found = (one for one in planned.shares if one.role == "host" and one.state != "offered")
    return tuple(sorted(found, key=lambda one: one.contact))


def lift(planned: Planned) -> Share | None:
    """Return the ride of a friend that we share or mean to, None where there is none."""
    found = (one for one in planned.shares if one.role == "guest" and one.state != "offered")
    return next(found, None)


def own_place(home: Home) -> Place | None:
    """Return where we live as providers read it, None where that is not known."""
    own = home.settings.home
    return Place(write_gps(read_gps(own.gps)), own.address or "") if own.gps else None


def way_round(home: Home, planned: Planned, end: Place) -> Route | None:
    """Return the way that takes our guests in; None without any, or where it is too far around."""
    place, others = own_place(home), guests(planned)
    if place is None or not others:
        return None
    fare = others[0].fare
    own = Rider(OWN, place, len(riders(home, planned)), fare, home.settings.home.name)
    all_of_us = [own]
    for one in others:
        if one.place is not None and one.alone is not None:
            all_of_us.append(Rider(one.contact, one.place, one.seats, one.alone, one.name))
    if len(all_of_us) < 2:
        return None
    try:
        return route(all_of_us, end, capacity=MOST_SEATS, detour=Detour())
    except ValueError:
        return None


def with_guests(home: Home, planned: Planned, wish: RideWish) -> tuple[RideWish, tuple[Rider, ...]]:
    """Return a ride there as it is with those who get in, and all its households."""
    place = own_place(home)
    if place is None or wish.arrive_by is None:
        return wish, ()
    found = way_round(home, planned, wish.end)
    if found is None:
        return replace(wish, start=place, via=(), seats=max(1, len(riders(home, planned)))), ()
    stops = [rider.home for rider in found.riders]
    shared = replace(wish, start=stops[0], via=tuple(stops[1:]), seats=found.seats)
    return shared, found.riders


def contact_of(tx: Tx, contact_id: str) -> Contact | None:
    """Return a contact that can be written to, None where it is none any more."""
    contact = PeerStore(tx.connection).contact(contact_id)
    return contact if contact is not None and contact.state == "known" and contact.peer else None


def post(tx: Tx, contact_id: str, type_: str, planned: Planned, **body: object) -> bool:
    """Tell a contact's hub about a shared ride; False where it cannot be told."""
    contact, key = contact_of(tx, contact_id), planned.activity.key
    if contact is None:
        return False
    try:
        send(tx, contact, type_, {"activity": key, **body})
    except PeerError as error:
        tx.append(Entry("share_untold", key, {"contact": contact_id, "why": str(error)}))
        return False
    return True


def ask_share(
    tx: Tx, home: Home, about: str, title: str, body: str, until: datetime, subject: str
) -> None:
    """Ask members about a shared ride; their word comes back as the news ``ended``."""
    question = posed(
        tx,
        home,
        "share_ride",
        key=f"share:{about}",
        subject=subject,
        title=title[:120],
        body=body,
        because=(Because(body),),
        deadline=until,
        about=about,
    )
    put(tx, home, question, {"kind": question.kind, "key": question.key})


# -- what a message says -----------------------------------------------------------------------


def activity_in(tx: Tx, contact: Contact, message: PeerMessage) -> Planned:
    """Return the activity a message is about, where its sender is somebody who goes. PeerError."""
    key = text_in(message.body, "activity")
    planned = tx.house.activities.get(key)
    if planned is None:
        raise PeerError("activity: it is not known here, or over")
    activity = planned.activity
    going = {one.address for one in activity.coming()} | {activity.organizer.address}
    if not going & set(contact.addresses):
        raise PeerError("activity: you are not among those who go")
    return planned


def text_in(body: Mapping[str, object], field: str) -> str:
    """Return a text of a message. PeerError names the field."""
    value = body.get(field)
    if not isinstance(value, str) or not value or len(value) > LONGEST_TEXT:
        raise PeerError(f"{field}: expected text of at most {LONGEST_TEXT} characters")
    return value


def place_in(body: Mapping[str, object], field: str) -> str:
    """Return a place of a message as ``lat,lon``. PeerError names the field."""
    try:
        return write_gps(read_gps(text_in(body, field)))
    except ValueError as error:
        raise PeerError(f"{field}: {error}") from None


def moment_in(body: Mapping[str, object], field: str) -> datetime:
    """Return an instant of a message. PeerError names the field."""
    try:
        found = datetime.fromisoformat(text_in(body, field))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise PeerError(f"{field}: expected an instant with its zone")
    return found


def money_in(home: Home, body: Mapping[str, object], field: str) -> Money:
    """Return a sum of a message, in our own currency. PeerError names the field."""
    amount, _, currency = text_in(body, field).partition(" ")
    try:
        found = money(amount, currency)
    except ValueError as error:
        raise PeerError(f"{field}: {error}") from None
    if found.currency != home.settings.home.currency or found.amount <= 0:
        raise PeerError(f"{field}: expected more than nothing in {home.settings.home.currency}")
    return found


def seats_in(body: Mapping[str, object]) -> int:
    """Return how many people want to get in. PeerError."""
    value = body.get("seats")
    if type(value) is not int or not 1 <= value < MOST_SEATS:
        raise PeerError(f"seats: expected 1 to {MOST_SEATS - 1}")
    return value
