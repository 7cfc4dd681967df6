"""Keeping a device apart until an adult accepts it: it is heard, and nothing comes of it."""

from __future__ import annotations

from datetime import timedelta

from devices.types import Announcement, Decoded, Entity, Item
from hub.domain.logins import speaker
from hub.domain.quarantine import MOST_WAITING, KnownDevice, readable
from hub.domain.tongue import phrase
from hub.flow.home import Home
from hub.flow.tell import tag_of, tell
from hub.store.house import House
from hub.store.tx import Entry, Tx

SWITCH = "devices.quarantine"
_TELL_EVERY = timedelta(minutes=10)


def switched(tx: Tx, home: Home) -> None:
    """See to the setting at start and when it changed: who is known as it goes on is accepted."""
    on = home.settings.devices.quarantine
    if on == (tx.cursor(SWITCH) == "on"):
        return
    tx.set_cursor(SWITCH, "on" if on else "")
    for entity in home.book.entities() if on else ():
        known = tx.house.devices.get(entity.owner)
        if entity.owner and (known is None or known.state == "waiting"):
            name = readable(entity.device_name or entity.name, entity.owner)
            tx.save_device(KnownDevice(entity.owner, name, "accepted", tx.now))


def state_of(house: House, home: Home, entity: Entity | None) -> str:
    """Return ``accepted``, ``waiting`` or ``refused``; a new one waits where that is wanted."""
    if entity is None or not entity.owner:
        return "accepted"
    on = home.settings.devices.quarantine
    known = house.devices.get(entity.owner)
    if known is None:
        return "waiting" if on else "accepted"
    return "accepted" if known.state == "waiting" and not on else known.state


def apart(house: House, home: Home, entity_id: str) -> bool:
    """Tell whether nothing may come of what an entity says."""
    if not house.devices and not home.settings.devices.quarantine:
        return False
    return state_of(house, home, home.book.entity(entity_id)) != "accepted"


def meet(tx: Tx, home: Home, entity: Entity) -> None:
    """Note a device that is new: one with a login of its own was let in by an adult already."""
    if not entity.owner or entity.owner in tx.house.devices:
        return
    name = readable(entity.device_name or entity.name, entity.owner)
    if _let_in(home, entity):
        tx.save_device(KnownDevice(entity.owner, name, "accepted", tx.now))
        return
    waiting = [one for one in tx.house.devices.values() if one.state == "waiting"]
    if len(waiting) >= MOST_WAITING:
        return
    tx.save_device(KnownDevice(entity.owner, name, "waiting", tx.now))
    index = tx.append(Entry("device_waits", entity.owner, {"name": name}))
    # Many at once are one notification: the page lists them all.
    if all(tx.now - one.at >= _TELL_EVERY for one in waiting):
        tell(
            tx,
            home,
            home.adults(),
            tag=tag_of(SWITCH),
            title=phrase("A new device waits"),
            body=phrase(
                "{name}: nothing it says is used until an adult accepts it on the page Devices.",
                name=name,
            ),
            cause=index,
        )


def screened(tx: Tx, home: Home, decoded: Decoded) -> tuple[Item, ...]:
    """Return the items of a message that are to be looked at; meet who announces itself.

    What a refused device announces is forgotten again, so that nothing of it is listened to.
    """
    if not tx.house.devices and not home.settings.devices.quarantine:
        return decoded.items
    refused: set[str] = set()
    for item in decoded.items:
        for entity in item.entities if isinstance(item, Announcement) else ():
            if home.settings.devices.quarantine:
                meet(tx, home, entity)
            if state_of(tx.house, home, entity) == "refused":
                refused.add(entity.owner)
    if not refused:
        return decoded.items
    for owner in refused:
        home.book.forget(owner)
    tx.topics_changed = True
    return ()


def _let_in(home: Home, entity: Entity) -> bool:
    prefix = home.settings.mqtt.discovery_prefix
    devices = (login for login in home.logins if login.kind == "device")
    return bool(speaker(devices, entity.topics, prefix))
