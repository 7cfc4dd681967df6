"""The commands put together, and how a failure is told: in one line, without a traceback."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from hub.cli import (
    activity,
    backup,
    beckn,
    check,
    contact,
    demo,
    device,
    export,
    identity,
    ledger,
    order,
    provider,
    registry,
    relay,
    rule,
    run,
    token,
)
from hub.cli.telling import tell
from hub.domain.values import dataclass

app = typer.Typer(
    name="run_hub.py",
    help="Commonhearth: a hub for a home. Try [bold]demo[/bold] first.",
    epilog=(
        "[bold]run_hub.py demo --auto[/bold]: watch a household being played\n\n"
        "[bold]run_hub.py check --config config[/bold]: is the configuration right?\n\n"
        "[bold]run_hub.py run --config config --data data[/bold]: the hub"
    ),
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
)


@dataclass(slots=True)
class _Asked:
    debug: bool = False


_asked = _Asked()


@app.callback()
def options(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the whole traceback of a failure.")
    ] = False,
) -> None:
    """Take what goes before any command."""
    _asked.debug = debug


app.command("run", epilog=run.EXAMPLES)(run.run)
app.command("demo", epilog=demo.EXAMPLES)(demo.demo)
app.command("check", epilog=check.EXAMPLES)(check.check)
app.add_typer(device.app, name="device")
app.add_typer(rule.app, name="rule")
app.add_typer(provider.app, name="provider")
app.add_typer(registry.app, name="registry")
app.command("relay", epilog=relay.EXAMPLES)(relay.relay)
app.add_typer(ledger.app, name="ledger")
app.add_typer(order.app, name="order")
app.add_typer(activity.app, name="activity")
app.command("backup", epilog=backup.BACKUP_EXAMPLES)(backup.backup)
app.command("restore", epilog=backup.RESTORE_EXAMPLES)(backup.restore)
app.command("export", epilog=export.EXPORT_EXAMPLES)(export.export)
app.command("erase", epilog=export.ERASE_EXAMPLES)(export.erase)
app.add_typer(identity.app, name="identity")
app.add_typer(contact.app, name="contact")
app.add_typer(beckn.app, name="beckn")
app.add_typer(token.app, name="token")


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return the exit code: 0 only if what was asked happened, 2 for a mistake in
    the command or the configuration, 1 for any other failure."""
    try:
        code = app(arguments, standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        sys.stderr.write("stopped\n")
        return 130
    except BrokenPipeError:
        return 1
    except Exception as error:
        if _asked.debug:
            raise
        return _tell(error)
    return int(code or 0)


def _tell(error: Exception) -> int:
    """Write what went wrong, in one line; return the exit code."""
    if hasattr(error, "format_message") and hasattr(error, "exit_code"):
        # Of click, or of the copy of it that newer typers have in them.
        text = " ".join(str(error.format_message()).split())
        if not text or type(error).__name__ == "NoArgsIsHelpError":
            error.show()  # type: ignore[attr-defined]
        else:
            sys.stderr.write(f"error: {text} (--help shows what can be asked)\n")
        return int(error.exit_code)
    return tell(error)
