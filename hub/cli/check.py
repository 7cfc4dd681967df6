"""``check``: what is configured, and every mistake with its file, line and column."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hub.cli.common import (
    DEFAULT_CONFIG,
    DEFAULT_DATA,
    AsJson,
    ConfigFolder,
    DataFolder,
    Refused,
    plain,
    print_json,
    say,
    shown,
    table,
)

if TYPE_CHECKING:
    from hub.domain.backups import BackupState
    from hub.settings import MemberSettings

EXAMPLES = (
    "[bold]run_hub.py check --config config[/bold]: exits with 2 when there is a mistake\n\n"
    "[bold]run_hub.py check --config config --json | jq .problems[/bold]"
)


def check(
    config: ConfigFolder = DEFAULT_CONFIG,
    data: DataFolder = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Read the configuration and say what it means; mistakes with file, line and column.

    Where a hub has run on the data folder, how its nightly backup stands is said as well, and each
    private file of it that others may read.
    """
    from hub.app.config import ConfigError, read_config

    try:
        found = read_config(shown(config))
    except ConfigError as error:
        raise Refused(str(error), 2) from None
    problems = [
        {"file": one.file, "line": one.line, "column": one.column, "message": one.message}
        for one in found.problems
    ]
    settings = found.settings
    rules = found.rules.rules()
    state = _backup(data)
    exposed = _exposed(data)
    if as_json:
        print_json(
            {
                "ok": not problems and not exposed,
                "folder": str(found.folder),
                "members": [member.id for member in settings.members] if settings else None,
                "pantry": list(found.pantry),
                "entities": list(found.devices.entities),
                "rules": [
                    {
                        "id": rule.id,
                        "name": rule.name,
                        "when": rule.trigger,
                        "proposes": rule.kind,
                        "version": rule.version,
                        "enabled": rule.enabled,
                        "file": rule.file,
                        "line": rule.line,
                    }
                    for rule in rules
                ],
                "backup": plain(state),
                "exposed": exposed,
                "problems": problems,
            }
        )
    else:
        if settings is not None:
            home = settings.home
            members = ", ".join(f"{one.name} ({one.role})" for one in settings.members)
            say(f"{home.name}: {home.timezone}, {home.currency}; {members}")
            for one in settings.members:
                say(_asked(one))
            if home.escalate is not None:
                who = ", then ".join(home.escalate.to)
                say(f"Without an answer for {home.escalate.after} min: {who} is asked too.")
            say(f"MQTT: {settings.mqtt.url}   web: {settings.http.host}:{settings.http.port}")
        say(f"{len(found.pantry)} pantry items, {len(found.devices.entities)} mapped entities")
        table(
            f"{len(rules)} rules",
            ("rule", "when", "proposes", "where"),
            [
                (
                    rule.name + ("" if rule.enabled else " (off)"),
                    rule.trigger,
                    rule.kind.replace("_", " "),
                    f"{rule.file}:{rule.line}",
                )
                for rule in rules
            ],
        )
        if settings is not None and settings.backup.to is not None:
            say(_told(state))
        for problem in found.problems:
            say(str(problem))
        for line in exposed:
            say(line)
        wrong = len(problems) + len(exposed)
        say(f"{wrong} mistakes" if wrong else "No mistakes.")
    if problems or exposed:
        raise typer.Exit(2)


def _asked(member: MemberSettings) -> str:
    """Say how a member is asked; browsers that a member allows to notify are not in the files."""
    from hub.flow.home import channels

    ways = {
        "questions": channels(member, (member.id,)),
        "news": channels(member, (member.id,), news=True),
    }
    said = "; ".join(f"{kind}: {', '.join(of) or 'pages only'}" for kind, of in ways.items())
    quiet = f"; quiet {member.quiet_hours}" if member.quiet_hours else ""
    daily = "" if member.digest == "off" else f"; what can wait: {member.digest}"
    return f"  {member.name} - {said}{quiet}{daily}"


def _exposed(data: Path) -> list[str]:
    from hub.keyfiles.guard import faults, owner

    return list(faults(data, owner(data))) if data.is_dir() else []


def _backup(data: Path) -> BackupState | None:
    from hub.domain.backups import CURSOR, BackupState
    from hub.store.codec import load
    from hub.store.copy import CopyError, kept_cursor

    file = data / "hub.sqlite"
    if not file.is_file():
        return None
    try:
        kept = kept_cursor(file, CURSOR)
        return load(BackupState, kept) if kept else BackupState()
    except (CopyError, ValueError):
        return None


def _told(state: BackupState | None) -> str:
    if state is None or (state.made is None and state.ok):
        return "Nightly backup: none yet."
    last = f"the last good one is of {state.made:%Y-%m-%d %H:%M} UTC" if state.made else "none yet"
    if state.failing_since is None:
        return f"Nightly backup: {last}."
    since = f"{state.failing_since:%Y-%m-%d %H:%M} UTC"
    return f"Nightly backup: FAILING since {since}, {last}: {state.reason}"
