"""The API of the household itself in hub.yaml: its name and zone, its members, its broker.

What the pages of the first start ask, for programs. Comments in hub.yaml are kept. What was read
bears an ``ETag``; sent back as ``If-Match`` it refuses where somebody changed that section since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from aiohttp import web
from pydantic import Field

from hub.domain.values import dataclass
from hub.settings import MemberSettings
from hub.web.beginning import Place
from hub.web.callers import browser_of
from hub.web.files import CannotWrite, Stale
from hub.web.operations import Answer, Input, Operation, known, read_body, wanted_tags
from hub.web.settingspages import without_login
from hub.web.site import site_of
from hub.web.textapi import sound
from hub.web.welcomeforms import LOOPBACK, MOST_MEMBERS, broker_changes, home_changes, id_of

Role = Literal["adult", "child", "guest"]


@dataclass(frozen=True, slots=True)
class HomeView:
    """The household as hub.yaml has it; null: nothing is said, the default holds."""

    name: str | None
    timezone: str | None
    language: str | None
    currency: str | None
    quiet_hours: str | None


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member of the household; other texts call them by ``id``."""

    id: str
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class BrokerView:
    """Where devices speak. ``url`` managed: the hub runs a broker of its own.

    ``password``: one is set; it is not told. ``bind``: the hub's own broker is open to the home's
    network, ``listen``: so are the pages. ``connected``: the hub is connected to it now.
    """

    url: str
    username: str | None
    password: bool
    bind: bool
    listen: bool
    connected: bool


class HomeBody(Input):
    """The household as it is to be; null takes what hub.yaml says out."""

    name: str | None = Field(max_length=80)
    timezone: str | None = Field(max_length=64, description="IANA zone, e.g. Europe/Berlin")
    language: str | None = Field(
        default=None, max_length=2, description="in which the hub speaks: en, zh"
    )
    currency: str | None = Field(max_length=3, description="ISO 4217")
    quiet_hours: str | None = Field(max_length=11, description="local times, e.g. 22:00-07:00")


class PersonBody(Input):
    """A member as they are to be."""

    name: str = Field(min_length=1, max_length=80)
    role: Role


class BrokerBody(Input):
    """Where devices are to speak. Another broker is connected to once before it is written."""

    url: str = Field(
        min_length=1, max_length=300, description="mqtt://…, or managed: the hub runs its own"
    )
    username: str = Field(default="", max_length=200)
    password: str = Field(
        default="", max_length=200, description="empty: as it is, for the same url and username"
    )
    bind: bool = Field(description="of the hub's own: open to the home's network")
    listen: bool = Field(description="open the pages to the home's network")


def said(request: web.Request, section: str) -> tuple[Any, str]:
    """Return what hub.yaml says in a section, and its tag. Raises CannotWrite."""
    return site_of(request).backend.beginning.said(section)


async def say(
    request: web.Request, section: str, tag: str, changes: Mapping[Place, object]
) -> None:
    """Change hub.yaml, as it was with this tag. Raises Stale, Mistaken, CannotWrite."""
    tags = wanted_tags(request)
    if tags is not None and tag not in tags:
        raise Stale(section)
    sound(await site_of(request).backend.beginning.say(section, tag, changes))


# -- the home -------------------------------------------------------------------------------------


async def _home(request: web.Request) -> Answer:
    found, tag = said(request, "home")
    there = found if isinstance(found, dict) else {}
    texts = [
        None if there.get(key) is None else str(there[key])
        for key in ("name", "timezone", "language", "currency", "quiet_hours")
    ]
    return Answer(HomeView(*texts), tag=tag)


async def _set_home(request: web.Request) -> Answer:
    body = await read_body(request, HomeBody)
    given = {name: value or "" for name, value in body.model_dump().items()}
    await say(request, "home", said(request, "home")[1], home_changes(given))
    return await _home(request)


# -- members --------------------------------------------------------------------------------------


async def _members(request: web.Request) -> Answer:
    people = site_of(request).backend.settings.members
    try:
        tag = said(request, "members")[1]
    except CannotWrite:
        # Those in force can be read while hub.yaml cannot; nothing is changed by this tag.
        tag = "unreadable"
    return Answer([MemberView(one.id, one.name, one.role) for one in people], tag=tag)


async def _add_member(request: web.Request) -> Answer:
    body = await read_body(request, PersonBody)
    there, people, tag = _people(request)
    if len(people) >= MOST_MEMBERS:
        raise web.HTTPConflict(text=f"there are {MOST_MEMBERS} members; more are written as text")
    made = id_of(body.name, len(people), set(people))
    people[made] = {"id": made, "name": body.name.strip(), "role": body.role}
    await say(request, "members", tag, _as_changes(there, people))
    return _member(request, made)


async def _set_member(request: web.Request) -> Answer:
    body = await read_body(request, PersonBody)
    there, people, tag = _people(request)
    wanted = request.match_info["member"]
    member = known(people.get(wanted), "member")
    session = browser_of(request)
    if session is not None and session.member == wanted and body.role != member["role"]:
        raise web.HTTPForbidden(text="role: nobody changes their own")
    people[wanted] = {"id": wanted, "name": body.name.strip(), "role": body.role}
    _some_adult(people)
    await say(request, "members", tag, _as_changes(there, people))
    return _member(request, wanted)


