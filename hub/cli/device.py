"""``device``: what the hub has heard, what it did not understand, and simulated devices."""

from __future__ import annotations

import runpy
import sys
from typing import Annotated

import typer

from hub.cli import devicelogins
from hub.cli.common import (
    DEFAULT_CONFIG,
    DEFAULT_DATA,
    AsJson,
    ConfigFolder,
    DataFolder,
    Refused,
    database,
    print_json,
    table,
)

app = typer.Typer(
    help="Devices: what they say and what was not understood, their logins, simulated ones.",
    epilog="[bold]run_hub.py device list[/bold]\n\n[bold]run_hub.py device parked[/bold]",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
devicelogins.register(app)
SIMULATORS = ("fridge", "scale", "utility")


@app.command("list", epilog="[bold]run_hub.py device list --json[/bold]")
def list_devices(
    config: ConfigFolder = DEFAULT_CONFIG, data: DataFolder = DEFAULT_DATA, as_json: AsJson = False
) -> None:
    """List the entities the hub has heard of: what they say since when, as whom, what it means."""
    from hub.app.config import read_config
    from hub.app.logins import store_of
    from hub.app.offline import home_and_house
    from hub.domain.logins import speaker

    read = read_config(config)
    with database(data) as engine:
        home, house = home_and_house(read, engine)
        logins = store_of(engine, home.settings).all()
    rows = []
    for entity in home.book.entities():
        now = house.entities.get(entity.id)
        rows.append(
            {
                "id": entity.id,
                "name": entity.name,
                "device": entity.device_name,
                "convention": entity.convention,
                "value": now.value if now else None,
                "unit": entity.unit or (now.unit if now else None),
                "available": bool(now and now.available),
                "since": now.at if now else None,
                "user": speaker(logins, entity.topics, home.settings.mqtt.discovery_prefix),
                "used": entity.used,
                "means": home.meaning.about(entity) if entity.used else "not used by the hub",
            }
        )
    if as_json:
        print_json(rows)
        return
    table(
        f"{len(rows)} entities",
        ("entity", "device", "says", "since", "logs in as", "means"),
        [
            (
                row["id"],
                row["device"],
                f"{'' if row['value'] is None else row['value']} {row['unit'] or ''}".strip(),
                f"{row['since']:%Y-%m-%d %H:%M}" if row["since"] else "",
                row["user"],
                row["means"],
            )
            for row in rows
        ],
    )


@app.command("parked", epilog="[bold]run_hub.py device parked --limit 5[/bold]")
def parked(
    data: DataFolder = DEFAULT_DATA,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the messages that were not understood: where they came from, why, and their start."""
    from hub.store.views import Views

    with database(data) as engine:
        found = Views(engine).parked(limit)
    rows = [
        {
            "at": one.at,
            "topic": one.topic,
            "reason": one.reason,
            "where": one.where,
            "count": one.count,
            "payload": one.payload.decode("utf-8", "replace"),
        }
        for one in found
    ]
    if as_json:
        print_json(rows)
        return
    table(
        f"{len(rows)} kinds of messages not understood",
        ("topic", "reason", "times", "begins"),
        [
            (
                row["topic"],
                f"{row['reason']} ({row['where']})" if row["where"] else row["reason"],
                row["count"],
                str(row["payload"])[:60],
            )
            for row in rows
        ],
    )


@app.command(
    "simulate",
    epilog="[bold]run_hub.py device simulate fridge --url mqtt://127.0.0.1:1883[/bold]",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def simulate(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="fridge, scale or utility", metavar="KIND")],
) -> None:
    """Run a simulated device over real MQTT; what follows KIND is its own (try KIND --help)."""
    if kind in ("--help", "-h"):
        sys.stdout.write(context.get_help() + "\n")
        return
    if kind not in SIMULATORS:
        raise Refused(
            f"no simulator is called {kind!r}; expected one of {', '.join(SIMULATORS)}", 2
        )
    sys.argv = [f"device simulate {kind}", *context.args]
    try:
        runpy.run_module(f"devices.simulators.{kind}", run_name="__main__", alter_sys=True)
    except (ValueError, ConnectionError) as error:
        raise Refused(str(error)) from error
    except SystemExit as end:
        # Started as programs of their own, they say so with their last words.
        if isinstance(end.code, str):
            raise Refused(end.code) from end
        raise
