"""Contacts' hubs countersign one another's logs, so that none can rewrite its past unseen.

What is sent is the body of C2SP tlog-witness's add-checkpoint (the size signed last, a consistency
proof, the newest checkpoint), what comes back a signature of C2SP tlog-cosignature, version 1. A
checkpoint tells the log's name, its size and a hash. A log that did not grow from what was
countersigned is refused, kept as evidence, and told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from hub.domain.contacts import Contact
from hub.domain.peers import Peer, PeerError, PeerMessage
from hub.domain.witness import GATHER, MOST_DOUBTS, Witness
from hub.flow.befriend import both, tell_adults
from hub.flow.home import Home
from hub.flow.peerout import send
from hub.ledger.audit import ProofError
from hub.ledger.leaf import LedgerError
from hub.ledger.tree import TileRoots, root_at
from hub.store.peers import PeerStore
from hub.store.tx import Entry, Tx
from hub.store.witness import Cosigned, WitnessStore

if TYPE_CHECKING:
    from hub.ledger.checkpoint import SignedCheckpoint

log = logging.getLogger(__name__)
CHECKPOINT, COSIGNED = "checkpoint", "cosigned"
TIMER = "witness"
_KEEPS = timedelta(days=1)
_LONGEST = 64 * 1024
_CLOCKS = timedelta(days=1)


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
    from hub.ledger.note import Note
    from hub.ledger.proof import make_growth

    size, note = newest
    assert home.log_key is not None, "only a household with a log asks"
    try:
        growth = make_growth(state.size, _hashes(tx), Note.parse(note))
        send(
            tx, contact, CHECKPOINT, {"log": home.log_key.verifier, "growth": growth}, keeps=_KEEPS
        )
    except (LedgerError, PeerError) as error:
        log.warning("%s cannot be asked to countersign the log: %s", contact.name, error)
        return
    WitnessStore(tx.connection).save(
        replace(state, contact=contact.id, asked=size, asked_at=tx.now, refused="")
    )


def _hashes(tx: Tx) -> TileRoots:
    return tx.house.hashes.on(tx.connection)


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
    state = store.witness(message.sender, contact.id)
    body = message.body
    if home.log_key is None or not state.asked:
        if "signature" in body:
            raise PeerError("it was not asked to countersign anything")
        return
    if "refused" in body:
        store.save(replace(state, refused=str(body["refused"])[:200], asked_at=tx.now))
    elif "have" in body:
        _they_have(tx, home, contact, state, _said(body, "have"))
    else:
        store.save(_signed(tx, state, body))
        tx.set_timer(TIMER, "", "", tx.now + GATHER)
    tx.page_changed = True


def _signed(tx: Tx, state: Witness, body: Mapping[str, object]) -> Witness:
    from hub.ledger.note import Kind, Note, NoteError, Signature, VerifierKey

    store, size = WitnessStore(tx.connection), state.asked
    known = store.checkpoint(size)
    try:
        key = VerifierKey.parse(_said(body, "witness"))
        line = Signature.parse(_said(body, "signature"))
        if known is None or key.kind is not Kind.COSIGNATURE:
            raise NoteError("it is no witness's signature of a checkpoint that was sent")
        if (line.name, line.key_id) != (key.name, key.key_id):
            raise NoteError("the signature is by another key than it says")
        at = key.check(Note.parse(known[1]).text, line).at or 0
    except NoteError as error:
        raise PeerError(f"the countersignature: {error}") from None
    if abs(at - tx.now.timestamp()) > _CLOCKS.total_seconds():
        raise PeerError("the countersignature: its time is more than a day from ours")
    if state.key not in ("", str(key)):
        tx.append(Entry("witness_key_changed", state.contact, {"key": str(key)}))
    when = datetime.fromtimestamp(at, UTC)
    signed = Cosigned(state.peer, size, when, str(key), str(line))
    store.keep(signed)
    if state.ours:
        state = replace(state, fault="", fault_at=None, ours=False)
    return replace(state, key=str(key), size=size, at=signed.at, asked=0, asked_at=None, refused="")


def _they_have(tx: Tx, home: Home, contact: Contact, state: Witness, note: str) -> None:
    """They countersigned another size than we thought: go on from it, or our own past is gone."""
    from hub.ledger.checkpoint import open_checkpoint
    from hub.ledger.note import VerifierKey

    newest = WitnessStore(tx.connection).checkpoint()
    assert home.log_key is not None, "only a household with a log asks"
    assert newest is not None, "it was asked about one"
    if not note:
        _go_on(tx, state, 0)
        return
    try:
        theirs = open_checkpoint(note, VerifierKey.parse(home.log_key.verifier)).checkpoint
    except LedgerError as error:
        raise PeerError(f"what it holds of this log: {error}") from None
    size = tx.house.log.frontier.size
    if theirs.size <= newest[0] and root_at(_hashes(tx), theirs.size) == theirs.root:
        _go_on(tx, state, theirs.size)
        return
    if theirs.size > newest[0]:
        words = (
            f"{contact.name} holds {theirs.size} entries of this household's log, and here are "
            f"{size}: it was put back to an earlier state, perhaps from a backup. What was agreed "
            f"since is missing here. If that is known, {contact.name} can begin anew with it."
        )
    else:
        words = (
            f"{contact.name} holds {theirs.size} entries of this household's log that are not the "
            "ones here: it was changed, or it went on after an old backup was put back."
        )
        if not state.fault:
            # They are owed what shows it: an honest household hides nothing of its own.
            _ask(tx, home, contact, replace(state, size=theirs.size), newest)
    state = replace(state, refused="the log here is not the one it countersigned", asked_at=tx.now)
    _found(tx, home, contact, state, "own_log_differs", words, (note, newest[1]), ours=True)


def _go_on(tx: Tx, state: Witness, size: int) -> None:
    store = WitnessStore(tx.connection)
    store.save(replace(state, size=size, asked=0, asked_at=None, refused=""))
    tx.set_timer(TIMER, "", "", tx.now if state.refused else tx.now + GATHER)


# -- countersigning ----------------------------------------------------------------------------


def take_checkpoint(tx: Tx, home: Home, contact: Contact, message: PeerMessage) -> None:
    """Countersign a contact's checkpoint if it grew from what was countersigned before."""
    from hub.ledger.checkpoint import Checkpoint, open_checkpoint
    from hub.ledger.note import Note, VerifierKey
    from hub.ledger.proof import check_growth

    store = WitnessStore(tx.connection)
    state = store.witness(message.sender, contact.id)
    if home.log_key is None or not contact.witness:
        _answer(tx, contact, {"refused": "this household has not agreed to countersign your log"})
        return
    raw = _said(message.body, "growth")
    try:
        key = VerifierKey.parse(_said(message.body, "log"))
        opened = open_checkpoint(raw.partition("\n\n")[2], key)
    except LedgerError as error:
        raise PeerError(f"the checkpoint: {error}") from None
    new, notes = opened.checkpoint, (state.seen, str(opened.note))
    if state.log_key not in ("", str(key)):
        words = f"The log of {contact.name} is signed by another key: it is another log."
        _refuse(tx, home, contact, state, words, notes)
        return
    seen = Checkpoint.parse(Note.parse(state.seen).text) if state.seen else None
    # Asked again about what was signed already: its answer was lost on the way.
    if seen is None or (seen.size, seen.root) != (new.size, new.root):
        try:
            check_growth(raw, seen, key)
        except ProofError:
            begun_elsewhere = not raw.startswith(f"old {state.seen_size}\n")
            state = replace(state, doubts=state.doubts + 1)
            store.save(state)
            if not begun_elsewhere or new.size <= state.seen_size or state.doubts > MOST_DOUBTS:
                _refuse(tx, home, contact, state, _words(contact, state, new.size), notes)
            _answer(tx, contact, {"have": state.seen})
            return
    at = int(tx.now.timestamp())
    if state.fault and not state.ours:
        tx.append(Entry("witnessed_log_mended", contact.id, {"size": new.size}))
        state = replace(state, fault="", fault_at=None)
    store.save(
        replace(
            state,
            contact=contact.id,
            log_key=str(key),
            seen=str(opened.note),
            seen_size=new.size,
            seen_at=tx.now,
            doubts=0,
        )
    )
    if not state.seen:
        tx.append(Entry("witnessed", contact.id, {"size": new.size, "log": str(key)}))
    line = home.log_key.cosign(opened, at)
    _answer(tx, contact, {"witness": home.log_key.witness, "signature": line})
    tx.page_changed = True


