"""How a member is asked: what hub.yaml says of it, who may change that, what a change writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256

from pydantic import ValidationError

from hub.domain.values import dataclass
from hub.settings import MemberSettings
from hub.settings.people import EscalateSettings, Way
from hub.web.beginning import Place
from hub.web.files import CannotWrite, Problem, Stale
from hub.web.site import Site

WAYS: tuple[Way, ...] = ("webpush", "ntfy", "apprise", "homeassistant")
DIGEST = "08:00"
"""When news of low importance come where the member says nothing (``members.digest``)."""
MOST_ADDRESSES = 20
Changes = dict[Place, object]


@dataclass(frozen=True, slots=True)
class Wish:
    """How somebody wants to be asked, as the keys of hub.yaml have it.

    ``questions`` and ``news`` None: every way there is. ``ntfy``, ``apprise`` and
    ``homeassistant`` are what ways there are; None leaves each as it is.
    """

    questions: tuple[Way, ...] | None
    news: tuple[Way, ...] | None
    quiet_hours: str | None
    digest: str = DIGEST
    ntfy: bool | None = None
    apprise: tuple[str, ...] | None = None
    homeassistant: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A member as hub.yaml has them now, where (``at`` in the list), and what a change goes by.

    ``version`` changes with what it says of this member, ``section`` with what it says of anybody.
    ``there`` is false where it names no members, and they are the hub's own.
    """

    settings: MemberSettings
    at: int
    there: bool
    version: str
    section: str


@dataclass(frozen=True, slots=True)
class Next:
    """Who is asked too where nobody answers, as hub.yaml has it now; ``said`` None: nobody."""

    said: EscalateSettings | None
    version: str
    section: str


def may_change(site: Site, who: str, whose: MemberSettings) -> bool:
    """Tell whether somebody may say how a member is asked: their own, an adult also others'.

    Not another adult's: when an adult sleeps is for nobody else to say.
    """
    return who == whose.id or (site.is_adult(who) and whose.role != "adult")


def read(site: Site, member_id: str) -> Written | None:
    """Return a member as the file has them, None when there is none. Raises CannotWrite.

    What the file says wrongly is shown as it is in force.
    """
    running = site.member(member_id)
    said, section = site.backend.beginning.said("members")
    listed = said if isinstance(said, list) else []
    for at, entry in enumerate(listed):
        if isinstance(entry, dict) and entry.get("id") == member_id:
            found = _validated(entry) or running
            return Written(found, at, True, _version(entry), section) if found else None
    if running is None or listed:
        return None
    return Written(running, 0, False, _version(None), section)


def _validated(entry: object) -> MemberSettings | None:
    try:
        return MemberSettings.model_validate(entry)
    except ValidationError:
        return None


def _version(said: object) -> str:
    return sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:16]


def as_it_is(member: MemberSettings) -> Wish:
    """Return how a member is asked now."""
    return Wish(
        member.questions,
        member.news,
        member.quiet_hours,
        member.digest,
        member.ntfy is not None,
        member.apprise,
        member.homeassistant,
    )


def changes(written: Written, wish: Wish) -> Changes:
    """Return what of hub.yaml a wish changes, as somebody would write it; None takes a key out."""
    now, at = as_it_is(written.settings), ("members", written.at)
    found: Changes = {}
    if wish.questions != now.questions:
        found[*at, "questions"] = _listed(wish.questions)
    if wish.news != now.news:
        found[*at, "news"] = _listed(wish.news)
    if wish.quiet_hours != now.quiet_hours:
        found[*at, "quiet_hours"] = wish.quiet_hours
    if wish.digest != now.digest:
        found[*at, "digest"] = None if wish.digest == DIGEST else wish.digest
    if wish.ntfy not in (None, now.ntfy):
        found[*at, "ntfy"] = {} if wish.ntfy else None
    if wish.apprise not in (None, now.apprise):
        found[*at, "apprise"] = _listed(wish.apprise) or None
    if wish.homeassistant not in (None, now.homeassistant):
        found[*at, "homeassistant"] = _listed(wish.homeassistant) or None
    if found and not written.there:
        one = written.settings
        role = {"role": one.role} if one.role != "adult" else {}
        return {at: {"id": one.id, "name": one.name, **role}, **found}
    return found


def _listed(chosen: Sequence[str] | None) -> list[str] | None:
    return None if chosen is None else list(chosen)


async def write(site: Site, written: Written, wish: Wish) -> Sequence[Problem]:
    """Write how a member is asked, or nothing where something is wrong. Raises Stale, CannotWrite.

    ``written`` is what was read for this write; whose version was looked at is for the caller.
    """
    changed = changes(written, wish)
    if not changed:
        return ()
    return await site.backend.beginning.say("members", written.section, changed)


def in_force(site: Site, member_id: str) -> bool:
    """Tell whether the hub goes by what hub.yaml says of a member; else it waits for a restart."""
    try:
        written = read(site, member_id)
    except CannotWrite:
        return False
    return written is not None and written.settings == site.member(member_id)


# -- where nobody answers --------------------------------------------------------------------------


def read_next(site: Site) -> Next:
    """Return who is asked too, as the file has it. Raises CannotWrite."""
    said, section = site.backend.beginning.said("home")
    entry = said.get("escalate") if isinstance(said, dict) else None
    if entry is None:
        return Next(None, _version(None), section)
    try:
        return Next(EscalateSettings.model_validate(entry), _version(entry), section)
    except ValidationError:
        return Next(site.backend.settings.home.escalate, _version(entry), section)


async def write_next(site: Site, written: Next, after: int, to: Sequence[str]) -> Sequence[Problem]:
    """Write who is asked too after how many minutes; with nobody the key is taken out.

    Raises Stale, CannotWrite.
    """
    before, place = written.said, ("home", "escalate")
    changed: Changes = {}
    if not to:
        changed = {} if before is None else {place: None}
    elif before is None:
        changed = {place: {"after": after, "to": list(to)}}
    else:
        if after != before.after:
            changed[*place, "after"] = after
        if tuple(to) != before.to:
            changed[*place, "to"] = list(to)
    if not changed:
        return ()
    return await site.backend.beginning.say("home", written.section, changed)


def same(version: str, now: str) -> None:
    """Raise Stale where hub.yaml says something else by now than whoever writes has seen."""
    if version != now:
        raise Stale("hub.yaml has changed since; read it again")
