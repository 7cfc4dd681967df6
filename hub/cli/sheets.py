"""``identity share`` and ``contact sheet``: recovery words that friends' hubs keep."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.common import (
    DEFAULT_DATA,
    AsJson,
    DataFolder,
    Refused,
    database,
    print_json,
    say,
    table,
    tell_wish,
    wish,
)

if TYPE_CHECKING:
    from pathlib import Path

    from hub.domain.contacts import Contact
    from hub.domain.sheets import Kept

SHARE_EXAMPLES = (
    "[bold]run_hub.py identity share Birch Cedar Elm --threshold 2[/bold]: any two of the three"
)
SHEET_EXAMPLES = (
    "[bold]run_hub.py contact sheet[/bold]: for whom this hub keeps one\n\n"
    "[bold]run_hub.py contact sheet Birch[/bold]: the words, to read to them\n\n"
    "[bold]run_hub.py contact sheet Birch --drop[/bold]: keep it no longer"
)
_COLUMNS = 5


def share(
    contacts: Annotated[
        list[str], typer.Argument(help="Contacts who each keep a sheet.", metavar="NAME...")
    ],
    threshold: Annotated[
        int, typer.Option("--threshold", help="How many of the sheets will do.")
    ] = 2,
    data: DataFolder = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Have contacts' hubs keep sheets of the recovery words, any few of which will do.

    Each is encrypted to the hub that keeps it; one alone tells nothing. Their adults are told, and
    you are when somebody there looks at it. Sheets that contacts had before are forgotten.
    """
    from hub.app.sheets import VERB
    from hub.cli.contact import find_contact

    found = [find_contact(data, name) for name in contacts]
    words = {"ids": [one.id for one in found], "needed": threshold}
    done = wish(data, f"{VERB} give", words)
    names = ", ".join(one.name for one in found)
    text = (
        f"sheets are on their way to {names}; any {threshold} of them together are the household\n"
        "`identity show` tells how many keep theirs"
    )
    tell_wish(done, as_json, text)


def sheet(
    who: Annotated[
        str, typer.Argument(help="A contact's name; without it, all whose sheet is kept.")
    ] = "",
    drop: Annotated[bool, typer.Option("--drop", help="Keep it no longer; they are told.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is really they.")] = (
        False
    ),
    data: DataFolder = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Show the recovery words that are kept for a contact, to read to them. The hub must run.

    They are told that somebody looked, and it stands in both logs.
    """
    from hub.app.sheets import VERB
    from hub.cli.contact import find_contact

    if not who:
        _list(data, as_json)
        return
    contact = find_contact(data, who)
    if _kept_for(data, contact) is None:
        raise Refused(f"no sheet of recovery words is kept for {contact.name}")
    if drop:
        done = wish(data, f"{VERB} drop", {"id": contact.id})
        tell_wish(done, as_json, f"the sheet of {contact.name} is kept no longer; they are told")
        return
    if not yes:
        _be_sure(contact)
    wish(data, f"{VERB} show", {"id": contact.id}, must_run=True)
    found = _kept_for(data, contact)
    if found is None:
        raise Refused(f"no sheet of recovery words is kept for {contact.name}")
    words = found.words.split()
    if as_json:
        print_json({"number": found.number, "needed": found.needed, "words": words})
        return
    say(f"Sheet {found.number} of {contact.name}; {found.needed} of their sheets are needed:")
    for at in range(0, len(words), _COLUMNS):
        row = words[at : at + _COLUMNS]
        say("".join(f"{at + place:>3} {word:<11}" for place, word in enumerate(row, 1)).rstrip())
    say("They type it at `run_hub.py identity recover` on their new hub.")


def _be_sure(contact: Contact) -> None:
    say(f"With enough such sheets somebody can be {contact.name} to everybody. A message is no")
    say("proof: see them, or know the voice. Have they asked you so for these words?")
    if not sys.stdin.isatty():
        raise Refused("expected a person to ask, or --yes", 2)
    if not typer.confirm("They have"):
        raise Refused("nothing was shown")


def _list(data: Path, as_json: bool) -> None:
    from hub.store.peers import PeerStore
    from hub.store.sheets import SheetStore

    with database(data) as engine, engine.connect() as connection:
        people = PeerStore(connection)
        kept = [(people.contact(one.contact), one) for one in SheetStore(connection).kept()]
    if as_json:
        rows = [
            {
                "contact": one.contact,
                "name": contact.name if contact else "",
                "number": one.number,
                "needed": one.needed,
                "since": one.at,
                "shown_at": one.shown_at,
            }
            for contact, one in kept
        ]
        print_json(rows)
        return
    table(
        "Sheets that are kept for contacts",
        ("contact", "sheet", "needed", "since", "last looked at"),
        [
            (
                contact.name if contact else one.contact,
                one.number,
                one.needed,
                f"{one.at:%Y-%m-%d}",
                f"{one.shown_at:%Y-%m-%d %H:%M} UTC" if one.shown_at else "never",
            )
            for contact, one in kept
        ],
    )


def _kept_for(data: Path, contact: Contact) -> Kept | None:
    from hub.store.sheets import SheetStore

    with database(data) as engine, engine.connect() as connection:
        return SheetStore(connection).kept_for(contact.peer) if contact.peer else None
