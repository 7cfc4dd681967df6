"""What pages ask of the hub about passkeys; ``hub.app`` provides it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from hub.domain.values import dataclass
from hub.web.i18n import N_

NOT_TAKEN = N_("This passkey was not accepted. Sign in with a code instead.")
TOO_OLD = N_("That took too long, or was answered already; try again.")
COPIED = N_(
    "This passkey seems to have been copied, so it is not accepted any more. Sign in with a code "
    "and remove it."
)
NOT_MADE = N_("This passkey was not accepted.")
NOT_KEPT = N_("This passkey is known already, or you have twenty: remove one you no longer use.")
BAD_NAME = N_("Name: expected 1 to 64 characters.")


class PasskeyRefused(Exception):
    """A passkey is not taken; one line says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a passkey is made or used: the relying party's id and the origin of the page.

    WebAuthn Level 2, 5.1.2 (effective domain) and 13.4.9 (validating the origin).
    """

    rp_id: str
    origin: str


@dataclass(frozen=True, slots=True)
class PasskeyView:
    """A passkey as its member sees it. ``id`` names it and opens nothing."""

    id: str
    name: str
    place: str
    created_at: datetime
    used_at: datetime | None
    copied_at: datetime | None


class Passkeys(Protocol):
    """Members' passkeys and the two ceremonies of WebAuthn."""

    @property
    def names(self) -> Sequence[str]:
        """Return the names that the hub knows itself by in the home network."""
        ...

    def of(self, member: str) -> Sequence[PasskeyView]:
        """Return a member's passkeys, oldest first."""
        ...

    def remove(self, member: str, passkey_id: str) -> bool:
        """Forget a passkey of a member; False when there is no such one."""
        ...

    def ask_new(self, place: Place, member: str, shown: str, handle: bytes, bound: str) -> str:
        """Return the options for making one, as JSON. ``bound`` is whose answer is taken."""
        ...

    def add(self, place: Place, member: str, name: str, answer: str, bound: str) -> PasskeyView:
        """Keep what the browser made. Raises PasskeyRefused."""
        ...

    def ask(self, place: Place, bound: str) -> str:
        """Return the options for signing in, as JSON."""
        ...

    def take(self, place: Place, answer: str, bound: str) -> str:
        """Return whom a browser's answer signs in. Raises PasskeyRefused."""
        ...

    def opened(self, answer: str, secret: str) -> None:
        """Note that an answer that was taken made a session: it ends with its passkey."""
        ...
