"""Catalogues as they go out, kept as bytes while nothing of them changes.

Writing 5,000 items takes as long as answering a hundred other requests, and every hub asks for
the same. What differs between two answers to the same question is their context only.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Hashable
from hashlib import sha256

from hub.domain.values import dataclass
from integrations.beckn.grocery import Json

MOST_BYTES = 16 * 1024 * 1024
"""Bytes of catalogues that are kept; the longest unasked goes first."""


@dataclass(frozen=True, slots=True)
class Ending:
    """All of a message but its context: ``,"message":{…}}``, and how many items it shows."""

    body: bytes
    digest: bytes
    items: int


class Shown:
    """The endings that many hubs are answered with."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        """Keep ``most`` bytes at most."""
        self._most = most
        self._size = 0
        self._kept: OrderedDict[Hashable, Ending] = OrderedDict()

    def ending(self, key: Hashable, build: Callable[[], tuple[Json, int]]) -> Ending:
        """Return the ending that ``key`` names, which is all that it depends on.

        ``build`` returns a whole message and its number of items, where it is not known yet.
        """
        kept = self._kept.get(key)
        if kept is None:
            document, items = build()
            body = b',"message":' + written(document["message"]) + b"}"
            kept = Ending(body, sha256(body).digest(), items)
            self._keep(key, kept)
        self._kept.move_to_end(key)
        return kept

    def _keep(self, key: Hashable, ending: Ending) -> None:
        self._kept[key] = ending
        self._size += len(ending.body)
        # The newest stays, however big: it is what is being asked for.
        while self._size > self._most and len(self._kept) > 1:
            _, gone = self._kept.popitem(last=False)
            self._size -= len(gone.body)


def beginning(document: Json) -> bytes:
    """Return the beginning of a message, which an ``Ending`` completes."""
    return b'{"context":' + written(document["context"])


def written(value: Json) -> bytes:
    """Return JSON as it is sent."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
