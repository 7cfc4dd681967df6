"""The forms by which somebody says how they are asked: filled in, and read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from hub.domain.values import dataclass
from hub.settings.people import EscalateSettings, MemberSettings, NtfySettings, Way
from hub.web.asking import DIGEST, MOST_ADDRESSES, WAYS, Wish
from hub.web.files import Problem
from hub.web.i18n import N_
from hub.web.words import Words

KINDS = ("questions", "news")
AFTER = 30
"""Minutes without an answer, where nobody has said how many."""
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,40}://[^\s\x00-\x1f]+")
_LONGEST_ADDRESS = 300
_PLACE = re.compile(r"(?:members\[\d+\]|home\.escalate)[.:]\s*(\w+)")

NAMES: Mapping[Way, str] = {
    "webpush": N_("Notifications of browsers"),
    "ntfy": N_("ntfy"),
    "apprise": N_("Apprise (e-mail and others)"),
    "homeassistant": N_("Home Assistant app"),
}
FIELDS: Mapping[str, str] = {
    "questions": N_("Questions"),
    "news": N_("News"),
    "quiet_hours": N_("Quiet hours"),
    "digest": N_("Message of the day"),
    "ntfy": N_("ntfy"),
    "apprise": N_("Apprise addresses"),
    "homeassistant": N_("Home Assistant services"),
    "after": N_("Minutes without an answer"),
    "to": N_("Who is asked next"),
}


@dataclass(frozen=True, slots=True)
class Read:
    """What a form says. ``errors`` are by key of hub.yaml, not in any language yet."""

    wish: Wish
    errors: Mapping[str, str]


def filled(member: MemberSettings) -> dict[str, str]:
    """Return the form's fields as hub.yaml fills them in; a box that is not ticked is not there."""
    fields: dict[str, str] = {}
    for kind, chosen in (("questions", member.questions), ("news", member.news)):
        fields[kind] = "all" if chosen is None else "only"
        fields |= {f"{kind}:{way}": "on" for way in chosen or ()}
    begin, _, end = (member.quiet_hours or "").partition("-")
    fields |= {"quiet_from": begin, "quiet_until": end}
    off = member.digest == "off"
    fields |= {"digest": "off" if off else "daily", "digest_at": DIGEST if off else member.digest}
    if member.ntfy is not None:
        fields["ntfy"] = "on"
    fields["homeassistant"] = ", ".join(member.homeassistant)
    return fields


def plain_ntfy(member: MemberSettings) -> bool:
    """Tell whether a tick says all there is of a member's ntfy; a server or a token is typed."""
    return member.ntfy is None or member.ntfy == NtfySettings()


def read_form(form: Mapping[str, str], member: MemberSettings, *, ways: bool) -> Read:
    """Read how a member wants to be asked; ``ways``: also what ways there are to them."""
    errors: dict[str, str] = {}
    ntfy: bool | None = None
    apprise = services = None
    if ways:
        ntfy = "ntfy" in form if plain_ntfy(member) else None
        apprise = _addresses(form, member.apprise, errors)
        if "homeassistant" in form:
            services = _words(form["homeassistant"])
    wish = Wish(
        _chosen(form, "questions"),
        _chosen(form, "news"),
        _quiet(form, errors),
        _digest(form, errors),
        ntfy,
        apprise,
        services,
    )
    return Read(wish, errors)


def _chosen(form: Mapping[str, str], kind: str) -> tuple[Way, ...] | None:
    if form.get(kind) != "only":
        return None
    return tuple(way for way in WAYS if f"{kind}:{way}" in form)


def _quiet(form: Mapping[str, str], errors: dict[str, str]) -> str | None:
    begin, end = form.get("quiet_from", "").strip(), form.get("quiet_until", "").strip()
    if not begin and not end:
        return None
    if not (_TIME.fullmatch(begin) and _TIME.fullmatch(end)):
        errors["quiet_hours"] = N_("Expected two times such as 22:00 and 07:00, or none.")
    elif begin == end:
        errors["quiet_hours"] = N_("Expected quiet hours that end; these never would.")
    return f"{begin}-{end}"


