"""``registry``: a small registry for a street, a town or a demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.common import ROOT, Refused, say_now

app = typer.Typer(
    help="Be a registry: who takes part in a network, where, and with which keys.",
    invoke_without_command=True,
    rich_markup_mode="rich",
    epilog=(
        "[bold]run_hub.py registry --port 9000 --data /var/lib/registry[/bold]\n\n"
        "[bold]run_hub.py registry admit corner-shop.example --data /var/lib/registry[/bold]"
    ),
)
Data = Annotated[Path, typer.Option(help="The folder of its database and key.", metavar="DIR")]
DEFAULT = ROOT / "data" / "registry"


@app.callback()
def registry(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0: any free one.")] = 0,
    data: Data = DEFAULT,
    ask: Annotated[
        bool, typer.Option("--ask", help="A person admits each participant (`registry admit`).")
    ] = False,
    members_only: Annotated[
        bool, typer.Option("--members-only", help="Look-ups must be signed by a participant.")
    ] = False,
    public: Annotated[
        bool, typer.Option("--public", help="For the internet: challenge public addresses only.")
    ] = False,
) -> None:
    """Run a registry until it is told to stop (Ctrl-C, SIGTERM)."""
    if context.invoked_subcommand is not None:
        return
    from hub.app import logs
    from hub.clock import clock_from_environment
    from integrations.beckn.errors import RegistryError
    from integrations.beckn.registry_server import run_registry

    logs.set_up("info")
    try:
        run_registry(
            host,
            port,
            data,
            admission="ask" if ask else "open",
            members_only=members_only,
            match_hosts=public,
            public_addresses_only=public,
            say=say_now,
            clock=clock_from_environment(),
        )
    except RegistryError as error:
        raise Refused(str(error), 2) from None
    except OSError as error:
        raise Refused(f"{host}:{port}: {error.strerror or error}") from None


@app.command("admit", epilog="[bold]run_hub.py registry admit corner-shop.example[/bold]")
def admit(
    subscriber_id: Annotated[str, typer.Argument(help="Who is let in.")], data: Data = DEFAULT
) -> None:
    """Let a participant in; one that has not asked yet is let in when it comes."""
    from hub.clock import clock_from_environment
    from integrations.beckn.registry_server import admit as let_in

    if not (data / "registry.sqlite").exists() and not data.exists():
        raise Refused(f"{data}: no registry has run here yet")
    waited = let_in(data, subscriber_id, clock_from_environment().now())
    say_now(f"{subscriber_id} is admitted{'' if waited else '; it has not asked yet'}")
