"""Real providers without HTTP: what a household sends crosses the wire as JSON, and comes back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hub.domain.effects import SendOrderRequest
from hub.domain.orders import Action, OrderAnswer, OrderRequest, Subscriber
from integrations.beckn import v2
from integrations.beckn.envelope import Context
from integrations.beckn.provider.counter import Counter
from integrations.beckn.provider.listing import load_listing
from integrations.beckn.provider.sale import Sale
from integrations.beckn.provider.store import Store
from integrations.beckn.reading import parse
from tests.support.household import SETTINGS, Household

CATALOGUES = Path(__file__).parents[2] / "config/demo/catalogues"

WELL_KNOWN: dict[str, Any] = {**SETTINGS["home"], "gps": "52.5310,13.4120", "phone": "+49 30 1"}
"""A home that a driver finds."""
_DEAR = (CATALOGUES / "driver.yaml").read_text().replace("3.90", "9.90").replace("mara", "otto")
_DEAR = _DEAR.replace("Mara drives", "Otto drives").replace("name: Mara", "name: Otto")
_DEPOSIT = (
    (CATALOGUES / "restaurant.yaml")
    .read_text()
    .replace("seats: 4, count: 5", 'seats: 4, count: 5, deposit: "2.00"')
)
KINDS = {"dear": _DEAR, "deposit": _DEPOSIT}
"""Further catalogues by name: a dear driver, and a restaurant that wants a deposit."""


class Shop:
    """A provider's counter on a database of its own."""

    def __init__(self, folder: Path, catalogue: str, name: str) -> None:
        file = folder / f"{name}.yaml"
        file.write_text(catalogue)
        self.listing = load_listing(file)
        self.us = Subscriber(f"{name}.example", f"http://127.0.0.1:1/{name}")
        self.store = Store(folder / f"{name}.sqlite")
        self.store.step(lambda: self.store.shelves.restock(self.listing))
        self.counter = Counter(self.listing, self.store, self.us.uri)

    def answer(self, request: OrderRequest, household: Household) -> OrderAnswer:
        now = household.clock.now()
        sent = v2.build_request(request, bap_id="hub", bap_uri="http://127.0.0.1:2", now=now)
        asked = v2.read_request(parse(json.dumps(sent).encode()))
        told = self.store.step(lambda: self.counter.answer(asked, now))
        return self._heard(asked.context, told, household)

    def step(self, household: Household, work: Callable[..., Any], *more: Any) -> None:
        """Do something of its own with its one order, and tell the household."""
        now = household.clock.now()
        (sale,) = self.sales("confirmed", "in_progress")
        gone, told = self.store.step(lambda: work(sale, *more, now))
        context = Context(
            told.action,
            gone.sender,
            gone.bap_uri,
            self.us.subscriber_id,
            self.us.uri,
            gone.transaction_id,
            told.message_id,
            now,
            domain=gone.domain,
        )
        household.answer(self._heard(context, told, household))

    def sales(self, *states: str) -> list[Sale]:
        return list(self.store.sales(*states))

    def _heard(self, context: Context, told: OrderAnswer, household: Household) -> OrderAnswer:
        now = household.clock.now()
        said = v2.build_answer(context, told, request_digest=None, now=now)
        return v2.read_answer(parse(json.dumps(said).encode()), self.us)


class Street:
    """Shops that answer whatever waits in a household's outbox."""

    def __init__(self, household: Household, *shops: Shop) -> None:
        self.household = household
        self.shops = {shop.us.subscriber_id: shop for shop in shops}
        found: dict[str, tuple[Subscriber, ...]] = {}
        for shop in shops:
            domain = shop.listing.domain
            found[domain] = (*found.get(domain, ()), shop.us)
        household.home.providers = found

    def serve(self, *actions: Action) -> int:
        """Answer what waits, and what comes of that, until nothing does; return how many.

        With ``actions`` only those. A message that is no longer wanted is dropped, as by the pump.
        """
        count = 0
        while rows := [
            row
            for row in self.household.outbox()
            if isinstance(row.effect, SendOrderRequest)
            and (not actions or row.effect.request.action in actions)
        ]:
            for row in rows:
                self.household.do(lambda tx, row=row: tx.done(row.id))
                assert isinstance(row.effect, SendOrderRequest)
                if self.household.wanted(row.effect):
                    count += 1
                    request = row.effect.request
                    shop = self.shops[request.to.subscriber_id]
                    self.household.answer(shop.answer(request, self.household))
        return count

    def step_once(self) -> bool:
        """Answer one message, else let the clock do what is due; False where neither is left."""
        for row in self.household.outbox():
            if isinstance(row.effect, SendOrderRequest):
                self.household.do(lambda tx: tx.done(row.id))
                if self.household.wanted(row.effect):
                    request = row.effect.request
                    shop = self.shops[request.to.subscriber_id]
                    self.household.answer(shop.answer(request, self.household))
                return True
        if not self.household.due():
            return False
        self.household.tick()
        return True

    def busy(self) -> bool:
        """Tell whether a message waits, or the clock has something to do now."""
        waiting = (row.effect for row in self.household.outbox())
        return self.household.due() or any(isinstance(one, SendOrderRequest) for one in waiting)

    def run(self) -> None:
        """Answer and tick until nothing happens any more."""
        while True:
            self.household.tick()
            if not self.serve() and not self.household.due():
                return

    def close(self) -> None:
        for shop in self.shops.values():
            shop.store.close()
