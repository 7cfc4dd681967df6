"""A class made here is like one the standard library makes, but for what the classes share."""

import copy
import dataclasses
import pickle
from dataclasses import FrozenInstanceError, field, replace
from typing import Any

import pytest

from hub.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Ours:
    a: int
    b: tuple[object, ...] = ()
    c: str = field(default="x", repr=False, compare=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Theirs:
    a: int
    b: tuple[object, ...] = ()
    c: str = field(default="x", repr=False, compare=False)


@dataclass(slots=True)
class Open:
    a: list[Any]


@dataclass(frozen=True, slots=True)
class Own:
    a: int

    def __repr__(self) -> str:
        return f"own {self.a}"


def test_it_is_shown_compared_and_hashed_as_theirs() -> None:
    ours, theirs = Ours(1, ("y", None), "secret"), Theirs(1, ("y", None), "secret")
    assert repr(ours) == repr(theirs).replace("Theirs", "Ours")
    assert hash(ours) == hash(theirs)
    assert ours == Ours(1, ("y", None), "other")
    assert ours != Ours(2, ("y", None), "secret")
    assert ours != theirs


def test_it_is_replaced_copied_and_kept_as_theirs() -> None:
    ours = Ours(1)
    assert replace(ours, a=2) == Ours(2)
    assert copy.deepcopy(ours) == ours
    assert pickle.loads(pickle.dumps(ours)) == ours
    assert dataclasses.asdict(ours) == dataclasses.asdict(Theirs(1))
    assert not hasattr(ours, "__dict__")


@pytest.mark.parametrize("name", ["a", "unknown"])
def test_nothing_is_set_or_deleted(name: str) -> None:
    ours = Ours(1)
    with pytest.raises(FrozenInstanceError, match=f"cannot assign to field '{name}'"):
        setattr(ours, name, 2)
    with pytest.raises(FrozenInstanceError, match=f"cannot delete field '{name}'"):
        delattr(ours, name)
    assert ours == Ours(1)


def test_the_functions_are_shared() -> None:
    for name in ("__setattr__", "__delattr__", "__repr__"):
        assert getattr(Ours, name) is getattr(Own if name != "__repr__" else Open, name)


def test_a_class_keeps_its_own_words() -> None:
    assert repr(Own(3)) == "own 3"


def test_one_that_is_not_frozen_is_changed_and_may_hold_itself() -> None:
    one = Open([])
    one.a.append(one)
    assert repr(one) == "Open(a=[...])"
    one.a = [1]
    assert one == Open([1])
