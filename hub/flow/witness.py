"""Contacts' hubs countersign one another's logs, so that none can rewrite its past unseen.

What is sent is the body of C2SP tlog-witness's add-checkpoint (the size signed last, a consistency
proof, the newest checkpoint), what comes back a signature of C2SP tlog-cosignature, version 1. A
checkpoint tells the log's name, its size and a hash. A log that did not grow from what was
countersigned is refused, kept as evidence, and told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from hub.domain.contacts import Contact
from hub.domain.peers import Peer, PeerError, PeerMessage
from hub.domain.witness import GATHER, Witness
from hub.flow.befriend import both
from hub.flow.cosigning import found, hashes, said, take
from hub.flow.home import Home
from hub.flow.peerout import send
from hub.ledger.leaf import LedgerError
from hub.store.peers import PeerStore
from hub.store.tx import Entry, Tx
from hub.store.witness import WitnessStore

if TYPE_CHECKING:
    from hub.ledger.checkpoint import SignedCheckpoint

log = logging.getLogger(__name__)
CHECKPOINT, COSIGNED = "checkpoint", "cosigned"
TIMER = "witness"
_KEEPS = timedelta(days=1)


class LogKey(Protocol):
    """The household's own log: its public keys, and what countersigns others'."""

    @property
    def verifier(self) -> str:
        """The public key of the log (C2SP verifier key)."""
        ...

    @property
    def witness(self) -> str:
        """The public key by which other logs are countersigned."""
        ...

    def cosign(self, opened: SignedCheckpoint, at: int) -> str:
        """Return the signature line over another log's checkpoint at ``at``, Unix seconds."""
        ...


# -- asking ------------------------------------------------------------------------------------


def soon(tx: Tx, home: Home) -> None:
    """Have contacts asked before long where this unit of work signs a checkpoint."""
    if home.log_key is None or not tx.signs or ("witness", "", "") in tx.house.timers:
        return
    if PeerStore(tx.connection).any():
        tx.set_timer(TIMER, "", "", tx.now + GATHER)


def due(tx: Tx, home: Home, name: str, subject: str, at: object) -> None:
    """Ask the contacts who agreed to countersign the newest checkpoint (a timer)."""
    people, store = PeerStore(tx.connection), WitnessStore(tx.connection)
    newest = store.checkpoint()
    if newest is None or home.log_key is None:
        return
    for contact in people.contacts():
        if contact.witness and contact.state == "known" and contact.peer:
            state = store.witness(contact.peer, contact.id)
            if state.may_ask(newest[0], tx.now):
                _ask(tx, home, contact, state, newest)


def _ask(tx: Tx, home: Home, contact: Contact, state: Witness, newest: tuple[int, str]) -> None:
    if _show(tx, home, contact, state.size, newest):
        changed = replace(state, contact=contact.id, asked=newest[0], asked_at=tx.now, refused="")
        WitnessStore(tx.connection).save(changed)


def _show(tx: Tx, home: Home, contact: Contact, since: int, newest: tuple[int, str]) -> bool:
    from hub.ledger.note import Note
    from hub.ledger.proof import make_growth

    assert home.log_key is not None, "only a household with a log asks"
    try:
        growth = make_growth(since, hashes(tx), Note.parse(newest[1]))
        body = {"log": home.log_key.verifier, "growth": growth}
        send(tx, contact, CHECKPOINT, body, keeps=_KEEPS)
    except (LedgerError, PeerError) as error:
        log.warning("%s cannot be asked to countersign the log: %s", contact.name, error)
        return False
    return True


def lost(
    tx: Tx, home: Home, contact: Contact, type_: str, body: Mapping[str, object], reason: str
) -> None:
    """Note that a contact's hub would not take our checkpoint (``PeerHooks.lost``)."""
    if type_ == CHECKPOINT and contact.peer:
        store = WitnessStore(tx.connection)
        state = store.witness(contact.peer, contact.id)
        store.save(replace(state, refused=reason[:200], asked_at=tx.now))


