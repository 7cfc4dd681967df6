"""Devices' own logins at the broker: what each may publish and read there (pure).

MQTT does not tell who sent a message, so a device is known by its topics; a login ties it to
them. The broker holds it to them by an access list (``integrations/broker/acl.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, get_args

from hub.domain.values import dataclass

Kind = Literal["device", "bridge", "program"]
"""A *device* speaks for itself, a *bridge* (Zigbee2MQTT, Tasmota) announces what hangs on it, a
*program* (Home Assistant, Node-RED) may all."""
KINDS: tuple[Kind, ...] = get_args(Kind)
MOST_LOGINS = 500
MOST_TOPICS = 20
LONGEST_TOPIC = 200
SHARED = ("commonhearth", "home")
"""Names of the hub's own user, and of the one that devices without a login of their own share."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")
_OTHERS = ("commonhearth", "homeassistant", "homie", "notices", "tasmota", "tele", "stat", "cmnd")
"""First levels of topics that many share: none is a device's own name."""


class LoginError(ValueError):
    """A login cannot be made so; the text says what was expected, in one line."""


class LoginTaken(LoginError):
    """A login could be made so, were it not for another one that is there."""


@dataclass(frozen=True, slots=True)
class Login:
    """A user at the broker. ``hash`` is as Mosquitto keeps it; the password itself is not kept.

    ``write`` and ``read`` are topic filters beside those that its name gives it.
    """

    name: str
    kind: Kind
    hash: str
    write: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    created_at: datetime | None = None


def checked(
    login: Login,
    others: Iterable[Login],
    *,
    prefix: str = "homeassistant",
    taken: Iterable[str] = (),
) -> Login:
    """Return ``login`` where it can stand beside ``others``. Raises LoginError, LoginTaken.

    ``taken`` are users that the household named itself. No topic may be written by two devices;
    names that differ only in ``-`` and ``_`` would share the hub's names for their entities.
    """
    if login.kind not in KINDS:
        raise LoginError(f"kind: expected {', '.join(KINDS)}, got {str(login.kind)[:40]!r}")
    check_name(login.name, login.kind, prefix)
    if login.name in taken:
        raise LoginError(f"name: {login.name!r} is the household's own user (mqtt.username)")
    for word, topics in (("write", login.write), ("read", login.read)):
        if len(topics) > MOST_TOPICS:
            raise LoginError(f"{word}: expected at most {MOST_TOPICS} topics, got {len(topics)}")
        for topic in topics:
            _check_topic(word, topic, prefix)
    known = list(others)
    if len(known) >= MOST_LOGINS:
        raise LoginTaken(f"there are {len(known)} logins already; revoke some first")
    mine = own(login, prefix)
    for other in known:
        if _same(other.name) == _same(login.name):
            raise LoginTaken(f"{other.name} has a login already; revoke it first (device revoke)")
        if "program" in (login.kind, other.kind):
            continue
        for theirs in own(other, prefix):
            clash = next((topic for topic in mine if overlap(topic, theirs)), None)
            if clash is not None:
                raise LoginTaken(f"write: {clash} is {other.name}'s, which writes {theirs}")
    return login


def check_name(name: str, kind: str = "device", prefix: str = "homeassistant") -> None:
    """Raise LoginError for what cannot be a device's name."""
    if not _NAME.match(name):
        raise LoginError(
            "name: expected 1 to 64 of a-z, 0-9, _ and -, beginning with a letter or digit, "
            f"got {name[:40]!r}{'…' if len(name) > 40 else ''}"
        )
    taken = SHARED if kind == "program" else (*SHARED, *_OTHERS, prefix.partition("/")[0])
    if name in taken:
        raise LoginError(f"name: {name!r} is taken by the hub or by topics that many share")


def own(login: Login, prefix: str = "homeassistant") -> tuple[str, ...]:
    """Return the filters of the topics that are this login's alone to write."""
    name = login.name
    if login.kind == "program":
        return ()
    base: tuple[str, ...] = (f"{name}/#", f"commonhearth/v1/{name}/#", f"homie/5/{name}/#")
    announced = (f"{prefix}/+/{name}/config", f"{prefix}/+/{name}/+/config")
    if login.kind == "bridge":
        base = (*base, f"tele/{name}/#", f"stat/{name}/#")
    return (*base, *announced, *login.write)


def rights(
    login: Login, others: Iterable[Login] = (), prefix: str = "homeassistant"
) -> list[tuple[str, str]]:
    """Return what a login may do: (``write``, ``read``, ``readwrite`` or ``deny``, filter)."""
    if login.kind == "program":
        return [("readwrite", "#"), ("read", "$SYS/#")]
    found = [("readwrite", topic) for topic in own(login, prefix)]
    found.append(("read", f"{prefix}/status"))
    if login.kind == "bridge":
        found += [("readwrite", f"{prefix}/+/+/config"), ("readwrite", f"{prefix}/+/+/+/config")]
        found += [("read", f"cmnd/{login.name}/#"), ("read", "cmnd/tasmotas/#")]
        # It announces under names that nobody knows beforehand, but not under another login's.
        found += [
            ("deny", topic)
            for other in others
            if other.name != login.name
            for topic in own(other, prefix)
            if topic.startswith(f"{prefix}/")
        ]
    return found + [("read", topic) for topic in login.read]


def speaker(logins: Iterable[Login], topics: Sequence[str], prefix: str) -> str:
    """Return the name of the login that alone may publish on all these topics; "" for none."""
    for login in logins if topics else ():
        mine = own(login, prefix)
        if all(any(overlap(one, topic) for one in mine) for topic in topics):
            return login.name
    return ""


def overlap(one: str, other: str) -> bool:
    """Tell whether some topic matches both filters (MQTT 5.0, 4.7)."""
    mine, theirs = one.split("/"), other.split("/")
    for left, right in zip(mine, theirs, strict=False):
        if "#" in (left, right):
            return True
        if left != right and "+" not in (left, right):
            return False
    if len(mine) == len(theirs):
        return True
    longer, shorter = (mine, theirs) if len(mine) > len(theirs) else (theirs, mine)
    return longer[len(shorter) :] == ["#"]


def _same(name: str) -> str:
    return name.replace("-", "_")


def _check_topic(word: str, topic: str, prefix: str) -> None:
    said = f"{topic[:60]!r}"
    if not topic or len(topic.encode("utf-8", "replace")) > LONGEST_TOPIC:
        raise LoginError(f"{word}: expected a topic of 1 to {LONGEST_TOPIC} bytes, got {said}")
    if not topic.isprintable() or topic != topic.strip():
        raise LoginError(f"{word}: expected printable characters, no space at the ends, got {said}")
    levels = topic.split("/")
    bad = [
        level
        for place, level in enumerate(levels)
        if ("+" in level and level != "+")
        or ("#" in level and (level != "#" or place < len(levels) - 1))
    ]
    if bad:
        raise LoginError(f"{word}: `+` and `#` stand alone in their level, `#` last, got {said}")
    if levels[0] in ("+", "#", "") or levels[0].startswith("$"):
        raise LoginError(f"{word}: expected a first level of its own, got {said}")
    ours = levels[0] in ("commonhearth", "homie") or topic.startswith(f"{prefix}/")
    if word == "write" and ours and ("+" in topic or "#" in topic or levels[0] == "commonhearth"):
        raise LoginError(f"{word}: {said} is shared by all devices; the name gives the right part")
