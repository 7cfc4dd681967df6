"""Receipts on the command line: written from what the hub keeps, checked by themselves alone.

What makes and checks one kind of them is handed in (``hub.app.receipts``, ``activityreceipts``).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hub.cli.common import Refused, database, print_json, say
from hub.cli.proofs import give, own_key, read_file

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from hub.app.receipts import Checked
    from hub.keyfiles.ledgerkey import LedgerKey


def write(
    make: Callable[[Engine, LedgerKey, str], str], about: str, data: Path, out: Path | None
) -> None:
    """Write a receipt about an order or an activity. Raises Refused."""
    from hub.app.receipts import ReceiptError

    with database(data) as engine:
        try:
            give(make(engine, own_key(data), about), out)
        except ReceiptError as error:
            raise Refused(str(error)) from None


def check(checked: Callable[[bytes], Checked], file: Path, as_json: bool) -> None:
    """Say what a receipt proves. Refused when a part does not hold, or only one side signed."""
    from hub.app.receipts import LARGEST, ReceiptError

    try:
        found = checked(read_file(file, LARGEST + 1))
    except ReceiptError as error:
        raise Refused(f"{file}: {error}", 2) from None
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
