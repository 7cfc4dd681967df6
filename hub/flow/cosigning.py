"""What others say who were asked to countersign the household's log, and what is wrong with a log.

Contacts' hubs answer by a message (``hub.flow.witness``), providers at once
(``hub.flow.providerwitness``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

from hub.domain.peers import PeerError
from hub.domain.tongue import phrase
from hub.domain.values import dataclass
from hub.domain.witness import Witness
from hub.flow.home import Home
from hub.flow.tell import tag_of, tell
from hub.ledger.leaf import LedgerError
from hub.ledger.tree import TileRoots, root_at
from hub.store.tx import Entry, Tx
from hub.store.witness import Cosigned, WitnessStore

LONGEST = 64 * 1024
_CLOCKS = timedelta(days=1)


class Other(Protocol):
    """Who is at the other end: a contact or a provider, its name, its key in ``Witness.peer``."""

    @property
    def id(self) -> str:
        """What the ledger calls it."""
        ...

    @property
    def name(self) -> str:
        """What members call it."""
        ...

    @property
    def peer(self) -> str:
        """Under which it is kept what is between us."""
        ...


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of an answer.

    ``again``: they signed ``size`` entries last, so growth is to be shown from there. ``owed``:
    theirs is not the log here; they are owed what shows it.
    """

    kind: Literal["signed", "refused", "again", "owed", "differs"]
    size: int = 0


def take(tx: Tx, home: Home, who: Other, state: Witness, body: Mapping[str, object]) -> Taken:
    """Take in a signature, what they hold instead, or a refusal. PeerError for anything else.

    Only while an answer is awaited (``state.asked``).
    """
    tx.page_changed = True
    store = WitnessStore(tx.connection)
    if "refused" in body:
        store.save(replace(state, refused=str(body["refused"])[:200], asked_at=tx.now))
        return Taken("refused")
    if "have" in body:
        return _they_have(tx, home, who, state, said(body, "have"))
    store.save(_signed(tx, who, state, body))
    return Taken("signed")


def _signed(tx: Tx, who: Other, state: Witness, body: Mapping[str, object]) -> Witness:
    from hub.ledger.note import Kind, Note, NoteError, Signature, VerifierKey

    store, size = WitnessStore(tx.connection), state.asked
    known = store.checkpoint(size)
    try:
        key = VerifierKey.parse(said(body, "witness"))
        line = Signature.parse(said(body, "signature"))
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
        tx.append(Entry("witness_key_changed", who.id, {"key": str(key)}))
    when = datetime.fromtimestamp(at, UTC)
    signed = Cosigned(state.peer, size, when, str(key), str(line))
    store.keep(signed)
    if state.ours:
        state = replace(state, fault="", fault_at=None, ours=False)
    return replace(state, key=str(key), size=size, at=signed.at, asked=0, asked_at=None, refused="")


def _they_have(tx: Tx, home: Home, who: Other, state: Witness, note: str) -> Taken:
    """They countersigned another size than we thought: go on from it, or our own past is gone."""
    from hub.ledger.checkpoint import open_checkpoint
    from hub.ledger.note import VerifierKey

    newest = WitnessStore(tx.connection).checkpoint()
    assert home.log_key is not None, "only a household with a log asks"
    assert newest is not None, "it was asked about one"
    if not note:
        return _go_on(tx, state, 0)
    try:
        theirs = open_checkpoint(note, VerifierKey.parse(home.log_key.verifier)).checkpoint
    except LedgerError as error:
        raise PeerError(f"what it holds of this log: {error}") from None
    size = tx.house.log.frontier.size
    if theirs.size <= newest[0] and root_at(hashes(tx), theirs.size) == theirs.root:
        return _go_on(tx, state, theirs.size)
    if theirs.size > newest[0]:
        words = phrase(
            "{name} holds {size} entries of this household's log, and here are {here}: it was"
            " put back to an earlier state, perhaps from a backup. What was agreed since is"
            " missing here. If that is known, {name} can begin anew with it.",
            name=who.name,
            size=theirs.size,
            here=size,
        )
    else:
        words = phrase(
            "{name} holds {size} entries of this household's log that are not the ones here: it"
            " was changed, or it went on after an old backup was put back.",
            name=who.name,
            size=theirs.size,
        )
    new = theirs.size <= newest[0] and not state.fault
    state = replace(
        state, refused=phrase("the log here is not the one it countersigned"), asked_at=tx.now
    )
    found(tx, home, who, state, "own_log_differs", words, (note, newest[1]), ours=True)
    # They are owed what shows it: an honest household hides nothing of its own.
    return Taken("owed", theirs.size) if new else Taken("differs")


def _go_on(tx: Tx, state: Witness, size: int) -> Taken:
    changed = replace(state, size=size, asked=0, asked_at=None, refused="")
    WitnessStore(tx.connection).save(changed)
    return Taken("again", size)


def found(
    tx: Tx,
    home: Home,
    who: Other,
    state: Witness,
    kind: str,
    words: str,
    notes: Sequence[str],
    *,
    ours: bool,
) -> None:
    """Keep what cannot both be true, enter it as ``kind``, and tell the adults once."""
    store = WitnessStore(tx.connection)
    if state.fault and state.ours == ours:
        store.save(state)
        return
    kept = tuple(note for note in notes if note)
    store.save(replace(state, fault=words, fault_at=tx.now, evidence=kept, ours=ours))
    cause = tx.append(Entry(kind, who.id, {"reason": words, "notes": list(kept)}))
    title = (
        phrase("Your log is not the one that was signed")
        if ours
        else phrase("{name}: another past", name=who.name)
    )
    tag = tag_of(f"contact {who.peer}")
    tell(tx, home, home.adults(), tag=tag, title=title, body=words, cause=cause)
    tx.page_changed = True


def hashes(tx: Tx) -> TileRoots:
    """Return the hashes of the household's log, as far as this unit of work has it."""
    return tx.house.hashes.on(tx.connection)


def said(body: Mapping[str, object], name: str) -> str:
    """Return a text of a message. PeerError where there is none, or it is too long."""
    found = body.get(name)
    if not isinstance(found, str) or len(found) > LONGEST:
        raise PeerError(f"{name}: expected text of at most {LONGEST} characters")
    return found
