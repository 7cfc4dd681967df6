"""``identity``: who the household is to others, its recovery words, and the way back from them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli import identitylock, rotate, sheets
from hub.cli.backup import CaFile, HostKey, KeyFile, PasswordFile
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
from hub.clock import clock_from_environment

if TYPE_CHECKING:
    from hub.app.recovery.words import Recovered, Sheet
    from hub.app.sheets import Held

app = typer.Typer(
    help="Who the household is to others, and the words that bring it back.",
    epilog=(
        "[bold]run_hub.py identity words[/bold]: one sheet of words to write down\n\n"
        "[bold]run_hub.py identity words --shares 5 --threshold 3[/bold]: five sheets for friends, "
        "any three of which will do\n\n"
        "[bold]run_hub.py identity recover --config config --data data --backup home.age[/bold]"
    ),
    no_args_is_help=True,
    rich_markup_mode="rich",
)
_COLUMNS = 5
_MOST_TYPED = 64 * 1024
app.command("share", epilog=sheets.SHARE_EXAMPLES)(sheets.share)
app.command("rotate", epilog=rotate.EXAMPLES)(rotate.rotate)
app.command("lock", epilog=identitylock.LOCK_EXAMPLES)(identitylock.lock)
app.command("unlock", epilog=identitylock.UNLOCK_EXAMPLES)(identitylock.unlock)


@app.command("show", epilog="[bold]run_hub.py identity show --json[/bold]")
def show(data: DataFolder = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Print the names and public keys by which others know the household."""
    from hub.app.recovery.household import household
    from hub.keyfiles.convert import lock_path

    found = household(data)
    printed, locked, kept = found.root.printed, lock_path(data).exists(), _held(data)
    if as_json:
        print_json(
            {
                "subscriber_id": found.subscriber_id,
                "key_id": found.beckn_key_id,
                "key": found.beckn_key,
                "hub": found.peer_id,
                "hub_key": found.peer_key,
                "rotations": found.rotations,
                "backups_for": found.root.age_recipient,
                "words_printed": printed,
                "words_alone": found.alone,
                "locked": locked,
                "sheets": plain(kept),
            }
        )
        return
    say(f"to providers  {found.subscriber_id}, key {found.beckn_key_id} {found.beckn_key}")
    say(f"to friends    {found.peer_id}, key {found.peer_key}, {found.rotations} before it")
    say("its keys      " + ("are locked" if locked else "are in clear: `identity lock`"))
    say(f"its words     open backups for {found.root.age_recipient}")
    say(
        f"              printed {printed:%Y-%m-%d %H:%M} UTC"
        if printed
        else "              NEVER PRINTED: `identity words`"
    )
    if kept is not None and kept.given:
        say(
            f"              {kept.kept} of {kept.given} contacts keep a sheet, any {kept.needed} "
            "will do" + ("" if kept.enough else ": NOT ENOUGH yet")
        )


