"""``activity``: receipts of activities, which anybody can check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.common import DEFAULT_DATA, AsJson, DataFolder, Refused, database
from hub.cli.order import tell_checked
from hub.cli.proofs import Out, give, own_key, read_file

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
    from hub.app.receipts import ReceiptError

    with database(data) as engine:
        try:
            give(make(engine, own_key(data), activity), out)
        except ReceiptError as error:
            raise Refused(str(error)) from None


@app.command("check", epilog="[bold]run_hub.py activity check a.receipt --json[/bold]")
def check(
    file: Annotated[Path, typer.Argument(help="What `activity receipt` wrote.")],
    as_json: AsJson = False,
) -> None:
    """Check a receipt with nothing but itself; compare its keys with what the households say."""
    from hub.app.activityreceipts import check as checked
    from hub.app.receipts import LARGEST, ReceiptError

    try:
        found = checked(read_file(file, LARGEST + 1))
    except ReceiptError as error:
        raise Refused(f"{file}: {error}", 2) from None
    tell_checked(found, file, as_json)
