"""``contact``: friends' households, made by a link or a QR code, confirmed on both sides."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import sheets
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
from hub.clock import clock_from_environment

if TYPE_CHECKING:
    from hub.domain.contacts import Contact
    from hub.domain.peers import Peer

app = typer.Typer(
    help="Friends' households: invite, accept, confirm, limit, remove.",
    epilog=(
        "[bold]run_hub.py contact invite[/bold]: a link and a QR code for one household\n\n"
        "[bold]run_hub.py contact accept LINK[/bold]: on the other one's hub\n\n"
        "[bold]run_hub.py contact confirm NAME[/bold]: on the first one's again"
    ),
    no_args_is_help=True,
    rich_markup_mode="rich",
)
app.command("sheet", epilog=sheets.SHEET_EXAMPLES)(sheets.sheet)
Who = Annotated[str, typer.Argument(help="A contact's name, or the beginning of its id.")]


@app.command("invite", epilog="[bold]run_hub.py contact invite[/bold]")
def invite(data: DataFolder = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Print a link and a QR code by which one household may become a contact. The hub must run.

    Whoever has the link first may use it, once, within three days; then `contact confirm`.
    """
    made = wish(data, "invite", {}, must_run=True)
    if as_json:
        print_json(made)
        return
    import segno

    say(qr_text(segno.make(made["link"], error="l", micro=False)))
    say(made["link"])
    say()
    say("Open it on the other household's hub (`contact accept LINK`), then confirm it here.")
    say(f"It works once, until {made['expires'][:16].replace('T', ' ')} UTC.")


def qr_text(code: Any) -> str:
    """Return a QR code in half blocks, dark on light as cameras expect it."""
    rows = [[bool(cell) for cell in row] for row in code.matrix_iter(border=2)]
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    blocks = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return "\n".join(
        "".join(blocks[upper, lower] for upper, lower in zip(*pair, strict=True)) for pair in pairs
    )


