"""One request that cannot be answered does not keep the others waiting."""

import asyncio
import json
import uuid
from pathlib import Path

from hub.clock import SYSTEM
from hub.domain.orders import OrderRequest, Subscriber
from integrations.beckn import v2
from integrations.beckn.exchange import Sender
from integrations.beckn.keys import Identity
from integrations.beckn.provider.counter import Counter
from integrations.beckn.provider.desk import Desk
from integrations.beckn.provider.listing import load_listing
from integrations.beckn.provider.store import Store
from integrations.beckn.reading import parse
from integrations.beckn.registry import Registry

ROOT = Path(__file__).parents[3]
US = Subscriber("corner-shop.commonhearth.local", "http://127.0.0.1:9/beckn/v2")


class Clumsy(Counter):
    """Stumbles over the first request."""

    stumbled = False

    def answer(self, asked, now):
        if not self.stumbled:
            self.stumbled = True
            raise RuntimeError("a fault of ours")
        return super().answer(asked, now)


async def test_what_cannot_be_answered_is_put_aside(tmp_path):
    listing = load_listing(ROOT / "config/demo/catalogues/corner-shop.yaml")
    store = Store(tmp_path / "shop.sqlite")
    store.step(lambda: store.shelves.restock(listing))
    registry, told = Registry(None), asyncio.Queue()
    sender = Sender(Identity(US.subscriber_id, "k", bytes(32)), registry)
    counter = Clumsy(listing, store, US.uri)
    desk = Desk(
        store, counter, sender, registry, bpp_id=US.subscriber_id, bpp_uri=US.uri, progress=None,
        say=told.put_nowait, clock=SYSTEM,
    )  # fmt: skip
    running = asyncio.create_task(desk.run())
    for _ in range(2):
        request = OrderRequest("discover", str(uuid.uuid4()), str(uuid.uuid4()), US)
        document = v2.build_request(request, bap_id="hub", bap_uri="http://hub", now=SYSTEM.now())
        body = json.dumps(document).encode()
        await desk.take_in(v2.read_request(parse(body)), body, SYSTEM.now())
    lines = [await asyncio.wait_for(told.get(), 10) for _ in range(2)]
    waiting = await desk.step(lambda: store.unanswered(1))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await sender.close()
    desk.close()
    assert "put aside" in lines[0]
    assert "21 items shown" in lines[1]
    assert waiting == []
