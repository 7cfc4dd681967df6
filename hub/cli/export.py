"""``export`` and ``erase``: a household's data for whose it is, and its end."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.common import (
    DEFAULT_CONFIG,
    DEFAULT_DATA,
    AsJson,
    ConfigFolder,
    DataFolder,
    Refused,
    database,
    print_json,
    readable,
    say,
    shown,
)
from hub.clock import clock_from_environment

if TYPE_CHECKING:
    from hub.settings import Settings

EXPORT_EXAMPLES = (
    "[bold]run_hub.py export --out home.zip[/bold]: all of the household's data\n\n"
    "[bold]run_hub.py export --member ada --out ada.zip[/bold]: what is about Ada"
)
ERASE_EXAMPLES = (
    "[bold]run_hub.py erase --member ada[/bold]: Ada moves out\n\n"
    "[bold]run_hub.py erase --before 2026-01-01 --yes[/bold]: what is over since then"
)


def export(
    out: Annotated[Path, typer.Option("--out", help="The zip to write; it must not exist.")],
    config: ConfigFolder = DEFAULT_CONFIG,
    data: DataFolder = DEFAULT_DATA,
    member: Annotated[str | None, typer.Option("--member", help="Only what is about them.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a household's or a member's data in open formats: JSON lines, iCalendar, YAML."""
    from hub.app.export import export_all, export_member

    if out.exists():
        raise Refused(f"{out}: it is there already", 2)
    if not config.is_dir():
        raise Refused(f"{shown(config)}: expected the configuration's folder", 2)
    with database(data) as engine, readable(data):
        if member is None:
            counts = export_all(engine, config, out)
        else:
            counts = export_member(engine, config, member, _name(config, member), out)
    if as_json:
        print_json({"file": str(out), "rows": counts})
        return
    for name, number in counts.items():
        say(f"{number:>8} {name}")
    say(f"{shown(out)}: {out.stat().st_size} bytes. It is not encrypted: mind where you keep it.")


def erase(
    config: ConfigFolder = DEFAULT_CONFIG,
    data: DataFolder = DEFAULT_DATA,
    member: Annotated[
        str | None, typer.Option("--member", help="The id of whom to forget, as in hub.yaml.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", help="How they are called; else as in hub.yaml."),
    ] = None,
    before: Annotated[
        str | None, typer.Option("--before", help="A date, e.g. 2026-01-01: what is over since.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: it cannot be undone.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase a member's data, or what is over. The log stays whole: it keeps hashes of it.

    The hub must not be running. Backups made before still hold what is erased.
    """
    from hub.app.erase import forget_before, forget_member
    from hub.app.hub import DATABASE

    if (member is None) == (before is None):
        raise Refused("expected --member or --before (one of them)", 2)
    if not (data / DATABASE).exists():
        raise Refused(f"{shown(data)}: no hub has run here yet (expected {DATABASE} in it)")
    instant = None if before is None else _instant(before, config)
    if not yes and not (sys.stdin.isatty() and typer.confirm("Erase for good?")):
        raise Refused("nothing was erased; --yes says that it is meant", 2)
    left = 0
    with readable(data):
        if instant is not None:
            done = forget_before(data, DATABASE, instant)
        else:
            assert member is not None
            called = _name(config, member) if name is None else name
            done, left = forget_member(data, DATABASE, member, called)
    if as_json:
        print_json({"erased": done, "left_in_clear": left})
        return
    for what, number in done.items():
        say(f"{number:>8} {what}")
    if left:
        say(
            f"{left} entries of the log were written before facts were sealed and still name them: "
            "they cannot be changed without breaking the log."
        )
    if member is not None:
        say(
            "hub.yaml is yours: take the member out of it too. Backups made before are not changed."
        )
    else:
        say("Backups made before are not changed.")


def _settings(config: Path) -> Settings | None:
    from hub.app.config import ConfigError, read_config

    try:
        return read_config(config).settings
    except ConfigError:
        return None


def _name(config: Path, member: str) -> str:
    settings = _settings(config)
    members = settings.members if settings is not None else ()
    return next((one.name for one in members if one.id == member), "")


def _instant(text: str, config: Path) -> datetime:
    """Return a date's first instant in the household's zone. Raises Refused when it is none."""
    settings = _settings(config)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(
            f"--before: expected a date such as 2026-01-01, got {text[:40]!r}", 2
        ) from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC if settings is None else settings.home.zone)
    if found > clock_from_environment().now():
        raise Refused(f"--before: {text} has not come yet", 2)
    return found
