"""``identity rotate``: a new key in the place of one that others may have."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli.common import (
    DEFAULT_DATA,
    AsJson,
    DataFolder,
    Refused,
    print_json,
    say,
    tell_wish,
    wish,
)

EXAMPLES = (
    "[bold]run_hub.py identity rotate providers[/bold]: the key that signs orders\n\n"
    "[bold]run_hub.py identity rotate friends[/bold]: the key towards friends' hubs"
)
_ANEW = {
    "buttons": (("household.key",), "buttons and links that were sent before work no longer"),
    "https": (
        ("https.pem", "authority.key", "authority.crt"),
        "phones have to trust the new secrets/authority.crt (docs/https.md)",
    ),
    "push": (("vapid.pem",), "browsers have to be allowed to notify again"),
    "topics": (("ntfy.json", "ntfy-replies.json"), "phones have to be subscribed anew"),
}
"""Secrets that are made at a start where they are missing, and what their loss means to people."""

NAMES = ("providers", "friends", *_ANEW)


def rotate(
    name: Annotated[str, typer.Argument(help=f"Which: {', '.join(NAMES)}.", metavar="NAME")],
    data: DataFolder = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Put a new key in the place of one of the household's, and tell those who know it by that.

    `providers` and `friends`: the old key signs for the new one. The running hub tells registries,
    the relay and contacts; interrupted, it goes on by itself. The others are made anew at the next
    start; the hub must not run meanwhile.
    """
    if name == "friends":
        tell_wish(wish(data, "rotate", {}), as_json, "there is a new key; contacts are told")
    elif name == "providers":
        _providers(data, as_json)
    elif name in _ANEW:
        _anew(data, name, as_json)
    elif name == "log":
        raise Refused("the log has one key for good: by it others know that it is the same log", 2)
    else:
        raise Refused(f"{name!r} is none of the keys; expected one of {', '.join(NAMES)}", 2)


def _providers(data: DataFolder, as_json: bool) -> None:
    from hub.app.rotation import VERB

    done = wish(data, f"{VERB} providers", {})
    waits = done.get("waits", ())
    if as_json or done.get("later"):
        tell_wish(done, as_json, "")
        return
    for line in waits:
        say(f"the new key waits: {line}")
    if waits:
        say("The old key signs meanwhile. The hub goes on by itself, also after a restart.")
        return
    say(f"providers know the household by the new key {done['key_id']}: {done['key']}")
    say("Who pinned the old one from a registry file has to agree. Recovery words bring the new")
    say("key back with a backup only: see that one is made.")


def _anew(data: DataFolder, name: str, as_json: bool) -> None:
    from hub.keyfiles.files import flush
    from hub.store.database import lock_folder

    files, means = _ANEW[name]
    folder = data / "secrets"
    if not folder.is_dir():
        raise Refused(f"{data}: no hub has run here yet")
    with lock_folder(data):
        there = [file for file in files if (folder / file).exists()]
        for file in there:
            (folder / file).unlink()
        flush(folder)
    if as_json:
        print_json({"made_anew": there})
    else:
        say(f"{', '.join(there) or 'nothing'} is made anew at the next start; {means}")
