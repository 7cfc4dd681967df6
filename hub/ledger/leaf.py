"""Ledger entries and their leaf hashes (RFC 6962, section 2.1: SHA-256 of 0x00 and the entry)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping


def canonical(kind: str, at_micros: int, subject: str, facts: Mapping[str, object]) -> str:
    """Return the entry's one spelling: sorted keys, no spaces, UTF-8.

    ``at_micros`` is microseconds since 1970 in UTC. TypeError when a fact is not JSON.
    """
    return json.dumps(
        {"at": at_micros, "facts": facts, "kind": kind, "subject": subject},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )


def leaf_hash(entry: bytes) -> bytes:
    """Return the 32-byte leaf hash of an entry."""
    return hashlib.sha256(b"\x00" + entry).digest()
