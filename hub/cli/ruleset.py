"""``rule publish`` and the commands of a household that adopts what others publish."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.common import (
    DEFAULT_CONFIG,
    DEFAULT_DATA,
    AsJson,
    ConfigFolder,
    DataFolder,
    Refused,
    database,
    plain,
    print_json,
    say,
    table,
    tell_wish,
    wish,
)
from hub.clock import clock_from_environment

if TYPE_CHECKING:
    from hub.domain.merging import Side
    from hub.domain.rulesets import AdoptedSet, Offered
    from hub.web.rulesets import Preview

SetId = Annotated[str, typer.Argument(help="The set's id; `rule sets` lists them.")]
Values = Annotated[
    list[str] | None, typer.Option("--with", help="What the set asks for: NAME=VALUE.")
]
Take = Annotated[
    str | None,
    typer.Option("--take", help="Where both sides changed the same lines: ours or theirs."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Agree to what is shown, without being asked.")]
_MARKS = {"added": "+", "removed": "-", "same": " ", "place": ""}
_ALERTS = {
    "alone": "orders WITHOUT asking up to {detail} (limits.auto_approve in hub.yaml)",
    "orders": "proposes what costs money; a member is asked",
    "home": "has Home Assistant act once a member agreed: {detail}",
    "night": "speaks at night as well",
    "children": "speaks to children too",
}


def publish(
    folder: Annotated[Path, typer.Argument(help="A folder with set.yaml and files of rules.")],
    key: Annotated[Path, typer.Option("--key", help="Your key; it is made where none is.")],
    out: Annotated[Path, typer.Option("--out", help="The file to put on a web server.")],
) -> None:
    """Sign a folder of rules as a set that others can adopt."""
    from hub.app.rulesets.publish import packed
    from hub.app.textfiles import put
    from hub.web.files import CannotWrite
    from integrations.rulesets.seal import fingerprint, public_of, publisher_key, seal

    try:
        payload = packed(folder)
        secret = publisher_key(key)
        put(out, seal(payload, secret))
    except (ValueError, CannotWrite) as error:
        raise Refused(str(error), 2) from None
    say(f"{out} is signed. Tell people your key's fingerprint:")
    say(f"  {fingerprint(public_of(secret))}")


def fetch(
    source: Annotated[str, typer.Argument(help="An address, or a file.")],
    config: ConfigFolder = DEFAULT_CONFIG,
    data: DataFolder = DEFAULT_DATA,
    values: Values = None,
    take: Take = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Fetch a signed set, show whose it is and all that would change by it, and ask."""
    _adopt(config, data, _offered(source), values, take, yes, as_json)


