"""What the API asks of the hub about its own tokens; ``hub.app`` provides it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from hub.domain.scopes import Scope
from hub.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class TokenView:
    """An API token as lists show it: what it is for and what it may do, never the token."""

    name: str
    scopes: Sequence[Scope]
    created_at: datetime


class Tokens(Protocol):
    """The tokens that programs use the API with."""

    def known(self) -> Sequence[TokenView]:
        """Return every token, by name."""
        ...

    def make(self, name: str, scopes: Collection[Scope]) -> str:
        """Make a token; return it, shown this once. Raises TokenError where it cannot be."""
        ...

    def revoke(self, name: str) -> bool:
        """Take a token back, at once; False when there is none of that name."""
        ...