async def _remove_member(request: web.Request) -> Answer:
    there, people, tag = _people(request)
    wanted = request.match_info["member"]
    member = known(people.get(wanted), "member")
    session = browser_of(request)
    if session is not None and session.member == wanted:
        raise web.HTTPForbidden(text="nobody takes themselves out of the household")
    at = list(people).index(wanted)
    del people[wanted]
    _some_adult(people)
    gone: dict[Place, object] = {("members", at): None}
    await say(request, "members", tag, gone if there else _as_changes(there, people))
    one = MemberSettings.model_validate(member)
    return Answer(MemberView(one.id, one.name, one.role), tag=said(request, "members")[1])


def _some_adult(people: Mapping[str, Mapping[str, str]]) -> None:
    if all(one["role"] != "adult" for one in people.values()):
        raise web.HTTPConflict(text="role: there has to be an adult in the household")


def _people(
    request: web.Request,
) -> tuple[Sequence[object], dict[str, dict[str, str]], str]:
    """Return the members as hub.yaml has them, by their ids, and the tag of that.

    Where it says nothing of them, those in force: else a first one added would take their place.
    """
    found, tag = said(request, "members")
    there: Sequence[object] = found if isinstance(found, list) else ()
    people = {one["id"]: one for one in map(_plain, there)}
    for one in () if people else site_of(request).backend.settings.members:
        people[one.id] = {"id": one.id, "name": one.name, "role": one.role}
    return there, people, tag


def _plain(one: object) -> dict[str, str]:
    there = one if isinstance(one, dict) else {}
    name = str(there.get("id", ""))
    return {
        "id": name,
        "name": str(there.get("name", name)),
        "role": str(there.get("role", "adult")),
    }


def _as_changes(
    there: Sequence[object], people: Mapping[str, Mapping[str, str]]
) -> dict[Place, object]:
    """Return what differs from hub.yaml; all else that it says of a member stays."""
    changes: dict[Place, object] = {}
    for at, one in enumerate(people.values()):
        if at >= len(there):
            short = {key: value for key, value in one.items() if (key, value) != ("role", "adult")}
            changes["members", at] = short
            continue
        before = _plain(there[at])
        for key in ("name", "role"):
            if one[key] != before[key]:
                changes["members", at, key] = one[key]
    return changes


def _member(request: web.Request, wanted: str) -> Answer:
    _, people, tag = _people(request)
    one = MemberSettings.model_validate(known(people.get(wanted), "member"))
    return Answer(MemberView(one.id, one.name, one.role), tag=tag)


# -- the broker -----------------------------------------------------------------------------------


async def _broker(request: web.Request) -> Answer:
    backend = site_of(request).backend
    mqtt, tag = backend.settings.mqtt, said(request, "mqtt")[1]
    found = BrokerView(
        url=without_login(mqtt.url),
        username=mqtt.username,
        password=bool(mqtt.password),
        bind=mqtt.bind not in LOOPBACK,
        listen=backend.settings.http.host not in LOOPBACK,
        connected=bool(backend.health().get("mqtt_connected")),
    )
    return Answer(found, tag=tag)


async def _set_broker(request: web.Request) -> Answer:
    body = await read_body(request, BrokerBody)
    beginning, (_, tag) = site_of(request).backend.beginning, said(request, "mqtt")
    switches = {name: "on" for name in ("bind", "listen") if getattr(body, name)}
    form = {
        "broker": "managed" if body.url == "managed" else "url",
        "broker_url": body.url,
        "username": body.username,
        "password": body.password,
        **switches,
    }
    settings = site_of(request).backend.settings
    changes, to_try = broker_changes(form, settings.mqtt, settings.http)
    if to_try is not None:
        reason = await beginning.try_broker(*to_try)
        if reason:
            raise web.HTTPConflict(text=reason)
    await say(request, "mqtt", tag, changes)
    return await _broker(request)


HOME: tuple[Operation, ...] = (
    Operation(
        "GET", "/home", "getHome", "Read what hub.yaml says of the household itself", "configure",
        _home, HomeView, conflicts=True, tagged=True,
    ),
    Operation(
        "PUT", "/home", "setHome", "Say in hub.yaml what the household is", "configure",
        _set_home, HomeView, body=HomeBody, conflicts=True, tagged=True,
    ),
    Operation(
        "GET", "/members", "listMembers", "List the members of the household", "read",
        _members, MemberView, many=True, tagged=True,
    ),
    Operation(
        "POST", "/members", "addMember", "Add a member to hub.yaml", "configure",
        _add_member, MemberView, body=PersonBody, conflicts=True, tagged=True,
    ),
    Operation(
        "PUT", "/members/{member}", "setMember", "Say in hub.yaml who a member is", "configure",
        _set_member, MemberView, body=PersonBody, errors=(404,), conflicts=True, tagged=True,
    ),
    Operation(
        "DELETE", "/members/{member}", "removeMember",
        "Take a member out of hub.yaml, unless a rule names them", "configure",
        _remove_member, MemberView, errors=(400, 404), conflicts=True, tagged=True,
    ),
    Operation(
        "GET", "/broker", "getBroker", "Read where devices speak", "configure",
        _broker, BrokerView, conflicts=True, tagged=True,
    ),
    Operation(
        "PUT", "/broker", "setBroker",
        "Say in hub.yaml where devices speak; another broker is tried first", "configure",
        _set_broker, BrokerView, body=BrokerBody, conflicts=True, tagged=True,
    ),
)  # fmt: skip
