"""What hubs that are contacts hold of one another's logs, and signed of them (pure)."""

from __future__ import annotations

from datetime import datetime, timedelta

from hub.domain.values import dataclass

GATHER = timedelta(minutes=1)
"""How long checkpoints are gathered before contacts are asked to countersign the newest."""
UNANSWERED = timedelta(hours=2)
"""How long an answer is awaited before a newer checkpoint is sent."""
REFUSED = timedelta(days=1)
"""When a contact that did not want to countersign is asked again."""
MOST_DOUBTS = 3
"""So often a log may leave out to show that it grew from what was signed; an answer may be lost."""
UNHEARD = timedelta(days=2)
"""After so long without a countersignature, members are shown that there is none."""


@dataclass(frozen=True, slots=True)
class Witness:
    """What is between us and one other hub (``peer``), both ways.

    Of ours: ``key`` is the public key they countersign with, ``size`` and ``at`` what they signed
    last, ``asked`` and ``asked_at`` what was sent to them and is not answered; ``refused`` why they
    would not.

    Of theirs: ``log_key`` is the public key of their log, ``seen`` the newest checkpoint of it that
    we countersigned (a signed note), ``seen_size`` and ``seen_at`` its size and when. ``doubts``
    counts checkpoints since that were not shown to follow from it.

    ``fault`` says in plain words what was found wrong, of which ``evidence`` are the signed notes
    that cannot both be true; ``ours`` tells whether it is about our own log.
    """

    peer: str
    contact: str
    key: str = ""
    size: int = 0
    at: datetime | None = None
    asked: int = 0
    asked_at: datetime | None = None
    refused: str = ""
    log_key: str = ""
    seen: str = ""
    seen_size: int = 0
    seen_at: datetime | None = None
    doubts: int = 0
    fault: str = ""
    fault_at: datetime | None = None
    evidence: tuple[str, ...] = ()
    ours: bool = False

    def may_ask(self, size: int, now: datetime) -> bool:
        """Tell whether a checkpoint of ``size`` entries is to be sent to them now."""
        if size <= self.size:
            return False
        if self.asked_at is None:
            return True
        wait = REFUSED if self.refused else UNANSWERED
        return now - self.asked_at >= wait
