"""A community's set of rules as it is published: the manifest with the files in it (pure).

It is a JSON text that travels under a signature of its publisher (``integrations.rulesets``), so
whatever it says is said under that key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from hub.domain.rulesets import BIGGEST, SEMVER, SET_ID, SetError

MOST_FILES = 20
MOST_LINES = 1500
"""Lines of all files together: comparing costs more than reading."""
FORMAT: Literal["commonhearth-rules/1"] = "commonhearth-rules/1"
FILE_NAME = r"[a-z0-9][a-z0-9_-]{0,60}\.yaml"
Language = Literal["en", "zh"]
Kind = Literal["item", "entity", "member", "number", "time", "duration", "word"]

_VALUES: Mapping[str, re.Pattern[str]] = {
    "item": re.compile(r"[a-z][a-z0-9_-]{0,63}"),
    "entity": re.compile(r"[a-z_]{1,60}\.[a-z0-9_]{1,190}"),
    "member": re.compile(r"[a-z][a-z0-9_-]{0,31}"),
    "number": re.compile(r"-?(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,6})?"),
    "time": re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"),
    "duration": re.compile(r"(?:[0-9]{1,4}d)?(?:[0-9]{1,4}h)?(?:[0-9]{1,5}m)?(?:[0-9]{1,6}s)?"),
    "word": re.compile(r"\w[\w .()-]{0,59}"),
}
_EXPECTED = {
    "item": "the id of a pantry item, such as milk",
    "entity": "an entity's id, such as sensor.freezer",
    "member": "a member's id",
    "number": "a number, such as 1.5",
    "time": "a time of day, such as 18:00",
    "duration": "a duration, such as 30m or 4h",
    "word": "a few words without quotes and colons",
}
_BLANK = re.compile(r"\$\{([^}\n]*)\}")
_NAMED = re.compile(r"[a-z][a-z0-9_]{0,39}")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


Short = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Long = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
FileName = Annotated[str, StringConstraints(pattern=f"^{FILE_NAME}$")]
Version = Annotated[str, StringConstraints(pattern=f"^{SEMVER.pattern}$", max_length=80)]


class Parameter(_Part):
    """What a household has to say for itself: it takes the place of ``${name}`` in the files."""

    kind: Kind
    title: dict[Language, Short] = Field(min_length=1)
    default: str | None = Field(default=None, max_length=255)


class Change(_Part):
    """What is new in a version."""

    version: Version
    text: dict[Language, Long] = Field(min_length=1)


class Manifest(_Part):
    """What a publisher writes in ``set.yaml``: all but the files."""

    id: Annotated[str, StringConstraints(pattern=f"^{SET_ID}$")]
    version: Version
    title: dict[Language, Short] = Field(min_length=1)
    publisher: Short
    licence: Short
    description: dict[Language, Long] = Field(min_length=1)
    parameters: dict[
        Annotated[str, StringConstraints(pattern=f"^{_NAMED.pattern}$")], Parameter
    ] = Field(default_factory=dict, max_length=20)
    changes: tuple[Change, ...] = Field(default=(), max_length=50)


class Published(Manifest):
    """A set as it is published."""

    format: Literal["commonhearth-rules/1"] = FORMAT
    files: dict[FileName, Annotated[str, StringConstraints(max_length=BIGGEST)]] = Field(
        min_length=1, max_length=MOST_FILES
    )


def read_published(text: str | bytes) -> Published:
    """Return what a set says. SetError names the field that is wrong.

    ``${name}`` may stand for a parameter in a file, and each parameter's default has to be one.
    """
    if len(text) > BIGGEST:
        raise SetError(f"a set of rules has at most {BIGGEST // 1024} KiB")
    try:
        found = Published.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part)[:60] for part in first["loc"]) or "the set"
        raise SetError(f"{where}: {first['msg']}") from None
    except RecursionError:
        raise SetError("it is nested too deeply") from None
    for name, parameter in found.parameters.items():
        if parameter.default is not None:
            checked(name, parameter, parameter.default)
    if sum(file.count("\n") + 1 for file in found.files.values()) > MOST_LINES:
        raise SetError(f"files: a set of rules has at most {MOST_LINES} lines")
    for name, file in found.files.items():
        for blank in _BLANK.findall(file):
            if blank not in found.parameters:
                raise SetError(f"files.{name}: ${{{blank[:60]}}} is none of the parameters")
    return found


def checked(name: str, parameter: Parameter, value: str) -> str:
    """Return a parameter's value; SetError where it is none of its kind."""
    if not value or not _VALUES[parameter.kind].fullmatch(value):
        raise SetError(f"{name}: expected {_EXPECTED[parameter.kind]}, got {value[:60]!r}")
    return value


def filled(published: Published, values: Mapping[str, str]) -> dict[str, str]:
    """Return the files with what the household says for the parameters; SetError for a wrong one.

    A value can hold no sign that means anything in YAML, wherever it is put.
    """
    unknown = sorted(set(values) - set(published.parameters))
    if unknown:
        raise SetError(f"{unknown[0][:60]}: the set has no such parameter")
    said: dict[str, str] = {}
    for name, parameter in published.parameters.items():
        value = values.get(name, "").strip() or parameter.default
        if value is None:
            raise SetError(f"{name}: expected {_EXPECTED[parameter.kind]}")
        said[name] = checked(name, parameter, value)
    return {
        name: _BLANK.sub(lambda blank: said[blank[1]], text)
        for name, text in sorted(published.files.items())
    }
