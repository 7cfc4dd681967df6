"""``beckn``: tools for those who speak Beckn with the hub."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.common import ROOT, AsJson, Refused, plain, print_json, say

app = typer.Typer(
    help="Tools for providers' developers: is this Beckn, and what does it say?",
    epilog="[bold]run_hub.py beckn validate on_select.json[/bold]",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
_BIGGEST = 64 * 1024 * 1024


@app.callback()
def beckn() -> None:
    """Keep `validate` a command of its own: more may come."""


@app.command("agree", epilog="[bold]run_hub.py beckn agree shop.example.org k2[/bold]")
def agree(
    subscriber_id: Annotated[str, typer.Argument(help="Whose changed key is to be believed.")],
    key: Annotated[
        str, typer.Argument(help="The new key's name; without it, they are shown.")
    ] = "",
    data: Annotated[Path, typer.Option(help="The hub's data folder.", metavar="DIR")] = ROOT
    / "data",
) -> None:
    """Believe another key of a pinned participant. Ask its owner first, on another way.

    A hub that runs believes it from the next message on.
    """
    from hub.clock import clock_from_environment
    from integrations.beckn.errors import RegistryError
    from integrations.beckn.registry.keep import Keep
    from integrations.beckn.registry.registry import KEEP_FILE
    from integrations.beckn.registry.trust import Trust

    path = data / KEEP_FILE
    if not path.exists():
        raise Refused(f"{path}: no hub has asked a registry here yet (--data DIR)", 2)
    kept = Keep(path, clock_from_environment().now)
    try:
        if key:
            Trust(kept, None).agree(subscriber_id, key)
            say(f"{subscriber_id} is believed with the key {key}")
            return
        shown = [one for one in kept.changes if one.subscriber_id == subscriber_id]
        for one in sorted(shown, key=lambda change: change.unique_key_id):
            say(f"{one.unique_key_id} {one.public_key}")
        if not shown:
            raise Refused(f"{subscriber_id} shows no changed key")
    except RegistryError as error:
        raise Refused(str(error)) from None
    finally:
        kept.close()


@app.command(
    "validate",
    epilog=(
        "[bold]run_hub.py beckn validate on_select.json[/bold]\n\n"
        "[bold]cat on_select.json | run_hub.py beckn validate -[/bold]"
    ),
)
def validate(
    file: Annotated[Path, typer.Argument(help="A message as JSON; - for standard input.")],
    as_json: AsJson = False,
) -> None:
    """Tell what is wrong with a message, field by field, in either version, and what it means."""
    from integrations.beckn.validate import validate_payload

    if str(file) == "-":
        raw = sys.stdin.buffer.read(_BIGGEST)
    else:
        try:
            with file.open("rb") as stream:
                raw = stream.read(_BIGGEST)
        except OSError as error:
            raise Refused(f"{file}: {error.strerror}", 2) from None
    report = validate_payload(raw)
    if as_json:
        print_json({"ok": report.ok, **plain(report)})  # type: ignore[dict-item]
    else:
        told = f"{report.action} of Beckn {report.version}" if report.version else "unknown"
        say(f"{file}: {told}")
        for line in report.meaning:
            say(f"  {line}")
        for problem in report.problems:
            say(f"{file}: {problem}")
        say("Nothing is wrong with it." if report.ok else f"{len(report.problems)} problems")
    if not report.ok:
        raise typer.Exit(1)
