"""A button in the Home Assistant app is known again by its name, and only by this household."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hub.app.buttons import pressed, token_for
from hub.domain.homeassistant import action_id
from hub.domain.suggestions import VERBS, Suggestion
from hub.domain.tokens import sign

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
SECRET = b"s" * 32
ASKED = Suggestion(
    id="one",
    key="meal:x",
    kind="social_meal",
    rule_id="meal",
    rule_version="1",
    rule_text="",
    subject="x",
    title="Eat together?",
    body="",
    state="proposed",
    version=3,
    because=(),
    options=(),
    ask=("ada", "ben"),
    created_at=NOON,
    deadline=NOON + timedelta(hours=2),
)


def name(suggestion: Suggestion, member: str, verb: str, secret: bytes = SECRET) -> str:
    return action_id(sign(token_for(suggestion, member, verb), secret))  # type: ignore[arg-type]


def test_each_button_is_found_again_also_an_earlier_versions() -> None:
    for version in (1, 2, 3):
        shown = replace(ASKED, version=version)
        for member in ASKED.ask:
            for verb in VERBS:
                token = pressed(name(shown, member, verb), [ASKED], ASKED.ask, SECRET)
                assert token == token_for(shown, member, verb)


def test_nobody_else_can_name_one() -> None:
    assert pressed(name(ASKED, "ada", "approve", b"x" * 32), [ASKED], ["ada"], SECRET) is None
    assert pressed(name(ASKED, "ben", "approve"), [ASKED], ["ada"], SECRET) is None
    assert pressed("COMMONHEARTH_", [ASKED], ["ada"], SECRET) is None
