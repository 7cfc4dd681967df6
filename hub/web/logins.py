"""What pages and devices ask of the hub about logins at the broker; ``hub.app`` provides it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from hub.domain.logins import Kind, Login
from hub.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class MadeLogin:
    """A login that was just made; the password is shown this once."""

    login: Login
    password: str


class Logins(Protocol):
    """Devices' own users at the broker, and pairing by a code."""

    def known(self) -> Sequence[Login]:
        """Return every login, by name."""
        ...

    @property
    def managed(self) -> bool:
        """Tell whether the broker is the hub's own and holds devices to their topics."""
        ...

    @property
    def port(self) -> int:
        """Return the broker's port."""
        ...

    @property
    def tls_port(self) -> int | None:
        """Return its port for encrypted connections, None without one."""
        ...

    @property
    def authority(self) -> str:
        """Return the certificate (PEM) of the authority that vouches for it, "" without one."""
        ...

    async def add(
        self, name: str, kind: Kind, write: Sequence[str], read: Sequence[str]
    ) -> MadeLogin:
        """Make a login. Raises LoginError where it cannot be."""
        ...

    async def revoke(self, name: str) -> bool:
        """Take a login back; False when there is none of that name."""
        ...

    async def open_pairing(self) -> tuple[str, datetime]:
        """Let one device in by a code; return it, and until when."""
        ...

    async def close_pairing(self) -> None:
        """Let no device in any more."""
        ...

    def pairing(self) -> datetime | None:
        """Return until when a device may pair, None when none may."""
        ...

    async def pair(self, code: str, name: str) -> MadeLogin | str:
        """Make a device's login for a code; else ``wrong`` or ``closed``. Raises LoginError."""
        ...
