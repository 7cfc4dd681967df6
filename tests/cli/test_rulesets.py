"""``rule publish`` and what a household does with it, on a hub that runs."""

from __future__ import annotations

from pathlib import Path

from tests.cli.support import Run
from tests.support.hubprocess import HubProcess, until

ELM = Path(__file__).parents[2] / "docs" / "examples" / "elm-street"


def test_a_set_is_published_looked_at_adopted_and_dropped(
    run: Run, hub: HubProcess, tmp_path: Path
) -> None:
    key, file = tmp_path / "key.jwk", tmp_path / "elm.rules"
    said = run("rule", "publish", ELM, "--key", key, "--out", file).out
    assert key.stat().st_mode & 0o777 == 0o600
    fingerprint = said.splitlines()[-1].strip()
    where = ("--config", hub.config, "--data", hub.data)
    assert "--with freezer=…" in run("rule", "fetch", file, *where).refused(1)
    given = ("--with", "freezer=sensor.freezer")
    said = run("rule", "fetch", file, *where, *given).out
    for words in (
        fingerprint,
        "compare it with what the publisher tells you",
        "Rule elm-street.freezer is added",
        "When sensor.freezer is above -12, without a break for 30 min.",
        "! elm-street.weekend proposes what costs money; a member is asked",
        '+      state: {entity: "sensor.freezer", above: -12, for: 30m}',
        "Nothing is changed. With --yes you agree to this.",
    ):
        assert words in said
    assert run("rule", "sets", "--data", hub.data, "--json").json == []
    assert "is adopted" in run("rule", "fetch", file, *where, *given, "--yes").out
    (row,) = run("rule", "sets", "--data", hub.data, "--json").json
    assert (row["id"], row["version"], row["key"]) == ("elm-street", "1.0.0", fingerprint)
    until(lambda: "elm-street.freezer" in run("rule", "list", *where[:2]).out)
    assert "came as a file" in run("rule", "update", "elm-street", *where).refused(1)
    assert "not in force" in run("rule", "drop", "elm-street", "--data", hub.data).out
    assert "elm-street" not in run("rule", "list", *where[:2]).out
    assert not (hub.config / "rules" / "sets" / "elm-street").exists()
