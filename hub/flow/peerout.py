"""What is sent to other hubs: written down with its cause, kept until they have acknowledged it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from datetime import timedelta

import orjson

from hub.domain.contacts import Contact
from hub.domain.effects import SendPeerMessage
from hub.domain.offers import Window
from hub.domain.peers import (
    BIGGEST_BODY,
    KEEPS,
    LONGEST_REASON,
    MOST_OUT,
    Peer,
    PeerError,
    PeerMessage,
    Receipt,
    Refusal,
)
from hub.domain.values import dataclass
from hub.flow.gate import to_contact
from hub.flow.home import Home
from hub.store.peers import Outgoing, PeerStore
from hub.store.tx import Entry, Tx

log = logging.getLogger(__name__)
SEND_AGAIN = timedelta(minutes=30)
"""How long a relay has for a message before it is sent anew; then twice as long, …"""

Handler = Callable[[Tx, Home, Contact, PeerMessage], None]
"""Takes one message of a known contact in. It runs in the transaction that acknowledges the
message, once, in the order the contact sent. PeerError refuses the message and tells its sender
why; anything else it raises parks the message, and the next one has its turn."""

Lost = Callable[[Tx, Home, Contact, str, Mapping[str, object], str], None]
"""Told of a message of ours (type, body) that was never taken, and why."""

Busy = Callable[[Tx, Home, Contact, Window], Sequence[Window] | None]
"""Returns when the household is busy, None to tell nothing. What of it a contact may see is
decided after (``hub.domain.contacts.shown``)."""


def each_told(*those: Lost) -> Lost:
    """Return one that tells each of them of a message that was lost."""

    def told(
        tx: Tx, home: Home, contact: Contact, type_: str, body: Mapping[str, object], reason: str
    ) -> None:
        for one in those:
            one(tx, home, contact, type_, body, reason)

    return told


@dataclass(frozen=True, slots=True)
class PeerHooks:
    """What the rest of the hub does with messages, by type; without any, nothing is disclosed."""

    handlers: Mapping[str, Handler] = field(default_factory=dict)
    busy: Busy = lambda tx, home, contact, asked: None
    lost: Lost = lambda tx, home, contact, type_, body, reason: None


def send(
    tx: Tx,
    contact: Contact,
    type_: str,
    body: Mapping[str, object],
    *,
    keeps: timedelta = KEEPS,
) -> str:
    """Have a message sent to a contact's hub after the commit; return its id.

    It is tried for ``keeps`` and arrives once, in order. ``body`` is what JSON can say. Raises
    PeerError for a contact without a hub or that is none (any more), for a body that is too big,
    and when too much waits for it already.
    """
    peer = PeerStore(tx.connection).peer(contact.peer) if contact.peer else None
    if peer is None or contact.state != "known" or peer.contact != contact.id:
        raise PeerError(f"{contact.name} is not a contact with a hub of its own")
    return put_out(tx, peer, type_, body, keeps=keeps)


def put_out(
    tx: Tx, peer: Peer, type_: str, body: Mapping[str, object], *, keeps: timedelta = KEEPS
) -> str:
    """Write a message to a hub down, and have it sent; see ``send``."""
    store = PeerStore(tx.connection)
    size = len(orjson.dumps(body))
    if size > BIGGEST_BODY:
        raise PeerError(f"{type_}: {size} bytes; a message may have {BIGGEST_BODY}")
    if store.out_count(peer.id) >= MOST_OUT:
        raise PeerError(f"{MOST_OUT} messages wait for this contact already")
    message_id = tx.new_id()
    contact = store.contact(peer.contact)
    to_contact(tx, peer, contact.name if contact else peer.id, type_, body, message_id)
    store.put_out(
        Outgoing(
            peer.id, peer.next_out, message_id, type_, dict(body), tx.now, tx.now + keeps, False
        )
    )
    store.save_peer(replace(peer, next_out=peer.next_out + 1))
    have_sent(tx, peer.id, peer.next_out)
    return message_id


def have_sent(tx: Tx, peer_id: str, upto: int) -> None:
    """Have what waits for a hub sent, up to a number."""
    effect = SendPeerMessage(peer_id, "messages", upto)
    tx.emit(effect, key=f"peer:{peer_id}:{tx.new_id()}", subject=f"peer:{peer_id}")


def drop_expired(tx: Tx, home: Home, hooks: PeerHooks, peer_id: str) -> None:
    """Let go of messages that could not be delivered in their time, and say so."""
    for row in PeerStore(tx.connection).expired_out(peer_id, tx.now):
        _lost(tx, home, hooks, row, "it could not be delivered in its time")


def carried(tx: Tx, peer_id: str, seq: int) -> None:
    """Note that a relay has a message; without a receipt it is sent anew after a while."""
    PeerStore(tx.connection).mark_sent(peer_id, seq, tx.now)
    if not any(key[:2] == ("peer", "sent") and key[2] == peer_id for key in tx.house.timers):
        tx.set_timer("peer", "sent", peer_id, tx.now + SEND_AGAIN)


def acknowledged(
    tx: Tx,
    home: Home,
    hooks: PeerHooks,
    peer_id: str,
    channel: str,
    receipt: Receipt,
    *,
    sending: bool = False,
) -> None:
    """Take a receipt in: what is committed there is forgotten here, what is missing sent anew.

    ``sending``: whoever got the receipt is just sending to this hub, and sees to that.
    """
    store = PeerStore(tx.connection)
    peer = store.peer(peer_id)
    if peer is None or peer.channel != channel:
        return
    about = next((row for row in store.outgoing(peer_id) if row.id == receipt.re), None)
    if about is not None and receipt.used and receipt.upto >= about.seq:
        # Their count is ahead of ours: we were restored from a backup, and our numbers with us.
        after = store.renumber(peer_id, receipt.upto + 1)
        store.save_peer(replace(peer, next_out=after))
        tx.append(Entry("peer_renumbered", peer.contact, {"from": receipt.upto + 1}))
        if not sending:
            have_sent(tx, peer_id, after - 1)
        return
    if about is not None and receipt.refused:
        store.drop_out(peer_id, about.seq)
        _lost(tx, home, hooks, about, receipt.refused)
    store.acknowledged(peer_id, min(receipt.upto, peer.next_out - 1))
    if about is not None and about.seq > receipt.upto and not receipt.refused:
        store.mark_sent(peer_id, about.seq, tx.now)
    repeat = _to_repeat(store, peer_id, receipt) if receipt.missing else ()
    if repeat and store.send_again(peer_id, repeat, tx.now) and not sending:
        have_sent(tx, peer_id, peer.next_out - 1)
    if not store.out_count(peer_id):
        tx.set_timer("peer", "sent", peer_id, None)
    elif ("peer", "sent", peer_id) not in tx.house.timers:
        tx.set_timer("peer", "sent", peer_id, tx.now + SEND_AGAIN)


def _to_repeat(store: PeerStore, peer_id: str, receipt: Receipt) -> tuple[int, ...]:
    """Return what to send anew: what is missing, and one message that says what never comes."""
    kept = [row.seq for row in store.outgoing(peer_id)]
    gone = any(seq < kept[0] for seq in receipt.missing) if kept else False
    return (*receipt.missing, kept[0]) if gone else receipt.missing


def _lost(tx: Tx, home: Home, hooks: PeerHooks, row: Outgoing, reason: str) -> None:
    store = PeerStore(tx.connection)
    peer = store.peer(row.peer)
    contact = store.contact(peer.contact) if peer else None
    facts = {"type": row.type, "message_id": row.id, "reason": reason[:LONGEST_REASON]}
    tx.append(Entry("peer_message_lost", contact.id if contact else row.peer, facts))
    if peer is not None and row.type == "card":
        # Or they would go on with an address and a key that end.
        store.save_peer(replace(peer, told=""))
    if contact is None:
        return
    try:
        tx.attempt(lambda: hooks.lost(tx, home, contact, row.type, row.body, reason))
    except Exception:
        log.exception("that %s to %s was lost could not be passed on", row.type, contact.id)


def refuse(
    tx: Tx, message: PeerMessage, reason: str, contact: Contact | None = None, *, status: int = 403
) -> Refusal:
    """Park a message that nothing is made of, and return why."""
    who = f"peers/{contact.id}" if contact is not None else "peers"
    tx.park(who, words(message), reason)
    return Refusal(reason, status)


def words(message: PeerMessage) -> bytes:
    """Return what is kept of a parked message: never its body."""
    return f"{message.type} {message.id} {message.seq}".encode()
