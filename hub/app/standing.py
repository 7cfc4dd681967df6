"""What waits and is under way, as it was committed last: what pages and programs may be shown."""

from __future__ import annotations

from collections.abc import Mapping

from hub.domain.offers import DeliverySlot
from hub.domain.orders import Order
from hub.domain.suggestions import Suggestion
from hub.store.house import House
from hub.worker.writer import Committed


class Standing:
    """Copies of the present, taken by the writer after each commit.

    The house itself changes before the commit: who read it there might be shown what a power cut
    then takes back. The mappings are replaced, never changed, so that any thread may read them.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._take()

    def committed(self, after: Committed) -> None:
        """Take the present anew; called in the writer thread before anybody is told."""
        if after.page_changed:
            self._take()

    def _take(self) -> None:
        self.suggestions: Mapping[str, Suggestion] = dict(self._house.suggestions)
        self.orders: Mapping[str, Order] = dict(self._house.orders)
        self.slots: Mapping[str, tuple[DeliverySlot, ...]] = dict(self._house.slots)
