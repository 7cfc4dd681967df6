"""Providers countersign the household's log, so that it cannot rewrite its past unseen by them.

What is sent and what comes back is what friends' hubs exchange (``hub.flow.witness``), over HTTP
and signed as Beckn's messages are. A provider learns how many entries there are: so it is asked
after an order, and else once a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import orjson

from hub.domain.peers import PeerError
from hub.domain.witness import Witness
from hub.flow.cosigning import Taken, hashes, take
from hub.flow.gate import to_witness
from hub.flow.home import Home
from hub.flow.providerlog import Seller
from hub.store.tx import Tx
from hub.store.witness import WitnessStore

SELDOM = timedelta(days=1)
"""How long after a countersignature one is asked for anew where nothing was ordered since."""


def wanted(state: Witness, size: int, now: datetime, ordered: datetime | None) -> bool:
    """Tell whether a provider is to be asked now; ``ordered`` is when it was dealt with last."""
    if not state.may_ask(size, now):
        return False
    if state.at is None or now - state.at >= SELDOM:
        return True
    return ordered is not None and ordered > state.at


def ask(
    tx: Tx, home: Home, seller: Seller, ordered: datetime | None, owed: int | None = None
) -> bytes | None:
    """Return what a provider is sent that it may countersign (JSON), None for nothing now.

    With ``owed`` it is what shows growth from that many entries on, whenever it was asked last.
    """
    from hub.ledger.note import Note
    from hub.ledger.proof import make_growth

    store = WitnessStore(tx.connection)
    state, newest = store.witness(seller.peer), store.checkpoint()
    if newest is None or home.log_key is None or not home.settings.beckn.countersign:
        return None
    if owed is None and not wanted(state, newest[0], tx.now, ordered):
        return None
    since = state.size if owed is None else owed
    growth = make_growth(since, hashes(tx), Note.parse(newest[1]))
    body = orjson.dumps({"log": home.log_key.verifier, "growth": growth})
    if not to_witness(tx, seller.id, seller.name, body):
        return None
    store.save(replace(state, asked=newest[0], asked_at=tx.now, refused=""))
    return body


def answered(tx: Tx, home: Home, seller: Seller, body: Mapping[str, object]) -> Taken:
    """Take in what a provider answers. PeerError for what is no answer to what was asked."""
    state = WitnessStore(tx.connection).witness(seller.peer)
    if home.log_key is None or not state.asked:
        raise PeerError("it was not asked to countersign anything")
    return take(tx, home, seller, state, body)
