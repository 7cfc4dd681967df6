"""The convention: discovery messages make entities, entities read their topics."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from devices.homeassistant import config as c
from devices.homeassistant.describe import CONVENTION, describe
from devices.homeassistant.message import Message, NotJson, NotText
from devices.homeassistant.plain import Unreadable
from devices.homeassistant.readers import equip
from devices.homeassistant.slot import Reader, Slot
from devices.types import Announcement, Decoded, Entity, Item
from hub.domain.homeassistant import OWN
from hub.domain.observations import AvailabilityReading, Reading, Rejected

MAX_ENTITIES = 5000
_NOTHING = Decoded(())
Key = tuple[str, str]


class HomeAssistantDiscovery:
    """Home Assistant MQTT discovery (``devices.types.Convention``).

    Not thread-safe: one thread decodes. What an announcement said stays in force until the device
    takes it back, announces otherwise or, by ``migrate_discovery``, lets another topic take over.
    """

    name = CONVENTION

    def __init__(self, prefix: str = "homeassistant") -> None:
        """Listen to discovery below ``prefix``; a household may have set its own."""
        self._prefix = prefix.rstrip("/") + "/"
        self._discovery = frozenset({f"{self._prefix}+/+/config", f"{self._prefix}+/+/+/config"})
        self._filters: frozenset[str] | None = self._discovery
        self._slots: dict[Key, Slot] = {}
        self._ids: dict[str, Key] = {}
        self._unique: dict[tuple[str, str], Key] = {}
        self._sources: dict[str, dict[Key, None]] = {}
        self._payloads: dict[str, bytes] = {}
        # Topics whose last message was taken whole, and nothing of it has been lost since.
        self._settled: set[str] = set()
        self._migrating: set[str] = set()
        self._routes: dict[str, list[tuple[Key, Reader]]] = {}

    def filters(self) -> frozenset[str]:
        """Return the discovery filters and the topics of every entity known."""
        if self._filters is None:
            self._filters = self._discovery | self._routes.keys()
        return self._filters

    def handles(self, topic: str) -> bool:
        """Tell whether the topic is one of an entity, or a discovery topic."""
        return topic in self._routes or self._announces(topic)

    def entities(self) -> Sequence[Entity]:
        """Return every entity known, also those the hub does not use."""
        return [slot.entity for slot in self._slots.values()]

    def entity(self, entity_id: str) -> Entity | None:
        """Return the entity with this id, None when there is none."""
        key = self._ids.get(entity_id)
        return None if key is None else self._slots[key].entity

    def device_of(self, topic: str) -> str | None:
        """Return the id of the device a topic belongs to, None when that is not known."""
        routes = self._routes.get(topic)
        if routes:
            return self._slots[routes[0][0]].entity.device_id or None
        for key in self._sources.get(topic, ()):
            return self._slots[key].entity.device_id or None
        return None

    def expire(self, now: datetime) -> Sequence[Reading]:
        """Return the entities that said nothing for their ``expire_after``, each once."""
        return [
            AvailabilityReading(slot.entity.id, False)
            for slot in self._slots.values()
            if slot.deadline is not None and slot.silent(now)
        ]

    def decode(self, topic: str, payload: bytes, received_at: datetime) -> Decoded:
        """Read a discovery message or a message of an entity; bad input gives Rejected items."""
        if self._announces(topic):
            return Decoded(tuple(self._announced(topic, payload, received_at)))
        routes = self._routes.get(topic)
        if not routes:
            return _NOTHING
        message = Message(payload)
        items: list[Item] = []
        faults: set[str] = set()
        for key, read in routes:
            try:
                found = read(message, received_at)
            except (NotText, NotJson, Unreadable) as error:
                found = (Rejected(str(error), self._slots[key].entity.id),)
            for item in found:
                # Many entities read one topic: the same fault of one payload is said once.
                if type(item) is Rejected:
                    if item.reason in faults:
                        continue
                    faults.add(item.reason)
                items.append(item)
        return Decoded(tuple(items))

    # -- announcements ------------------------------------------------------------------------

    def _announces(self, topic: str) -> bool:
        return (
            topic.endswith("/config")
            and topic.startswith(self._prefix)
            and topic.count("/", len(self._prefix)) in (2, 3)
            # What a hub shows of itself is no device of the household's.
            and f"/{OWN}" not in topic
        )

    def _announced(self, topic: str, payload: bytes, at: datetime) -> list[Item]:
        place = c.address(topic[len(self._prefix) : -len("/config")])
        if place is None:
            return [Rejected("expected letters, digits, _ and - in a discovery topic", topic)]
        if not payload.strip():
            return self._withdrawn(topic)
        if topic in self._settled and self._payloads.get(topic) == payload:
            return [Announcement(topic, payload, self._of(topic))]
        try:
            discovery = c.read_config(place, payload)
        except c.BadConfig as fault:
            return [fault.rejected()]
        if discovery.migrate:
            if topic in self._sources:
                self._migrating.add(topic)
                self._settled.discard(topic)
            return []
        return self._taken(topic, payload, at, discovery)

    def _taken(
        self, topic: str, payload: bytes, at: datetime, discovery: c.Discovery
    ) -> list[Item]:
        items: list[Item] = list(discovery.faults)
        removed: list[str] = []
        others: dict[str, list[str]] = {}
        for component in discovery.components:
            if component.config is None:
                removed += self._drop_own(topic, component.key)
                continue
            try:
                slot = self._made(topic, component, component.config, at)
                removed += self._installed(slot, others)
            except c.BadConfig as fault:
                where = ".".join(part for part in (component.where, fault.where) if part)
                items.append(Rejected(fault.reason, where))
        entities = self._of(topic)
        if entities or removed:
            self._payloads[topic] = payload
            self._migrating.discard(topic)
            if entities and not any(isinstance(item, Rejected) for item in items):
                self._settled.add(topic)
            items.append(Announcement(topic, payload, entities, self._unknown(removed)))
        for source, lost in others.items():
            rest = self._of(source)
            old = self._payloads.get(source, b"") if rest else b""
            items.append(Announcement(source, old, rest, self._unknown(lost)))
        return items

    def _withdrawn(self, topic: str) -> list[Item]:
        keys = list(self._sources.get(topic, ()))
        if not keys:
            return []
        removed = tuple(self._drop(key) for key in keys)
        return [Announcement(topic, b"", (), removed)]

    def _unknown(self, ids: Sequence[str]) -> tuple[str, ...]:
        return tuple(one for one in ids if one not in self._ids)

    def _of(self, topic: str) -> tuple[Entity, ...]:
        return tuple(self._slots[key].entity for key in self._sources.get(topic, ()))

    # -- entities -----------------------------------------------------------------------------

    def _made(
        self, topic: str, component: c.ComponentConfig, config: Mapping[str, object], at: datetime
    ) -> Slot:
        entity = describe(component, config)
        taken = self._ids.get(entity.id, component.key)
        if taken != component.key:
            mark = hashlib.blake2b(" ".join(component.key).encode(), digest_size=3).hexdigest()
            entity = describe(component, config, suffix=mark)
        slot = Slot(entity, topic, component.key)
        if entity.used:
            equip(slot, config)
            if slot.expire_after is not None:
                slot.deadline = at + slot.expire_after
            topics = tuple(dict.fromkeys(topic for topic, _ in slot.readers))
            slot.entity = replace(entity, topics=topics)
        slot.entity = replace(slot.entity, owner=self._owner(topic, entity))
        return slot

    def _owner(self, topic: str, entity: Entity) -> str:
        """Name who announces: by its own identifiers, and by a topic that others may not write."""
        place = c.address(topic[len(self._prefix) : -len("/config")])
        tag = (place.node or place.object.partition("_")[0]) if place is not None else ""
        return f"{entity.device_id}@{tag}"[:300]

    def forget(self, owner: str) -> tuple[frozenset[str], tuple[str, ...]]:
        """Forget what an owner announced; return its topics and the ids of its entities."""
        keys = [key for key, slot in self._slots.items() if slot.entity.owner == owner]
        sources = frozenset(self._slots[key].source for key in keys)
        return sources, tuple(self._drop(key) for key in keys)

    def _installed(self, slot: Slot, others: dict[str, list[str]]) -> list[str]:
        """Put a slot in the place of what it replaces; return the ids that are gone by it.

        ``others`` gets what other discovery topics lose by it. Raises BadConfig when another
        topic, that is not migrating, announces the same entity.
        """
        rivals = {slot.key} & self._slots.keys()
        if slot.entity.unique_id is not None:
            same = self._unique.get((slot.entity.component, slot.entity.unique_id))
            rivals |= {same} if same is not None else set()
        for key in rivals:
            source = self._slots[key].source
            if source != slot.source and source not in self._migrating:
                raise c.BadConfig(
                    f"already announced on {source}; to move it, publish "
                    '{"migrate_discovery": true} there first',
                    "unique_id",
                )
            if source == slot.source and key != slot.key:
                raise c.BadConfig("another component has this unique_id", "unique_id")
        if not rivals and len(self._slots) >= MAX_ENTITIES:
            raise c.BadConfig(f"the hub keeps at most {MAX_ENTITIES} entities")
        # The same component under another platform replaces it.
        for key in [k for k in self._sources.get(slot.source, ()) if k[1] == slot.key[1]]:
            rivals.add(key)
        gone: list[str] = []
        for key in rivals:
            old = self._slots[key]
            if key[0] == slot.key[0]:
                slot.inherit(old)
            dropped = self._drop(key)
            (gone if old.source == slot.source else others.setdefault(old.source, [])).append(
                dropped
            )
        self._slots[slot.key] = slot
        self._ids[slot.entity.id] = slot.key
        if slot.entity.unique_id is not None:
            self._unique[slot.entity.component, slot.entity.unique_id] = slot.key
        self._sources.setdefault(slot.source, {})[slot.key] = None
        for topic, read in slot.readers:
            self._routes.setdefault(topic, []).append((slot.key, read))
        self._filters = None
        return gone

    def _drop_own(self, topic: str, key: Key) -> list[str]:
        return [self._drop(key)] if key in self._sources.get(topic, ()) else []

    def _drop(self, key: Key) -> str:
        slot = self._slots.pop(key)
        self._ids.pop(slot.entity.id, None)
        if slot.entity.unique_id is not None:
            self._unique.pop((slot.entity.component, slot.entity.unique_id), None)
        self._settled.discard(slot.source)
        own = self._sources[slot.source]
        del own[key]
        if not own:
            del self._sources[slot.source]
            self._payloads.pop(slot.source, None)
            self._migrating.discard(slot.source)
        for topic in {topic for topic, _ in slot.readers}:
            left = [route for route in self._routes[topic] if route[0] != key]
            if left:
                self._routes[topic] = left
            else:
                del self._routes[topic]
        self._filters = None
        return slot.entity.id
