"""Tries a provider out over the network, up to and without an order: ``provider check URL``.

It asks what a household would ask, and what nobody should get away with. Nothing is bought:
``confirm`` is never sent. What is told of a recipient at ``init`` is made up.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hub.clock import SYSTEM
from hub.domain.orders import (
    Action,
    Line,
    OrderAnswer,
    OrderRequest,
    Party,
    Place,
    RideWish,
    Subscriber,
    TableWish,
)
from hub.domain.values import dataclass
from hub.ports import DeliveryError
from integrations.beckn.errors import BecknError
from integrations.beckn.exchange import Sender
from integrations.beckn.grocery import Json
from integrations.beckn.inbox import Callback, Inbox, listening
from integrations.beckn.keys import Identity
from integrations.beckn.reading import parse
from integrations.beckn.registry import Entry, Registry
from integrations.beckn.v1.codes import domain_of
from integrations.beckn.validate import Problem, validate_payload
from integrations.beckn.wire import Wire, wire_of

NOBODY = Party(
    name="Provider Check",
    address="1 Test Street",
    area_code="00000",
    phone="+10000000000",
    gps="0.0,0.0",
    email="check@example.org",
)
"""A recipient that does not exist."""

RIDE = RideWish(Place("52.520000,13.400000"), Place("52.500000,13.450000"), seats=1)
"""A ride across a city; who serves another place says so, which is an answer too."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was tried: whether it went as it should, and what was found."""

    name: str
    ok: bool
    found: str
    problems: tuple[Problem, ...] = ()
    meaning: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProviderReport:
    """What trying a provider out found; ``subscriber_id`` is '' where it is not registered."""

    subscriber_id: str
    version: str
    steps: tuple[Step, ...]

    @property
    def ok(self) -> bool:
        """Tell whether every step went as it should."""
        return all(step.ok for step in self.steps)


async def check_provider(
    url: str,
    registry: Registry,
    identity: Identity,
    *,
    domain: str = "",
    host: str = "127.0.0.1",
    port: int = 0,
    public_url: str | None = None,
    register: Callable[[Entry], None] | None = None,
    patience: float = 10.0,
    now: Callable[[], datetime] = SYSTEM.now,
) -> ProviderReport:
    """Try the provider at ``url`` (its registered URI, or where that begins) and report.

    ``identity`` asks; ``register`` is called with its entry, so that the provider knows it (a file
    registry's ``upsert``), None where it is registered already. Callbacks are taken at
    ``host:port``, which the provider reaches as ``public_url``. Each answer is awaited
    ``patience`` seconds. Raises OSError for a taken port; what goes wrong with the provider is in
    the report.
    """
    entry = _entry_at(url, registry)
    if entry is None:
        found = "the registry has no provider (BPP) at this address"
        return ProviderReport("", "", (Step("find it in the registry", False, found),))
    wire = wire_of(entry.version)
    async with listening(identity, registry, wire, host, port, now) as (address, inbox):
        base = (public_url or address).rstrip("/") + wire.base
        if register is not None:
            register(_own(identity, base, wire))
        sender = Sender(identity, registry, patience=patience)
        try:
            trial = _Trial(entry, wire, identity, base, sender, inbox, patience, now, domain)
            steps = [step async for step in trial.run()]
        finally:
            await sender.close()
    return ProviderReport(entry.subscriber_id, wire.version, tuple(steps))


def _entry_at(url: str, registry: Registry) -> Entry | None:
    wanted = url.rstrip("/")
    for entry in registry.entries():
        if entry.role == "BPP" and (
            entry.uri.rstrip("/") == wanted or entry.uri.startswith(f"{wanted}/")
        ):
            return entry
    return None


def _own(identity: Identity, uri: str, wire: Wire) -> Entry:
    return Entry(
        identity.subscriber_id,
        uri,
        "BAP",
        identity.public_key,
        identity.unique_key_id,
        version=wire.version,
    )


