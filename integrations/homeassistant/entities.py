"""The hub's own entities in Home Assistant, as messages of MQTT discovery: pure.

Source of the format: Home Assistant's documentation of MQTT discovery and of its ``sensor.mqtt``,
``button.mqtt`` and ``event.mqtt`` pages. Each entity has a discovery topic of its own, which
releases before 2024.12 understand, too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime

from hub.domain.homeassistant import OWN
from hub.domain.values import dataclass

ONLINE, OFFLINE = b"online", b"offline"
EVENTS = (
    "proposed",
    "approved",
    "declined",
    "later",
    "refused",
    "expired",
    "superseded",
    "carried_out",
    "failed",
)
"""What the event entity may say: how a suggestion moved, and that an answer was refused."""
MOST_LISTED = 10


@dataclass(frozen=True, slots=True)
class Pending:
    """A suggestion that waits: ``what`` says it in facts, ``approve`` and ``decline`` are what its
    buttons send, "" where that may not be done by a button."""

    what: Mapping[str, object]
    approve: str = ""
    decline: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """How much there is of a pantry item; ``quantity`` None: not known."""

    item: str
    name: str
    unit: str
    quantity: float | None
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What comes next: when, and what is known of it."""

    start: datetime
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shown:
    """All that is shown. ``pending`` is in order, the newest first; ``page`` is where the pages
    are, "" where that is not known; ``buttons``: there are some."""

    pending: Sequence[Pending] = ()
    levels: Sequence[Level] = ()
    delivery: Delivery | None = None
    buttons: bool = False
    page: str = ""


class Entities:
    """The topics of one hub at one broker, and what is published on them."""

    def __init__(self, short: str, *, prefix: str) -> None:
        """``short`` tells one hub from another; ``prefix`` is that of discovery."""
        self._node = OWN + short
        self._prefix = prefix.rstrip("/")
        self._base = f"commonhearth/hub/{short}"
        self._device: dict[str, object] = {
            "identifiers": [self._node],
            "name": "Commonhearth",
            "manufacturer": "Commonhearth",
        }
        self._origin = {"name": "Commonhearth"}

    @property
    def status(self) -> str:
        """Return the topic on which the hub says that it is there."""
        return f"{self._base}/status"

    @property
    def press(self) -> str:
        """Return the topic on which Home Assistant says that a button was pressed."""
        return f"{self._base}/press"

    @property
    def events(self) -> str:
        """Return the topic of the event entity."""
        return f"{self._base}/event"

    def retained(self, shown: Shown) -> dict[str, bytes]:
        """Return every retained message by its topic, descriptions first."""
        newest = shown.pending[0] if shown.pending else None
        if shown.page:
            self._device["configuration_url"] = shown.page
        configs = {
            "sensor/suggestions": self._suggestions(),
            "sensor/delivery": self._delivery(),
            "event/suggestion": self._event(),
            **{f"sensor/pantry_{one.item}": self._level(one) for one in shown.levels},
        }
        if shown.buttons:
            configs["button/approve"] = self._button("approve", newest.approve if newest else "")
            configs["button/decline"] = self._button("decline", newest.decline if newest else "")
        told: dict[str, bytes] = {
            self._config(place): _json(config) for place, config in configs.items()
        }
        told[f"{self._base}/suggestions"] = _json(_listed(shown.pending))
        told[f"{self._base}/delivery"] = _json(_coming(shown.delivery))
        for one in shown.levels:
            told[f"{self._base}/pantry/{one.item}"] = _json(
                {"quantity": one.quantity, "facts": dict(one.facts)}
            )
        if shown.buttons:
            for verb in ("approve", "decline"):
                can = newest is not None and bool(getattr(newest, verb))
                told[self._can(verb)] = ONLINE if can else OFFLINE
        return told

    def event(self, kind: str, facts: Mapping[str, object]) -> bytes:
        """Return what is published when a suggestion moved (``EVENTS``)."""
        return _json({"event_type": kind, **facts})

    # -- descriptions -------------------------------------------------------------------------

    def _config(self, place: str) -> str:
        component, _, name = place.partition("/")
        return f"{self._prefix}/{component}/{self._node}/{name}/config"

    def _common(self, name: str, title: str) -> dict[str, object]:
        return {
            "unique_id": f"{self._node}_{name}",
            "name": title,
            "device": self._device,
            "origin": self._origin,
            "availability": [{"topic": self.status}],
            "qos": 1,
        }

    def _told(self, topic: str, value: str, facts: str) -> dict[str, object]:
        where = f"{self._base}/{topic}"
        return {
            "state_topic": where,
            "value_template": f"{{{{ value_json.{value} }}}}",
            "json_attributes_topic": where,
            "json_attributes_template": f"{{{{ value_json.{facts} | tojson }}}}",
        }

    def _suggestions(self) -> dict[str, object]:
        return {
            **self._common("suggestions", "Suggestions"),
            **self._told("suggestions", "count", "facts"),
            "icon": "mdi:lightbulb-on-outline",
            "state_class": "measurement",
        }

    def _delivery(self) -> dict[str, object]:
        return {
            **self._common("delivery", "Next delivery"),
            **self._told("delivery", "start", "facts"),
            "device_class": "timestamp",
            "icon": "mdi:truck-delivery-outline",
        }

    def _level(self, level: Level) -> dict[str, object]:
        return {
            **self._common(f"pantry_{level.item}", level.name),
            **self._told(f"pantry/{level.item}", "quantity", "facts"),
            "unit_of_measurement": level.unit,
            "state_class": "measurement",
            "icon": "mdi:fridge-outline",
        }

    def _event(self) -> dict[str, object]:
        return {
            **self._common("suggestion", "Suggestion"),
            "state_topic": self.events,
            "event_types": list(EVENTS),
            "icon": "mdi:lightbulb-on-outline",
        }

    def _button(self, verb: str, payload: str) -> dict[str, object]:
        common = self._common(verb, verb.capitalize())
        return {
            **common,
            "availability": [{"topic": self.status}, {"topic": self._can(verb)}],
            "availability_mode": "all",
            "command_topic": self.press,
            # Which version of which suggestion is meant: what is pressed late decides nothing else.
            "payload_press": payload or "nothing",
            "json_attributes_topic": f"{self._base}/suggestions",
            "json_attributes_template": "{{ value_json.facts | tojson }}",
            "icon": "mdi:check" if verb == "approve" else "mdi:close",
        }

    def _can(self, verb: str) -> str:
        return f"{self._base}/{verb}"


def _listed(pending: Sequence[Pending]) -> dict[str, object]:
    titles = [one.what.get("title", "") for one in pending[:MOST_LISTED]]
    newest = dict(pending[0].what) if pending else {}
    return {"count": len(pending), "facts": {**newest, "waiting": titles}}


def _coming(delivery: Delivery | None) -> dict[str, object]:
    if delivery is None:
        return {"start": None, "facts": {}}
    return {"start": delivery.start.isoformat(), "facts": dict(delivery.facts)}


def _json(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
