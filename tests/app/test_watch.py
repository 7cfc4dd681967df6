"""A changed file is picked up without a restart; what is wrong costs itself and nothing else."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime

import pytest

from hub.store.access import Access
from tests.app.conftest import MILK_LOW, Bench

EVENING = {
    "id": "evening",
    "name": "Evening",
    "when": {"cron": "30 18 * * *"},
    "propose": {"kind": "notify", "title": "Evening"},
    "quiet_hours": "off",
}


async def test_nothing_changed_nothing_is_read(bench: Bench) -> None:
    rules = bench.home.rules
    await bench.look()
    assert bench.home.rules is rules
    assert bench.views.ledger(limit=10) == []


async def test_a_changed_rule_is_in_force_at_once(bench: Bench) -> None:
    assert bench.milk_is_low() == [("ada", "Milk!")]
    bench.rules([{**MILK_LOW, "propose": {"kind": "notify", "title": "Buy milk"}}])
    await bench.look()
    assert bench.milk_is_low() == [("ada", "Buy milk")]


async def test_a_rule_file_comes_and_goes(bench: Bench) -> None:
    file = bench.rules([EVENING], "evening.yaml")
    await bench.look()
    assert bench.ids() == ["evening", "milk_low"]
    file.unlink()
    await bench.look()
    assert bench.ids() == ["milk_low"]
    assert bench.milk_is_low() == [("ada", "Milk!")]


async def test_who_is_taken_out_leaves_nothing_that_lets_the_next_of_that_id_in(
    bench: Bench,
) -> None:
    access = Access(bench.writer._engine)
    now = bench.clock.now()
    file = bench.folder / "hub.yaml"
    alone = json.loads(file.read_text())
    both = {**alone, "members": [*alone["members"], {"id": "ben", "name": "Ben"}]}
    file.write_text(json.dumps(both))
    await bench.look()
    theirs, ours = (access.create_session(who, now)[0] for who in ("ben", "ada"))
    feed, code = access.create_feed("ben", now), access.create_code("ben", now)
    bench.rules([EVENING], "evening.yaml")
    await bench.look()
    assert access.session(theirs, now) is not None, "another change takes nothing"
    file.write_text(json.dumps(alone))
    await bench.look()
    file.write_text(json.dumps(both))
    await bench.look()
    assert access.session(theirs, now) is None
    assert access.feed(feed) is None
    assert access.take_code(code, now) is None
    assert access.session(ours, now) is not None


async def test_a_faulty_rule_is_told_with_its_place_and_the_others_work(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.write("rules/bad.yaml", "rules:\n  - id: bad\n    name: Bad\n    when: {never: 1}\n")
    await bench.look()
    assert bench.ids() == ["milk_low"]
    assert bench.milk_is_low() == [("ada", "Milk!")]
    assert {one.file for one in bench.watch.problems} == {str(bench.folder / "rules" / "bad.yaml")}
    assert f"{bench.folder / 'rules' / 'bad.yaml'}:4:" in caplog.text
    (bench.folder / "rules" / "bad.yaml").unlink()
    await bench.look()
    assert bench.watch.problems == ()


async def test_cron_times_are_set_anew(bench: Bench) -> None:
    bench.begin()
    assert bench.cron() == {}
    bench.rules([MILK_LOW, EVENING])
    await bench.look()
    # 18:30 in Berlin, in winter.
    assert bench.cron() == {"evening": datetime(2026, 11, 24, 17, 30, tzinfo=UTC)}
    bench.rules([MILK_LOW, {**EVENING, "when": {"cron": "0 20 * * *"}}])
    await bench.look()
    assert bench.cron() == {"evening": datetime(2026, 11, 24, 19, tzinfo=UTC)}
    bench.rules([MILK_LOW, {**EVENING, "enabled": False}])
    await bench.look()
    assert bench.cron() == {}
    bench.rules([EVENING])
    await bench.look()
    bench.rules([MILK_LOW])
    await bench.look()
    assert bench.cron() == {}


async def test_a_cron_time_that_is_due_is_not_lost_by_reading_again(bench: Bench) -> None:
    bench.rules([EVENING])
    await bench.look()
    bench.clock.turn(hours=6)
    bench.rules([EVENING, MILK_LOW])
    await bench.look()
    bench.tick()
    assert [row.effect.title for row in bench.views.waiting(0, 10)] == ["Evening"]
    assert bench.cron() == {"evening": datetime(2026, 11, 25, 17, 30, tzinfo=UTC)}


async def test_a_faulty_hub_yaml_keeps_the_settings_and_who_is_asked(bench: Bench) -> None:
    bench.write("hub.yaml", "members: {}\n")
    bench.rules([{**MILK_LOW, "ask": ["ada"]}, {**MILK_LOW, "id": "for_all", "ask": "everyone"}])
    await bench.look()
    assert [member.id for member in bench.home.settings.members] == ["ada"]
    assert [one.file for one in bench.watch.problems] == [str(bench.folder / "hub.yaml")]
    assert bench.milk_is_low() == [("ada", "Milk!"), ("ada", "Milk!")]


async def test_a_faulty_pantry_keeps_the_pantry(bench: Bench) -> None:
    bench.write("pantry.yaml", "items: [milk]\n")
    await bench.look()
    assert list(bench.home.pantry) == ["milk", "eggs"]
    assert bench.milk_is_low() == [("ada", "Milk!")]
    bench.write("pantry.yaml", "items:\n  milk: {name: Oat milk, unit: l, par: 1}\n")
    await bench.look()
    assert [item.name for item in bench.home.pantry.values()] == ["Oat milk"]


async def test_a_faulty_devices_file_keeps_what_things_mean(bench: Bench) -> None:
    bench.write("devices.yaml", "entities:\n  sensor.x: {item: milk}\n")
    await bench.look()
    before = bench.home.meaning.explain("sensor.x")
    bench.write("devices.yaml", "entities: 5\n")
    await bench.look()
    assert bench.home.meaning.explain("sensor.x") == before


async def test_members_may_change_and_what_takes_a_restart_is_said(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    http = bench.home.settings.http
    bench.write("hub.yaml", "members: [{id: bob, name: Bob}]\nhttp: {port: 8000}\n")
    await bench.look()
    assert [member.id for member in bench.home.settings.members] == ["bob"]
    assert bench.home.settings.http == http
    assert "http.port: in hub.yaml changed; it takes effect at the next start" in caplog.text
    assert "http.port" in bench.watch.waiting()


async def test_a_folder_that_is_away_for_a_while_changes_nothing(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    away = bench.folder.with_name("away")
    bench.folder.rename(away)
    for _ in range(3):
        await bench.look()
    assert caplog.text.count("expected a folder") == 1
    assert bench.ids() == ["milk_low"]
    assert bench.milk_is_low() == [("ada", "Milk!")]
    shutil.copytree(away, bench.folder)
    await bench.look()
    assert bench.watch.problems == ()


async def test_the_ledger_tells_which_rules_are_in_force_when_that_changes(bench: Bench) -> None:
    bench.rules([MILK_LOW, EVENING])
    await bench.look()
    bench.write("pantry.yaml", "items: {milk: {name: Milch, unit: l, par: 1}}\n")
    await bench.look()
    bench.rules([EVENING])
    await bench.look()
    told = [entry.kind for entry in bench.views.ledger(limit=10)]
    assert told.count("rules_in_force") == 2
