"""A receipt of an order: what both sides signed, and proofs that the household's log holds it.

It is one JSON file, checked offline by ``check``: the signatures are Beckn's (over each message's
own bytes, by the key that stands beside it), the proofs C2SP tlog-proofs.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, select

from hub.app.ledgertools import prove
from hub.domain.orders import Order
from hub.domain.values import dataclass
from hub.keyfiles.ledgerkey import LedgerKey
from hub.ledger.leaf import LedgerError, read_leaf
from hub.ledger.note import VerifierKey
from hub.ledger.proof import check_proof
from hub.store import tables
from hub.store.codec import instant, load
from integrations.beckn.errors import SignatureError
from integrations.beckn.signature import read, verify, verify_countersigned

FORMAT = "commonhearth-receipt/1"
LARGEST = 16 * 1024 * 1024
_PROVED = ("approved", "granted", "disclosed", "confirmed", "change_priced", "cancelled")
_MOST_PROOFS = 40
_MOST_MESSAGES = 400


class ReceiptError(ValueError):
    """There is no such receipt, or a file is none; one line says why."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a receipt proves: ``holds``, a line each; and in ``faults`` what does not hold.

    ``keys`` are the public keys it stands on, by signer: whoever checks it compares them with the
    network's registry, or with what they know.
    """

    holds: tuple[str, ...]
    faults: tuple[str, ...]
    keys: Mapping[str, str] = field(default_factory=dict)

    def told(self) -> dict[str, object]:
        """Return it as JSON may say it."""
        return {"holds": list(self.holds), "faults": list(self.faults), "keys": dict(self.keys)}

    @property
    def both(self) -> bool:
        """Tell whether two different parties signed."""
        return len(self.keys) > 1


def make(engine: Engine, key: LedgerKey, order_id: str) -> str:
    """Return the receipt of an order, by the hub's id or the provider's (or ReceiptError)."""
    with engine.connect() as connection:
        order = _order(connection.execute(select(tables.core(tables.OrderRow).c.body)), order_id)
        signed = tables.core(tables.SignedRow)
        rows = connection.execute(
            select(signed).where(signed.c.order_id == order.id).order_by(signed.c.at, signed.c.id)
        ).fetchall()
        ledger = tables.core(tables.LedgerRow)
        indexes = connection.execute(
            select(ledger.c["index"])
            .where(
                ledger.c.subject.in_((order.id, order.suggestion_id)), ledger.c.kind.in_(_PROVED)
            )
            .order_by(ledger.c["index"])
            .limit(_MOST_PROOFS)
        ).scalars()
        proved = list(indexes)
    if not rows:
        raise ReceiptError(f"nothing was signed about order {order_id} (yet)")
    receipt = {
        "format": FORMAT,
        "order": {
            "id": order.id,
            "order_id": order.order_id,
            "transaction_id": order.transaction_id,
            "provider": order.provider.subscriber_id,
            "provider_name": order.provider_name,
            "state": order.state,
        },
        "messages": [
            {
                "direction": row.direction,
                "action": row.action,
                "at": instant(row.at).isoformat(),
                "authorization": row.authorization,
                "key": base64.b64encode(row.key).decode(),
                "body": base64.b64encode(row.message).decode(),
                "ack": base64.b64encode(row.ack).decode(),
            }
            for row in rows
        ],
        "log": {
            "key": str(key.key.verifier),
            "proofs": [prove(engine, key, index, reveal=True) for index in proved],
        },
    }
    return json.dumps(receipt, indent=1) + "\n"


def _order(bodies: Any, order_id: str) -> Order:
    for body in bodies.scalars():
        order = load(Order, body)
        if order_id in (order.id, order.order_id):
            return order
    raise ReceiptError(f"there is no order {order_id}")


def check(raw: bytes) -> Checked:
    """Check a receipt with nothing but itself. ReceiptError when it is none."""
    said = read_receipt(raw)
    holds: list[str] = []
    faults: list[str] = []
    keys: dict[str, str] = {}
    messages = these(said, "messages", _MOST_MESSAGES)
    # The provider's own messages first: its key is wanted for what it countersigned.
    for number, message in sorted(enumerate(messages, 1), key=lambda one: _ours(one[1])):
        try:
            holds += _message(message, _part(said, "order"), keys)
        except (SignatureError, ReceiptError) as error:
            faults.append(f"message {number}: {error}")
    log_holds, log_faults = check_log(said)
    return Checked((*holds, *log_holds), (*faults, *log_faults), keys)


def check_log(said: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Check a receipt's proofs of the log; return what holds, and what does not."""
    holds: list[str] = []
    faults: list[str] = []
    log = _part(said, "log")
    try:
        verifier = VerifierKey.parse(str(log.get("key", "")))
    except LedgerError as error:
        return holds, [f"the log's key: {error}"]
    for number, proof in enumerate(these(log, "proofs", _MOST_PROOFS), 1):
        try:
            found = check_proof(str(proof), verifier)
        except LedgerError as error:
            faults.append(f"proof {number}: {error}")
            continue
        leaf = read_leaf(found.entry)
        at = datetime.fromtimestamp(leaf.at_micros / 1e6, UTC)
        holds.append(f"entry {found.index} of the log: {leaf.kind}, {at:%Y-%m-%d %H:%M:%S} UTC")
    return holds, faults