@app.command("keys", epilog="[bold]run_hub.py identity keys[/bold]")
def keys(data: DataFolder = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """List the keys of members, devices and programs that act for the household.

    Each came by an entry of the log (`ledger prove N` proves it); one without a number is entered
    by the running hub within a minute.
    """
    from hub.store import keyring

    with database(data) as engine, engine.connect() as connection:
        known = keyring.noted(connection)
        there = keyring.present(connection)
    rows = [(one, known[one.print][1] if one.print in known else None) for one in there]
    if as_json:
        print_json([{"key": plain(one), "entry": entry} for one, entry in rows])
        return
    table(
        "Keys that act for the household",
        ("kind", "whose", "name", "good for", "SHA-256", "entry"),
        [
            (
                one.kind,
                one.member or "-",
                one.name,
                one.may or "-",
                one.print[:16],
                "-" if entry is None else entry,
            )
            for one, entry in rows
        ],
    )


def _held(data: Path) -> Held | None:
    from hub.app.hub import DATABASE
    from hub.app.sheets import held

    if not (data / DATABASE).exists():
        return None
    with database(data) as engine:
        return held(engine)


@app.command("words", epilog="[bold]run_hub.py identity words --shares 5 --threshold 3[/bold]")
def words(
    data: DataFolder = DEFAULT_DATA,
    shares: Annotated[int, typer.Option("--shares", help="How many sheets to make.")] = 1,
    threshold: Annotated[int, typer.Option("--threshold", help="How many of them will do.")] = 1,
) -> None:
    """Print the words that bring the household back and open its backups. Write them on paper.

    They are shown here and kept nowhere else. Whoever has enough of them is the household.
    """
    from hub.app.recovery.household import household
    from hub.app.recovery.root import note_printed
    from hub.app.recovery.words import make_sheets

    found = household(data)
    sheets = make_sheets(found.root, alone=found.alone, shares=shares, threshold=threshold)
    now = clock_from_environment().now()
    for number, sheet in enumerate(sheets, 1):
        for line in _sheet(sheet, number, len(sheets), found.subscriber_id, f"{now:%Y-%m-%d}"):
            say(line)
    sys.stdout.flush()
    note_printed(data / "secrets", now)


def _sheet(sheet: Sheet, number: int, of: int, who: str, day: str) -> Iterator[str]:
    yield "-" * 78
    yield f"RECOVERY WORDS of the household {who}"
    yield f"Made on {day}. " + (
        "These words alone bring it back."
        if of == 1
        else f"Sheet {number} of {of}: any {sheet.needed} of them together bring it back."
    )
    yield ""
    for at in range(0, len(sheet.words), _COLUMNS):
        row = sheet.words[at : at + _COLUMNS]
        yield "".join(f"{at + place:>3} {word:<11}" for place, word in enumerate(row, 1)).rstrip()
    yield ""
    if of == 1:
        yield "Write them on paper, in this order, and keep it where the hub is not. No photograph,"
        yield "no e-mail. Whoever reads it can open the household's backups and speak in its name."
    else:
        yield "For the friend who keeps this: put it where you keep papers, show it to nobody, take"
        yield "no photograph. Alone it opens nothing. Should the household lose its hub, it will"
        yield "ask you for it in person: be sure that it is they who ask. Then read it to them."
    yield "To come back: a new hub, and `run_hub.py identity recover` (docs/recovery.md)."
    yield ""


@app.command(
    "recover",
    epilog=(
        "[bold]run_hub.py identity recover --config config --data data --backup home.age[/bold]\n\n"
        "[bold]run_hub.py identity recover --config config --data data[/bold]: no backup is left"
    ),
)
def recover(
    config: Annotated[Path, typer.Option("--config", help="An empty folder.", metavar="DIR")],
    data: Annotated[Path, typer.Option("--data", help="An empty folder.", metavar="DIR")],
    backup: Annotated[
        str, typer.Option("--backup", help="The newest backup: a file, or an address.")
    ] = "",
    password_file: PasswordFile = None,
    key_file: KeyFile = None,
    host_key: HostKey = "",
    ca_file: CaFile = None,
) -> None:
    """Bring the household back in empty folders, from its words and its backup.

    The words are typed when asked for, or come from standard input; they are no argument, for a
    shell remembers those. Without a backup its keys come back, and nothing else.
    """
    from hub.app.backup.places import Access
    from hub.app.backup.restore import refuse_full
    from hub.app.recovery.household import rebuild
    from hub.cli.backup import put_back
    from hub.keyfiles.convert import lock_path
    from hub.keyfiles.lock import offer

    refuse_full(*((config, data) if backup else (data,)))
    found = typed_words()
    if backup:
        from hub.app.backup.agefile import opener_of

        access = Access(password_file, key_file, host_key, ca_file)
        offer(found.root.age_identity)
        put_back(backup, config, data, opener_of(found.root.age_identity), access)
        if lock_path(data).exists():
            say("Its keys are locked, as they were. Where the passphrase is lost, unlock them with")
            say("`identity unlock --words`.")
        return
    made = rebuild(data, found, _subscriber_id(config))
    say(f"{made.subscriber_id} has its keys again, with friends it is {made.peer_id}.")
    say("What it knew was in its backups: its log begins anew, and friends have to be met again.")


def _subscriber_id(config: Path) -> str | None:
    from hub.app.config import ConfigError, read_config

    try:
        return read_config(config).checked().beckn.subscriber_id if config.is_dir() else None
    except ConfigError as error:
        raise Refused(str(error.problems[0]) if error.problems else str(error), 2) from None


def typed_words() -> Recovered:
    """Return what the typed words stand for; asks again for what is wrong. Raises Refused."""
    from hub.app.recovery.words import SHEET_WORDS, WordsError, combine, fitting, read_sheet, split

    sheets: list[Sheet] = []
    asked = sys.stdin.isatty()
    given = [] if asked else split(sys.stdin.read(_MOST_TYPED))
    try:
        while not sheets or len(sheets) < sheets[0].needed:
            if asked:
                of = f" of {sheets[0].needed}" if sheets and sheets[0].needed > 1 else ""
                text = _ask(f"The {SHEET_WORDS} words of sheet {len(sheets) + 1}{of}")
            else:
                text, given = " ".join(given[:SHEET_WORDS]), given[SHEET_WORDS:]
            try:
                sheet = read_sheet(text)
                fitting(sheet, sheets)
            except WordsError as error:
                if not asked:
                    raise WordsError(f"sheet {len(sheets) + 1}: {error}") from None
                say(f"{error}. Once more:")
                continue
            sheets.append(sheet)
        return combine(sheets)
    except WordsError as error:
        raise Refused(str(error)) from None


def _ask(what: str) -> str:
    """Read words line by line, until there are enough or a line is empty."""
    from hub.app.recovery.words import SHEET_WORDS, split

    say(f"{what}; numbers between them do not matter, an empty line ends them:")
    words: list[str] = []
    while len(words) < SHEET_WORDS:
        line = sys.stdin.readline(_MOST_TYPED)
        if not line:
            raise typer.Abort
        if not line.strip():
            break
        words += split(line)
    return " ".join(words)
