"""Names for what can be plugged in: conventions of devices, and integrations too.

Third parties add theirs by entry points of the groups ``commonhearth.devices`` and
``commonhearth.integrations``; what they name is a factory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

T = TypeVar("T")

DEVICES = "commonhearth.devices"
INTEGRATIONS = "commonhearth.integrations"


class Duplicate(Exception):
    """Two things want one name; nothing was changed."""


class Unknown(LookupError):
    """Nothing is registered under this name."""


class Registry(Generic[T]):
    """Factories by name. A name is given once; entry points are imported when first asked for."""

    def __init__(self, kind: str) -> None:
        """``kind`` says what is registered, for messages: ``convention``, ``integration``."""
        self._kind = kind
        self._factories: dict[str, Callable[..., T]] = {}
        self._points: dict[str, EntryPoint] = {}

    def add(self, name: str, factory: Callable[..., T]) -> None:
        """Register a factory. Raises Duplicate when the name is taken."""
        self._refuse_taken(name)
        self._factories[name] = factory

    def add_entry_points(self, group: str, points: Iterable[EntryPoint] | None = None) -> None:
        """Register what installed packages offer in a group, without importing it yet.

        Raises Duplicate when a name is taken.
        """
        for point in entry_points(group=group) if points is None else points:
            self._refuse_taken(point.name)
            self._points[point.name] = point

    def get(self, name: str) -> Callable[..., T]:
        """Return the factory of this name. Raises Unknown, or what importing it raises."""
        if name in self._points:
            self._factories[name] = self._points.pop(name).load()
        try:
            return self._factories[name]
        except KeyError:
            known = ", ".join(self) or "nothing"
            raise Unknown(f"no {self._kind} is called {name!r}; there is {known}") from None

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, sorted."""
        return iter(sorted([*self._factories, *self._points]))

    def __contains__(self, name: object) -> bool:
        """Tell whether a name is taken."""
        return name in self._factories or name in self._points

    def _refuse_taken(self, name: str) -> None:
        if name in self:
            raise Duplicate(f"a second {self._kind} wants to be called {name!r}")