def update(
    set_id: SetId,
    config: ConfigFolder = DEFAULT_CONFIG,
    data: DataFolder = DEFAULT_DATA,
    values: Values = None,
    take: Take = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Look for a newer version at the set's own address, show the difference, and ask."""
    adopted = _one(data, set_id)
    if not adopted.url:
        raise Refused(f"{set_id} came as a file: `rule fetch FILE` takes a newer one")
    offered = _offered(adopted.url, local=adopted.local)
    if offered.digest == adopted.digest:
        say(f"{set_id} {adopted.version} is the newest")
        return
    if offered.id != set_id:
        raise Refused(f"at its address there is {offered.id} now")
    _adopt(config, data, offered, values, take, yes, as_json)


def sets(data: DataFolder = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """List the adopted sets: their version, publisher's key and address, and what is newer."""
    from integrations.rulesets.seal import fingerprint

    rows = [
        {
            "id": one.id,
            "version": one.version,
            "newer": one.newer.version if one.newer else "",
            "key": fingerprint(one.key),
            "url": one.url,
            "trouble": one.trouble,
        }
        for one in _all(data)
    ]
    if as_json:
        print_json(rows)
        return
    table(
        f"{len(rows)} sets of rules",
        ("id", "version", "newer", "key", "url", "trouble"),
        [tuple(row.values()) for row in rows],
    )


def drop(set_id: SetId, data: DataFolder = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Take a set out of force. What you changed in its files stays beside, as `.kept`."""
    _one(data, set_id)
    done = wish(data, "rules drop", {"id": set_id})
    _tell(done, as_json, f"{set_id} is not in force any more")


def _adopt(
    config: Path,
    data: Path,
    offered: Offered,
    values: list[str] | None,
    take: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    from hub.app.config import read_config
    from hub.app.offline import empty_home
    from hub.app.rulesets.plan import plan
    from hub.domain.rulesets import SetError
    from hub.web.files import CannotWrite
    from hub.web.rulesets import Wanted

    said = dict(_pair(one) for one in values or ())
    if take not in (None, "ours", "theirs"):
        raise Refused(f"--take: expected ours or theirs, got {take!r}", 2)
    home, _ = empty_home(read_config(config))
    adopted = next((one for one in _all(data) if one.id == offered.id), None)
    try:
        shown, _ = plan(config, home, adopted, offered, Wanted(said))
        side: Side | None = "ours" if take == "ours" else "theirs" if take else None
        if side is not None:
            chosen = {one.id: side for one in shown.conflicts}
            shown, _ = plan(config, home, adopted, offered, Wanted(said, chosen))
    except (SetError, CannotWrite) as error:
        raise Refused(str(error)) from None
    if not as_json:
        _show(shown)
    if shown.refused:
        raise Refused(shown.refused)
    missing = [one for one in shown.parameters if one.wrong]
    if missing:
        raise Refused("; ".join(f"--with {one.name}=…: {one.wrong}" for one in missing))
    if not shown.stamp:
        raise Refused("both sides changed the same lines: say --take ours or --take theirs")
    if not yes:
        if as_json or not sys.stdin.isatty():
            if as_json:
                print_json(plain(shown))
            else:
                say("Nothing is changed. With --yes you agree to this.")
            return
        if not typer.confirm("Adopt it?"):
            say("Nothing is changed.")
            return
    words = {
        "document": offered.document,
        "url": offered.url,
        "local": offered.local,
        "values": {one.name: one.value for one in shown.parameters},
        "choices": {one.id: one.choice for one in shown.conflicts},
        "stamp": shown.stamp,
    }
    done = wish(data, "rules adopt", words)
    _tell(done, as_json, f"{shown.id} {shown.version} is adopted")


def _show(shown: Preview) -> None:
    from hub.domain.rulesets import in_language
    from hub.web.rulewords import words_of

    was = f" (you have {shown.was})" if shown.was else ""
    say(f"{in_language(shown.title, 'en')}: {shown.id} {shown.version}{was}")
    say(in_language(shown.description, "en"))
    say(f"Publisher: {shown.publisher}; licence: {shown.licence}")
    trust = "the key you trusted" if shown.known else "compare it with what the publisher tells you"
    say(f"Key: {shown.fingerprint} ({trust})")
    for version, text in shown.news:
        say(f"New in {version}: {in_language(text, 'en')}")
    for rule in shown.rules:
        say(f"\nRule {rule.id} is {rule.verb}:")
        for line in words_of(rule.after or rule.before, str):
            say(f"  {line}")
    for alert in shown.alerts:
        say(f"! {alert.rule} {_ALERTS[alert.kind].format(detail=alert.detail)}")
    for wrong in shown.mistakes:
        say(f"! left out here: {wrong}")
    for file in shown.files:
        kept = " (what you changed stays)" if file.kept else ""
        say(f"\nrules/sets/{shown.id}/{file.name}{kept}")
        for part in file.lines:
            say(f"{_MARKS[part.mark]}{part.text}")
    for one in shown.conflicts:
        say(f"\nBoth changed {one.id}:\nours:\n{one.ours}\ntheirs:\n{one.theirs}")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise Refused(f"--with: expected NAME=VALUE, got {text!r}", 2)
    return name, value


def _offered(source: str, *, local: bool | None = None) -> Offered:
    from hub.app.rulesets.offers import fetched, offer_of
    from hub.domain.rulesets import BIGGEST, SetError

    now = clock_from_environment().now()
    try:
        if source.startswith(("http://", "https://")):
            return asyncio.run(fetched(source, now, local=local))
        with Path(source).open("rb") as file:
            return offer_of(file.read(BIGGEST + 1), "", False, now)
    except OSError as error:
        raise Refused(f"{source} cannot be read: {error.strerror}", 2) from None
    except SetError as error:
        raise Refused(str(error)) from None


def _all(data: Path) -> list[AdoptedSet]:
    from hub.store.rulesets import RuleSetStore

    with database(data) as engine, engine.connect() as connection:
        return RuleSetStore(connection).adopted()


def _one(data: Path, set_id: str) -> AdoptedSet:
    found = next((one for one in _all(data) if one.id == set_id), None)
    if found is None:
        raise Refused(f"no set of rules is called {set_id!r}; `rule sets` lists them")
    return found


def _tell(done: dict[str, Any], as_json: bool, text: str) -> None:
    tell_wish(done, as_json, text)
    for name in () if as_json or done.get("later") else done.get("kept") or ():
        say(f"your changes are in {name}")
