"""What other hubs send: taken in once, in the order its sender sent it, then acknowledged."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.exc import OperationalError

from hub.domain.contacts import Contact
from hub.domain.effects import SendPeerMessage
from hub.domain.peers import (
    GRACE,
    LONGEST_REASON,
    WINDOW,
    Peer,
    PeerError,
    PeerMessage,
    Receipt,
    Refusal,
    receipt_of,
)
from hub.flow.befriend import tell_adults
from hub.flow.greet import OWN
from hub.flow.home import Home
from hub.flow.peerout import SEND_AGAIN, PeerHooks, acknowledged, have_sent, refuse, words
from hub.store.peers import PeerStore
from hub.store.tx import Entry, Tx

log = logging.getLogger(__name__)
ASK_AGAIN = timedelta(minutes=2)
"""How long a missing message is awaited before it is asked for again; then twice as long, …"""
LONGEST_ASK = timedelta(hours=6)
LONGEST_SEND = timedelta(hours=12)
RECEIPT_KEEPS = timedelta(days=1)
"""How long a receipt of its own is tried to be delivered. A sender without one sends again and
each copy has a receipt: those to a hub that cannot be reached would add up for ever."""


def receive(
    tx: Tx, home: Home, hooks: PeerHooks, message: PeerMessage, *, relayed: bool = False
) -> Receipt | Refusal:
    """Take a proven message in, once and in order; return what its sender is told.

    What comes too early waits for what is missing; what came before is acknowledged again and
    changes nothing. With ``relayed`` the receipt is sent as a message of its own.
    """
    store = PeerStore(tx.connection)
    peer = store.peer(message.sender)
    contact = store.contact(peer.contact) if peer else None
    if peer is None or contact is None or contact.state == "removed":
        return refuse(tx, message, "it is not from a contact of this household")
    if message.channel != peer.channel:
        return refuse(tx, message, "it is of an earlier acquaintance, which has ended", contact)
    if not tx.first_time(f"peer-copy:{message.copy}"):
        store.save_peer(replace(peer, refused=peer.refused + 1))
        reason = "this very copy came before: it was sent on, or stolen and replayed"
        return refuse(tx, message, reason, contact, status=409)
    if (message.seq == 0) != (message.type == "receipt"):
        return refuse(tx, message, "seq: expected a number from 1 on", contact, status=400)
    peer = _heard(tx, home, store, peer, contact, message)
    if message.type == "receipt":
        acknowledged(tx, home, hooks, peer.id, peer.channel, receipt_of(message))
        return Receipt(peer.next_in - 1, re=message.id)
    receipt = _ordered(tx, home, hooks, peer, message)
    if relayed:
        told = SendPeerMessage(peer.id, "receipt", 0, receipt.re, receipt.refused, receipt.used)
        _have_receipted(tx, told)
    return receipt


def _have_receipted(tx: Tx, told: SendPeerMessage) -> None:
    tx.emit(
        told,
        key=f"peer:{told.peer}:{tx.new_id()}",
        subject=f"peer:{told.peer}",
        expires=tx.now + RECEIPT_KEEPS,
    )


def _heard(
    tx: Tx, home: Home, store: PeerStore, peer: Peer, contact: Contact, message: PeerMessage
) -> Peer:
    changes: dict[str, object] = {"heard_at": tx.now}
    if message.key is not None and message.key != peer.key:
        changes |= {
            "key": message.key,
            "previous": peer.key,
            "previous_until": tx.now + GRACE,
        }
        cause = tx.append(Entry("peer_key_changed", peer.contact, {"key": message.key.kid}))
        body = "The one before signed for it. If they lost their hub or it was stolen, ask them."
        tell_adults(tx, home, contact, f"{contact.name} has a new key", body, cause)
    peer = replace(peer, **changes)  # type: ignore[arg-type]
    store.save_peer(peer)
    return peer


def _ordered(tx: Tx, home: Home, hooks: PeerHooks, peer: Peer, message: PeerMessage) -> Receipt:
    store = PeerStore(tx.connection)
    key = f"peer:{peer.id}:{peer.channel}:{message.id}"
    if message.seq < peer.next_in:
        known = store.seen(key)
        if known:
            store.save_peer(replace(peer, duplicates=peer.duplicates + 1))
        return Receipt(peer.next_in - 1, _missing(store, peer), message.id, used=not known)
    if message.seq >= max(peer.next_in, message.base) + WINDOW:
        return Receipt(peer.next_in - 1, _missing(store, peer) or (peer.next_in,), message.id)
    if message.base > peer.next_in:
        peer = _never_came(tx, home, hooks, peer, message.base)
    refused = ""
    if message.seq > peer.next_in:
        store.hold(message)
    else:
        refused = _take(tx, home, hooks, peer, message)
        _drain(tx, home, hooks, peer.id)
    peer = _settled(tx, store, peer.id)
    upto, missing = peer.next_in - 1, _missing(store, peer)
    return Receipt(upto, missing, message.id, refused)


def _never_came(tx: Tx, home: Home, hooks: PeerHooks, peer: Peer, base: int) -> Peer:
    """Go on without what the sender has let go of; what waits below is taken in order."""
    store = PeerStore(tx.connection)
    lost = 0
    while peer.next_in < base:
        message = store.take_held(peer.id, peer.next_in)
        if message is not None:
            _take(tx, home, hooks, peer, message)
        else:
            # One by one only while something waits; a sender may be ahead by any number.
            held = [seq for seq in store.held(peer.id) if seq < base]
            after = min(held, default=base)
            lost += after - peer.next_in
            store.save_peer(replace(peer, next_in=after))
        peer = store.peer(peer.id) or peer
    if lost:
        tx.append(Entry("peer_messages_missed", peer.contact, {"count": lost}))
        reason = "its sender let go of messages before this hub could take them"
        tx.park(f"peers/{peer.contact}", b"", reason)
    return peer


def _drain(tx: Tx, home: Home, hooks: PeerHooks, peer_id: str) -> None:
    store = PeerStore(tx.connection)
    while (peer := store.peer(peer_id)) is not None:
        message = store.take_held(peer_id, peer.next_in)
        if message is None:
            return
        _take(tx, home, hooks, peer, message)


def _settled(tx: Tx, store: PeerStore, peer_id: str) -> Peer:
    peer = store.peer(peer_id)
    assert peer is not None, "a hub is not forgotten"
    store.forget_held(peer_id, peer.next_in)
    waiting = ("peer", "missing", peer_id) in tx.house.timers
    if not store.held(peer_id):
        tx.set_timer("peer", "missing", peer_id, None)
    elif not waiting:
        tx.set_timer("peer", "missing", peer_id, tx.now + ASK_AGAIN)
    return peer


def standing(store: PeerStore, peer: Peer) -> Receipt:
    """Return what was committed of a hub's messages, and what is missing."""
    return Receipt(peer.next_in - 1, _missing(store, peer))


