"""Rule sets in memory: one that is adopted, and its newer version to look at."""

from __future__ import annotations

from datetime import UTC, datetime

from hub.domain.merging import difference
from hub.domain.rulesets import SetError
from hub.web.rulesets import (
    Alert,
    Conflict,
    FileChange,
    ParameterView,
    Preview,
    RuleChange,
    SetView,
    Wanted,
)

KEY = "76d6 321d 957a 8472 e3be f255 ea2d c3c2 8f33 8f04"
DIGEST = "d" * 64
RULE = (
    "id: elm-street.freezer\nname: Freezer\nwhen:\n  state: {entity: sensor.freezer, above: -12}\n"
    "propose: {kind: notify}"
)


class FakeRuleSets:
    def __init__(self) -> None:
        self.done: list[tuple[object, ...]] = []

    def sets(self) -> list[SetView]:
        at = datetime(2026, 11, 20, tzinfo=UTC)
        return [SetView("elm-street", "1.0.0", KEY, "https://elm.example/x", at, "1.1.0", "")]

    async def fetch(self, url: str) -> str:
        if not url.startswith("https:"):
            raise SetError("expected https://…")
        return DIGEST

    async def newer(self, set_id: str) -> str:
        return DIGEST

    def take(self, document: bytes) -> str:
        if document != b"signed":
            raise SetError("this is no signed set of rules")
        return DIGEST

    async def preview(self, digest: str, wanted: Wanted) -> Preview:
        if digest != DIGEST:
            raise KeyError(digest)
        choice = wanted.choices.get("cold.yaml:0")
        return Preview(
            "elm-street",
            DIGEST,
            "1.1.0",
            "1.0.0",
            {"en": "What Elm Street looks after", "zh": "榆树街"},
            "Elm Street neighbours",
            "CC0-1.0",
            {"en": "A freezer that thaws."},
            [("1.1.0", {"en": "Colder."})],
            KEY,
            True,
            "https://elm.example/x",
            [ParameterView("freezer", "entity", {"en": "The thermometer"}, "sensor.freezer")],
            [FileChange("cold.yaml", difference("a\nb\n", "a\nc\n"), True)],
            [RuleChange("elm-street.freezer", "changed", RULE, RULE)],
            [Alert("night", "elm-street.freezer"), Alert("alone", "elm-street.milk", "20 EUR")],
            [Conflict("cold.yaml:0", "cold.yaml", "mine", "theirs", choice)],
            stamp="stamp" if choice else "",
        )

    async def agree_to(
        self, digest: str, wanted: Wanted, stamp: str, *, member: str, via: str
    ) -> None:
        if stamp != "stamp":
            raise SetError("what would change is not what was looked at; look again")
        self.done.append(("agreed", digest, wanted, member))

    async def drop(self, set_id: str, *, member: str, via: str) -> tuple[str, ...]:
        self.done.append(("dropped", set_id, member))
        return ()
