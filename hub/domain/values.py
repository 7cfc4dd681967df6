"""``dataclass`` as the standard library has it, at about half of what a class costs in memory.

For each frozen class the library makes three functions anew that are alike for all of them: 7 KiB a
class, 2 MiB for the hub's, which a Pi holds as long as the hub runs. Here the classes share them
(docs/decisions/0012-shared-methods.md). Type checkers are shown the library's own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, NoReturn, cast

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls: type | None = None, /, **options: bool) -> Any:
        """Make a dataclass of a class; ``options`` are those of ``dataclasses.dataclass``."""
        made = _sharing(options)
        return made if cls is None else made(cls)


def _sharing(options: dict[str, bool]) -> Callable[[type], type]:
    def made(cls: type) -> type:
        shown = options.get("repr", True) and "__repr__" not in vars(cls)
        whole: Any = dataclasses.dataclass(**options)(cls)
        if shown:
            whole.__repr__ = _shown
        if options.get("frozen"):
            whole.__setattr__, whole.__delattr__ = _not_set, _not_deleted
        return cast(type, whole)

    return made


@recursive_repr()
def _shown(self: Any) -> str:
    told = (
        f"{one.name}={getattr(self, one.name)!r}" for one in dataclasses.fields(self) if one.repr
    )
    return f"{type(self).__qualname__}({', '.join(told)})"


def _not_set(self: object, name: str, value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _not_deleted(self: object, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
