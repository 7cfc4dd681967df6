"""Pages name things as the household does, in the language of whoever reads."""

from __future__ import annotations

import html

from hub.web.backend import EntityView
from hub.web.i18n import translations
from hub.web.names import Names, full_name, plain
from hub.web.rulewords import waits_for
from tests.web.conftest import Client
from tests.web.fake_backend import FakeBackend

DOOR = "when: {state: {entity: binary_sensor.fridge_door, is: 'on', for: 5m}}"
RULE = f"{{id: door, name: Door, {DOOR}, propose: {{kind: notify, title: Open!}}}}"


def entity(name: str, device: str = "") -> EntityView:
    found = "binary_sensor.fridge_door"
    return EntityView(found, name, "binary_sensor", device, "x", None, "", True, None, True)


def test_an_entity_is_called_with_its_device_and_never_by_its_id() -> None:
    assert full_name(entity("Door", "Fridge")) == "Fridge Door"
    assert full_name(entity("Fridge door", "Fridge")) == "Fridge door"
    assert full_name(entity("Door")) == "Door"
    assert full_name(entity("", "Fridge")) == "Fridge"
    assert full_name(entity("")) == plain("binary_sensor.fridge_door") == "fridge door"
    assert plain("oat_milk") == "oat_milk"


def test_what_a_rule_waits_for_is_said_with_names_and_translated() -> None:
    english = waits_for(RULE, str)
    assert english == "fridge door is on, without a break for 5 min"
    chinese = waits_for(
        RULE, translations("zh").gettext, lambda name: {"binary_sensor.fridge_door": "门"}[name]
    )
    assert "门" in chinese
    assert "is on" not in chinese
    assert waits_for("[", str) == waits_for("id: 1", str) == ""


def test_names_are_looked_up_once(backend: FakeBackend) -> None:
    called = Names(backend)
    assert [called(row.item.id) for row in backend.pantry()] == [
        row.item.name for row in backend.pantry()
    ]
    assert called("ada") == "Ada"
    assert called("nobody_knows") == "nobody_knows"


async def test_lists_of_rules_are_in_the_language_of_the_reader(member: Client) -> None:
    page = html.unescape(await (await member.get("/rules", Accept_Language="zh-CN")).text())
    assert "falls below" not in page
    assert "任何" in page
