"""``provider ledger``: a provider's own log, checked on its own machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.common import AsJson, Refused, plain, print_json, say, shown, table

app = typer.Typer(
    help="The provider's own log of what became of each order.",
    epilog="[bold]run_hub.py provider ledger verify --data data/shop[/bold]",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
Data = Annotated[
    Path, typer.Option("--data", help="The folder of the provider's database and keys.")
]


@app.command("verify", epilog="[bold]run_hub.py provider ledger verify --data data/shop[/bold]")
def verify(
    data: Data,
    key: Annotated[
        str, typer.Option("--key", help="The log's public key; else that of the data folder.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Check the whole log against what was signed of it, and each order against the log."""
    from hub.cli.proofs import judged, tell_verdict, verifier
    from integrations.beckn.provider.audit import verify_file
    from integrations.beckn.provider.store import DATABASE

    file = data / DATABASE
    if not file.exists():
        raise Refused(f"{shown(data)}: no provider has run here yet (expected {DATABASE} in it)")
    public = verifier(key) if key else verifier(_own(data))
    report = judged(lambda: verify_file(file, public), as_json)
    tell_verdict(report, as_json, {"orders": report.orders}, f"{report.orders} orders")


@app.command("key", epilog="[bold]run_hub.py provider ledger key --data data/shop[/bold]")
def key(data: Data) -> None:
    """Give the log's public key (C2SP verifier key), by which others check its files."""
    say(_own(data))


@app.command("households", epilog="[bold]run_hub.py provider ledger households --data X[/bold]")
def households(
    data: Data,
    anew: Annotated[
        str,
        typer.Option(
            "--anew",
            metavar="BUYER",
            help="Take this buyer's log as it is from now on: they told why it is another one.",
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """List the buyers whose logs are countersigned: how far they came, and what is wrong."""
    import sqlite3
    from contextlib import closing

    from integrations.beckn.provider.households import SCHEMA, begin_anew, listed
    from integrations.beckn.provider.store import DATABASE

    file = data / DATABASE
    if not file.exists():
        raise Refused(f"{shown(data)}: no provider has run here yet (expected {DATABASE} in it)")
    try:
        with closing(sqlite3.connect(file)) as db, db:
            db.executescript(SCHEMA)
            if anew and not begin_anew(db, anew):
                raise Refused(f"--anew {anew}: no log of theirs was countersigned here")
            found = listed(db)
    except sqlite3.Error as error:
        raise Refused(f"{shown(file)}: {error}") from None
    if as_json:
        print_json([plain(one) for one in found])
        return
    table(
        f"{len(found)} logs",
        ("who", "entries", "signed", "what is wrong"),
        [
            (one.sender, one.size, f"{one.when:%Y-%m-%d %H:%M}" if one.when else "", one.fault)
            for one in found
        ],
    )


def _own(data: Path) -> str:
    from hub.keyfiles.ledgerkey import LEDGER_KEY, read_ledger_key

    file = data / LEDGER_KEY
    if not file.exists():
        raise Refused(f"{shown(file)}: no such key yet; a provider makes it at its first start")
    return read_ledger_key(file).verifier
