"""``provider``: sell over Beckn, with the same code as the household's side."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli import providerledger
from hub.cli.common import ROOT, AsJson, Refused, plain, print_json, say, say_now

if TYPE_CHECKING:
    from integrations.beckn.check import ProviderReport


class Version(StrEnum):
    """The version of Beckn to be registered with; both are always answered."""

    v2 = "2.0.0"
    v1 = "1.1.1"


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
    registry_url: Annotated[
        list[str] | None,
        typer.Option(help="A registry on the network to join; may be given twice.", metavar="URL"),
    ] = None,
    public_url: Annotated[
        str | None, typer.Option(help="How buyers reach it; default: http://HOST:PORT.")
    ] = None,
    progress: Annotated[
        float | None,
        typer.Option(min=0.1, help="Move confirmed orders on every so many seconds."),
    ] = None,
    version: Annotated[
        Version, typer.Option(help="The version of Beckn to register with; it answers both.")
    ] = Version.v2,
) -> None:
    """Run a provider until it is told to stop (Ctrl-C, SIGTERM)."""
    if context.invoked_subcommand is not None:
        return
    if catalog is None:
        raise Refused("expected --catalog FILE, e.g. config/demo/catalogues/corner-shop.yaml", 2)
    from hub.app import logs
    from hub.clock import clock_from_environment
    from hub.keyfiles.files import SecretsError
    from integrations.beckn.errors import RegistryError
    from integrations.beckn.provider import run_provider
    from integrations.beckn.provider.listing import ListingError
    from integrations.beckn.registry import Source

    logs.set_up("info")
    try:
        run_provider(
            catalog,
            host=host,
            port=port,
            data=data or ROOT / "data" / f"provider-{catalog.stem}",
            registry=registry,
            sources=[Source(url.rstrip("/")) for url in registry_url or ()],
            public_url=public_url,
            progress=progress,
            version=version.value,
            say=say_now,
            clock=clock_from_environment(),
        )
    except (ListingError, RegistryError, SecretsError) as error:
        raise Refused(str(error), 2) from None
    except OSError as error:
        raise Refused(f"{host}:{port}: {error.strerror or error}") from None


app.add_typer(providerledger.app, name="ledger")


@app.command("check", epilog="[bold]run_hub.py provider check http://127.0.0.1:9001[/bold]")
def check(
    url: Annotated[str, typer.Argument(help="Where the provider is, as it is registered.")],
    registry: Annotated[
        Path, typer.Option(help="The registry file it is found in.", metavar="FILE")
    ] = ROOT / "config" / "registry.yaml",
    domain: Annotated[str, typer.Option(help="What to ask for; default: what it lists.")] = "",
    public_url: Annotated[
        str | None, typer.Option(help="How the provider reaches this machine.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask a provider for offers as a household does, up to `init`, and say what each step found.

    Nothing is ordered. The one who asks is entered in the registry file, so that it is known.
    """
    import asyncio
    import tempfile

    from hub.clock import clock_from_environment
    from integrations.beckn.check import check_provider
    from integrations.beckn.errors import RegistryError
    from integrations.beckn.keys import load_or_create
    from integrations.beckn.registry import Registry, upsert

    async def run(folder: Path) -> ProviderReport:
        clock = clock_from_environment()
        known = Registry(registry, now=clock.now)
        try:
            return await check_provider(
                url,
                known,
                load_or_create(folder, kind="check"),
                domain=domain,
                public_url=public_url,
                register=lambda entry: upsert(registry, entry),
                now=clock.now,
            )
        finally:
            await known.close()

    if not registry.exists():
        raise Refused(f"{registry}: there is no such registry file (--registry FILE)", 2)
    with tempfile.TemporaryDirectory() as folder:
        try:
            report = asyncio.run(run(Path(folder)))
        except RegistryError as error:
            raise Refused(str(error), 2) from None
    if as_json:
        print_json({"ok": report.ok, **plain(report)})  # type: ignore[dict-item]
    else:
        who = f"{report.subscriber_id}, Beckn {report.version}" if report.version else url
        say(who)
        for step in report.steps:
            say(f"{'ok  ' if step.ok else 'FAIL'} {step.name}: {step.found}")
            for line in step.meaning:
                say(f"       {line}")
            for problem in step.problems:
                say(f"       {problem}")
    if not report.ok:
        raise typer.Exit(1)
