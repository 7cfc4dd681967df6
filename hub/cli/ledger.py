"""``ledger``: the log of what was decided, checked and proved to others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli import proofs
from hub.cli.common import (
    DEFAULT_CONFIG,
    DEFAULT_DATA,
    AsJson,
    ConfigFolder,
    DataFolder,
    database,
    plain,
    print_json,
    say,
    shown,
    table,
)
from hub.cli.proofs import (
    Out,
    database_file,
    give,
    judged,
    own_key,
    tell_verdict,
    verifier,
    when,
)
from hub.clock import clock_from_environment

if TYPE_CHECKING:
    from hub.settings import Settings

app = typer.Typer(
    help="The log of who decided what because of what: read it, check it, prove it to others.",
    epilog=(
        "[bold]run_hub.py ledger verify[/bold]: is the log what was signed?\n\n"
        "[bold]run_hub.py ledger prove 12 --out entry12.proof[/bold], and on another machine\n\n"
        "[bold]run_hub.py ledger check entry12.proof --key hub.key[/bold]"
    ),
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@app.command("verify", epilog="[bold]run_hub.py ledger verify --json[/bold]: for programs")
def verify(
    data: DataFolder = DEFAULT_DATA,
    key: Annotated[
        str, typer.Option("--key", help="The log's public key; else that of the data folder.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Check the whole log, each row that was decided, told or agreed, and the file's pages.

    Levels, entities and timers are rewritten all the time and have no checksum (docs/ledger.md).
    """
    from hub.store.logfile import verify_file

    file = database_file(data)
    public = verifier(key) if key else own_key(data).key.verifier
    report = judged(lambda: verify_file(file, public), as_json)
    if not as_json:
        for name, size, at in report.witnesses:
            say(f"{name} countersigned {size} entries at {when(at):%Y-%m-%d %H:%M:%S} UTC")
    witnesses = [
        {"witness": name, "size": size, "at": when(at).isoformat()}
        for name, size, at in report.witnesses
    ]
    more = {"openings": report.openings, "rows": report.rows, "witnesses": witnesses}
    tell_verdict(report, as_json, more, f"{report.rows} other rows")


