"""Proofs about the log: made at home, checked anywhere with the public key alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from hub.cli.common import (
    DEFAULT_DATA,
    AsJson,
    DataFolder,
    Refused,
    database,
    print_json,
    say,
    shown,
)

if TYPE_CHECKING:
    from hub.keyfiles.ledgerkey import LedgerKey
    from hub.ledger.checkpoint import SignedCheckpoint
    from hub.ledger.note import VerifierKey
    from hub.ledger.proof import ProvenEntry
    from hub.ledger.verify import Report

_LONGEST_KEY = 4096
Judged = TypeVar("Judged", bound="Report")
Key = Annotated[
    str,
    typer.Option("--key", help="The log's public key, or a file with it (`ledger key`)."),
]
Out = Annotated[Path | None, typer.Option("--out", help="Write it there; else it is printed.")]


def judged(read: Callable[[], Judged], as_json: bool) -> Judged:
    """Return what was read of a log. Raises Refused where nothing can be read of it."""
    from hub.ledger.verify import LogUnreadable

    try:
        return read()
    except LogUnreadable as error:
        if as_json:
            print_json({"whole": False, "faults": [{"entry": None, "what": str(error)}]})
        raise Refused(str(error)) from None


def tell_verdict(report: Report, as_json: bool, more: Mapping[str, object], besides: str) -> None:
    """Say what a log was found to be, with ``besides`` what else was counted (``more`` as JSON).

    Raises typer.Exit(1) where it is not whole.
    """
    verdict = report.verdict
    if as_json:
        print_json(
            {
                "whole": verdict.whole,
                "entries": report.entries,
                "root": verdict.frontier.root.hex(),
                "checkpoints": report.checkpoints,
                "signed": report.signed,
                **more,
                "faults_found": verdict.faults_found,
                "faults": [{"entry": one.index, "what": one.what} for one in verdict.faults],
            }
        )
    else:
        for fault in verdict.faults:
            say(fault.what)
        if verdict.faults_found > len(verdict.faults):
            say(f"… and {verdict.faults_found - len(verdict.faults)} more")
        say(
            f"{report.entries} entries, {report.checkpoints} checkpoints, {besides};"
            f" {report.signed} entries are signed: "
            + ("the log is whole." if verdict.whole else f"{verdict.faults_found} faults.")
        )
    if not verdict.whole:
        raise typer.Exit(1)


def prove(
    entry: Annotated[int, typer.Argument(help="The entry's number, as `ledger list` shows it.")],
    data: DataFolder = DEFAULT_DATA,
    out: Out = None,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Also show what the entry sealed: names, amounts.")
    ] = False,
) -> None:
    """Prove that an entry is in the log (C2SP tlog-proof): anyone with the key can check it."""
    from hub.app.ledgertools import prove as made

    with database(data) as engine:
        give(made(engine, own_key(data), entry, reveal=reveal), out)


def consistency(
    old: Annotated[str, typer.Argument(help="A size, or a file with an earlier checkpoint.")],
    data: DataFolder = DEFAULT_DATA,
    out: Out = None,
) -> None:
    """Prove that the log only grew since an earlier checkpoint: nothing before it was changed."""
    from hub.app.ledgertools import growth
    from hub.ledger.checkpoint import open_checkpoint

    key = own_key(data)
    size = (
        int(old)
        if old.isdecimal() and len(old) < 19
        else open_checkpoint(read_file(Path(old)), key.key.verifier).checkpoint.size
    )
    with database(data) as engine:
        give(growth(engine, key, size), out)


def check(
    proof: Annotated[Path, typer.Argument(help="What `prove` or `consistency` wrote.")],
    key: Key,
    seen: Annotated[
        Path | None,
        typer.Option("--seen", help="For `consistency`: the checkpoint you hold."),
    ] = None,
    witness: Annotated[
        list[str] | None,
        typer.Option(
            "--witness", help="A witness's public key, or a file with it. More than once."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a proof with the log's public key alone; no data folder is needed."""
    from hub.ledger.checkpoint import open_checkpoint
    from hub.ledger.proof import check_growth, check_proof

    log = verifier(key)
    others = [verifier(one, "--witness") for one in witness or ()]
    raw = read_file(proof)
    if raw.startswith(b"old "):
        held = open_checkpoint(read_file(seen), log).checkpoint if seen is not None else None
        if held is None and not raw.startswith(b"old 0\n"):
            raise Refused("--seen: expected the checkpoint from which the log is to have grown", 2)
        signed = check_growth(raw, held, log, witnesses=others)
        _need(others, signed)
        new = signed.checkpoint
        size = held.size if held else 0
        if as_json:
            print_json(
                {"ok": True, "log": new.origin, "from": size, "to": new.size, **_told(signed)}
            )
        else:
            say(f"{new.origin}: grew from {size} to {new.size} entries; nothing before was changed")
            _say_witnesses(signed)
        return
    found = check_proof(raw, log, witnesses=others)
    _need(others, found.signed)
    _show(found, as_json)


