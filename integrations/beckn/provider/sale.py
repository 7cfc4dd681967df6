"""One transaction as the provider keeps it, and its row in the database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hub.domain.orders import DeliverySlot, Line, OrderState, Party, Quote
from integrations.beckn import contracts
from integrations.beckn.grocery import Json
from integrations.beckn.reading import Node


@dataclass(frozen=True, slots=True)
class Sale:
    """The provider's side of one transaction, from its first quote on.

    ``sender`` is the buyer's subscriber id; ``fulfillment_state`` is '' until it is confirmed.
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


def to_row(sale: Sale) -> tuple[str | float, ...]:
    """Return the columns of the table ``orders``."""
    contract: Json = {
        "commitments": contracts.write_lines(sale.lines, "DRAFT"),
        "consideration": contracts.write_quote(sale.quote, "QUOTED"),
        "performance": contracts.write_performance(sale.slot, "", len(sale.lines)),
        "participants": contracts.write_party(sale.party) if sale.party else [],
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
    node = Node(json.loads(contract), "contract")
    quote = contracts.read_quote(node)
    assert quote is not None, "a sale is saved with its quote"
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
    )
