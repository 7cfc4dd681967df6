"""``token``: API tokens for programs, and one-time codes for people."""

from __future__ import annotations

from typing import Annotated

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
    say,
    table,
)
from hub.clock import clock_from_environment
from hub.domain.scopes import SCOPES

app = typer.Typer(
    help="API tokens for programs, and one-time sign-in codes for people.",
    epilog="[bold]run_hub.py token code ada[/bold]: a member signs in with it",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@app.command("create", epilog="[bold]run_hub.py token create grafana --scope read[/bold]")
def create(
    name: Annotated[str, typer.Argument(help="What it is for, e.g. grafana.")],
    scope: Annotated[
        list[str],
        typer.Option("--scope", help="read, decide, configure or access; may be repeated."),
    ] = ["read"],  # noqa: B006 - typer takes a list
    data: DataFolder = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Make an API token and print it, this once.

    `read` looks, `decide` answers, `configure` changes the household's files,
    `access` lets others in: it makes sign-in codes and tokens.
    """
    from hub.store.access import Access, NameTaken

    unknown = [one for one in scope if one not in SCOPES]
    if unknown:
        raise Refused(f"no scope is called {unknown[0]!r}; expected {' or '.join(SCOPES)}", 2)
    if not name.isprintable() or not 0 < len(name) <= 80:
        raise Refused("NAME: expected 1 to 80 printable characters", 2)
    with database(data) as engine:
        try:
            made = Access(engine).create_token(
                name, frozenset(scope), clock_from_environment().now()
            )
        except NameTaken as error:
            raise Refused(str(error)) from None
    if as_json:
        print_json({"name": name, "scopes": sorted(set(scope)), "token": made})
    else:
        say(made)


@app.command("list", epilog="[bold]run_hub.py token list[/bold]")
def list_tokens(data: DataFolder = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """List the API tokens: names and scopes; the tokens themselves are not kept."""
    from hub.store.access import Access

    with database(data) as engine:
        found = Access(engine).tokens()
    rows = [
        {"name": one.name, "scopes": sorted(one.scopes), "created_at": one.created_at}
        for one in found
    ]
    if as_json:
        print_json(rows)
    else:
        table(
            f"{len(rows)} API tokens",
            ("name", "scopes", "made"),
            [(row["name"], " ".join(row["scopes"]), row["created_at"]) for row in rows],  # type: ignore[arg-type]
        )


@app.command("revoke", epilog="[bold]run_hub.py token revoke grafana[/bold]")
def revoke(
    name: Annotated[str, typer.Argument(help="As `token list` shows it.")],
    data: DataFolder = DEFAULT_DATA,
) -> None:
    """Take an API token back; programs that use it are refused at once."""
    from hub.store.access import Access

    with database(data) as engine:
        if not Access(engine).revoke_token(name):
            raise Refused(f"no token is called {name!r}; `token list` shows them")
    say(f"{name} is revoked")


@app.command("code", epilog="[bold]run_hub.py token code ada[/bold]")
def code(
    member: Annotated[str, typer.Argument(help="A member's id, as in hub.yaml.")],
    config: ConfigFolder = DEFAULT_CONFIG,
    data: DataFolder = DEFAULT_DATA,
) -> None:
    """Make a one-time code that signs a member in, good for a day."""
    from hub.app.config import read_config
    from hub.store.access import Access

    settings = read_config(config).checked()
    if member not in {one.id for one in settings.members}:
        names = ", ".join(one.id for one in settings.members)
        raise Refused(f"no member is called {member!r}; hub.yaml has: {names}", 2)
    with database(data) as engine:
        say(Access(engine).create_code(member, clock_from_environment().now()))
