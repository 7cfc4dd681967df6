"""Who countersigns the household's log, and whose logs it countersigns, for pages and programs."""

from __future__ import annotations

from sqlalchemy import Engine

from hub.store.peers import PeerStore
from hub.store.witness import WitnessStore
from hub.web.backend import WitnessView


def listed(engine: Engine) -> list[WitnessView]:
    """Return everyone with whom it is agreed, or was and something is known of; by name."""
    with engine.connect() as connection:
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
                )
            )
    return found
