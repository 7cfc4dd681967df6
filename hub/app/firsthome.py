"""A home that begins: its folder, and ports where the usual ones are taken.

Whoever tries the hub beside another broker or another hub would else have to edit a file before
they saw its first page. What was chosen is written to hub.yaml, so that it stays.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from pathlib import Path

from hub.app.textfiles import changed, put, read
from hub.domain.yamltext import YamlError, load
from hub.settings import Settings

_PORTS = frozenset({("mqtt", "port"), ("http", "port")})
_MOST = 100
"""Ports that are tried one after another."""


def begin(folder: Path, data: Path) -> Iterator[str]:
    """Make what a new home lacks, and tell each thing in a line.

    A folder that is missing is made only where ``data`` is empty too: else its name is a mistake.
    Raises CannotWrite where a file or folder cannot be written.
    """
    if not folder.exists() and not (data.is_dir() and any(data.iterdir())):
        put(folder / "hub.yaml", _HEAD)
        yield f"{folder} is made: the household's files will be in it"
    if not folder.is_dir():
        return
    text = read(folder / "hub.yaml")
    if not _says_nothing(text):
        return
    usual = Settings()
    changes: dict[tuple[str | int, ...], object] = {}
    for section, host, port, whose in (
        ("http", usual.http.host, usual.http.port, "these pages'"),
        ("mqtt", usual.mqtt.bind, usual.mqtt.port, "the hub's broker's"),
    ):
        free = next((one for one in range(port, port + _MOST) if _is_free(host, one)), port)
        if free != port:
            changes[section, "port"] = free
            yield f"port {port} is taken: {whose} is {free}, as hub.yaml says from now on"
    if changes:
        put(folder / "hub.yaml", changed(text, "hub.yaml", changes))


_HEAD = "# The household. Every key has a default; docs/settings.md has them all.\n"


def fresh(data: object) -> bool:
    """Tell whether hub.yaml, as it was read, says nothing but ports: nobody was asked yet."""
    if data is None:
        return True
    if not isinstance(data, dict):
        return False
    return all(
        isinstance(said, dict) and all((section, key) in _PORTS for key in said)
        for section, said in data.items()
    )


def _says_nothing(text: str) -> bool:
    try:
        return load(text, "hub.yaml").data in (None, {})
    except YamlError:
        return False


def _is_free(host: str, port: int) -> bool:
    try:
        with socket.create_server((host, port)):
            return True
    except OSError as error:
        # Any other reason is told better by what will listen there.
        return error.errno != errno.EADDRINUSE
