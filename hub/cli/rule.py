"""``rule``: which rules there are, and what they would make of something, without doing it."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli import ruleset
from hub.cli.common import (
    DEFAULT_CONFIG,
    DEFAULT_DATA,
    AsJson,
    ConfigFolder,
    DataFolder,
    Refused,
    print_json,
    readable,
    say,
    table,
)
from hub.clock import clock_from_environment

if TYPE_CHECKING:
    from hub.domain.events import Event
    from hub.flow.home import Home
    from hub.store.house import House

app = typer.Typer(
    help="The household's rules: list them, and rehearse them.",
    epilog="[bold]run_hub.py rule try --item milk --quantity 0.4[/bold]",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


app.command(
    "publish", epilog="[bold]run_hub.py rule publish FOLDER --key my.jwk --out elm.rules[/bold]"
)(ruleset.publish)
app.command("fetch", epilog="[bold]run_hub.py rule fetch https://elm.example/elm.rules[/bold]")(
    ruleset.fetch
)
app.command("update", epilog="[bold]run_hub.py rule update elm[/bold]")(ruleset.update)
app.command("sets", epilog="[bold]run_hub.py rule sets[/bold]")(ruleset.sets)
app.command("drop", epilog="[bold]run_hub.py rule drop elm[/bold]")(ruleset.drop)


@app.command("list", epilog="[bold]run_hub.py rule list --json[/bold]")
def list_rules(config: ConfigFolder = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """List the rules: what each waits for and proposes. Mistakes are told by `check`."""
    from hub.app.config import read_config

    found = read_config(config)
    rows = [
        {
            "id": rule.id,
            "name": rule.name,
            "when": rule.trigger,
            "proposes": rule.kind,
            "enabled": rule.enabled,
            "version": rule.version,
            "file": rule.file,
            "line": rule.line,
        }
        for rule in found.rules.rules()
    ]
    if as_json:
        print_json(rows)
        return
    table(
        f"{len(rows)} rules",
        ("id", "name", "when", "proposes"),
        [
            (
                row["id"],
                f"{row['name']}{'' if row['enabled'] else ' (off)'}",
                row["when"],
                str(row["proposes"]).replace("_", " "),
            )
            for row in rows
        ],
    )


@app.command(
    "try",
    epilog=(
        "[bold]run_hub.py rule try --item milk --quantity 0.4[/bold]\n\n"
        "[bold]run_hub.py rule try --entity binary_sensor.fridge_door --state on --rule "
        "fridge_door_open[/bold]"
    ),
)
def rehearse_rules(
    config: ConfigFolder = DEFAULT_CONFIG,
    data: DataFolder = DEFAULT_DATA,
    item: Annotated[str | None, typer.Option(help="A pantry item whose level changes.")] = None,
    quantity: Annotated[
        float | None, typer.Option(help="Its new level, in the item's unit.", min=0)
    ] = None,
    entity: Annotated[str | None, typer.Option(help="An entity whose state changes.")] = None,
    state: Annotated[str | None, typer.Option(help="Its new state.")] = None,
    only: Annotated[str | None, typer.Option("--rule", help="Show this rule alone.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what each rule would make of a change, and why. Nothing is changed or asked.

    The house is as the hub's database has it; where no hub has run yet, an empty one.
    """
    from hub.flow.view import HouseView
    from rules.rehearse import rehearse

    home, house = _present(config, data)
    if only is not None and only not in {rule.id for rule in home.rules.rules()}:
        raise Refused(f"no rule is called {only!r}; `rule list` shows them", 2)
    now = clock_from_environment().now()
    event = _event(home, house, now, item, quantity, entity, state)
    (verdicts,) = rehearse(home.rules, [event], HouseView(house, home, now), now, only=only)
    if as_json:
        print_json(
            [
                {
                    "rule": one.rule_id,
                    "fires": one.fired,
                    "why": one.why,
                    "title": one.firing.title if one.firing else None,
                    "looks_again": one.due,
                }
                for one in verdicts
            ]
        )
        return
    for one in verdicts:
        mark = "would fire" if one.fired else "stays silent"
        say(f"{one.rule_id}: {mark}: {one.why}")
        if one.firing is not None:
            say(f"    {one.firing.title}")


def _present(config: ConfigFolder, data: DataFolder) -> tuple[Home, House]:
    from hub.app.config import read_config
    from hub.app.hub import DATABASE
    from hub.app.offline import empty_home, home_and_house
    from hub.store.database import open_database
    from hub.web.i18n import say_in

    read = read_config(config)
    if read.settings is not None:
        say_in(read.settings.home.language)
    if not (data / DATABASE).exists():
        return empty_home(read)
    with readable(data):
        engine = open_database(data / DATABASE)
    try:
        return home_and_house(read, engine)
    finally:
        engine.dispose()


def _event(
    home: Home,
    house: House,
    now: datetime,
    item: str | None,
    quantity: float | None,
    entity: str | None,
    state: str | None,
) -> Event:
    from dataclasses import replace

    from hub.domain.events import StateChanged, StockChanged
    from hub.domain.stock import StockLevel

    if item is not None and quantity is not None:
        kept = home.pantry.get(item)
        if kept is None:
            names = ", ".join(home.pantry) or "none"
            raise Refused(f"no item is called {item!r}; pantry.yaml has: {names}", 2)
        level = house.stock.get(item)
        previous = level.quantity if level else None
        new = StockLevel(item, quantity, kept.unit, now, "rehearsal")
        house.stock[item] = replace(level, quantity=quantity) if level else new
        return StockChanged(item, previous, quantity, kept.unit, now, "rehearsal")
    if entity is not None and state is not None:
        known = house.entities.get(entity)
        value: str | float = state
        with suppress(ValueError):
            value = float(state)
        return StateChanged(entity, known.value if known else None, value, now)
    raise Refused("expected --item with --quantity, or --entity with --state", 2)
