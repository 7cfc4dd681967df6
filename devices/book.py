"""Every convention in one book: topics in, decoded items out, whoever speaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Protocol, runtime_checkable

from devices.types import Convention, Decoded, Entity, Item, Pending
from hub.domain.observations import EventReading, Reading, Rejected
from hub.ports import RenderFailure, TemplateRenderer

ROUNDS = 3
"""How often what a template yields may itself need a template."""

_NOTHING = Decoded(())


@runtime_checkable
class KnowsEntities(Protocol):
    """A convention that finds an entity without looking through all."""

    def entity(self, entity_id: str) -> Entity | None:
        """Return the entity with this id, None when there is none."""
        ...


@runtime_checkable
class Forgets(Protocol):
    """A convention that can forget what one device announced."""

    def forget(self, owner: str) -> tuple[frozenset[str], tuple[str, ...]]:
        """Forget an owner's entities; return the topics they were announced on, and their ids."""
        ...


@runtime_checkable
class KnowsDevices(Protocol):
    """A convention that can tell whose topic a topic is."""

    def device_of(self, topic: str) -> str | None:
        """Return the device's id, None when that is not known."""
        ...


class DeviceBook:
    """The conventions a household's devices speak. One thread decodes."""

    def __init__(self, conventions: Sequence[Convention]) -> None:
        """Ask the conventions in this order; their names must differ (ValueError)."""
        names = [convention.name for convention in conventions]
        if len(set(names)) != len(names):
            raise ValueError(f"two conventions have the same name: {', '.join(sorted(names))}")
        self._conventions = tuple(conventions)
        self._knowing = tuple(one for one in conventions if isinstance(one, KnowsDevices))
        self._finders = tuple(
            one.entity if isinstance(one, KnowsEntities) else partial(_found, one)
            for one in conventions
        )

    def filters(self) -> frozenset[str]:
        """Return every MQTT topic filter wanted now; it grows as devices announce themselves."""
        return frozenset[str]().union(*(one.filters() for one in self._conventions))

    def decode(
        self, topic: str, payload: bytes, received_at: datetime, retain: bool = False
    ) -> Decoded:
        """Read one message by every convention it is for. Never raises.

        What a retained message says holds still, but an event in it happened before and was told
        then (the broker sends it again at each reconnection), so its EventReadings are left out.
        """
        found: list[Decoded] = []
        for convention in self._conventions:
            try:
                if convention.handles(topic):
                    found.append(convention.decode(topic, payload, received_at))
            except Exception as error:
                # A convention's fault must cost this message only, whatever it is.
                reason = f"{convention.name} failed on it: {type(error).__name__}: {error}"
                found.append(Decoded((Rejected(reason[:300], topic),)))
        if not found:
            return _NOTHING
        decoded = found[0]
        if len(found) > 1:
            items = tuple(item for one in found for item in one.items)
            decoded = Decoded(items, next((one.key for one in found if one.key), None))
        return _without_events(decoded) if retain else decoded

    def entities(self) -> Sequence[Entity]:
        """Return every entity known."""
        return [entity for one in self._conventions for entity in one.entities()]

    def entity(self, entity_id: str) -> Entity | None:
        """Return the entity with this id, None when there is none."""
        for find in self._finders:
            entity = find(entity_id)
            if entity is not None:
                return entity
        return None

    def forget(self, owner: str) -> tuple[frozenset[str], tuple[str, ...]]:
        """Forget what ``Entity.owner`` announced; return topics and ids (``Forgets``)."""
        done = [one.forget(owner) for one in self._conventions if isinstance(one, Forgets)]
        topics = frozenset[str]().union(*(sources for sources, _ in done))
        return topics, tuple(name for _, names in done for name in names)

    def expire(self, now: datetime) -> Sequence[Reading]:
        """Return what became unavailable by silence up to ``now``."""
        return [reading for one in self._conventions for reading in one.expire(now)]

    def device_of(self, topic: str) -> str:
        """Name the device a topic belongs to, for rate limiting: its id, else two topic levels."""
        for convention in self._knowing:
            device = convention.device_of(topic)
            if device is not None:
                return device
        return "/".join(topic.split("/", 2)[:2])

    def resolve(self, decoded: Sequence[Decoded], renderer: TemplateRenderer) -> list[Decoded]:
        """Render what is pending in a batch, in one call, and put the results in its place.

        A message with nothing pending is returned as the same object.
        """
        batch = list(decoded)
        for _ in range(ROUNDS):
            waiting = [
                (place, item)
                for place, one in enumerate(batch)
                for item in one.items
                if isinstance(item, Pending)
            ]
            if not waiting:
                return batch
            results = renderer.render([item.job for _, item in waiting])
            answers = iter(results)
            for place in dict.fromkeys(place for place, _ in waiting):
                one = batch[place]
                items: list[Item] = []
                for item in one.items:
                    if isinstance(item, Pending):
                        items += _finished(item, next(answers))
                    else:
                        items.append(item)
                batch[place] = replace(one, items=tuple(items))
        return [_given_up(one) for one in batch]


def _found(convention: Convention, entity_id: str) -> Entity | None:
    return next((one for one in convention.entities() if one.id == entity_id), None)


def _lasting(items: Sequence[Item]) -> tuple[Item, ...]:
    def later(item: Pending) -> Pending:
        return replace(item, finish=lambda answer: _lasting(item.finish(answer)))

    return tuple(
        later(item) if isinstance(item, Pending) else item
        for item in items
        if not isinstance(item, EventReading)
    )


def _without_events(decoded: Decoded) -> Decoded:
    return replace(decoded, items=_lasting(decoded.items))


def _finished(item: Pending, answer: str | RenderFailure) -> Sequence[Item]:
    try:
        return item.finish(answer)
    except Exception as error:
        return (Rejected(f"a rendered template could not be read: {error}"[:300]),)


def _given_up(decoded: Decoded) -> Decoded:
    if not any(isinstance(item, Pending) for item in decoded.items):
        return decoded
    items = tuple(
        Rejected(f"templates within templates deeper than {ROUNDS}")
        if isinstance(item, Pending)
        else item
        for item in decoded.items
    )
    return replace(decoded, items=items)