@app.command("accept", epilog="[bold]run_hub.py contact accept web+commonhearth:contact/…[/bold]")
def accept(
    link: Annotated[str, typer.Argument(help="What `contact invite` printed.")],
    data: DataFolder = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Accept another household's link; it becomes a contact once they have confirmed."""
    from hub.domain.peers import PeerError, read_link

    try:
        invitation = read_link(link)
    except PeerError as error:
        raise Refused(str(error), 2) from None
    if invitation.expires <= clock_from_environment().now():
        raise Refused("the link has expired; ask for a new one")
    done = wish(data, "accept", {"link": link.strip()})
    tell_wish(done, as_json, f"{invitation.card.name} is asked to confirm")


@app.command("add", epilog="[bold]run_hub.py contact add Cleo cleo@mail.example[/bold]")
def add(
    name: Annotated[str, typer.Argument(help="How members call them.")],
    email: Annotated[str, typer.Argument(help="Where invitations go (`smtp` in hub.yaml).")],
    data: DataFolder = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Add a friend without a hub, who is invited by e-mail."""
    from hub.domain.activities import ActivityError, address

    try:
        address(email)
    except ActivityError as error:
        raise Refused(str(error), 2) from None
    done = wish(data, "add", {"name": name, "email": email})
    tell_wish(done, as_json, f"{name} is a contact now, by mail")


@app.command("confirm", epilog="[bold]run_hub.py contact confirm Birch[/bold]")
def confirm(who: Who, data: DataFolder = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Agree to a household that used a link of ours."""
    contact = find_contact(data, who)
    done = wish(data, "confirm", {"id": contact.id})
    tell_wish(done, as_json, f"{contact.name} is a contact now")


@app.command("list", epilog="[bold]run_hub.py contact list[/bold]")
def list_contacts(data: DataFolder = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """List the contacts: what they may see, how they are reached, and what waits for them."""
    from hub.store.peers import PeerStore

    with database(data) as engine, engine.connect() as connection:
        store = PeerStore(connection)
        found = [(one, store.peer(one.peer) if one.peer else None) for one in store.contacts()]
        waiting = {one.peer: store.out_count(one.peer) for one, _ in found if one.peer}
    rows = [
        {
            "id": contact.id,
            "name": contact.name,
            "state": _state(contact, peer),
            "sees": contact.sees,
            "circles": list(contact.circles),
            "witness": contact.witness,
            "muted": contact.muted,
            "url": peer.url if peer else "",
            "waiting": waiting.get(contact.peer, 0),
            "heard_at": peer.heard_at if peer else None,
        }
        for contact, peer in found
    ]
    if as_json:
        print_json(rows)
        return
    table(
        f"{len(rows)} contacts",
        ("id", "name", "state", "sees", "circles", "muted", "reached at", "waiting", "heard"),
        [
            (
                str(row["id"])[:8],
                row["name"],
                row["state"],
                row["sees"],
                ", ".join(contact.circles),
                "yes" if row["muted"] else "",
                row["url"],
                row["waiting"] or "",
                f"{row['heard_at']:%Y-%m-%d %H:%M}" if row["heard_at"] else "",
            )
            for row, (contact, _) in zip(rows, found, strict=True)
        ],
    )


@app.command("mute", epilog="[bold]run_hub.py contact mute Birch[/bold]")
def mute(
    who: Who,
    off: Annotated[bool, typer.Option("--off", help="Ask members again.")] = False,
    data: DataFolder = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Ask nobody about what a contact sends; it is kept all the same."""
    contact = find_contact(data, who)
    done = wish(data, "mute", {"id": contact.id, "muted": not off})
    tell_wish(done, as_json, f"{contact.name} is {'heard again' if off else 'muted'}")


@app.command("limit", epilog="[bold]run_hub.py contact limit Birch --sees busy[/bold]")
def limit(
    who: Who,
    sees: Annotated[str, typer.Option("--sees", help="nothing, or busy (times alone).")],
    data: DataFolder = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Say what a contact may see: `nothing`, or when we are `busy`, never with what."""
    if sees not in ("nothing", "busy"):
        raise Refused(f"--sees: expected nothing or busy, got {sees!r}", 2)
    contact = find_contact(data, who)
    done = wish(data, "limit", {"id": contact.id, "sees": sees})
    tell_wish(done, as_json, f"{contact.name} sees {'busy times' if sees == 'busy' else 'nothing'}")


@app.command("witness", epilog="[bold]run_hub.py contact witness Birch[/bold]")
def witness(
    who: Who,
    off: Annotated[bool, typer.Option("--off", help="No longer.")] = False,
    anew: Annotated[
        bool,
        typer.Option("--anew", help="They said why their log is another one: take it as it is."),
    ] = False,
    data: DataFolder = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Agree that their hub and this one countersign each other's logs; they have to agree too.

    They are told the log's name, its size and a hash, and nothing of what is in it.
    """
    contact = find_contact(data, who)
    done = wish(data, "witness", {"id": contact.id, "on": not off, "anew": anew})
    said = "no longer countersigns the log" if off else "may countersign the log, and you theirs"
    tell_wish(done, as_json, f"{contact.name} {said}")


@app.command("circle", epilog="[bold]run_hub.py contact circle Birch chess neighbours[/bold]")
def circle(
    who: Who,
    circles: Annotated[
        list[str] | None, typer.Argument(help="All its circles; none: none.")
    ] = None,
    data: DataFolder = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Put a contact into circles, by which friends are asked together, and out of all others."""
    from hub.domain import contacts
    from hub.domain.activities import ActivityError

    contact, wanted = find_contact(data, who), circles or []
    try:
        placed = contacts.placed(contact, wanted)
    except ActivityError as error:
        raise Refused(str(error), 2) from None
    done = wish(data, "place", {"id": contact.id, "circles": list(placed.circles)})
    tell_wish(done, as_json, f"{contact.name} is in {', '.join(placed.circles) or 'no circle'}")


@app.command("remove", epilog="[bold]run_hub.py contact remove Birch[/bold]")
def remove(who: Who, data: DataFolder = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """End it: nothing of theirs is taken any more. Becoming friends again takes a new link."""
    contact = find_contact(data, who)
    done = wish(data, "remove", {"id": contact.id})
    tell_wish(done, as_json, f"{contact.name} is no contact any more")


@app.command("rotate", epilog="[bold]run_hub.py contact rotate[/bold]")
def rotate(data: DataFolder = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Put a new key in the place of ours; contacts believe it by the old one's signature."""
    tell_wish(wish(data, "rotate", {}), as_json, "there is a new key; contacts are told")


def _state(contact: Contact, peer: Peer | None) -> str:
    if peer is not None and contact.state == "offered":
        return "confirm it" if peer.awaiting == "us" else "waits for them"
    return "contact" if contact.state == "known" else contact.state


def find_contact(data: Path, who: str) -> Contact:
    """Return the contact of that name, or whose id begins so. Raises Refused."""
    from hub.store.peers import PeerStore

    with database(data) as engine, engine.connect() as connection:
        contacts = PeerStore(connection).contacts()
    found = [one for one in contacts if one.name.casefold() == who.casefold() or one.id == who]
    if not found and len(who) >= 4:
        found = [one for one in contacts if one.id.startswith(who)]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(one.id[:8] for one in found)
        raise Refused(f"{len(found)} contacts are called {who!r}; say which by its id: {ids}")
    raise Refused(f"no contact is called {who!r}; `contact list` shows them")
