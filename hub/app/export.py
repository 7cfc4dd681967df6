"""A household's or a member's data in open formats: JSON lines, iCalendar, YAML, in one zip."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from hub.clock import clock_from_environment
from hub.domain.orders import Order
from hub.store.everything import Row, exported, rows_of
from hub.store.views import Views

HIDDEN = "(left out of the export)"
_SECRET_KEYS = frozenset(("password", "token"))
_MOST_ORDERS = 100_000
_ABOUT = """What is in here
===============

{what}, exported {at}.

*.jsonl         one JSON object a line, a file for each kind of thing; instants are ISO 8601 in UTC
ledger.jsonl    who decided what because of what: `facts` as they can be read today, `entry` as it
                stands in the log (sealed facts are commitments there), `leaf` its hash (RFC 6962)
deliveries.ics  deliveries that were ordered, for any calendar (RFC 5545)
config/         what the household wrote itself; passwords and access tokens are left out

Left out are keys, hashes of passwords and codes, and what only recognises a message that comes
twice. Backups (`run_hub.py backup`) hold those as well.
"""


def export_all(engine: Engine, config: Path, out: Path) -> dict[str, int]:
    """Write everything of a household; return how many of what.

    OSError when ``out`` cannot be written; nothing is left there then.
    """
    return _write(engine, out, "All data of this household", None, _config_files(config))


def export_member(
    engine: Engine, config: Path, member: str, name: str, out: Path
) -> dict[str, int]:
    """Write what is about one member; ``name`` is how they are called, "" when unknown."""
    files = ((file, _of_member(text, member)) for file, text in _config_files(config))
    kept = [(file, text) for file, text in files if text]
    return _write(engine, out, f"What is about the member {member}", (member, name), kept)


def _write(
    engine: Engine,
    out: Path,
    what: str,
    about: tuple[str, str] | None,
    config: Iterable[tuple[str, str]],
) -> dict[str, int]:
    counts: dict[str, int] = {}
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w+b") as raw, zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as z:
            z.writestr(
                "README.txt",
                _ABOUT.format(what=what, at=clock_from_environment().now().isoformat()),
            )
            with engine.connect() as connection:
                for name in exported():
                    with z.open(f"{name}.jsonl", "w", force_zip64=True) as stream:
                        for row in rows_of(connection, name):
                            if about is None or _mentions(row, *about):
                                counts[name] = counts.get(name, 0) + 1
                                stream.write(_line(row))
            if about is None:
                z.writestr("deliveries.ics", _calendar(Views(engine).orders(limit=_MOST_ORDERS)))
            for file, text in config:
                z.writestr(f"config/{file}", text)
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)
    return counts


def _line(row: Row) -> bytes:
    return json.dumps(row, ensure_ascii=False, default=str).encode() + b"\n"


def _mentions(value: Any, member: str, name: str) -> bool:
    """Tell whether a member is in a row: by id as a value of its own, or by name in a text."""
    if isinstance(value, str):
        same = value in (member, f"member:{member}")
        return same or bool(name and name in value)
    if isinstance(value, dict):
        return any(_mentions(one, member, name) for one in value.values())
    if isinstance(value, list):
        return any(_mentions(one, member, name) for one in value)
    return False


def _config_files(config: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(config.rglob("*.yaml")):
        if file.is_file() and not file.name.startswith("."):
            yield file.relative_to(config).as_posix(), _without_secrets(file.read_text("utf-8"))


def _without_secrets(text: str) -> str:
    """Return YAML with the values of secret keys left out, everything else as it was written."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML()
    yaml.preserve_quotes = True
    try:
        found = yaml.load(text)
    except YAMLError:
        return "# this file has a mistake in it and was left out: it might show a password\n"
    if not _hide(found):
        return text
    written = StringIO()
    yaml.dump(found, written)
    return written.getvalue()


def _hide(value: Any) -> bool:
    hidden = False
    if isinstance(value, dict):
        for key in value:
            if key in _SECRET_KEYS and value[key] is not None:
                value[key], hidden = HIDDEN, True
            elif key == "apprise":
                value[key], hidden = [HIDDEN], True  # such URLs hold passwords
            else:
                hidden = _hide(value[key]) or hidden
    elif isinstance(value, list):
        for one in value:
            hidden = _hide(one) or hidden
    return hidden


def _of_member(text: str, member: str) -> str:
    """Return the part of hub.yaml that is about a member, "" when there is none."""
    from ruamel.yaml import YAML

    yaml = YAML()
    found = yaml.load(text)
    members = found.get("members") if isinstance(found, dict) else None
    mine = [one for one in members or () if isinstance(one, dict) and one.get("id") == member]
    if not mine:
        return ""
    written = StringIO()
    yaml.dump({"members": mine}, written)
    return written.getvalue()


def _calendar(orders: Iterable[Order]) -> str:
    """Return the deliveries of orders as iCalendar (RFC 5545, section 3.6.1)."""
    stamp = _utc(clock_from_environment().now())
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Commonhearth//export//EN"]
    for order in orders:
        window = order.slot.window if order.slot else None
        if window is None or order.state in ("drafted", "quoted", "failed"):
            continue
        lines += [
            "BEGIN:VEVENT",
            f"UID:{order.id}",
            f"DTSTAMP:{stamp}",
            f"DTSTART:{_utc(window.start)}",
            f"DTEND:{_utc(window.end)}",
            f"SUMMARY:{_text(order.provider_name)}",
            f"STATUS:{'CANCELLED' if order.state == 'cancelled' else 'CONFIRMED'}",
            "END:VEVENT",
        ]
    folded = (part for line in [*lines, "END:VCALENDAR"] for part in _folded(line))
    return "".join(f"{line}\r\n" for line in folded)


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return " ".join(escaped.split())


def _folded(line: str) -> Iterator[str]:
    """Yield a content line in pieces of at most 75 bytes (section 3.1)."""
    piece, size = "", 0
    for letter in line:
        width = len(letter.encode())
        if size + width > 75:
            yield piece
            piece, size = " ", 1
        piece, size = piece + letter, size + width
    yield piece
