"""What other hubs say of the acquaintance itself: they introduce themselves, agree, move, leave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hub.domain.contacts import Contact
from hub.domain.peers import (
    Peer,
    PeerError,
    PeerMessage,
    Receipt,
    Refusal,
    channel_of,
    checked_url,
    token_hash,
)
from hub.flow.befriend import both, free_addresses, new_contact, tell_adults
from hub.flow.forgetting import erase_told
from hub.flow.home import Home
from hub.flow.peerbusy import answer_busy
from hub.flow.peerout import PeerHooks, refuse
from hub.store.peers import PeerStore
from hub.store.sheets import SheetStore
from hub.store.tx import Entry, Tx


def hello(tx: Tx, home: Home, message: PeerMessage) -> Receipt | Refusal:
    """Take a household in that came with an invitation's token; members are asked to confirm.

    The token is spent on the hub that brought it first; that one may repeat itself.
    """
    store, card = PeerStore(tx.connection), message.card
    token = message.body.get("token")
    if card is None or not isinstance(token, str) or card.id != message.sender:
        return refuse(tx, message, "hello: expected a card and an invitation's token", status=400)
    used_by = store.invitation(token_hash(token), tx.now)
    if used_by is None:
        return refuse(tx, message, "there is no such invitation, or it has expired")
    if used_by and used_by != card.id:
        return refuse(tx, message, "the invitation was used by another household already")
    if message.channel != channel_of(token):
        return refuse(tx, message, "the invitation is not that of the message")
    peer = store.peer(card.id)
    if used_by and peer is not None and peer.channel == message.channel:
        return Receipt(peer.next_in - 1, re=message.id)
    if used_by:
        return refuse(tx, message, "the invitation was used already")
    try:
        contact = new_contact(tx, store, card)
    except PeerError as error:
        return refuse(tx, message, str(error))
    store.use_invitation(token_hash(token), card.id)
    store.save_peer(
        Peer(
            card.id,
            contact.id,
            card.url,
            card.via,
            card.key,
            message.channel,
            awaiting="us",
            heard_at=tx.now,
        )
    )
    cause = tx.append(Entry("contact_offered", contact.id, {"hub": card.id}))
    body = "Confirm it, or remove it, on the page of contacts or with `contact confirm`."
    tell_adults(tx, home, contact, f"{contact.name} would like to be a contact", body, cause)
    return Receipt(0, re=message.id)


def _welcome(tx: Tx, home: Home, hooks: PeerHooks, contact: Contact, message: PeerMessage) -> None:
    store, contact, peer = both(tx, contact.id)
    if contact.state != "offered" or peer is None or peer.awaiting != "them":
        raise PeerError("welcome: nothing was asked")
    known = contact.moved("known", since=tx.now, addresses=_addresses(store, message, contact))
    store.save_contact(known)
    store.save_peer(replace(_moved(peer, message), awaiting="", token=""))
    cause = tx.append(Entry("contact_confirmed", contact.id, {"hub": peer.id}))
    tell_adults(tx, home, known, f"{known.name} is a contact now", "They have confirmed.", cause)


def _card(tx: Tx, home: Home, hooks: PeerHooks, contact: Contact, message: PeerMessage) -> None:
    """Their address has changed. A name stays as members know it: a new one could mislead."""
    store, contact, peer = both(tx, contact.id)
    if contact.state != "known" or peer is None:
        raise PeerError("card: nobody here has agreed to be its contact yet")
    store.save_contact(replace(contact, addresses=_addresses(store, message, contact)))
    store.save_peer(_moved(peer, message))


def _goodbye(tx: Tx, home: Home, hooks: PeerHooks, contact: Contact, message: PeerMessage) -> None:
    store = PeerStore(tx.connection)
    store.save_contact(contact.moved("removed", muted=True, sees="nothing"))
    waiting = store.out_count(message.sender)
    store.forget_talk(message.sender)
    SheetStore(tx.connection).forget(message.sender)
    facts = {"by": "them", "undelivered": waiting}
    cause = tx.append(Entry("contact_removed", contact.id, facts))
    if message.body.get("erase") is True:
        erase_told(tx, contact, tx.now)
    body = f"{waiting} messages to them were not delivered." if waiting else ""
    tell_adults(tx, home, contact, f"{contact.name} is no contact any more", body, cause)


def _busy(tx: Tx, home: Home, hooks: PeerHooks, contact: Contact, message: PeerMessage) -> None:
    answer_busy(tx, home, hooks.busy, contact, message)


Own = Callable[[Tx, Home, PeerHooks, Contact, PeerMessage], None]
OWN: dict[str, Own] = {
    "welcome": _welcome,
    "card": _card,
    "goodbye": _goodbye,
    "freebusy": _busy,
}
"""Messages that are about the acquaintance itself, or answered at once."""


def _addresses(store: PeerStore, message: PeerMessage, contact: Contact) -> tuple[str, ...]:
    said = message.body.get("addresses")
    texts = [one for one in said if isinstance(one, str)] if isinstance(said, list) else []
    return free_addresses(store, tuple(texts), message.sender) or contact.addresses


def _moved(peer: Peer, message: PeerMessage) -> Peer:
    url, via = message.body.get("url"), message.body.get("via")
    if not isinstance(url, str):
        return peer
    return replace(peer, url=checked_url(url), via="relay" if via == "relay" else "https")