def _ours(message: Any) -> bool:
    return not (isinstance(message, dict) and message.get("direction") == "in")


def _message(message: Any, order: Mapping[str, Any], keys: dict[str, str]) -> list[str]:
    """Check one message: who signed its bytes, and that they are about this order."""
    if not isinstance(message, dict):
        raise ReceiptError("expected an object")
    body, key, ack = (_bytes(message, name) for name in ("body", "key", "ack"))
    authorization = str(message.get("authorization", ""))
    claimed = read(authorization)
    made = datetime.fromtimestamp(claimed.created, UTC)
    signer = verify(authorization, body, lambda who, name: key, made)
    shown = base64.b64encode(key).decode()
    if keys.setdefault(signer, shown) != shown and message.get("direction") == "in":
        keys[f"{signer} (another key)"] = shown
    try:
        document = json.loads(body)
        context = document["context"]
        transaction = context.get("transactionId") or context.get("transaction_id")
        action = str(context["action"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ReceiptError("what was signed is no Beckn message") from None
    if transaction != order.get("transaction_id"):
        raise ReceiptError("what was signed is about another order")
    if (message.get("direction") == "in") != (signer == order.get("provider")):
        raise ReceiptError(f"{signer} is not who says that in this order")
    found = [f"{action}: signed by {signer}, {made:%Y-%m-%d %H:%M:%S} UTC"]
    provider = str(order.get("provider"))
    return [*found, *_received(ack, body, context, provider, keys.get(provider))]


def _received(
    ack: bytes, body: bytes, context: Mapping[str, Any], provider: str, key: str | None
) -> list[str]:
    """Return that the provider countersigned the receipt of a message, where it did (v2)."""
    try:
        answer = json.loads(ack) if ack else {}
        claimed = read(str(answer["signature"]))
        name = str(context.get("messageId") or context.get("message_id"))
        known = base64.b64decode(key) if key is not None else None
        made = datetime.fromtimestamp(claimed.created, UTC)
        who = verify_countersigned(answer, body, name, lambda *_: known, made)
    except (SignatureError, ValueError, KeyError, TypeError, RecursionError):
        # Version 1 has no such thing, and a message stands without it.
        return []
    return [f"its receipt: countersigned by {who}"] if who == provider else []


def read_receipt(raw: bytes) -> dict[str, Any]:
    """Return what a receipt says. ReceiptError when it is none."""
    if len(raw) > LARGEST:
        raise ReceiptError(f"a receipt has at most {LARGEST} bytes")
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        raise ReceiptError("this is no receipt: expected JSON") from None
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise ReceiptError(f"this is no receipt: expected the format {FORMAT}")
    return said


def _part(said: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = said.get(name)
    if not isinstance(found, dict):
        raise ReceiptError(f"{name}: expected an object")
    return found


def these(said: Mapping[str, Any], name: str, most: int) -> Sequence[Any]:
    """Return a list of a receipt. ReceiptError when it is none, or longer than ``most``."""
    found = said.get(name)
    if not isinstance(found, list) or len(found) > most:
        raise ReceiptError(f"{name}: expected a list of at most {most}")
    return found


def _bytes(message: Mapping[str, Any], name: str) -> bytes:
    try:
        return base64.b64decode(str(message.get(name, "")), validate=True)
    except (binascii.Error, ValueError):
        raise ReceiptError(f"{name}: expected base64") from None
