"""What a program or a signed-in browser may do over the JSON API (pure)."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

Scope = Literal["read", "decide", "configure", "access"]
SCOPES: tuple[Scope, ...] = ("read", "decide", "configure", "access")
"""Look; answer and do what members do day by day; change the household's files; let others in."""
LONGEST_NAME = 80
MOST_TOKENS = 100
OWN_CODE_LASTS = timedelta(minutes=10)
"""Of a sign-in code for somebody who waits for it: a photo of its QR code is soon worthless."""


class TokenError(Exception):
    """An API token that cannot be made; one line says why and what was expected."""


def of_role(role: str) -> frozenset[Scope]:
    """Return what a member may do with a browser that is signed in: what the pages let them.

    Operations look at the member as well: who is no adult answers only what hub.yaml lets them.
    """
    return frozenset(SCOPES if role == "adult" else ("read", "decide"))


def check_name(name: str) -> None:
    """Raise TokenError for what cannot be an API token's name."""
    if not name.isprintable() or not 0 < len(name.strip()) <= LONGEST_NAME:
        raise TokenError(f"name: expected 1 to {LONGEST_NAME} printable characters")
