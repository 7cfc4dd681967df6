"""What the forms of the first start say, as changes of the household's files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from hub.settings import MemberSettings, MqttSettings
from hub.web.beginning import Place

MOST_MEMBERS = 12
_ROLES = ("adult", "child", "guest")
Changes = dict[Place, object]


def home_changes(form: Mapping[str, str]) -> Changes:
    """Return what the first step says; what is left empty keeps its default."""
    return {
        ("home", "name"): form.get("name", "").strip() or None,
        ("home", "timezone"): form.get("timezone", "").strip() or None,
        ("home", "currency"): form.get("currency", "").strip().upper() or None,
        ("home", "quiet_hours"): form.get("quiet_hours", "").strip() or None,
    }


def member_changes(
    form: Mapping[str, str], said: object, members: Sequence[MemberSettings], own_id: str
) -> Changes:
    """Return the members as the form has them; whoever fills it in stays an adult.

    ``said`` is what hub.yaml says of members: those there keep all else it says of them.
    """
    changes: Changes = {}
    there = said if isinstance(said, list) else []
    places = {str(one.get("id")): at for at, one in enumerate(there) if isinstance(one, dict)}
    known = {member.id: member for member in members}
    taken = {*known, *places, own_id}
    end = len(there)
    for number in range(MOST_MEMBERS):
        name = form.get(f"name:{number}", "").strip()
        if not name:
            continue
        member = known.get(form.get(f"id:{number}", ""))
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
    return changes


def id_of(name: str, number: int, taken: set[str]) -> str:
    """Make a short name for rules out of a person's name; unique within the household."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:24]
    made = plain if plain[:1].isalpha() else f"member-{number + 1}"
    while made in taken:
        made = f"{made[:24]}-{number + 1}"
    taken.add(made)
    return made


def broker_changes(
    form: Mapping[str, str], mqtt: MqttSettings
) -> tuple[Changes, tuple[str, str, str] | None]:
    """Return what is to be written, and the address, user and password to be tried first.

    The password in force is shown to nobody: left empty, it stays with its address and user.
    """
    changes: Changes = {}
    if "listen" in form:
        changes["http", "host"] = "0.0.0.0"  # noqa: S104 - what the household asked for
    choice = form.get("broker", "managed")
    if choice == "managed":
        changes["mqtt", "url"] = None
        changes["mqtt", "username"] = changes["mqtt", "password"] = None
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


def rule_choices(form: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the rules that were chosen, each with the values given for it."""
    chosen: dict[str, dict[str, str]] = {
        name[5:]: {} for name in form if name.startswith("rule:") and len(name) > 5
    }
    for name, value in form.items():
        head, _, rest = name.partition(":")
        rule_id, _, path = rest.partition(":")
        if head == "value" and rule_id in chosen:
            chosen[rule_id][path] = value[:200]
    return chosen


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
