"""What the pages ask of the hub about receipts; ``hub.app`` provides it, tests may fake it."""

from __future__ import annotations

from typing import Literal, Protocol

About = Literal["order", "activity"]


class Receipts(Protocol):
    """What both sides signed of an order or an activity, with proofs of the log."""

    def there(self, about: About, name: str) -> bool:
        """Tell whether anything was signed about it: an order by its id, an activity by its key."""
        ...

    async def made(self, about: About, name: str) -> bytes | None:
        """Return the receipt, a JSON file; None where nothing was signed."""
        ...
