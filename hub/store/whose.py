"""Whose a sealed fact is: told from the fact alone, so that what is kept of it can be checked."""

from __future__ import annotations

_OF_A_MEMBER = "member:"


def whose(value: object) -> str:
    """Return the member that a sealed fact is about, "" where it is about none alone.

    ``value`` is a member in a list of them, or the facts of an entry that share a commitment.
    """
    if not isinstance(value, dict):
        return str(value)
    member, source = value.get("member"), value.get("source")
    if isinstance(member, str):
        return member
    if isinstance(source, str) and source.startswith(_OF_A_MEMBER):
        return source.removeprefix(_OF_A_MEMBER)
    return ""
