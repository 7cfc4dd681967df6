"""The one gate: what leaves the home is built here, from what a grant covers and nothing else.

Providers are told through ``release`` and ``to_witness``, contacts through ``to_contact``. Each
writes down what left, to whom and under which grant, in the transaction that has it sent. Nobody
else fills a ``Party``, sends an order's message or puts one out to a contact
(tests/flow/test_gate.py holds them to it).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

import orjson

from hub.domain.consent import (
    ERASE,
    TO_CONTACTS,
    Field,
    Grant,
    Purpose,
    Scope,
    allowed,
)
from hub.domain.geo import coarse, read_gps
from hub.domain.offers import Domain, Place, RideWish
from hub.domain.orders import Action, Order, Party, Rating, Want
from hub.domain.peers import Peer, PeerError
from hub.domain.tongue import later, phrase
from hub.flow.home import Home
from hub.store.house import House
from hub.store.tx import Entry, Tx

HUB_YAML = "hub.yaml"
OFFERED: tuple[Field, ...] = ("items", "window", "people", "area", "activity")
"""What whoever is asked for an offer is told, by the household's own settings: it asks for them."""
_OFFERING: tuple[Action, ...] = ("discover", "select")
_WORDS: tuple[Field, ...] = ("words",)
_EVER = datetime.min.replace(tzinfo=UTC)
_PARTY: tuple[Field, ...] = ("name", "address", "area_code", "gps", "phone", "email")
_SILENT: tuple[Action, ...] = ("status", "track")
"""Actions that name an order and tell nothing of the household."""


# -- providers ---------------------------------------------------------------------------------


_NEEDED: dict[Domain, tuple[Field, ...]] = {
    "ride": ("name", "address", "gps", "phone"),
    "restaurant": ("name", "phone"),
}
"""What a provider is told that does not say what it needs; the others bring something home."""
_TO_BRING = later("to bring the order")
_PURPOSE: dict[Domain, str] = {
    "ride": later("to fetch you"),
    "restaurant": later("to keep the table"),
}


def purpose_of(order: Order) -> str:
    """Say what a provider is told things for."""
    return phrase(_PURPOSE.get(order.domain, _TO_BRING))


def told_fields(home: Home, order: Order) -> tuple[Field, ...]:
    """Return what of ``Party`` a provider is to be told once its order is agreed to.

    What it needs, where it says, else what such an order needs; of that only what
    ``beckn.disclose`` lets leave at all, and what hub.yaml knows.
    """
    needed = order.needs or _NEEDED.get(order.domain, _PARTY)
    own, lets_leave = home.settings.home, home.settings.beckn.disclose
    return tuple(
        [
            name
            for name in _PARTY
            if name in needed and name in lets_leave and getattr(own, name) is not None
        ]
    )


def withheld(home: Home, house: House, order: Order, now: datetime) -> tuple[str, ...]:
    """Return what a provider needs and is not told: not let leave, not known, or never.

    One that does not say what it needs would be told what such an order needs.
    """
    told = told_fields(home, order)
    provider = order.provider.subscriber_id
    never = allowed(house.grants_for(""), told, provider, "order", "", now).forbidden
    return tuple(
        [name for name in _PARTY if name in never or (name in order.needs and name not in told)]
    )


def carried(order: Order) -> tuple[Field, ...]:
    """Return what the messages of an order tell besides who orders it."""
    told: list[Field] = []
    if order.lines and order.domain in ("grocery", "neighbour"):
        told.append("items")
    for_people = order.table is not None or order.ride is not None
    if for_people or order.slot is not None:
        told.append("window")
    if for_people:
        told.append("people")
    if order.ride is not None:
        told.append("area")
    return tuple(told)


def lacking(house: House, order: Order, told: Iterable[Field], now: datetime) -> tuple[Field, ...]:
    """Return those of ``told_fields`` for which a yes to this order would be the first consent."""
    provider = order.provider.subscriber_id
    return allowed(house.grants_for(order.id), told, provider, "order", order.id, now).lacking


def consent(
    tx: Tx, home: Home, order: Order, by: str, *, scope: Scope = "once", because: str = ""
) -> None:
    """Take a member's yes to an order as their consent to what it tells.

    ``scope`` ``always`` lets the provider be told the same of each later order too. What an earlier
    grant covers is not granted anew; that one counts as used.
    """
    wanted = (*told_fields(home, order), *carried(order))
    provider = order.provider.subscriber_id
    found = allowed(tx.house.grants_for(order.id), wanted, provider, "order", order.id, tx.now)
    for grant in found.grants:
        used = grant.used(order.id)
        if used is not grant:
            tx.save_grant(used)
    fields = tuple(name for name in found.lacking if name not in found.forbidden)
    if fields:
        give(
            tx,
            Grant(
                tx.new_id(),
                fields,
                provider,
                order.provider_name,
                "order",
                by,
                tx.now,
                about="" if scope == "always" else order.id,
                because=because,
            ),
        )


