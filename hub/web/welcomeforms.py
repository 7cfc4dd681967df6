"""What the forms of the first start say, as changes of the household's files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from hub.settings import HttpSettings, MemberSettings, MqttSettings
from hub.web.beginning import KeptItem, Place

MOST_MEMBERS = 12
MOST_ITEMS = 40
"""Items of the pantry that the form shows; a longer list is changed as text."""
NEW_ITEMS = 4
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NUMBER = re.compile(r"\d{1,9}([.,]\d{1,9})?")
_FEWER = frozenset({"csrf", "stamp", "password", "stay", "try", "shops_stamp"})
_ROLES = ("adult", "child", "guest")
Changes = dict[Place, object]


def home_changes(form: Mapping[str, str]) -> Changes:
    """Return what the first step says; what is left empty keeps its default."""
    return {
        ("home", "name"): form.get("name", "").strip() or None,
        ("home", "timezone"): form.get("timezone", "").strip() or None,
        ("home", "language"): form.get("language", "").strip() or None,
        ("home", "currency"): form.get("currency", "").strip().upper() or None,
        ("home", "quiet_hours"): form.get("quiet_hours", "").strip() or None,
    }


def member_changes(
    form: Mapping[str, str], said: object, members: Sequence[MemberSettings], own_id: str
) -> Changes:
    """Return the members as the form has them; whoever fills it in stays, and stays an adult.

    ``said`` is what hub.yaml says of members: those there keep all else it says of them.
    """
    changes: Changes = {}
    there = said if isinstance(said, list) else []
    places = {str(one.get("id")): at for at, one in enumerate(there) if isinstance(one, dict)}
    known = {member.id: member for member in members}
    taken = {*known, *places, own_id}
    end = len(there)
    gone: list[int] = []
    for number in range(MOST_MEMBERS):
        name = form.get(f"name:{number}", "").strip()
        member = known.get(form.get(f"id:{number}", ""))
        if f"remove:{number}" in form and member is not None and member.id != own_id:
            gone += [places[member.id]] if member.id in places else []
            continue
        if not name:
            continue
        role = form.get(f"role:{number}", "adult")
        role = role if role in _ROLES else "guest"
        if member is not None and member.id == own_id:
            role = member.role
        if member is not None and member.id in places:
            at = places[member.id]
            if name != member.name:
                changes["members", at, "name"] = name
            if role != member.role:
                changes["members", at, "role"] = role
            continue
        member_id = member.id if member is not None else id_of(name, number, taken)
        new = {"id": member_id, "name": name, **({"role": role} if role != "adult" else {})}
        changes["members", end] = new
        end += 1
    # From the last on, so that none of them moves the others.
    changes.update({("members", at): None for at in sorted(gone, reverse=True)})
    return changes


def id_of(name: str, number: int, taken: set[str], word: str = "member") -> str:
    """Make a short name for rules out of a person's or a thing's name; unique within ``taken``.

    What has no Latin letters is called by ``word`` and its place in the form.
    """
    plain = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:24]
    made = plain if plain[:1].isalpha() else f"{word}-{number + 1}"
    while made in taken:
        made = f"{made[:24]}-{number + 1}"
    taken.add(made)
    return made


def pantry_changes(form: Mapping[str, str], items: Sequence[KeptItem]) -> Changes:
    """Return the pantry as the form has it; what a form does not show stays.

    An amount may be written with a comma. What is none is left for the file's reader to refuse.
    """
    known = {item.id: item for item in items}
    taken = set(known)
    changes: Changes = {}
    for number in range(MOST_ITEMS + NEW_ITEMS):
        item = known.get(form.get(f"id:{number}", ""))
        if item is not None and f"remove:{number}" in form:
            changes["items", item.id] = None
            continue
        given = {key: form.get(f"{key}:{number}", "").strip() for key in _ITEM}
        if item is not None:
            for key in _ITEM:
                # A name or a unit that was emptied by mistake stays as it was.
                wanted = given[key] or (getattr(item, key) if key in ("name", "unit") else "")
                if f"{key}:{number}" in form and wanted != getattr(item, key):
                    changes["items", item.id, key] = _amount(key, wanted) if wanted else None
        elif given["name"]:
            new = {key: _amount(key, value) for key, value in given.items() if value}
            made = id_of(given["name"], number, taken, "item").removesuffix("-")
            changes["items", made] = {"unit": "pc", **new}
    return changes


_ITEM = ("name", "unit", "par", "target")


def _amount(key: str, text: str) -> object:
    if key not in ("par", "target") or not _NUMBER.fullmatch(text):
        return text
    plain = text.replace(",", ".")
    return float(plain) if "." in plain else int(plain)


def shop_changes(form: Mapping[str, str], file: str, urls: Sequence[str]) -> Changes:
    """Return where shops are found: a registry's address is added, a file takes another's place."""
    said = form.get("shops", "").strip()
    if said.startswith(("http://", "https://")):
        return {} if said in urls else {("beckn", "registries", len(urls)): {"url": said}}
    if "shops" not in form or said == file:
        return {}
    return {("beckn", "registry"): said or None}


def typed(form: Mapping[str, str]) -> list[str]:
    """Return what a person typed into a form that was not taken; never a password."""
    return [
        value
        for name, value in form.items()
        if value.strip() and value != "on" and name not in _FEWER and not name.startswith("id:")
    ]


def broker_changes(
    form: Mapping[str, str], mqtt: MqttSettings, http: HttpSettings
) -> tuple[Changes, tuple[str, str, str] | None]:
    """Return what is to be written, and the address, user and password to be tried first.

    The password in force is shown to nobody: left empty, it stays with its address and user.
    """
    changes: Changes = {}
    if ("listen" in form) == (http.host in LOOPBACK):
        changes["http", "host"] = "0.0.0.0" if "listen" in form else None  # noqa: S104
    choice = form.get("broker", "managed")
    if choice == "managed":
        changes["mqtt", "url"] = None
        changes["mqtt", "username"] = changes["mqtt", "password"] = None
        if ("bind" in form) == (mqtt.bind in LOOPBACK):
            changes["mqtt", "bind"] = "0.0.0.0" if "bind" in form else None  # noqa: S104
        return changes, None
    url = form.get("broker_url", "").strip() if choice == "url" else choice
    username, password = form.get("username", "").strip(), form.get("password", "")
    if not password and (url, username) == (mqtt.url, mqtt.username or ""):
        password = mqtt.password or ""
    changes["mqtt", "url"] = url
    changes["mqtt", "username"] = username or None
    changes["mqtt", "password"] = password or None
    return changes, (url, username, password)


def rule_choices(form: Mapping[str, str], *, chosen_only: bool = True) -> dict[str, dict[str, str]]:
    """Return the rules that were chosen, each with the values given for it.

    Without ``chosen_only`` also those that values were given for alone.
    """
    chosen: dict[str, dict[str, str]] = {
        name[5:]: {} for name in form if name.startswith("rule:") and len(name) > 5
    }
    if not chosen_only:
        chosen |= {name.split(":")[1]: {} for name in form if name.startswith("value:")}
    for name, value in form.items():
        head, _, rest = name.partition(":")
        rule_id, _, path = rest.partition(":")
        if head == "value" and rule_id in chosen:
            chosen[rule_id][path] = value[:200]
    return chosen


def resting(form: Mapping[str, str]) -> list[str]:
    """Return the rules that are there and were not chosen: they are put to rest."""
    there = [name[6:] for name in form if name.startswith("there:")]
    return [rule_id for rule_id in there if f"rule:{rule_id}" not in form]


def ask_changes(
    form: Mapping[str, str], said: object, members: Sequence[MemberSettings], own_id: str
) -> Changes:
    """Return how the member who fills it in wants to be asked; what is not said stays."""
    there = said if isinstance(said, list) else []
    at = next(
        (n for n, one in enumerate(there) if isinstance(one, dict) and one.get("id") == own_id),
        len(there),
    )
    own = next((member for member in members if member.id == own_id), None)
    if own is None:
        return {}
    changes: Changes = {}
    if at == len(there):
        changes["members", at] = {"id": own.id, "name": own.name}
    if "ntfy" in form and own.ntfy is None:
        changes["members", at, "ntfy"] = {}
    elif "ntfy" not in form and own.ntfy is not None:
        changes["members", at, "ntfy"] = None
    url = form.get("apprise", "").strip()
    if url and url not in own.apprise:
        changes["members", at, "apprise"] = [*own.apprise, url]
    if len(changes) == 1 and at == len(there):
        return {}
    return changes