def _need(wanted: Sequence[VerifierKey], signed: SignedCheckpoint) -> None:
    """Refuse a checkpoint that one who was named has not countersigned."""
    there = {one.key for one in signed.cosignatures}
    for key in wanted:
        if key not in there:
            raise Refused(f"{key.name} has not countersigned this checkpoint")


def _told(signed: SignedCheckpoint) -> dict[str, object]:
    return {
        "witnesses": [
            {"witness": one.key.name, "at": when(one.at or 0).isoformat()}
            for one in signed.cosignatures
        ]
    }


def _say_witnesses(signed: SignedCheckpoint) -> None:
    for one in signed.cosignatures:
        say(f"countersigned by {one.key.name} at {when(one.at or 0):%Y-%m-%d %H:%M:%S} UTC")


def when(seconds: int) -> datetime:
    """Return the instant of Unix seconds; the latest there is where it is beyond."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.max.replace(tzinfo=UTC)


def _show(found: ProvenEntry, as_json: bool) -> None:
    from hub.ledger.leaf import read_leaf
    from hub.store.log import opened

    leaf = read_leaf(found.entry)
    facts = opened(found.entry.decode(), found.openings)["facts"]
    at = datetime.fromtimestamp(leaf.at_micros / 1e6, UTC)
    signed = found.signed.checkpoint
    if as_json:
        print_json(
            {
                "ok": True,
                "log": signed.origin,
                "index": found.index,
                "size": signed.size,
                "at": at.isoformat(),
                "kind": leaf.kind,
                "subject": leaf.subject,
                "facts": facts,
                **_told(found.signed),
            }
        )
        return
    say(f"{signed.origin}: entry {found.index} of {signed.size} is in the log that was signed")
    _say_witnesses(found.signed)
    say(f"{at:%Y-%m-%d %H:%M:%S} UTC  {leaf.kind}  {leaf.subject}")
    say(json.dumps(facts, ensure_ascii=False, indent=1, sort_keys=True))


def database_file(data: Path) -> Path:
    """Return the database of a data folder. Raises Refused when there is none."""
    from hub.app.hub import DATABASE

    file = data / DATABASE
    if not file.exists():
        raise Refused(f"{shown(data)}: no hub has run here yet (expected {DATABASE} in it)")
    return file


def own_key(data: Path) -> LedgerKey:
    """Return the key of this household's log. Raises Refused when there is none yet."""
    from hub.keyfiles.ledgerkey import LEDGER_KEY, read_ledger_key

    file = data / "secrets" / LEDGER_KEY
    if not file.exists():
        raise Refused(f"{shown(file)}: no such key yet; a hub makes it at its first start")
    return read_ledger_key(file)


def verifier(key: str, option: str = "--key") -> VerifierKey:
    """Read a public key, given as text or as a file. Raises Refused when it is none."""
    from hub.ledger.note import NoteError, VerifierKey

    text = key
    if "+" not in key or (len(key) < 256 and Path(key).is_file()):
        text = read_file(Path(key), _LONGEST_KEY).decode("utf-8", "replace")
    try:
        return VerifierKey.parse(text.strip())
    except NoteError as error:
        raise Refused(f"{option}: {error}", 2) from None


def read_file(file: Path, most: int = 1024 * 1024) -> bytes:
    """Return a file's first bytes. Raises Refused when it cannot be read."""
    try:
        with file.open("rb") as stream:
            return stream.read(most)
    except OSError as error:
        raise Refused(f"{file}: {error.strerror}", 2) from None


def give(text: str, out: Path | None) -> None:
    """Write to a file, or print."""
    if out is None:
        say(text.removesuffix("\n"))
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Refused(f"{out}: {error.strerror}") from None