@app.command("list", epilog="[bold]run_hub.py ledger list --limit 100[/bold]")
def list_entries(
    config: ConfigFolder = DEFAULT_CONFIG,
    data: DataFolder = DEFAULT_DATA,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 20,
    subject: Annotated[
        str | None, typer.Option("--subject", help="Only what was said of this.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the newest entries, in words."""
    from hub.app.subjects import StoredSubjects
    from hub.app.witnesses import listed
    from hub.store.views import Views
    from hub.web.backend import LedgerEntry
    from hub.web.ledgerpages import told
    from hub.web.words import Words

    with database(data) as engine:
        views = Views(engine)
        entries = [
            LedgerEntry(one.index, one.at, one.kind, one.subject, json.loads(one.body)["facts"])
            for one in views.newest(before=None, limit=limit, subject=subject)
        ]
        settings = _settings(config)
        words = Words(settings.home.zone, clock_from_environment().now())
        rows = told(StoredSubjects(views, settings), entries, words, listed(engine))
    if as_json:
        print_json(
            [
                {
                    "index": entry.index,
                    "at": entry.at.isoformat(),
                    "kind": entry.kind,
                    "subject": entry.subject,
                    "facts": entry.facts,
                    "text": row.text,
                }
                for entry, row in zip(entries, rows, strict=True)
            ]
        )
        return
    zone = settings.home.zone
    table(
        f"{len(rows)} entries, newest first",
        ("entry", "when", "what"),
        [(row.index, f"{row.at.astimezone(zone):%Y-%m-%d %H:%M:%S}", row.text) for row in rows],
    )


app.command("prove", epilog="[bold]run_hub.py ledger prove 12 --out entry12.proof[/bold]")(
    proofs.prove
)
app.command(
    "consistency",
    epilog=(
        "[bold]run_hub.py ledger consistency 40[/bold]: from the 40 entries there were\n\n"
        "[bold]run_hub.py ledger consistency their.checkpoint[/bold]: from what somebody holds"
    ),
)(proofs.consistency)
app.command(
    "check",
    epilog=(
        "[bold]run_hub.py ledger check entry12.proof --key hub.key[/bold]\n\n"
        "[bold]run_hub.py ledger check grown.proof --key hub.key --seen yesterday[/bold]"
    ),
)(proofs.check)


@app.command("checkpoint", epilog="[bold]run_hub.py ledger checkpoint --out today[/bold]")
def checkpoint(data: DataFolder = DEFAULT_DATA, out: Out = None) -> None:
    """Give the newest signed checkpoint: who holds it notices if the past is ever changed."""
    from hub.app.ledgertools import countersigned
    from hub.store.log import sign_now

    with database(data) as engine:
        give(countersigned(engine, sign_now(engine, own_key(data).sign)), out)


@app.command("key", epilog="[bold]run_hub.py ledger key --out hub.key[/bold]")
def key(
    data: DataFolder = DEFAULT_DATA,
    out: Out = None,
    witness: Annotated[
        bool, typer.Option("--witness", help="That by which contacts' logs are countersigned.")
    ] = False,
) -> None:
    """Give the log's public key (C2SP verifier key), to be handed to others."""
    own = own_key(data)
    give(f"{own.witness if witness else own.verifier}\n", out)


@app.command("witnesses", epilog="[bold]run_hub.py ledger witnesses --json[/bold]")
def witnesses(data: DataFolder = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """List the contacts who countersign the log: what size, when, by which key; and what is wrong.

    With `contact witness NAME` one is asked to.
    """
    from hub.app.witnesses import listed

    with database(data) as engine:
        found = listed(engine)
    if as_json:
        print_json([plain(one) for one in found])
        return
    table(
        f"{len(found)} witnesses",
        (
            "who",
            "signed of ours",
            "when",
            "we signed of theirs",
            "when",
            "their key",
            "what is wrong",
        ),
        [
            (
                one.name,
                one.size or "",
                f"{one.at:%Y-%m-%d %H:%M}" if one.at else "not yet",
                one.seen_size or "",
                f"{one.seen_at:%Y-%m-%d %H:%M}" if one.seen_at else "",
                one.key,
                one.fault or one.refused,
            )
            for one in found
        ],
    )


@app.command("publish", epilog="[bold]run_hub.py ledger publish /srv/www/ledger[/bold]")
def publish(
    folder: Annotated[Path, typer.Argument(help="Where the files go; made when missing.")],
    data: DataFolder = DEFAULT_DATA,
    now: Annotated[
        bool, typer.Option("--now", help="Also what nobody has countersigned yet.")
    ] = False,
) -> None:
    """Write the log as static files (C2SP tlog-tiles) that anyone can mirror; only what is new.

    It goes up to the newest checkpoint that contacts countersigned, with their signatures; where
    none did for two days, up to now. The files hold no names, levels or prices (those are sealed),
    but kinds, subjects and times.
    """
    from hub.app.ledgertools import publish as write
    from hub.domain.witness import UNHEARD

    at = clock_from_environment().now()
    with database(data) as engine:
        done = write(engine, own_key(data), folder, at if now else at - UNHEARD)
    by = f", countersigned by {done.others}" if done.others else ""
    say(f"{shown(folder)}: {done.size - done.before} new entries, {done.size} in all{by}")
    if done.waiting:
        say(f"{done.waiting} more wait for a countersignature; --now publishes them without")


@app.command(
    "mirror",
    epilog=(
        "[bold]run_hub.py ledger mirror https://ada.example/ledger --key ada.key[/bold]\n\n"
        "[bold]run_hub.py ledger mirror … --to copy[/bold]: keep it, and see that it only grows"
    ),
)
def mirror(
    source: Annotated[str, typer.Argument(help="The folder or address it is published at.")],
    key: proofs.Key,
    to: Annotated[
        Path | None, typer.Option("--to", help="Keep a copy there, or bring it up to date.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check somebody's published log by its public key alone, and keep a copy of it.

    Whoever keeps one notices when the past is changed; no data folder is needed.
    """
    from hub.app.mirror import fetcher
    from hub.app.mirror import mirror as read

    found = read(fetcher(source), verifier(key), to)
    new = found.signed.checkpoint
    if as_json:
        print_json({"ok": True, "log": new.origin, "from": found.before, "size": new.size})
        return
    say(f"{new.origin}: {new.size} entries are published, and they are those signed")
    if found.before:
        say(f"{new.size - found.before} are new; those mirrored before are unchanged")


def _settings(config: Path) -> Settings:
    from hub.app.config import ConfigError, read_config
    from hub.settings import Settings

    try:
        return read_config(config).checked()
    except ConfigError:
        return Settings()
