"""``order``: the household's orders, and receipts of them that anybody can check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.cli import receipts
from hub.cli.common import (
    DEFAULT_DATA,
    AsJson,
    DataFolder,
    database,
    plain,
    print_json,
    table,
)
from hub.cli.proofs import Out

app = typer.Typer(
    help="Orders, and receipts of them: what both sides signed, checked anywhere.",
    epilog=(
        "[bold]run_hub.py order list[/bold]\n\n"
        "[bold]run_hub.py order receipt 4711 --out 4711.receipt[/bold], and on another machine\n\n"
        "[bold]run_hub.py order check 4711.receipt[/bold]"
    ),
    no_args_is_help=True,
    rich_markup_mode="rich",
)
_MOST = 200


@app.command("list", epilog="[bold]run_hub.py order list --json[/bold]: for programs")
def listed(data: DataFolder = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """List the newest orders, with the ids by which a receipt is asked for."""
    from hub.store.views import Views

    with database(data) as engine:
        orders = Views(engine).orders(limit=_MOST)
    if as_json:
        print_json([plain(order) for order in orders])
        return
    table(
        "Orders",
        ("Id", "At the provider", "Provider", "State", "Total"),
        [
            (
                order.id,
                order.order_id or "",
                order.provider_name,
                order.state,
                order.quote.total if order.quote else "",
            )
            for order in orders
        ],
    )


@app.command("receipt", epilog="[bold]run_hub.py order receipt 4711 --out 4711.receipt[/bold]")
def receipt(
    order: Annotated[str, typer.Argument(help="The order's id, the hub's or the provider's.")],
    data: DataFolder = DEFAULT_DATA,
    out: Out = None,
) -> None:
    """Write what both sides signed about an order, with proofs that the log holds it.

    The file holds names and addresses as they were told to the provider: give it to whoever is to
    judge, and to nobody else.
    """
    from hub.app.receipts import make

    receipts.write(make, order, data, out)


@app.command("check", epilog="[bold]run_hub.py order check 4711.receipt --json[/bold]")
def check(
    file: Annotated[Path, typer.Argument(help="What `order receipt` wrote.")],
    as_json: AsJson = False,
) -> None:
    """Check a receipt with nothing but itself; compare its keys with the registry's yourself."""
    from hub.app.receipts import check as checked

    receipts.check(checked, file, as_json)
