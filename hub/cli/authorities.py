"""Reading the machine's certificate authorities when the first of them is needed.

aiohttp makes two TLS contexts as it is imported. Where the authorities are one file, that reads
some hundred and fifty certificates twice: 3 MiB that an idle hub, or one that speaks to nobody
outside, would hold for nothing.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class LateAuthorities(ssl.SSLContext):
    """A client's context that reads whom to trust before its first connection.

    Until then it would trust nobody.
    """

    _read = False

    def wrap_bio(self, *args: Any, **words: Any) -> ssl.SSLObject:
        """Begin a connection over memory, as asyncio does."""
        self._read_once()
        return super().wrap_bio(*args, **words)

    def wrap_socket(self, *args: Any, **words: Any) -> ssl.SSLSocket:
        """Begin a connection over a socket."""
        self._read_once()
        return super().wrap_socket(*args, **words)

    def _read_once(self) -> None:
        if not self._read:
            self.load_default_certs()
            self._read = True


@contextmanager
def authorities_later() -> Iterator[None]:
    """Have TLS contexts that are made meanwhile read no authorities yet; for an import.

    Those of ``ssl.create_default_context()`` read them before their first connection.
    """
    usual: Any = ssl.create_default_context

    def later() -> ssl.SSLContext:
        context = LateAuthorities(ssl.PROTOCOL_TLS_CLIENT)
        # As strict as the usual one of this Python; told where to look, that reads nothing.
        context.verify_flags = usual(capath="/").verify_flags
        return context

    made: Any = ssl
    made.create_default_context = later
    made.SSLContext.set_default_verify_paths = lambda context: None
    try:
        yield
    finally:
        made.create_default_context = usual
        del made.SSLContext.set_default_verify_paths
