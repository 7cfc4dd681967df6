"""What this hub is: its version, how long it runs, and by which keys others know it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from hub import __version__
from hub.keyfiles.ledgerkey import LedgerKey
from hub.web.backend import About


class HubAbout:
    """Called, it tells. The log's public key is reckoned when somebody asks for the first time."""

    def __init__(
        self, since: datetime, identity: str, key: LedgerKey, waiting: Callable[[], Sequence[str]]
    ) -> None:
        """``since`` is when the hub started, ``identity`` its name on the network of providers."""
        self._since = since
        self._identity = identity
        self._key = key
        self._waiting = waiting

    def __call__(self) -> About:
        """Return it as it is now."""
        return About(
            __version__, self._since, self._identity, self._key.verifier, tuple(self._waiting())
        )
