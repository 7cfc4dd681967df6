"""Sets of rules from a community: signed, looked at, adopted, kept up to date, dropped."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from hub.app.rulesets.disk import folder_of
from hub.app.rulesets.keeper import HubRuleSets
from hub.app.rulesets.offers import fetched, offer_of
from hub.app.rulesets.plan import plan
from hub.app.rulesets.publish import packed
from hub.domain.rulesets import AdoptedSet, Offered, SetError
from hub.flow.rulesets import adopt
from hub.store.rulesets import RuleSetStore
from hub.web.rulesets import Preview, Wanted
from integrations.rulesets.seal import public_of, seal
from tests.app.conftest import Bench

ELM = Path(__file__).parents[2] / "docs" / "examples" / "elm-street"
SECRET, OTHER = bytes(range(32)), bytes(range(1, 33))
FREEZER = Wanted({"freezer": "sensor.freezer"})


def document(
    version: str = "1.0.0", secret: bytes = SECRET, edit: tuple[str, str] = ("", ""), **said: object
) -> bytes:
    """Return the example as it is published, with something said differently."""
    found: dict[str, Any] = {**json.loads(packed(ELM)), "version": version, **said}
    if edit[0]:
        assert any(edit[0] in text for text in found["files"].values())
        found["files"] = {name: text.replace(*edit) for name, text in found["files"].items()}
    return seal(json.dumps(found, ensure_ascii=False), secret).encode()


class Elm:
    """A household and the set it follows."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.engine = bench.writer._engine
        self.keeper = HubRuleSets(
            bench.folder, bench.home, bench.writer, self.engine, bench.clock, bench.watch.look
        )

    def offer(self, raw: bytes, url: str = "") -> Offered:
        return offer_of(raw, url, True, self.bench.clock.now())

    def look(self, offered: Offered, wanted: Wanted = FREEZER) -> Preview:
        return plan(self.bench.folder, self.bench.home, self.one(), offered, wanted)[0]

    async def adopt(self, raw: bytes, wanted: Wanted = FREEZER, url: str = "") -> Preview:
        offered = self.offer(raw, url)
        shown = self.look(offered, wanted)
        await self.keeper.agree(offered, wanted, shown.stamp, member="ada", via="web")
        return shown

    def one(self) -> AdoptedSet | None:
        with self.engine.connect() as connection:
            return RuleSetStore(connection).one("elm-street")

    def file(self, name: str = "cold.yaml") -> Path:
        return folder_of(self.bench.folder, "elm-street") / name

    def ledger(self) -> list[tuple[str, Any]]:
        entries = self.bench.views.ledger(limit=50)[::-1]
        return [
            (one.kind, json.loads(one.body)["facts"])
            for one in entries
            if one.kind.startswith("rule_set")
        ]


@pytest.fixture
def elm(bench: Bench) -> Elm:
    return Elm(bench)


async def test_a_set_is_adopted_by_its_difference(elm: Elm) -> None:
    offered = elm.offer(document())
    asked = elm.look(offered, Wanted())
    assert [one.wrong[:20] for one in asked.parameters if one.wrong] == ["freezer: expected an"]
    assert asked.stamp == ""
    shown = await elm.adopt(document())
    assert [(one.id, one.verb) for one in shown.rules] == [
        ("elm-street.freezer", "added"),
        ("elm-street.weekend", "added"),
    ]
    assert [(one.kind, one.rule) for one in shown.alerts] == [("orders", "elm-street.weekend")]
    assert all(line.mark in ("added", "place") for file in shown.files for line in file.lines)
    assert elm.bench.ids() == ["milk_low", "elm-street.freezer", "elm-street.weekend"]
    assert 'entity: "sensor.freezer"' in elm.file().read_text()
    kept = elm.one()
    assert kept is not None
    assert kept.writing == ()
    assert kept.key == public_of(SECRET)
    ((kind, facts),) = elm.ledger()
    assert kind == "rule_set_adopted"
    assert (facts["version"], facts["publisher_key"]) == ("1.0.0", kept.key)
    assert facts["sha256"] == offered.digest
    assert facts["member"] == "ada"


