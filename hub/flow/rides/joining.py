"""A friend's ride, shared with us: offered, taken, arranged; it takes the place of our own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hub.domain import daywords
from hub.domain.activities import Planned
from hub.domain.contacts import Contact
from hub.domain.geo import coarse, distance_km, read_gps
from hub.domain.meals import Cost
from hub.domain.money import Money
from hub.domain.offers import Place
from hub.domain.orders import Order
from hub.domain.peers import PeerError, PeerMessage
from hub.domain.sharing import OWN, Detour, Rider, Share, route, sharing
from hub.domain.tongue import phrase
from hub.flow import wishes
from hub.flow.home import Home
from hub.flow.placing import PLACED
from hub.flow.rides.propose import propose
from hub.flow.rides.together import (
    JOIN,
    MOST_SEATS,
    OFF,
    activity_in,
    ask_share,
    lift,
    moment_in,
    money_in,
    own_place,
    place_in,
    post,
    text_in,
)
from hub.flow.rides.who import about_of, by_of, riders, settled
from hub.flow.tell import tag_of, tell
from hub.store.tx import Entry, Tx

LOOK_AGAIN = timedelta(seconds=20)
"""While our own offers are collected there is nothing to hold a friend's against."""
WAIT = timedelta(minutes=30)
"""How long a friend's household has to arrange what we agreed to."""


def about_join(contact: str, key: str) -> str:
    """Name the question whether to get into a contact's ride."""
    return f"ride:join:{contact}:{key}"


def take_offer(tx: Tx, home: Home, contact: Contact, message: PeerMessage) -> None:
    """A friend offers seats: hold them against our own ride, and ask. PeerError refuses it."""
    planned = activity_in(tx, contact, message)
    body, key = message.body, planned.activity.key
    share = Share(
        contact.id,
        contact.name,
        "guest",
        "offered",
        money_in(home, body, "fare"),
        Place(place_in(body, "area")),
        leave=moment_in(body, "leave"),
        arrive=moment_in(body, "arrive"),
    )
    known = planned.share(contact.id)
    fits = home.settings.rides.share == "ask" and settled(home, planned) and lift(planned) is None
    if not fits or contact.muted or (known is not None and known.role == "host"):
        tx.append(Entry("seats_passed_over", key, {"contact": contact.id}))
        return
    facts = {"contact": contact.id, "fare": str(share.fare)}
    tx.save(planned.with_share(contact.id, share), Entry("seats_seen", key, facts))
    tx.set_timer("ride", about_join(contact.id, key), "", tx.now)


def hold_against(tx: Tx, home: Home, planned: Planned, contact_id: str) -> None:
    """Ask whether to share a friend's ride, where that saves something (a timer)."""
    share, key = planned.share(contact_id), planned.activity.key
    if share is None or share.role != "guest":
        return
    if share.state == "joined":
        leave(tx, home, planned, phrase("it was not arranged in time"))
        return
    until = share.leave
    place = own_place(home)
    if share.state != "offered" or until is None or until <= tx.now or place is None:
        return
    alone, placed = _own_price(tx, key)
    if alone is None:
        if wishes.sought(tx, about_of("there", key)) is not None:
            tx.set_timer("ride", about_join(contact_id, key), "", tx.now + LOOK_AGAIN)
        return
    pays, saves = _estimate(home, planned, share, place, alone)
    about = about_join(contact_id, key)
    if pays is None or f"share:{about}" in tx.house.open_keys:
        tx.append(Entry("seats_passed_over", key, {"contact": contact_id}))
        return
    what, who = planned.activity.details.summary, share.name
    at = daywords.moment_text(until, home.settings.home.zone, tx.now)
    body = phrase(
        "It leaves {who} {at}. You would pay about {pays} and save {saves}, and never more than"
        " {alone}, which your own ride costs. {who} and the driver are told your address"
        " ({address}) and how many you are.",
        who=who,
        at=at,
        pays=pays,
        saves=saves,
        alone=alone,
        address=place.address or place.gps,
    )
    if placed is not None:
        fee = placed.cancellation.fee_at(tx.now) if placed.cancellation is not None else None
        cost = daywords.cost_text(Cost(fee, placed.cancellation is not None))
        body += phrase(" Your own ride is cancelled once theirs is arranged. {cost}", cost=cost)
    ask_share(
        tx,
        home,
        about,
        phrase("Share {who}'s ride to {what}?", who=who, what=what),
        body,
        until,
        key,
    )


def join(tx: Tx, home: Home, planned: Planned, contact_id: str) -> None:
    """Members agreed: tell the friend's hub who gets in where."""
    share, key, place = planned.share(contact_id), planned.activity.key, own_place(home)
    alone, placed = _own_price(tx, key)
    if share is None or share.role != "guest" or share.state != "offered" or alone is None:
        return
    seats = len(riders(home, planned))
    if place is None or not settled(home, planned) or not seats:
        return
    sent = post(
        tx,
        contact_id,
        JOIN,
        planned,
        seats=seats,
        gps=coarse(place.gps),
        address=place.address or place.gps,
        alone=str(alone),
    )
    if not sent:
        return
    joined = replace(share, state="joined", seats=seats, alone=alone)
    tx.save(planned.with_share(contact_id, joined), Entry("seats_wanted", key, {"seats": seats}))
    tx.set_timer("ride", about_join(contact_id, key), "", tx.now + WAIT)
    if placed is None:
        wishes.withdraw(
            tx, home, about_of("there", key), phrase("you share {name}'s ride", name=share.name)
        )


