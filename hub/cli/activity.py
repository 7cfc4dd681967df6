"""``activity``: receipts of activities, which anybody can check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.cli import receipts
from hub.cli.common import DEFAULT_DATA, AsJson, DataFolder
from hub.cli.proofs import Out

app = typer.Typer(
    help="Receipts of activities: invitation and answers as both sides signed them.",
    epilog=(
        "[bold]run_hub.py activity receipt 7f3c… --out fishing.receipt[/bold], and elsewhere\n\n"
        "[bold]run_hub.py activity check fishing.receipt[/bold]"
    ),
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@app.command("receipt", epilog="[bold]run_hub.py activity receipt 7f3c… --out a.receipt[/bold]")
def receipt(
    activity: Annotated[str, typer.Argument(help="The activity's UID, as its page's address.")],
    data: DataFolder = DEFAULT_DATA,
    out: Out = None,
) -> None:
    """Write what both sides signed about an activity, with proofs that the log holds it.

    The file holds names, times and places as they were told: give it to whoever is to judge.
    """
    from hub.app.activityreceipts import make

    receipts.write(make, activity, data, out)


@app.command("check", epilog="[bold]run_hub.py activity check a.receipt --json[/bold]")
def check(
    file: Annotated[Path, typer.Argument(help="What `activity receipt` wrote.")],
    as_json: AsJson = False,
) -> None:
    """Check a receipt with nothing but itself; compare its keys with what the households say."""
    from hub.app.activityreceipts import check as checked

    receipts.check(checked, file, as_json)