def _words(contact: Contact, state: Witness, size: int) -> str:
    if size < state.seen_size:
        return (
            f"The log of {contact.name} went back from {state.seen_size} to {size} entries: an "
            "old backup was put back, or entries were taken out. Ask them which."
        )
    return (
        f"The log of {contact.name} was rewritten: the {size} entries it shows now do not begin "
        f"with the {state.seen_size} it had signed before. Both signed versions are kept."
    )


def _answer(tx: Tx, contact: Contact, body: Mapping[str, object]) -> None:
    send(tx, contact, COSIGNED, body, keeps=_KEEPS)


def _refuse(
    tx: Tx, home: Home, contact: Contact, state: Witness, words: str, notes: Sequence[str]
) -> None:
    _found(tx, home, contact, state, "witnessed_log_differs", words, notes, ours=False)


def _found(
    tx: Tx,
    home: Home,
    contact: Contact,
    state: Witness,
    kind: str,
    words: str,
    notes: Sequence[str],
    *,
    ours: bool,
) -> None:
    """Keep what cannot both be true, and tell it once."""
    store = WitnessStore(tx.connection)
    if state.fault and state.ours == ours:
        store.save(state)
        return
    kept = tuple(note for note in notes if note)
    store.save(
        replace(state, fault=words, fault_at=tx.now, evidence=kept, ours=ours, contact=contact.id)
    )
    cause = tx.append(Entry(kind, contact.id, {"reason": words, "notes": list(kept)}))
    title = "Your log is not the one that was signed" if ours else f"{contact.name}: another past"
    tell_adults(tx, home, contact, title, words, cause)


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


def _said(body: Mapping[str, object], name: str) -> str:
    found = body.get(name)
    if not isinstance(found, str) or len(found) > _LONGEST:
        raise PeerError(f"{name}: expected text of at most {_LONGEST} characters")
    return found


HANDLERS: Mapping[str, Callable[[Tx, Home, Contact, PeerMessage], None]] = {
    CHECKPOINT: take_checkpoint,
    COSIGNED: take_cosigned,
}
"""What contacts' hubs say about logs (``PeerHooks.handlers``)."""
