"""Keys by which members, devices and programs act for the household (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from hub.domain.values import dataclass

KeyKind = Literal["passkey", "login", "token"]
"""A member's passkey, a device's login at the broker, a program's API token."""


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A key that is in force.

    ``print`` is the SHA-256 (hex) of what is kept of it: the public half of a passkey, the hash of
    a password or a token. ``member`` is whose it is, "" for devices and programs; ``name`` is what
    they call it, ``may`` what it is good for.
    """

    kind: KeyKind
    print: str
    member: str
    name: str
    may: str = ""


def came_and_went(
    known: Mapping[str, HeldKey], present: Iterable[HeldKey]
) -> tuple[list[HeldKey], list[HeldKey]]:
    """Return which keys came, and which went, since ``known`` (by their prints)."""
    there = {one.print: one for one in present}
    came = [one for name, one in there.items() if name not in known]
    went = [one for name, one in known.items() if name not in there]
    return came, went
