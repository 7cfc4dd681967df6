"""Providers keep logs of their own; what they show of them is held against what they showed before.

A log that did not grow from what was seen is told to the adults, with both signed notes as
evidence, and countersigned no more until an adult begins anew (C2SP tlog-witness,
tlog-cosignature).
"""

from __future__ import annotations

from dataclasses import replace

from hub.domain.decisions import ADULTS_ONLY, DecisionResult
from hub.domain.tongue import phrase
from hub.domain.values import dataclass
from hub.domain.witness import MOST_DOUBTS, Witness
from hub.flow.cosigning import found
from hub.flow.home import Home
from hub.ledger.leaf import LedgerError
from hub.store.tx import Entry, Tx
from hub.store.witness import WitnessStore

WHO = "provider:"
"""How ``Witness.peer`` begins where it is a provider: its subscriber id follows."""


@dataclass(frozen=True, slots=True)
class Seller:
    """A provider as one with whom checkpoints are exchanged (``hub.flow.cosigning.Other``)."""

    id: str
    name: str

    @property
    def peer(self) -> str:
        """Under which it is kept what is between us."""
        return WHO + self.id


@dataclass(frozen=True, slots=True)
class Shown:
    """What a provider shows of its log.

    ``key`` is the log's public key (C2SP verifier key), ``note`` its newest signed checkpoint,
    ``path`` the hashes of a consistency proof from ``since`` entries on (RFC 9162, 2.1.4), None
    where its files did not give one.
    """

    provider: str
    name: str
    key: str
    note: str
    since: int = 0
    path: tuple[bytes, ...] | None = ()


def seen(tx: Tx, provider: str) -> Witness:
    """Return what was seen of a provider's log, also when nothing was."""
    return WitnessStore(tx.connection).witness(WHO + provider)


def judge(tx: Tx, home: Home, shown: Shown) -> str:
    """Take in what a provider shows; return our countersignature of it, "" where there is none."""
    from hub.ledger.audit import ProofError, check_consistency
    from hub.ledger.checkpoint import Checkpoint, open_checkpoint
    from hub.ledger.note import Note, VerifierKey
    from hub.ledger.witness import another_past

    state, store = seen(tx, shown.provider), WitnessStore(tx.connection)
    try:
        key = VerifierKey.parse(state.log_key or shown.key)
        opened = open_checkpoint(shown.note, key)
    except LedgerError as error:
        if state.log_key not in ("", shown.key):
            _found(tx, home, shown, state, another_past(shown.name, "other", 0, 0))
        elif not state.log_key:
            tx.park(f"beckn/{shown.provider}/ledger", b"", f"no log can be read: {error}")
        return ""
    new = opened.checkpoint
    if state.seen:
        old = Checkpoint.parse(Note.parse(state.seen).text)
        if old.size > new.size:
            _found(tx, home, shown, state, another_past(shown.name, "back", old.size, new.size))
            return ""
        if shown.path is None or shown.since != old.size:
            _unproved(tx, home, shown, state, new.size)
            return ""
        try:
            check_consistency(old.size, new.size, old.root, new.root, shown.path)
        except ProofError:
            words = another_past(shown.name, "rewritten", old.size, new.size)
            _found(tx, home, shown, state, words)
            return ""
    elif not new.size:
        return ""
    mended = bool(state.fault) and not state.ours
    if mended:
        tx.append(Entry("provider_log_mended", shown.provider, {"size": new.size}))
    if not state.seen:
        tx.append(Entry("provider_log_seen", shown.provider, {"size": new.size, "log": str(key)}))
    if mended or new.size != state.seen_size:
        if mended:
            state = replace(state, fault="", fault_at=None)
        state = replace(state, log_key=str(key), seen=str(opened.note), seen_size=new.size)
        store.save(replace(state, seen_at=tx.now, doubts=0))
        tx.page_changed = True
    return home.log_key.cosign(opened, int(tx.now.timestamp())) if home.log_key else ""


def begin_anew(tx: Tx, home: Home, provider: str, member_id: str) -> DecisionResult:
    """Take a provider's log as it is from now on: an adult has heard why it is another one.

    What proves the break stays.
    """
    if not home.decides(member_id):
        return DecisionResult("refused", phrase(ADULTS_ONLY))
    state = seen(tx, provider)
    if not state.fault:
        return DecisionResult("repeated", phrase("Nothing was found wrong with that log."))
    if state.ours:
        words = phrase(
            "It is this household's log that is another one: the provider has to begin anew."
        )
        return DecisionResult("refused", words)
    anew = replace(state, log_key="", seen="", seen_size=0, seen_at=None, doubts=0)
    WitnessStore(tx.connection).save(replace(anew, fault="", fault_at=None))
    tx.append(Entry("provider_log_anew", provider, {"member": member_id}))
    tx.page_changed = True
    return DecisionResult("done", phrase("Its log counts from now on as it is."))


def _unproved(tx: Tx, home: Home, shown: Shown, state: Witness, size: int) -> None:
    """A file may be away for a while; a log that never shows how it grew has something to hide."""
    state = replace(state, doubts=state.doubts + 1)
    if state.doubts <= MOST_DOUBTS:
        WitnessStore(tx.connection).save(state)
        return
    words = phrase(
        "The log of {name} says that it grew from {seen_size} to {size} entries, and does not"
        " show it. Both signed versions are kept.",
        name=shown.name,
        seen_size=state.seen_size,
        size=size,
    )
    _found(tx, home, shown, state, words)


def _found(tx: Tx, home: Home, shown: Shown, state: Witness, words: str) -> None:
    seller = Seller(shown.provider, shown.name)
    notes = (state.seen, shown.note)
    found(tx, home, seller, state, "provider_log_differs", words, notes, ours=False)
