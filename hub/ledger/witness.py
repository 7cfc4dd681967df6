"""Whether a log grew from what was seen of it: what everybody asks who countersigns (pure).

C2SP tlog-witness: the new checkpoint comes with a proof of consistency from the one that was
countersigned last.
"""

from __future__ import annotations

from typing import Literal

from hub.domain.values import dataclass
from hub.domain.witness import MOST_DOUBTS
from hub.ledger.audit import ProofError
from hub.ledger.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint
from hub.ledger.note import Note, VerifierKey
from hub.ledger.proof import check_growth

Outcome = Literal["grew", "unproved", "back", "rewritten", "other"]
"""It grew; it was proved from another place than ours, which a lost answer explains; or it is not
the log that was seen: shorter, with another beginning, or of another key."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a checkpoint was found to be; ``old`` is the size that was seen before it."""

    outcome: Outcome
    key: VerifierKey
    opened: SignedCheckpoint
    old: int

    @property
    def size(self) -> int:
        """How many entries the checkpoint is of."""
        return self.opened.checkpoint.size

    def words(self, name: str) -> str:
        """Say in plain words what is wrong with the log of ``name``, "" where nothing is."""
        return another_past(name, self.outcome, self.old, self.size)


def look(raw: str, said: str, *, known: str = "", seen: str = "", doubts: int = 0) -> Looked:
    """Hold a proof of growth and its checkpoint (``raw``), signed by the key ``said``, against
    what is known of that log: its key, and the newest checkpoint that was countersigned.

    ``doubts`` is how often it was unproved in a row. LedgerError where it is no such checkpoint.
    """
    key = VerifierKey.parse(said)
    opened = open_checkpoint(raw.partition("\n\n")[2], key)
    new = opened.checkpoint
    held = Checkpoint.parse(Note.parse(seen).text) if seen else None
    old = held.size if held else 0

    def found(outcome: Outcome) -> Looked:
        return Looked(outcome, key, opened, old)

    if known not in ("", str(key)):
        return found("other")
    # Asked again about what was signed already: its answer was lost on the way.
    if held is not None and (held.size, held.root) == (new.size, new.root):
        return found("grew")
    try:
        check_growth(raw, held, key)
    except ProofError:
        begun_elsewhere = not raw.startswith(f"old {old}\n")
        if begun_elsewhere and (held is None or (new.size > old and doubts < MOST_DOUBTS)):
            return found("unproved")
        return found("back" if new.size < old else "rewritten")
    return found("grew")


def another_past(name: str, outcome: Outcome, old: int, new: int) -> str:
    """Say in plain words what is wrong with the log of ``name``, "" where nothing is."""
    if outcome == "other":
        return f"The log of {name} is signed by another key: it is another log."
    if outcome == "back":
        return (
            f"The log of {name} went back from {old} to {new} entries: an old backup was put "
            "back, or entries were taken out. Ask them which. Both signed versions are kept."
        )
    if outcome == "rewritten":
        return (
            f"The log of {name} was rewritten: the {new} entries it shows now do not begin with "
            f"the {old} it had signed before. Both signed versions are kept."
        )
    return ""
