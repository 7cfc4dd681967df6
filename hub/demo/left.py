"""What left each home: all that providers and friends hold of it is read, and held to its page.

Providers keep the bytes they were sent, friends' hubs what came of them. Whatever personal stands
there has to stand on the household's privacy page, as told to this one and under a consent.
"""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from hub.app.hub import DATABASE
from hub.demo.home import Home
from hub.demo.stage import Stage, expect
from integrations.beckn.keys import load_or_create

_OF_THE_HOME = ("name", "address", "area_code", "gps", "phone", "email")
_WITH_FRIENDS = ("address", "gps", "phone", "email")
"""What friends do not learn by being friends: the name is on a household's card."""


async def all_of_it_is_told(stage: Stage) -> list[str]:
    """Hold what others have to what each household's page says; return a line a household."""
    told = []
    for home in stage.homes:
        rows = {one["id"]: one for one in await home.ask("/disclosures?limit=500")}
        own, members = await asyncio.to_thread(_personal, home)
        identity = load_or_create(home.household.data / "secrets", kind="hub")
        read = 0
        for seller in stage.sellers.values():
            for message_id, body in await asyncio.to_thread(
                _sent_to, seller.data, identity.subscriber_id
            ):
                read += 1
                where = f"{home.title}'s message {message_id} to {seller.title}"
                _judge(where, json.loads(body), own, members, rows.get(message_id))
        for friend in stage.homes:
            if friend is not home:
                seen = {
                    field
                    for one in rows.values()
                    if one["called"] == friend.title
                    for field in one["fields"]
                }
                await asyncio.to_thread(_judge_friend, home, friend, own, seen)
        to = {one["called"] for one in rows.values()}
        told.append(f"{home.title} told {len(to)} others, {read} messages to shops were read")
    return told


def _personal(home: Home) -> tuple[dict[str, str], tuple[str, ...]]:
    text = (home.household.config / "hub.yaml").read_text(encoding="utf-8")
    settings = YAML(typ="safe").load(text)
    own = {key: str(settings["home"][key]) for key in _OF_THE_HOME if key in settings["home"]}
    return own, tuple(str(one["name"]) for one in settings["members"])


def _sent_to(data: Path, sender: str) -> list[tuple[str, bytes]]:
    with closing(sqlite3.connect(f"file:{data}/provider.sqlite?mode=ro", uri=True)) as database:
        return database.execute(
            "SELECT message_id, body FROM inbox WHERE sender = ?", (sender,)
        ).fetchall()


def _judge(
    where: str,
    message: Any,
    own: Mapping[str, str],
    members: tuple[str, ...],
    row: Mapping[str, Any] | None,
) -> None:
    for said in _texts(message):
        for member in members:
            expect(not re.search(rf"\b{re.escape(member)}\b", said), f"{where} names {member}")
        for field, value in own.items():
            # A street may be called as its house is.
            if value == said or (field != "name" and value in said):
                listed = row is not None and field in row["fields"] and row["grants"]
                expect(bool(listed), f"{where} tells the {field}; its privacy page does not say so")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _judge_friend(home: Home, friend: Home, own: Mapping[str, str], seen: set[str]) -> None:
    database = friend.household.data / DATABASE
    held = b"".join(
        file.read_bytes()
        for file in (database, database.with_name(database.name + "-wal"))
        if file.exists()
    )
    for field in _WITH_FRIENDS:
        if field in own and own[field].encode() in held:
            expect(
                field in seen,
                f"{friend.title} holds the {field} of {home.title}; its page does not say so",
            )