def take_cosigned(tx: Tx, home: Home, contact: Contact, message: PeerMessage) -> None:
    """Take in what a contact answers: a signature, what it holds instead, or a refusal."""
    store = WitnessStore(tx.connection)
    state = replace(store.witness(message.sender, contact.id), contact=contact.id)
    if home.log_key is None or not state.asked:
        if "signature" in message.body:
            raise PeerError("it was not asked to countersign anything")
        return
    taken = take(tx, home, contact, state, message.body)
    newest = store.checkpoint()
    if taken.kind == "owed" and newest is not None:
        _show(tx, home, contact, taken.size, newest)
    elif taken.kind in ("signed", "again"):
        soon_again = taken.kind == "again" and state.refused
        tx.set_timer(TIMER, "", "", tx.now if soon_again else tx.now + GATHER)


# -- countersigning ----------------------------------------------------------------------------


def take_checkpoint(tx: Tx, home: Home, contact: Contact, message: PeerMessage) -> None:
    """Countersign a contact's checkpoint if it grew from what was countersigned before."""
    from hub.ledger.witness import look

    store = WitnessStore(tx.connection)
    state = replace(store.witness(message.sender, contact.id), contact=contact.id)
    if home.log_key is None or not contact.witness:
        _answer(tx, contact, {"refused": "this household has not agreed to countersign your log"})
        return
    key, raw = said(message.body, "log"), said(message.body, "growth")
    try:
        looked = look(raw, key, known=state.log_key, seen=state.seen, doubts=state.doubts)
    except LedgerError as error:
        raise PeerError(f"the checkpoint: {error}") from None
    opened = looked.opened
    if looked.outcome != "grew":
        if looked.outcome != "other":
            state = replace(state, doubts=state.doubts + 1)
            _answer(tx, contact, {"have": state.seen})
        if words := looked.words(contact.name):
            notes = (state.seen, str(opened.note))
            found(tx, home, contact, state, "witnessed_log_differs", words, notes, ours=False)
        else:
            store.save(state)
        return
    at = int(tx.now.timestamp())
    if state.fault and not state.ours:
        tx.append(Entry("witnessed_log_mended", contact.id, {"size": looked.size}))
        state = replace(state, fault="", fault_at=None)
    store.save(
        replace(
            state,
            log_key=str(looked.key),
            seen=str(opened.note),
            seen_size=looked.size,
            seen_at=tx.now,
            doubts=0,
        )
    )
    if not state.seen:
        tx.append(Entry("witnessed", contact.id, {"size": looked.size, "log": str(looked.key)}))
    line = home.log_key.cosign(opened, at)
    _answer(tx, contact, {"witness": home.log_key.witness, "signature": line})
    tx.page_changed = True


def _answer(tx: Tx, contact: Contact, body: Mapping[str, object]) -> None:
    send(tx, contact, COSIGNED, body, keeps=_KEEPS)


def agree(tx: Tx, contact_id: str, on: bool = True, *, anew: bool = False) -> Contact:
    """Agree that a contact and this household countersign each other's logs, or no longer.

    With ``anew`` what was seen of theirs, and what they signed of ours, counts no more: they have
    said why their log is another. PeerError: no such contact, or one without a hub.
    """
    people, contact, peer = both(tx, contact_id)
    if peer is None:
        raise PeerError(f"{contact.name} has no hub that could countersign")
    changed = replace(contact, witness=on)
    people.save_contact(changed)
    store = WitnessStore(tx.connection)
    if anew:
        _forget(tx, peer)
    if on:
        # It may have asked before this was agreed, and waits.
        have = store.witness(peer.id, contact.id).seen
        _answer(tx, changed, {"have": have})
    kind = "witness_agreed" if on else "witness_ended"
    tx.append(Entry(kind, contact.id, {"anew": anew}))
    tx.sign_log()
    tx.set_timer(TIMER, "", "", tx.now)
    tx.page_changed = True
    return changed


def _forget(tx: Tx, peer: Peer) -> None:
    store = WitnessStore(tx.connection)
    old = store.witness(peer.id, peer.contact)
    # What proves the break stays: to begin anew is no reason to have seen nothing.
    store.save(Witness(peer.id, peer.contact, key=old.key, size=old.size, evidence=old.evidence))


HANDLERS: Mapping[str, Callable[[Tx, Home, Contact, PeerMessage], None]] = {
    CHECKPOINT: take_checkpoint,
    COSIGNED: take_cosigned,
}
"""What contacts' hubs say about logs (``PeerHooks.handlers``)."""