def give(tx: Tx, grant: Grant) -> Grant:
    """Keep a grant, and tell the ledger who gave it."""
    facts = {
        "to": grant.recipient,
        "fields": list(grant.fields),
        "purpose": grant.purpose,
        "for": grant.about or "always",
        "never": grant.never,
        "member": grant.given_by,
    }
    tx.save_grant(grant, Entry("granted", grant.id, facts))
    return grant


def release(
    tx: Tx,
    home: Home,
    order: Order,
    action: Action,
    message_id: str,
    *,
    wants: Sequence[Want] = (),
    rating: Rating | None = None,
    reason: str = "",
) -> Party | None:
    """Return what of the household goes with a message, and write down all that it tells.

    Only an ``init`` tells who orders. What no grant covers is left out.
    """
    if action in _SILENT:
        return None
    fields = list(carried(order))
    if wants and "items" not in fields:
        fields.append("items")
    if reason not in ("", ERASE) or (rating is not None and rating.text):
        fields.append("words")
    party = told_fields(home, order) if action == "init" else ()
    purpose: Purpose = "offer" if action in _OFFERING else "order"
    provider = order.provider.subscriber_id
    grants = tx.house.grants_for(order.id)
    by_settings = OFFERED if purpose == "offer" else _WORDS if "words" in fields else ()
    if by_settings:
        grants = (*grants, _by_settings(by_settings, provider, order.provider_name, purpose))
    found = allowed(grants, (*fields, *party), provider, purpose, order.id, tx.now)
    if found.fields:
        under = [grant.id for grant in found.grants]
        called = order.provider_name
        tx.disclose(message_id, provider, called, purpose, found.fields, under, order.id)
    told = [name for name in party if name in found.fields]
    if told:
        facts = {"to": provider, "fields": told, "purpose": purpose_of(order)}
        tx.append(Entry("disclosed", order.id, facts))
    if not party:
        return None
    return Party(**{name: getattr(home.settings.home, name) for name in told})


def still_granted(house: House, order: Order, party: Party, now: datetime) -> bool:
    """Tell whether what a message says of the household may still be told, just before it goes."""
    said: list[Field] = [name for name in _PARTY if getattr(party, name) is not None]
    return not lacking(house, order, said, now)


def ride_told(ride: RideWish, home: Home) -> RideWish:
    """Return a ride as a provider is told of it: from about our home, to the door elsewhere.

    To some hundred metres it says what the way is and costs; the door is in ``Party``, once agreed.
    """
    own = home.settings.home.gps
    if own is None:
        return ride
    here = read_gps(own)

    def outside(place: Place) -> Place:
        return Place(coarse(place.gps)) if read_gps(place.gps) == here else place

    return replace(
        ride,
        start=outside(ride.start),
        end=outside(ride.end),
        via=tuple(outside(place) for place in ride.via),
    )


def left(tx: Tx, message_id: str, body: bytes) -> None:
    """Note the bytes that were sent, by their SHA-256. The same message again is the same row."""
    tx.save_sent(message_id, hashlib.sha256(body).hexdigest())


@lru_cache(maxsize=64)
def _by_settings(fields: tuple[Field, ...], provider: str, called: str, purpose: Purpose) -> Grant:
    """Return what needs no member's word: asking for offers, and what a member wrote to be sent.

    It is made for the message, and kept nowhere.
    """
    return Grant(HUB_YAML, fields, provider, called, purpose, HUB_YAML, _EVER)


def to_witness(tx: Tx, provider: str, called: str, body: bytes) -> bool:
    """Write down that a provider is shown how far the log came; False where it may not be.

    The household's settings want it (``beckn.countersign``); a member's *never* holds before them.
    """
    own = _by_settings(("log",), provider, called, "order")
    found = allowed((*tx.house.grants_for(""), own), ("log",), provider, "order", "", tx.now)
    if found.lacking:
        return False
    message_id = tx.new_id()
    under = [grant.id for grant in found.grants]
    tx.disclose(message_id, provider, called, "order", found.fields, under)
    left(tx, message_id, body)
    return True


# -- contacts ----------------------------------------------------------------------------------


def to_contact(
    tx: Tx, peer: Peer, called: str, type_: str, body: Mapping[str, object], message_id: str
) -> None:
    """Write down what a message to a contact's hub tells. PeerError for a type nobody named.

    Its hash is of the body as JSON: what is sealed for the contact holds it.
    """
    fields = TO_CONTACTS.get(type_)
    if fields is None:
        raise PeerError(f"{type_}: what it tells is not named in hub.domain.consent.TO_CONTACTS")
    if type_ == "freebusy-answer" and body.get("busy") is None:
        fields = ()
    if fields:
        _told_contact(tx, peer.contact, called, fields, orjson.dumps(body), message_id)


def to_guest(tx: Tx, contact: str, called: str, text: str, message_id: str) -> None:
    """Write down what an invitation by mail tells a contact without a hub.

    Its hash is of its ``text/calendar``.
    """
    _told_contact(tx, contact, called, TO_CONTACTS["itip"], text.encode(), message_id)


def _told_contact(
    tx: Tx, contact: str, called: str, fields: tuple[Field, ...], body: bytes, message_id: str
) -> None:
    who = f"contact:{contact}"
    tx.disclose(message_id, who, called, "friends", fields, [who], contact)
    left(tx, message_id, body)
