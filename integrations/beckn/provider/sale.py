"""One transaction as the provider keeps it, and its row in the database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from hub.domain.orders import (
    BreakupLine,
    DeliverySlot,
    Domain,
    Line,
    OrderState,
    Party,
    Quote,
    RideWish,
    TableWish,
)
from hub.domain.values import dataclass
from integrations.beckn import contracts
from integrations.beckn.contracts import Execution
from integrations.beckn.grocery import Json, write_money
from integrations.beckn.reading import Node


@dataclass(frozen=True, slots=True)
class Network:
    """How a buyer speaks: the version, and what its contexts say of domain and place."""

    version: str = "2.0.0"
    domain: str = ""
    country: str = ""
    city: str = ""


@dataclass(frozen=True, slots=True)
class Sale:
    """The provider's side of one transaction, from its first quote on.

    ``sender`` is the buyer's subscriber id; ``fulfillment_state`` is '' until it is confirmed.
    ``fees`` are what changes of the order have added so far. ``secret`` is the unguessable end of
    the link by which it is followed. ``waived``: the provider moved it, so cancelling is free.
    ``network`` is how its buyer speaks.
    """

    id: str
    sender: str
    transaction_id: str
    bap_uri: str
    state: OrderState
    lines: tuple[Line, ...]
    slot: DeliverySlot | None
    quote: Quote
    party: Party | None
    created_at: datetime
    updated_at: datetime
    fulfillment_state: str = ""
    domain: Domain = "grocery"
    ride: RideWish | None = None
    table: TableWish | None = None
    fees: tuple[BreakupLine, ...] = ()
    reason: str = ""
    secret: str = ""
    waived: bool = False
    network: Network = Network()

    @property
    def live(self) -> bool:
        """Tell whether it is confirmed and not over."""
        return self.state in ("confirmed", "in_progress")

    @property
    def vehicle(self) -> str:
        """Return the id of the vehicle of a ride."""
        return self.lines[0].item_id if self.lines else ""


def to_row(sale: Sale) -> tuple[str | float, ...]:
    """Return the columns of the table ``orders``."""
    execution = Execution(sale.domain, sale.ride, sale.table)
    contract: Json = {
        "commitments": contracts.write_lines(sale.lines, "DRAFT"),
        "consideration": contracts.write_quote(sale.quote, "QUOTED"),
        "performance": contracts.write_performance(sale.slot, "", len(sale.lines), execution),
        "participants": contracts.write_party(sale.party) if sale.party else [],
        "domain": sale.domain,
        "fees": [{"description": fee.title, **write_money(fee.price)} for fee in sale.fees],
        "reason": sale.reason,
        "secret": sale.secret,
        "waived": sale.waived,
        "network": asdict(sale.network),
    }
    return (
        sale.id,
        sale.sender,
        sale.transaction_id,
        sale.bap_uri,
        sale.state,
        sale.fulfillment_state,
        json.dumps(contract),
        sale.created_at.timestamp(),
        sale.updated_at.timestamp(),
    )


def from_row(row: Sequence[Any]) -> Sale:
    """Return the sale that ``to_row`` wrote."""
    sale_id, sender, transaction_id, bap_uri, state, fulfillment, contract, created, updated = row
    stored = json.loads(contract)
    node = Node(stored, "contract")
    quote = contracts.read_quote(node)
    assert quote is not None, "a sale is saved with its quote"
    execution = contracts.read_execution(node)
    return Sale(
        id=sale_id,
        sender=sender,
        transaction_id=transaction_id,
        bap_uri=bap_uri,
        state=state,
        lines=contracts.read_lines(node),
        slot=contracts.read_performance(node)[0],
        quote=quote,
        party=contracts.read_party(node),
        created_at=datetime.fromtimestamp(created, UTC),
        updated_at=datetime.fromtimestamp(updated, UTC),
        fulfillment_state=fulfillment,
        domain=stored.get("domain", "grocery"),
        ride=execution.ride,
        table=execution.table,
        fees=tuple(
            BreakupLine(fee.text("description"), fee.money()) for fee in node.nodes("fees", 100)
        ),
        reason=node.maybe_text("reason") or "",
        secret=node.maybe_text("secret") or "",
        waived=stored.get("waived") is True,
        network=Network(**stored.get("network", {})),
    )