def take_shared(tx: Tx, home: Home, contact: Contact, message: PeerMessage) -> None:
    """The friend's ride is arranged for us too: ours is not needed. PeerError refuses it."""
    planned = activity_in(tx, contact, message)
    body, key, share = message.body, planned.activity.key, planned.share(contact.id)
    if share is None or share.role != "guest" or share.state == "offered":
        raise PeerError("we did not ask for a seat")
    told = (moment_in(body, "pickup"), money_in(home, body, "pays"))
    arrive = moment_in(body, "arrive")
    if share.alone is not None and told[1].amount > share.alone.amount:
        raise PeerError(f"pays: expected no more than {share.alone}, as agreed")
    driver = body.get("driver")
    by = (
        phrase(" {driver} drives.", driver=driver[:120])
        if isinstance(driver, str) and driver
        else ""
    )
    done = replace(share, state="settled", told=told, arrive=arrive)
    now = planned.with_share(contact.id, done)
    (index,) = tx.save(now, Entry("ride_shared", key, {"with": contact.id, "pays": str(told[1])}))
    tx.drop_timers("ride", about_join(contact.id, key))
    zone = home.settings.home.zone
    saves = ""
    if share.alone is not None:
        less = Money(share.alone.amount - told[1].amount, told[1].currency)
        saves = phrase(" and save {less}", less=less)
    at = daywords.moment_text(told[0], zone, tx.now)
    words = phrase(
        "{name}'s ride fetches you {at} and is there {there}. You pay {told} of it{saves}.{by}",
        name=share.name,
        at=at,
        there=f"{arrive.astimezone(zone):%H:%M}",
        told=told[1],
        saves=saves,
        by=by,
    )
    _tell(tx, home, now, words, index)
    give_back_own(tx, home, now)


def give_back_own(tx: Tx, home: Home, planned: Planned) -> None:
    """Our own ride there goes, once a friend's is arranged for us; a fee is asked about."""
    share = lift(planned)
    if share is None or share.state != "settled":
        return
    about = about_of("there", planned.activity.key)
    why = phrase("you share {name}'s ride", name=share.name)
    wishes.withdraw(tx, home, about, why)
    order = wishes.order_for(tx, about)
    if order is not None:
        wishes.give_back(tx, home, order, by=by_of(tx, home, order, planned), why=why)


def take_off(tx: Tx, home: Home, contact: Contact, planned: Planned, why: str) -> None:
    """The friend's ride does not take us: we look for our own again."""
    share = planned.share(contact.id)
    if share is None:
        return
    key = planned.activity.key
    now = planned.with_share(contact.id, None)
    (index,) = tx.save(now, Entry("seats_withdrawn", key, {"contact": contact.id, "why": why}))
    tx.drop_timers("ride", about_join(contact.id, key))
    if share.state != "offered":
        _tell(
            tx,
            home,
            now,
            phrase("{name}'s ride does not take you along: {why}.", name=share.name, why=why),
            index,
        )
        if settled(home, now):
            propose(tx, home, now, "there")


def leave(tx: Tx, home: Home, planned: Planned, why: str) -> None:
    """We do not get in (after all): tell the friend's hub, and look for our own ride again."""
    share = lift(planned)
    if share is None:
        return
    post(tx, share.contact, OFF, planned, reason=why)
    now = planned.with_share(share.contact, None)
    key = planned.activity.key
    tx.save(now, Entry("seats_given_back", key, {"contact": share.contact, "why": why}))
    tx.drop_timers("ride", about_join(share.contact, key))
    if settled(home, now):
        propose(tx, home, now, "there")


def reason_in(message: PeerMessage) -> str:
    """Return why a ride is off, as the friend's hub says."""
    return text_in(message.body, "reason")[:120]


def _own_price(tx: Tx, key: str) -> tuple[Money | None, Order | None]:
    """Return what our own ride costs, and its order where it is placed."""
    about = about_of("there", key)
    order = wishes.order_for(tx, about)
    if order is not None:
        placed = order if order.state in PLACED else None
        return (order.quote.total if order.quote else order.approved_total), placed
    asked = wishes.sought(tx, about)
    options = asked.options if asked is not None and asked.asked else ()
    return (options[0].total if options else None), None


def _estimate(
    home: Home, planned: Planned, share: Share, place: Place, alone: Money
) -> tuple[Money | None, Money | None]:
    """Return about what we would pay and save, by the way around; None where nothing is saved."""
    details, there = planned.activity.details, share.place
    if details.gps is None or there is None or alone.currency != share.fare.currency:
        return None, None
    end = Place(details.gps)
    both = [
        Rider(share.contact, there, 1, share.fare, share.name),
        Rider(OWN, place, len(riders(home, planned)), alone),
    ]
    found = route(both, end, capacity=MOST_SEATS, detour=Detour())
    if found is None:
        return None, None
    direct = distance_km(read_gps(there.gps), read_gps(end.gps))
    # A fare grows with the way; what it really is the provider says.
    more = max(1.0, found.total_km / direct) if direct else 1.0
    amount = share.fare.amount * Decimal(str(round(more, 2)))
    fare = Money(amount.quantize(Decimal("0.01")), alone.currency)
    parts = sharing(both, fare)
    return (parts.pays[OWN], parts.saves[OWN]) if parts is not None else (None, None)


def _tell(tx: Tx, home: Home, planned: Planned, words: str, cause: int) -> None:
    key = planned.activity.key
    tell(
        tx,
        home,
        home.adults(),
        tag=tag_of(f"share:{key}"),
        title=planned.activity.details.summary,
        body=words,
        cause=cause,
    )
