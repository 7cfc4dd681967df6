"""``provider``: sell over Beckn, with the same code as the household's side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.common import ROOT, Refused, say

app = typer.Typer(
    help="Be a provider: a catalogue, its stock and its slots, over Beckn.",
    invoke_without_command=True,
    rich_markup_mode="rich",
    epilog=(
        "[bold]run_hub.py provider --catalog config/demo/catalogues/corner-shop.yaml "
        "--port 9001 --registry config/registry.yaml[/bold]"
    ),
)


@app.callback()
def provider(
    context: typer.Context,
    catalog: Annotated[
        Path | None, typer.Option(help="What it sells (YAML); see docs/for-providers.md.")
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0: any free one.")] = 0,
    data: Annotated[
        Path | None, typer.Option(help="Its database and key; default: data/provider-NAME.")
    ] = None,
    registry: Annotated[Path | None, typer.Option(help="The registry file to be found in.")] = None,
    public_url: Annotated[
        str | None, typer.Option(help="How buyers reach it; default: http://HOST:PORT.")
    ] = None,
    progress: Annotated[
        float | None,
        typer.Option(min=0.1, help="Move confirmed orders on every so many seconds."),
    ] = None,
) -> None:
    """Run a provider until it is told to stop (Ctrl-C, SIGTERM)."""
    if context.invoked_subcommand is not None:
        return
    if catalog is None:
        raise Refused("expected --catalog FILE, e.g. config/demo/catalogues/corner-shop.yaml", 2)
    from hub.app import logs
    from integrations.beckn.errors import RegistryError
    from integrations.beckn.provider import run_provider
    from integrations.beckn.provider.listing import ListingError

    logs.set_up("info")
    try:
        run_provider(
            catalog,
            host=host,
            port=port,
            data=data or ROOT / "data" / f"provider-{catalog.stem}",
            registry=registry,
            public_url=public_url,
            progress=progress,
            say=_line,
        )
    except (ListingError, RegistryError) as error:
        raise Refused(str(error), 2) from None
    except OSError as error:
        raise Refused(f"{host}:{port}: {error.strerror or error}") from None


def _line(text: str) -> None:
    import sys

    say(text)
    sys.stdout.flush()