async def test_what_was_not_looked_at_is_not_agreed_to(elm: Elm) -> None:
    offered = elm.offer(document())
    stamp = elm.look(offered).stamp
    other = Wanted({"freezer": "sensor.cellar"})
    for wanted, given in ((other, stamp), (FREEZER, ""), (FREEZER, stamp[:-1])):
        with pytest.raises(SetError, match="look again"):
            await elm.keeper.agree(offered, wanted, given, member="ada", via="web")
    assert elm.one() is None
    assert not elm.file().exists()


async def test_another_key_and_an_older_version_are_refused(elm: Elm) -> None:
    await elm.adopt(document("1.1.0"))
    for raw, why in (
        (document("1.2.0", OTHER), "another key"),
        (document("1.0.9"), "is older than 1.1.0"),
        (document("1.1.0", edit=("-12", "-10")), "is not what 1.1.0 said before"),
    ):
        offered = elm.offer(raw)
        shown = elm.look(offered)
        assert why in shown.refused
        assert shown.stamp == ""
        with pytest.raises(SetError, match=why):
            await elm.keeper.agree(offered, FREEZER, "x", member="ada", via="web")
        with pytest.raises(SetError, match=why):
            elm.bench.do(
                lambda tx, offered=offered: adopt(tx, offered, {}, (), member="ada", via="web")
            )
    await elm.keeper.drop("elm-street", member="ada", via="web")
    assert elm.bench.ids() == ["milk_low"]
    await elm.adopt(document("1.0.0", OTHER))
    assert [kind for kind, _ in elm.ledger()] == [
        "rule_set_adopted", "rule_set_dropped", "rule_set_adopted",
    ]  # fmt: skip


async def test_what_the_household_changed_is_kept_and_conflicts_are_told(elm: Elm) -> None:
    await elm.adopt(document())
    elm.file().write_text(elm.file().read_text().replace("30m", "15m"))
    await elm.bench.look()
    shown = await elm.adopt(document("1.1.0", edit=("cooldown: 2h", "cooldown: 4h")))
    assert shown.conflicts == []
    assert shown.files[0].kept
    assert "for: 15m" in elm.file().read_text()
    assert "cooldown: 4h" in elm.file().read_text()
    newer = document("1.2.0", edit=("above: -12, for: 30m", "above: -10, for: 30m"))
    open_ = elm.look(elm.offer(newer))
    (conflict,) = open_.conflicts
    assert "15m" in str(conflict.ours)
    assert "-10" in str(conflict.theirs)
    assert open_.stamp == ""
    await elm.adopt(newer, replace(FREEZER, choices={conflict.id: "theirs"}))
    assert "above: -10, for: 30m" in elm.file().read_text()
    elm.file().write_text("# mine\n")
    await elm.keeper.drop("elm-street", member="ada", via="web")
    assert elm.bench.ids() == ["milk_low"]
    assert elm.file("cold.yaml.kept").read_text() == "# mine\n"


async def test_files_and_database_agree_after_a_kill(elm: Elm) -> None:
    """The decision is committed with what is to be written; whoever starts next writes it."""
    offered = elm.offer(document())
    shown, writing = plan(elm.bench.folder, elm.bench.home, None, offered, FREEZER)
    values = {one.name: one.value for one in shown.parameters}
    elm.bench.do(lambda tx: adopt(tx, offered, values, writing, member="ada", via="web"))
    assert not elm.file().exists()
    # Killed before any file, or after the first of them:
    elm.file().parent.mkdir(parents=True)
    elm.file().write_text(next(one.text or "" for one in writing if one.name == "cold.yaml"))
    await Elm(elm.bench).keeper.settle()
    assert elm.bench.ids() == ["milk_low", "elm-street.freezer", "elm-street.weekend"]
    kept = elm.one()
    assert kept is not None
    assert (kept.writing, kept.trouble) == ((), "")
    # Killed again, and a person edits before the hub is back: theirs stays.
    elm.bench.do(
        lambda tx: RuleSetStore(tx.connection).keep(
            replace(kept, writing=(replace(writing[0], text="rules: []\n"),))
        )
    )
    mine = elm.file().read_text() + "# mine\n"
    elm.file().write_text(mine)
    await Elm(elm.bench).keeper.settle()
    assert elm.file().read_text() == mine
    assert elm.file("cold.yaml.new").read_text() == "rules: []\n"
    after = elm.one()
    assert after is not None
    assert "cold.yaml.new" in after.trouble
    assert after.writing == ()


