"""``check``: what is configured, and every mistake with its file, line and column."""

from __future__ import annotations

import typer

from hub.cli.common import (
    DEFAULT_CONFIG,
    AsJson,
    ConfigFolder,
    Refused,
    print_json,
    say,
    shown,
    table,
)

EXAMPLES = (
    "[bold]run_hub.py check --config config[/bold]: exits with 2 when there is a mistake\n\n"
    "[bold]run_hub.py check --config config --json | jq .problems[/bold]"
)


def check(config: ConfigFolder = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Read the configuration and say what it means; mistakes with file, line and column."""
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
    if as_json:
        print_json(
            {
                "ok": not problems,
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
                "problems": problems,
            }
        )
    else:
        if settings is not None:
            home = settings.home
            members = ", ".join(f"{one.name} ({one.role})" for one in settings.members)
            say(f"{home.name}: {home.timezone}, {home.currency}; {members}")
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
        for problem in found.problems:
            say(str(problem))
        say(f"{len(problems)} mistakes" if problems else "No mistakes.")
    if problems:
        raise typer.Exit(2)
