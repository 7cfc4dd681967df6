"""The frames between the hub and its rendering process: four bytes of length, then JSON.

A batch goes down as ``[[template, payload, variables], ...]``; each job comes back as one frame
``[ok, text]`` as soon as it is done, so that a crash names the job at fault.
"""

from __future__ import annotations

import struct

HEADER = struct.Struct(">I")


def framed(body: bytes) -> bytes:
    """Return a body with its length before it."""
    return HEADER.pack(len(body)) + body
