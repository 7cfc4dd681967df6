"""From what is right to what is nearly right: bytes and JSON, bent, and able to shrink."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

NASTY: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1e308, 2**39, 2**63, -(2**63), 10**400, [], {}, [[]]),
    *("", " ", "\x00", "\ud800", "a" * 5000, "ﷺ" * 300, "<script>alert(1)</script>"),
    *("../../etc/passwd", "\r\nX: y", "{{ 7 * 7 }}", "%s%n", "-0.0", "1e999"),
    *("2026-02-30T25:61:61Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"),
    *([None] * 300, {"": {}}, {"__class__": 1}, json.loads("[" * 60 + "]" * 60)),
)
"""What has been somebody's downfall: ends of number ranges, bad dates, deep, long, markup."""
PIECES = (
    *(b"\x00", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b'"', b"{", b"}", b"[", b"]" * 40),
    *(b"[" * 2000, b"\n", b"\r\n", b"NaN", b"Infinity", b"1e999", b"-", b"=" * 70, b";"),
    *(b"<!ENTITY a 'b'>", b"&a;"),
)
_MOST = 300_000


@st.composite
def bent(draw: st.DrawFn, samples: Sequence[bytes]) -> bytes:
    """Draw one of ``samples``, bent in up to four places; sometimes anything at all."""
    if draw(st.integers(0, 19)) == 0:
        return draw(st.binary(max_size=400))
    raw = draw(st.sampled_from(samples))
    for _ in range(draw(st.integers(0, 4))):
        as_json = _json(raw) if draw(st.booleans()) else None
        raw = _bend_json(draw, as_json) if as_json is not None else _bend_bytes(draw, raw)
    return raw[:_MOST]


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _bend_bytes(draw: st.DrawFn, raw: bytes) -> bytes:
    at = draw(st.integers(0, len(raw)))
    end = min(len(raw), at + draw(st.integers(0, 40)))
    kind = draw(st.sampled_from(("cut", "drop", "insert", "flip", "twice")))
    if kind == "cut":
        return raw[:at]
    if kind == "drop":
        return raw[:at] + raw[end:]
    if kind == "insert":
        return raw[:at] + draw(st.sampled_from(PIECES) | st.binary(max_size=8)) + raw[at:]
    if kind == "twice":
        return raw[:end] + raw[at:]
    flipped = bytes(one ^ draw(st.integers(1, 255)) for one in raw[at : at + 1])
    return raw[:at] + flipped + raw[at + 1 :]


def _bend_json(draw: st.DrawFn, value: Any) -> bytes:
    places = list(_places(value))
    if places:
        holder, key = draw(st.sampled_from(places))
        kind = draw(st.sampled_from(("replace", "remove", "swap")))
        if kind == "remove":
            del holder[key]
        elif kind == "swap":
            other, its = draw(st.sampled_from(places))
            holder[key], other[its] = other[its], holder[key]
        else:
            holder[key] = draw(st.sampled_from(NASTY))
    else:
        value = draw(st.sampled_from(NASTY))
    try:
        return json.dumps(value).encode()
    except (ValueError, RecursionError):
        # Swapped into itself: no JSON says that.
        return b"{}"


def _places(value: Any) -> Any:
    waiting, seen = [value], 0
    while waiting and seen < 400:
        one = waiting.pop()
        if isinstance(one, list):
            items: list[tuple[Any, Any]] = list(enumerate(one))
        else:
            items = list(one.items()) if isinstance(one, dict) else []
        for key, inner in items:
            seen += 1
            yield one, key
            waiting.append(inner)