def _digest(form: Mapping[str, str], errors: dict[str, str]) -> str:
    if form.get("digest") == "off":
        return "off"
    at = form.get("digest_at", "").strip()
    if not _TIME.fullmatch(at):
        errors["digest"] = N_("Expected a time such as 08:00.")
    return at


def _addresses(
    form: Mapping[str, str], kept: Sequence[str], errors: dict[str, str]
) -> tuple[str, ...]:
    left = [one for place, one in enumerate(kept) if f"apprise_out:{place}" not in form]
    new = form.get("apprise", "").strip()
    if not new:
        return tuple(left)
    if len(new) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(new):
        errors["apprise"] = N_("Expected an address such as mailto://user:password@example.com.")
    elif len(left) >= MOST_ADDRESSES:
        errors["apprise"] = N_("Expected fewer addresses; take one out first.")
    elif new not in left:
        left.append(new)
    return tuple(left)


def _words(text: str) -> tuple[str, ...]:
    found = (part.strip() for part in re.split(r"[,\s]+", text))
    return tuple(dict.fromkeys(part for part in found if part))


def next_filled(said: EscalateSettings | None) -> dict[str, str]:
    """Return the fields of the form that says who is asked too."""
    fields = {"after": str(said.after if said is not None else AFTER)}
    return fields | {f"to:{place}": who for place, who in enumerate(said.to if said else ())}


def read_next_form(
    form: Mapping[str, str], adults: Sequence[str]
) -> tuple[int, list[str], dict[str, str]]:
    """Read after how many minutes which adults are asked too, and what is wrong with that."""
    errors: dict[str, str] = {}
    to = [form.get(f"to:{place}", "") for place in range(len(adults))]
    to = list(dict.fromkeys(who for who in to if who))
    if any(who not in adults for who in to):
        errors["to"] = N_("Expected adults of the household.")
    text = form.get("after", "").strip()
    after = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if not 1 <= after <= 7 * 24 * 60:
        errors["after"] = N_("Expected a whole number of minutes, from 1 to 10080 (a week).")
    return after, to, errors


def by_field(problems: Sequence[Problem]) -> tuple[dict[str, str], list[Problem]]:
    """Return what is wrong by the key it is about, and what is wrong elsewhere in the file."""
    errors: dict[str, str] = {}
    others = []
    for one in problems:
        found = _PLACE.match(one.message)
        if found is not None and found[1] in FIELDS:
            errors.setdefault(found[1], one.message)
        else:
            others.append(one)
    return errors, others


# -- in words --------------------------------------------------------------------------------------


def wish_words(wish: Wish, say: Words) -> dict[str, str]:
    """Say how somebody is asked, by key of hub.yaml; addresses are only counted."""
    told = {
        "questions": ways_words(wish.questions, say),
        "news": ways_words(wish.news, say),
        "quiet_hours": (wish.quiet_hours or say.text("none")).replace("-", "–"),
        "digest": say.text("each at once") if wish.digest == "off" else wish.digest,
    }
    if wish.ntfy is not None:
        told["ntfy"] = say.text("yes") if wish.ntfy else say.text("no")
    if wish.apprise is not None:
        told["apprise"] = str(len(wish.apprise))
    if wish.homeassistant is not None:
        told["homeassistant"] = ", ".join(wish.homeassistant) or say.text("none")
    return told


def ways_words(chosen: Sequence[Way] | None, say: Words) -> str:
    """Say which ways are used."""
    if chosen is None:
        return say.text("every way there is")
    return ", ".join(say.text(NAMES[way]) for way in chosen) or say.text("these pages only")


def differing(given: Wish, now: Wish, say: Words) -> list[tuple[str, str]]:
    """Return what hub.yaml says now where a form says something else: its name, and in words."""
    words = wish_words(now, say)
    return [
        (say.text(FIELDS[key]), words[key])
        for key in words
        if getattr(given, key) not in (None, getattr(now, key))
        or (
            key in ("questions", "news", "quiet_hours") and getattr(given, key) != getattr(now, key)
        )
    ]