class _Trial:
    """The questions, one after another; each says what it found."""

    def __init__(
        self,
        entry: Entry,
        wire: Wire,
        identity: Identity,
        base: str,
        sender: Sender,
        inbox: Inbox,
        patience: float,
        now: Callable[[], datetime],
        domain: str,
    ) -> None:
        self._entry = entry
        self._wire = wire
        self._identity = identity
        self._base = base
        self._sender = sender
        self._inbox = inbox
        self._patience = patience
        self._now = now
        self._transaction = str(uuid.uuid4())
        self._domain = domain or (entry.domains[0] if entry.domains else "")

    async def run(self) -> AsyncIterator[Step]:
        """Yield each step; what a later one needs and an earlier one did not give ends it."""
        yield await self._stranger()
        yield await self._outdated()
        step, offered = await self._ask("discover")
        yield step
        if offered is None or not offered.catalogs:
            return
        catalog = next((one for one in offered.catalogs if one.items), offered.catalogs[0])
        for_sale = [item for item in catalog.items if item.available != 0]
        if not for_sale:
            yield Step("select", False, "nothing that is offered can be had")
            return
        item = for_sale[0]
        slot = catalog.slots[0] if catalog.slots else None
        basket: dict[str, object] = {
            "lines": (Line(item.item_id, item.name, 1, item.price),),
            "provider_id": catalog.provider_id,
            "slot": slot,
        }
        step, quoted = await self._ask("select", **basket)
        yield step
        yield await self._unknown_item(basket)
        if quoted is None or quoted.error is not None or quoted.quote is None:
            return
        lines = quoted.lines or basket["lines"]
        agreed: dict[str, object] = {**basket, "lines": lines, "order_id": quoted.order_id}
        step, _ = await self._ask("init", **agreed, party=NOBODY)
        yield step
        yield await self._status(agreed)
        step, _ = await self._ask("support", **agreed, reason="a check")
        yield step

    # -- what should go well -------------------------------------------------------------------

    async def _ask(self, action: Action, **about: object) -> tuple[Step, OrderAnswer | None]:
        """Ask, await the callback, and judge it by the specification's fields."""
        request = self._request(action, **about)
        name = self._wire.word(action)
        try:
            await self._post(self._document(request), request)
        except DeliveryError as error:
            return Step(name, False, str(error)), None
        callback = await self._inbox.get(request.message_id, self._patience)
        if callback is None:
            found = f"no on_{name} with this message's id within {self._patience:g} s"
            return Step(name, False, found), None
        if callback.refused:
            return Step(name, False, f"on_{name} was refused: {callback.refused}"), None
        report = validate_payload(callback.body)
        answer, why = self._read(callback, name)
        if answer is None:
            return Step(name, False, why, report.problems, report.meaning), None
        refused = f"it would not: {answer.error.message}" if answer.error else ""
        found = refused or f"on_{name} came: {'; '.join(report.meaning[:3])}"
        return Step(name, report.ok and not refused, found, report.problems, report.meaning), answer

    def _read(self, callback: Callback, name: str) -> tuple[OrderAnswer | None, str]:
        if not callback.path.endswith(f"/on_{name}"):
            return None, f"the answer came to {callback.path}, not to on_{name}"
        try:
            return self._wire.read_answer(parse(callback.body), self._entry.subscriber), ""
        except BecknError as error:
            return None, str(error)

    async def _status(self, agreed: dict[str, object]) -> Step:
        """Ask for an order that was never confirmed: it may say so, or tell a draft."""
        step, answer = await self._ask("status", **agreed)
        if answer is None:
            return step
        if answer.error is not None:
            found = f"an order that was not confirmed is none: {answer.error.message}"
            return replace(step, ok=not step.problems, found=found)
        if answer.state in ("confirmed", "in_progress", "completed"):
            found = f"it counts an order as {answer.state} that was never confirmed"
            return replace(step, ok=False, found=found)
        return step

    # -- what nobody should get away with ------------------------------------------------------

    async def _stranger(self) -> Step:
        """Sign with a key that is not the registered one."""
        forged = Sender(
            replace(self._identity, seed=bytes(32), known_public_key=""), Registry(None)
        )
        request = self._request("discover")
        try:
            await self._post(self._document(request), request, forged)
        except DeliveryError as error:
            told = str(error)
            return Step("a wrong signature", "(401)" in told, told)
        finally:
            await forged.close()
        return Step("a wrong signature", False, "it took a message that a stranger signed")

    async def _outdated(self) -> Step:
        """Send what was valid an hour ago."""
        request = self._request("discover")
        document = self._document(request, self._now() - timedelta(hours=1))
        try:
            await self._post(document, request)
        except DeliveryError as error:
            refused = "refused" in str(error)
            return Step("a request past its ttl", refused, str(error))
        return Step("a request past its ttl", False, "it took what was no longer valid")

    async def _unknown_item(self, basket: dict[str, object]) -> Step:
        """Ask for the price of what is not sold."""
        lines: Sequence[Line] = basket["lines"]  # type: ignore[assignment]
        missing = replace(lines[0], item_id=f"no-such-item-{uuid.uuid4()}")
        first = self._transaction
        self._transaction = str(uuid.uuid4())
        step, answer = await self._ask("select", **{**basket, "lines": (missing,)})
        self._transaction = first
        name = "an item that is not sold"
        if answer is None:
            return replace(step, name=name, ok="refused" in step.found)
        if answer.error is not None:
            return replace(step, name=name, ok=not step.problems)
        return replace(step, name=name, ok=False, found="it gave a price for what it does not sell")

    # -- sending -------------------------------------------------------------------------------

    def _request(self, action: Action, **about: object) -> OrderRequest:
        to = Subscriber(self._entry.subscriber_id, self._entry.uri, self._entry.version)
        named = domain_of(self._domain) or "grocery"
        wish: dict[str, object] = {"ride": RIDE} if named == "ride" else {}
        if named == "restaurant":
            wish = {"table": TableWish(2, self._now() + timedelta(days=1))}
        about = {"domain": named, **wish, **about}
        return OrderRequest(action, self._transaction, str(uuid.uuid4()), to, **about)  # type: ignore[arg-type]

    def _document(self, request: OrderRequest, told_at: datetime | None = None) -> Json:
        return self._wire.build_request(
            request,
            bap_id=self._identity.subscriber_id,
            bap_uri=self._base,
            now=told_at or self._now(),
            domain=self._domain,
        )

    async def _post(
        self, document: Json, request: OrderRequest, sender: Sender | None = None
    ) -> None:
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        word = self._wire.word(request.action)
        await (sender or self._sender).post(
            self._entry, word, body, request.message_id, self._now()
        )
