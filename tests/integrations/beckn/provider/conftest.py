"""A provider's counter without HTTP: each question and answer still crosses the wire as JSON."""

import json
import uuid
from datetime import UTC, datetime

import pytest

from hub.domain.orders import OrderRequest, Subscriber
from integrations.beckn import v2
from integrations.beckn.envelope import Context
from integrations.beckn.provider.counter import Counter
from integrations.beckn.provider.listing import load_listing
from integrations.beckn.provider.store import Store
from integrations.beckn.reading import parse

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


class Till:
    """A provider, and buyers who ask it at a time of their choice."""

    def __init__(self, folder, catalogue, key=None):
        self.key = key
        self.path = folder / "provider.sqlite"
        (folder / "catalogue.yaml").write_text(catalogue)
        self.listing = load_listing(folder / "catalogue.yaml")
        self.us = Subscriber(self.listing.subscriber_id, "http://127.0.0.1:1/beckn/v2")
        self.open()
        self.now = NOW

    def open(self):
        self.store = Store(self.path, self.key)
        self.store.step(lambda: self.store.shelves.restock(self.listing))
        self.counter = Counter(self.listing, self.store, self.us.uri)
        self.books, self.changes = self.counter.books, self.counter.changes

    def ask(self, action, by="hub", transaction="", **about):
        transaction = transaction or str(uuid.uuid5(uuid.NAMESPACE_URL, by))
        about.setdefault("domain", self.listing.domain)
        request = OrderRequest(action, transaction, str(uuid.uuid4()), self.us, **about)
        sent = v2.build_request(request, bap_id=by, bap_uri="http://127.0.0.1:2", now=self.now)
        asked = v2.read_request(parse(json.dumps(sent).encode()))
        answer = self.store.step(lambda: self.counter.answer(asked, self.now))
        return self.heard(asked.context, answer)

    def heard(self, context, answer):
        told = v2.build_answer(context, answer, request_digest=None, now=self.now)
        return v2.read_answer(parse(json.dumps(told).encode()), self.us)

    def agree(self, by="hub", **about):
        """Select and init; return the answer of init."""
        quoted = self.ask("select", by, **about)
        assert quoted.error is None, quoted.error
        again = about | {"lines": quoted.lines, "slot": quoted.slot}
        return self.ask("init", by, **again)

    def confirm(self, agreed, by="hub", **about):
        what = {"lines": agreed.lines, "slot": agreed.slot, "quote": agreed.quote}
        what |= {"ride": agreed.ride, "table": agreed.table, "order_id": agreed.order_id}
        return self.ask("confirm", by, **what | about)

    def order(self, by="hub", **about):
        """Select, init and confirm; return the answer of confirm."""
        agreed = self.agree(by, **about)
        assert agreed.error is None, agreed.error
        confirmed = self.confirm(agreed, by)
        assert confirmed.error is None, confirmed.error
        return confirmed

    def sale(self, answer):
        return self.store.sale_by_id(answer.order_id)

    def step(self, answer, work, *more):
        """Do something as the provider; return what its buyer is told unasked."""
        sale = self.sale(answer)
        sale, told = self.store.step(lambda: work(sale, *more, self.now))
        context = Context(
            told.action,
            sale.sender,
            sale.bap_uri,
            self.us.subscriber_id,
            self.us.uri,
            sale.transaction_id,
            told.message_id,
            self.now,
            domain=sale.domain,
        )
        return self.heard(context, told)


@pytest.fixture
def till(tmp_path):
    """Open a provider of a catalogue."""
    made = []

    def opened(catalogue, key=None):
        made.append(Till(tmp_path, catalogue, key))
        return made[-1]

    yield opened
    for one in made:
        one.store.close()
