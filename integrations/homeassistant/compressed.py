"""Home Assistant's compressed states (websocket command ``subscribe_entities``), put together.

Source of the format: its websocket API's ``subscribe_entities``, as release 2024.3 sends it: ``a``
adds whole states, ``c`` changes them (``+`` sets, ``-`` removes attributes), ``r`` removes. In a
state ``s`` is the state, ``a`` the attributes, ``lc`` and ``lu`` when it changed and was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hub.domain.homeassistant import HomeState

MOST = 5000
"""Entities that are followed; more are passed over."""


class States:
    """The chosen entities as they are. One thread uses it."""

    def __init__(self, wanted: Callable[[str], bool]) -> None:
        """Follow what is ``wanted``, by name."""
        self._wanted = wanted
        self._chosen: dict[str, bool] = {}
        self._states: dict[str, HomeState] = {}
        self._whole = False

    def begin(self) -> None:
        """A new connection tells everything again; what it does not tell is gone."""
        self._whole = False

    def get(self, entity: str) -> HomeState | None:
        """Return an entity's state, None when there is none."""
        return self._states.get(entity)

    def apply(self, event: object) -> list[HomeState]:
        """Take one event in; return what changed by it. What cannot be read is passed over."""
        if not isinstance(event, Mapping):
            return []
        first, self._whole = not self._whole, True
        changed = [*self._added(_mapping(event.get("a")), first)]
        if first:
            told = _mapping(event.get("a"))
            changed += [self._gone(name) for name in list(self._states) if name not in told]
        changed += self._changed(_mapping(event.get("c")))
        removed = event.get("r")
        for name in removed if isinstance(removed, list) else ():
            if isinstance(name, str) and name in self._states:
                changed.append(self._gone(name))
        return changed

    def _choose(self, name: str) -> bool:
        chosen = self._chosen.get(name)
        if chosen is None:
            if len(self._chosen) > 20 * MOST:
                self._chosen.clear()
            chosen = self._chosen[name] = self._wanted(name)
        return chosen and (name in self._states or len(self._states) < MOST)

    def _added(self, added: Mapping[str, Any], first: bool) -> Iterator[HomeState]:
        for name, said in added.items():
            if not self._choose(name) or not isinstance(said, Mapping):
                continue
            state = said.get("s")
            if isinstance(state, str):
                attributes = _mapping(said.get("a"))
                yield self._put(HomeState(name, state, attributes, _at(said, 0.0), first))

    def _changed(self, changed: Mapping[str, Any]) -> Iterator[HomeState]:
        for name, said in changed.items():
            known = self._states.get(name)
            if known is None or not isinstance(said, Mapping):
                continue
            more, less = _mapping(said.get("+")), _mapping(said.get("-"))
            attributes = {**known.attributes, **_mapping(more.get("a"))}
            dropped = less.get("a")
            for attribute in dropped if isinstance(dropped, list) else ():
                attributes.pop(attribute, None)
            state = more.get("s", known.state)
            if isinstance(state, str):
                yield self._put(HomeState(name, state, attributes, _at(more, known.at)))

    def _put(self, state: HomeState) -> HomeState:
        self._states[state.entity] = state
        return state

    def _gone(self, name: str) -> HomeState:
        del self._states[name]
        return HomeState(name, None)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _at(said: Mapping[str, Any], known: float) -> float:
    at = said.get("lu", said.get("lc", known))
    return float(at) if isinstance(at, int | float) else known
