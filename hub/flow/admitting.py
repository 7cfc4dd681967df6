"""What an adult says of a device that waits: it is taken in, or forgotten and shut out."""

from __future__ import annotations

from dataclasses import replace

from hub.domain.decisions import ADULTS_ONLY, DecisionResult
from hub.domain.observations import Reading, StateReading, StockReading
from hub.domain.tongue import phrase
from hub.flow.home import Home
from hub.flow.observe import observe_readings
from hub.store.tx import Entry, Tx


def accept(tx: Tx, home: Home, owner: str, member: str) -> DecisionResult:
    """Use a device from now on; what it said last while it waited counts at once.

    One that was refused before is met anew when it next speaks.
    """
    known = tx.house.devices.get(owner)
    if not home.decides(member):
        return DecisionResult("refused", phrase(ADULTS_ONLY))
    if known is None:
        return DecisionResult("unknown", phrase("There is no such device (any more)."))
    if known.state == "accepted":
        return DecisionResult("repeated", phrase("{name} is accepted already.", name=known.name))
    tx.save_device(replace(known, state="accepted", at=tx.now))
    tx.append(Entry("device_accepted", owner, {"name": known.name, "member": member}))
    readings: list[Reading] = []
    for entity in home.book.entities():
        said = tx.house.entities.get(entity.id) if entity.owner == owner else None
        if said is None or not said.available:
            continue
        tx.forget_entity(entity.id)
        item = entity.facts.get("item")
        if entity.component == "stock" and isinstance(item, str):
            if isinstance(said.value, int | float):
                quantity, unit = float(said.value), said.unit or ""
                readings.append(StockReading(item, quantity, unit, entity.id, said.at))
        else:
            readings.append(
                StateReading(entity.id, said.value, said.unit, said.attributes, said.at)
            )
    observe_readings(tx, home, readings)
    tx.topics_changed = True
    return DecisionResult("done", phrase("{name} is accepted.", name=known.name))


def refuse(tx: Tx, home: Home, owner: str, member: str) -> DecisionResult:
    """Forget a device and what it said, and take nothing of it any more."""
    known = tx.house.devices.get(owner)
    if not home.decides(member):
        return DecisionResult("refused", phrase(ADULTS_ONLY))
    if known is None:
        return DecisionResult("unknown", phrase("There is no such device (any more)."))
    if known.state == "refused":
        return DecisionResult("repeated", phrase("{name} is refused already.", name=known.name))
    tx.save_device(replace(known, state="refused", at=tx.now))
    tx.append(Entry("device_refused", owner, {"name": known.name, "member": member}))
    sources, names = home.book.forget(owner)
    for source in sources:
        tx.save_announcement(source, b"")
    for name in names:
        tx.forget_entity(name)
    tx.topics_changed = True
    return DecisionResult(
        "done", phrase("{name} is refused: nothing of it is taken any more.", name=known.name)
    )
