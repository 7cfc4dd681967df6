"""One name, one thing."""

from importlib.metadata import EntryPoint

import pytest

from devices.registry import DEVICES, Duplicate, Registry, Unknown


def test_a_factory_is_found_by_name():
    registry = Registry[list]("convention")
    registry.add("a", list)
    assert registry.get("a")((1, 2)) == [1, 2]
    assert list(registry) == ["a"]
    assert "a" in registry


def test_a_second_of_the_same_name_is_refused():
    registry = Registry[object]("convention")
    registry.add("a", dict)
    with pytest.raises(Duplicate, match="a second convention wants to be called 'a'"):
        registry.add("a", list)
    with pytest.raises(Duplicate):
        registry.add_entry_points(DEVICES, [EntryPoint("a", "json:loads", DEVICES)])
    assert registry.get("a") is dict


def test_an_unknown_name_tells_the_known_ones():
    registry = Registry[object]("integration")
    with pytest.raises(Unknown, match="there is nothing"):
        registry.get("x")
    registry.add("ntfy", dict)
    with pytest.raises(Unknown, match="no integration is called 'x'; there is ntfy"):
        registry.get("x")


def test_entry_points_are_imported_when_asked_for():
    registry = Registry[object]("convention")
    points = [
        EntryPoint("good", "json:loads", DEVICES),
        EntryPoint("bad", "no_such_module:thing", DEVICES),
    ]
    registry.add_entry_points(DEVICES, points)
    assert list(registry) == ["bad", "good"]
    assert registry.get("good")("[1]") == [1]
    with pytest.raises(ImportError):
        registry.get("bad")


def test_what_is_installed_is_looked_through():
    registry = Registry[object]("convention")
    registry.add_entry_points("commonhearth.none-of-this-name")
    assert list(registry) == []
