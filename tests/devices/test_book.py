"""The book asks every convention, survives each of them, and renders a batch in one call."""

from datetime import UTC, datetime

import pytest

from devices.book import DeviceBook
from devices.homeassistant import HomeAssistantDiscovery
from devices.types import Decoded, Entity, Pending
from hub.domain.observations import EventReading, Rejected, StateReading
from hub.ports import RenderFailure, RenderJob

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Echo:
    """A convention that reads everything below its own name."""

    def __init__(self, name, items=(), key=None, fails=False):
        self.name, self.items, self.key, self.fails = name, tuple(items), key, fails

    def filters(self):
        return frozenset({f"{self.name}/#"})

    def handles(self, topic):
        return topic.startswith(("shared/", f"{self.name}/"))

    def decode(self, topic, payload, received_at):
        if self.fails:
            raise RuntimeError("broken\nmodule")
        return Decoded(self.items, self.key)

    def entities(self):
        return [Entity(id=f"sensor.{self.name}", component="sensor", name=self.name)]

    def expire(self, now):
        return []


class Renderer:
    """Upper-cases templates; counts how often it is asked."""

    def __init__(self):
        self.batches = []

    def render(self, jobs):
        self.batches.append(list(jobs))
        return [
            RenderFailure("limit: memory") if job.template == "bad" else job.template.upper()
            for job in jobs
        ]


def pending(template, finish=None):
    def done(text):
        if isinstance(text, RenderFailure):
            return [Rejected(text.reason)]
        return [StateReading("sensor.x", text)]

    return Pending(RenderJob(template, ""), finish or done)


def test_an_unknown_topic_yields_nothing():
    assert DeviceBook([Echo("a")]).decode("elsewhere", b"", NOW) == Decoded(())


def test_every_convention_of_a_topic_is_heard():
    book = DeviceBook([Echo("a", [StateReading("x", 1)]), Echo("b", [StateReading("y", 2)], "k")])
    assert book.filters() == {"a/#", "b/#"}
    assert book.decode("a/1", b"", NOW).items == (StateReading("x", 1),)
    both = book.decode("shared/1", b"", NOW)
    assert both == Decoded((StateReading("x", 1), StateReading("y", 2)), "k")


def test_a_convention_that_raises_costs_only_itself():
    book = DeviceBook([Echo("a", fails=True), Echo("b", [StateReading("y", 2)])])
    rejected, reading = book.decode("shared/1", b"", NOW).items
    assert isinstance(rejected, Rejected)
    assert "a failed on it: RuntimeError" in rejected.reason
    assert reading == StateReading("y", 2)


def test_two_conventions_of_one_name_are_refused():
    with pytest.raises(ValueError, match="same name"):
        DeviceBook([Echo("a"), Echo("a")])


def test_a_retained_event_happened_before():
    book = DeviceBook(
        [Echo("a", [EventReading("event.b", "press"), StateReading("x", 1), pending("ring")])]
    )
    assert len(book.decode("a/1", b"", NOW).items) == 3
    kept = book.decode("a/1", b"", NOW, retain=True)
    assert kept.items[0] == StateReading("x", 1)
    later = DeviceBook([Echo("a", [pending("r", lambda text: [EventReading("event.b", text)])])])
    (resolved,) = later.resolve([later.decode("a/1", b"", NOW, retain=True)], Renderer())
    assert resolved.items == ()


def test_entities_are_found_by_id():
    discovery = HomeAssistantDiscovery()
    book = DeviceBook([Echo("a"), discovery])
    book.decode("homeassistant/sensor/t/config", b'{"stat_t": "t"}', NOW)
    assert book.entity("sensor.a").name == "a"
    assert book.entity("sensor.t").topics == ("t",)
    assert book.entity("sensor.none") is None
    assert [entity.id for entity in book.entities()] == ["sensor.a", "sensor.t"]


def test_whose_topic_it_is():
    discovery = HomeAssistantDiscovery()
    book = DeviceBook([discovery])
    config = b'{"stat_t": "far/away/t", "dev": {"ids": "d1"}}'
    book.decode("homeassistant/sensor/t/config", config, NOW)
    assert book.device_of("far/away/t") == "d1"
    assert book.device_of("commonhearth/v1/scale/stock") == "commonhearth/v1"
    assert book.device_of("alone") == "alone"


def test_what_is_not_pending_is_left_alone():
    book, renderer = DeviceBook([]), Renderer()
    batch = [Decoded((StateReading("x", 1),), "k"), Decoded(())]
    resolved = book.resolve(batch, renderer)
    assert all(one is two for one, two in zip(resolved, batch, strict=True))
    assert renderer.batches == []


def test_a_batch_is_rendered_in_one_call_and_keeps_its_order():
    book, renderer = DeviceBook([]), Renderer()
    untouched = Decoded((StateReading("x", 1),))
    batch = [
        Decoded((StateReading("a", 1), pending("one"), StateReading("b", 2)), "k"),
        untouched,
        Decoded((pending("bad"), pending("two"))),
    ]
    first, second, third = book.resolve(batch, renderer)
    assert [len(jobs) for jobs in renderer.batches] == [3]
    assert first == Decoded(
        (StateReading("a", 1), StateReading("sensor.x", "ONE"), StateReading("b", 2)), "k"
    )
    assert second is untouched
    assert third.items == (Rejected("limit: memory"), StateReading("sensor.x", "TWO"))


def test_templates_within_templates_end():
    def again(text):
        return [pending("deeper", again)]

    renderer = Renderer()
    (resolved,) = DeviceBook([]).resolve([Decoded((pending("deep", again),))], renderer)
    assert len(renderer.batches) == 3
    assert resolved.items == (Rejected("templates within templates deeper than 3"),)


def test_two_rounds_are_enough_for_two():
    outer = pending("outer", lambda text: [pending("inner")])
    (resolved,) = DeviceBook([]).resolve([Decoded((outer,))], Renderer())
    assert resolved.items == (StateReading("sensor.x", "INNER"),)


def test_a_finish_that_raises_is_a_rejection():
    def broken(text):
        raise KeyError("x")

    (resolved,) = DeviceBook([]).resolve([Decoded((pending("a", broken),))], Renderer())
    assert isinstance(resolved.items[0], Rejected)
