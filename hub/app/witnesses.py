"""Who countersigns the household's log, and whose logs it countersigns, for pages and programs."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, func, select

from hub.flow.providerlog import WHO
from hub.store import tables
from hub.store.peers import PeerStore
from hub.store.witness import WitnessStore
from hub.web.backend import WitnessView


def listed(engine: Engine) -> list[WitnessView]:
    """Return everyone with whom it is agreed, or was and something is known of; by name."""
    with engine.connect() as connection:
        providers = _providers(connection)
        people, store = PeerStore(connection), WitnessStore(connection)
        states = {one.peer: one for one in store.witnesses()}
        found = []
        for contact in people.contacts(removed=True):
            state = states.pop(contact.peer, None) if contact.state != "removed" else None
            if contact.state == "removed":
                kept = states.get(contact.peer)
                state = states.pop(contact.peer) if kept and kept.contact == contact.id else None
            if not contact.peer or not (contact.witness or state):
                continue
            if state is None:
                state = store.witness(contact.peer, contact.id)
            found.append(
                WitnessView(
                    contact=contact.id,
                    name=contact.name,
                    agreed=contact.witness and contact.state == "known",
                    size=state.size,
                    at=state.at,
                    key=state.key,
                    refused=state.refused,
                    seen_size=state.seen_size,
                    seen_at=state.seen_at,
                    fault=state.fault,
                    fault_at=state.fault_at,
                    evidence=state.evidence,
                    ours=state.ours,
                )
            )
    return found + providers


def _providers(connection: Connection) -> list[WitnessView]:
    """Return the providers whose logs are looked at, by name."""
    names = _names(connection)
    found = [
        WitnessView(
            contact="",
            name=names.get(who, who),
            agreed=False,
            size=one.size,
            at=one.at,
            key=one.key,
            refused=one.refused,
            ours=one.ours,
            seen_size=one.seen_size,
            seen_at=one.seen_at,
            fault=one.fault,
            fault_at=one.fault_at,
            evidence=one.evidence,
            provider=who,
        )
        for one in WitnessStore(connection).witnesses()
        if one.peer.startswith(WHO)
        for who in [one.peer.removeprefix(WHO)]
    ]
    return sorted(found, key=lambda one: one.name)


def _names(connection: Connection) -> dict[str, str]:
    orders = tables.core(tables.OrderRow)
    who = func.json_extract(orders.c.body, "$.provider.subscriber_id")
    name = func.json_extract(orders.c.body, "$.provider_name")
    rows = connection.execute(select(who.label("who"), func.max(name).label("name")).group_by(who))
    return {row.who: row.name for row in rows}
