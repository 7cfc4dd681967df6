"""``order``: the household's orders, and receipts of them that anybody can check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.common import (
    DEFAULT_DATA,
    AsJson,
    DataFolder,
    Refused,
    database,
    plain,
    print_json,
    say,
    table,
)
from hub.cli.proofs import Out, give, own_key, read_file

if TYPE_CHECKING:
    from hub.app.receipts import Checked

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
    from hub.app.receipts import ReceiptError, make

    with database(data) as engine:
        try:
            give(make(engine, own_key(data), order), out)
        except ReceiptError as error:
            raise Refused(str(error)) from None


@app.command("check", epilog="[bold]run_hub.py order check 4711.receipt --json[/bold]")
def check(
    file: Annotated[Path, typer.Argument(help="What `order receipt` wrote.")],
    as_json: AsJson = False,
) -> None:
    """Check a receipt with nothing but itself; compare its keys with the registry's yourself."""
    from hub.app.receipts import LARGEST, ReceiptError
    from hub.app.receipts import check as checked

    try:
        found = checked(read_file(file, LARGEST + 1))
    except ReceiptError as error:
        raise Refused(f"{file}: {error}", 2) from None
    tell_checked(found, file, as_json)


def tell_checked(found: Checked, file: Path, as_json: bool) -> None:
    """Say what a receipt proves. Refused when a part does not hold, or only one side signed."""
    ok = found.both and not found.faults
    if as_json:
        print_json({"ok": ok, **found.told()})
    else:
        for line in found.holds:
            say(line)
        for line in found.faults:
            say(f"does not hold: {line}")
        for signer, key in found.keys.items():
            say(f"key of {signer}: {key}")
    if found.faults:
        raise Refused(f"{file}: {len(found.faults)} of its parts do not hold")
    if not found.both:
        raise Refused(f"{file}: only one side has signed")