async def test_a_set_can_do_no_more_than_rules_can(elm: Elm) -> None:
    for raw, why in (
        (document(edit=("elm-street.freezer", "groceries")), "expected elm-street.groceries"),
        (document(edit=("elm-street.freezer", "oak.groceries")), "expected elm-street.groceries"),
        (document(edit=("kind: notify", "kind: shell")), "expected one of"),
        (document(files={"../x.yaml": "rules: []"}), "files"),
        (document(files={"a.yaml": "rules: []"}), "no rule in it"),
        (document(files={"a.yaml": "\n" * 2000}), "at most 1500 lines"),
        (document(extra=1), "extra"),
        (document(edit=("${freezer}", "${nobody}")), "none of the parameters"),
        (b"x" * 50_000, "at most 48 KiB"),
        (document()[:-2] + b" }", "signature is not right"),
    ):
        with pytest.raises(SetError, match=why):
            elm.offer(raw)
    for value in ('x", is: "on', "sensor.a\nx", "sensor.${x}", "a" * 300):
        asked = elm.look(elm.offer(document()), Wanted({"freezer": value}))
        assert asked.stamp == ""
        assert any(one.wrong for one in asked.parameters)
    limits = elm.bench.home.settings.limits.model_copy(
        update={"auto_approve": {"elm-street.weekend": "20 EUR", "weekend": "20 EUR"}}
    )
    elm.bench.home.settings = elm.bench.home.settings.model_copy(update={"limits": limits})
    alone = [one for one in elm.look(elm.offer(document())).alerts if one.kind == "alone"]
    assert [(one.rule, one.detail) for one in alone] == [("elm-street.weekend", "20 EUR")]


@pytest.fixture
async def site() -> AsyncIterator[tuple[str, dict[str, bytes]]]:
    """A web server that holds what is put in it; what begins with ``>`` sends on."""
    held: dict[str, bytes] = {}

    async def give(request: web.Request) -> web.Response:
        body = held[request.path]
        if body.startswith(b">"):
            return web.Response(status=302, headers={"Location": body[1:].decode()})
        return web.Response(body=body)

    app = web.Application()
    app.router.add_get("/{path:.*}", give)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", held
    await runner.cleanup()


async def test_a_newer_version_is_told_once_and_a_strange_key_too(
    elm: Elm, site: tuple[str, dict[str, bytes]]
) -> None:
    base, held = site
    held["/elm.rules"] = document()
    await elm.adopt(document(), url=f"{base}/elm.rules")

    async def next_day() -> list[str]:
        before = len(elm.bench.views.waiting(0, 1000))
        elm.bench.clock.turn(hours=25)
        await elm.keeper.look()
        await elm.keeper.look()
        return [row.effect.title for row in elm.bench.views.waiting(0, 1000)[before:]]

    assert await next_day() == []
    held["/elm.rules"] = document("1.1.0")
    assert await next_day() == ["Rules elm-street: version 1.1.0 is there"]
    assert await next_day() == []
    held["/elm.rules"] = document("1.2.0", OTHER)
    assert await next_day() == ["Rules elm-street: not taken"]
    assert await next_day() == []
    kept = elm.one()
    assert kept is not None
    assert kept.version == "1.0.0"
    assert "another key" in kept.trouble
    assert "rule_set_newer" in dict(elm.ledger())
    assert "rule_set_refused" in dict(elm.ledger())
    held["/elm.rules"] = b"\xff" + os.urandom(200)
    await next_day()
    assert "no signed set" in (elm.one() or kept).trouble


async def test_fetching_goes_where_a_person_said_and_no_further(
    elm: Elm, site: tuple[str, dict[str, bytes]]
) -> None:
    base, held = site
    now = elm.bench.clock.now() + timedelta(0)
    held |= {"/ok": document(), "/on": b">/ok", "/file": b">file:///etc/passwd"}
    held |= {"/round": b">/round", "/big": b"x" * 60_000}
    assert (await fetched(f"{base}/on", now)).local
    for url, why in (
        (f"{base}/file", "expected https"),
        (f"{base}/round", "more than 3 times"),
        (f"{base}/big", "at most 48 KiB"),
        ("ftp://elm.example/x", "expected https"),
        ("http://ada:secret@elm.example/x", "without a name and password"),
        ("http://[::1/x", "expected https"),
    ):
        with pytest.raises(SetError, match=why):
            await fetched(url, now)
    with pytest.raises(SetError, match="is not on the internet"):
        await fetched(f"{base}/ok", now, local=False)
