"""Public notices in the words of OASIS CAP 1.2."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from hub.domain.values import dataclass

Service = Literal["gas", "water", "electricity", "heating", "internet"]
SERVICES: tuple[Service, ...] = ("gas", "water", "electricity", "heating", "internet")

MsgType = Literal["Alert", "Update", "Cancel", "Ack", "Error"]
Status = Literal["Actual", "Exercise", "System", "Test", "Draft"]


@dataclass(frozen=True, slots=True)
class NoticeRef:
    """The identity of a CAP message: sender, identifier and sent (CAP 1.2, section 3.2.1)."""

    sender: str
    identifier: str
    sent: datetime | None

    def __str__(self) -> str:
        """Write as an element of CAP's ``references``."""
        return f"{self.sender},{self.identifier},{self.sent.isoformat() if self.sent else ''}"


@dataclass(frozen=True, slots=True)
class Notice:
    """One CAP message about one household's services, from its best-matching ``info`` block.

    Instants are UTC. ``effective_from`` is onset, else effective, else sent; ``expires`` None
    means until cancelled. ``service`` is None where the notice concerns no service the hub knows.
    ``cancels`` is true for ``msgType`` Cancel and for an Update whose responseType is AllClear.
    """

    sender: str
    identifier: str
    sent: datetime
    status: Status
    msg_type: MsgType
    event: str
    headline: str
    description: str
    urgency: str
    severity: str
    certainty: str
    response_types: tuple[str, ...]
    effective_from: datetime
    expires: datetime | None
    service: Service | None
    areas: tuple[str, ...]
    references: tuple[NoticeRef, ...]
    topic: str = ""

    @property
    def ref(self) -> NoticeRef:
        """Return this message's own identity."""
        return NoticeRef(self.sender, self.identifier, self.sent)

    @property
    def cancels(self) -> bool:
        """Tell whether what it refers to is over."""
        return self.msg_type == "Cancel" or "AllClear" in self.response_types

    def alarming(self) -> bool:
        """Tell whether people may be alarmed by it: only ``Actual`` messages (CAP 3.2.1)."""
        return self.status == "Actual"

    def in_force(self, now: datetime) -> bool:
        """Tell whether it holds at ``now`` (an aware instant)."""
        return self.effective_from <= now and (self.expires is None or now < self.expires)