def _missing(store: PeerStore, peer: Peer) -> tuple[int, ...]:
    held = set(store.held(peer.id))
    if not held:
        return ()
    return tuple(seq for seq in range(peer.next_in, max(held)) if seq not in held)[:WINDOW]


def _take(tx: Tx, home: Home, hooks: PeerHooks, peer: Peer, message: PeerMessage) -> str:
    """Take in the message whose turn it is; return why it is refused, "" when it is not."""
    store = PeerStore(tx.connection)
    store.save_peer(replace(peer, next_in=message.seq + 1))
    if not tx.first_time(f"peer:{peer.id}:{peer.channel}:{message.id}"):
        # Its sender was restored from a backup, and has given it a new number.
        return ""
    contact = store.contact(peer.contact)
    if contact is None or contact.state == "removed":
        return "it is no contact of this household any more"
    own = OWN.get(message.type)
    handler = hooks.handlers.get(message.type)
    try:
        if own is not None:
            tx.attempt(partial(own, tx, home, hooks, contact, message))
        elif contact.state != "known":
            raise PeerError("nobody here has agreed to be its contact yet")
        elif handler is None:
            raise PeerError(f"this hub knows no messages of the type {message.type!r}")
        else:
            tx.attempt(partial(handler, tx, home, contact, message))
    except PeerError as error:
        tx.park(f"peers/{contact.id}", words(message), str(error))
        return str(error)[:LONGEST_REASON]
    except OperationalError:
        # The machine's fault, not the message's: nothing is committed, and it is sent again.
        raise
    except Exception as error:
        log.exception("a message %s of %s failed", message.type, contact.id)
        tx.park(f"peers/{contact.id}", words(message), f"the hub failed on it: {error!r}")
        return "the hub failed on it"
    return ""


# -- the clock ---------------------------------------------------------------------------------


def timer(tx: Tx, home: Home, name: str, peer_id: str, due: datetime) -> None:
    """Ask for what is missing (``missing``), or send again what has no receipt (``sent``)."""
    store = PeerStore(tx.connection)
    peer = store.peer(peer_id)
    if peer is None:
        return
    if name == "missing" and store.held(peer_id):
        _have_receipted(tx, SendPeerMessage(peer_id, "receipt", 0))
        wait = _patience(tx, peer, ASK_AGAIN, LONGEST_ASK)
        tx.set_timer("peer", "missing", peer_id, tx.now + wait)
    if name == "sent" and store.out_count(peer_id):
        if store.send_again(peer_id, None, tx.now):
            have_sent(tx, peer_id, peer.next_out - 1)
        wait = _patience(tx, peer, SEND_AGAIN, LONGEST_SEND)
        tx.set_timer("peer", "sent", peer_id, tx.now + wait)


def _patience(tx: Tx, peer: Peer, least: timedelta, most: timedelta) -> timedelta:
    """Wait as long as it has been silent already: each time twice as long."""
    silent = tx.now - peer.heard_at if peer.heard_at is not None else least
    return max(least, min(silent, most))
