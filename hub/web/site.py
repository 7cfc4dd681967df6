"""What the handlers share: the hub behind them, templates, and what is held in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from functools import cache, partial
from hashlib import blake2b
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hub.domain.suggestions import Suggestion, Verb
from hub.domain.values import dataclass
from hub.settings import MemberSettings
from hub.web.backend import Backend, Session
from hub.web.i18n import LANGUAGES, N_, TAGS, language_of, translations
from hub.web.live import Live
from hub.web.names import Names
from hub.web.rulewords import waits_for
from hub.web.words import Words

HERE = Path(__file__).parent
_STATIC_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
_MOST_TOLD = 64


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file of the pages, kept in memory; ``stamp`` changes with its content."""

    body: bytes
    content_type: str
    stamp: str


def static_files() -> dict[str, StaticFile]:
    """Read the few files the pages need beside their HTML."""
    return {
        path.name: StaticFile(
            path.read_bytes(),
            _STATIC_TYPES[path.suffix],
            blake2b(path.read_bytes(), digest_size=6).hexdigest(),
        )
        for path in sorted((HERE / "static").iterdir())
        if path.suffix in _STATIC_TYPES
    }


class Told:
    """What the next page of a session says about the form it sent; bounded, lost on restart."""

    def __init__(self) -> None:
        """Begin with nothing to say."""
        self._by_session: OrderedDict[str, tuple[str, str]] = OrderedDict()

    def say(self, session: Session, tone: str, message: str) -> None:
        """Keep one message for a session; ``tone`` is ``good`` or ``bad``."""
        self._by_session[session.csrf] = (tone, message)
        self._by_session.move_to_end(session.csrf)
        while len(self._by_session) > _MOST_TOLD:
            self._by_session.popitem(last=False)

    def take(self, session: Session) -> tuple[str, str] | None:
        """Return the message and forget it."""
        return self._by_session.pop(session.csrf, None)


class Attempts:
    """A token bucket for each address that tries codes, and one for all of them together.

    The common one bounds what many addresses can try; both are refilled with time. At most 256
    addresses are remembered, the oldest forgotten first.
    """

    MOST_ADDRESSES = 256

    def __init__(self, each: int = 6, together: int = 30, seconds: float = 20.0) -> None:
        """Allow ``each`` attempts at once for one address, and one more each ``seconds``."""
        self._each, self._together, self._seconds = each, together, seconds
        self._buckets: OrderedDict[str, tuple[float, datetime]] = OrderedDict()
        self._all: tuple[float, datetime] | None = None

    def __len__(self) -> int:
        return len(self._buckets)

    def allow(self, address: str, now: datetime) -> bool:
        """Count an attempt and tell whether it may be made."""
        own = self._left(self._buckets.pop(address, None), self._each, now)
        common = self._left(self._all, self._together, now)
        allowed = own >= 1 and common >= 1
        spent = 1 if allowed else 0
        self._buckets[address] = (own - spent, now)
        self._all = (common - spent, now)
        while len(self._buckets) > self.MOST_ADDRESSES:
            self._buckets.popitem(last=False)
        return allowed

    def _left(self, bucket: tuple[float, datetime] | None, size: int, now: datetime) -> float:
        if bucket is None:
            return size
        left, at = bucket
        return min(size, left + max(0.0, (now - at).total_seconds()) / self._seconds)


def quoted(text: str) -> str:
    """Return a text as one segment of an address: a calendar's UID may hold a slash."""
    return quote(text, safe="")


@cache
def environment(language: str) -> Environment:
    """Return the templates in a language."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    made.filters["quoted"] = quoted
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    return made


@dataclass(slots=True)
class Site:
    """One running web site. ``secret`` signs action links and the sign-in form."""

    backend: Backend
    secret: bytes
    live: Live
    told: Told = field(default_factory=Told)
    attempts: Attempts = field(default_factory=Attempts)
    files: dict[str, StaticFile] = field(default_factory=static_files)

    def is_adult(self, member_id: str) -> bool:
        """Tell whether somebody is an adult of this household."""
        member = self.member(member_id)
        return member is not None and member.role == "adult"

    def member(self, member_id: str) -> MemberSettings | None:
        """Return a member of the household."""
        members = self.backend.settings.members
        return next((member for member in members if member.id == member_id), None)

    def words(self, request: web.Request) -> Words:
        """Return how things are said here and now, in a browser's language."""
        zone = self.backend.settings.home.zone
        return Words(zone, self.backend.now(), language_of(request))


SITE = web.AppKey("site", Site)
SESSION = web.RequestKey("session", object)


def site_of(request: web.Request) -> Site:
    """Return the site a request is for."""
    return request.app[SITE]


def session_of(request: web.Request) -> Session | None:
    """Return who is signed in, where somebody is; set by the gate."""
    session = request.get(SESSION)
    return session if isinstance(session, Session) else None


def signed_in(request: web.Request) -> Session:
    """Return who is signed in. Only behind the gate, where somebody always is."""
    session = session_of(request)
    if session is None:
        raise web.HTTPUnauthorized(text="Please sign in first.")
    return session


def _may(
    member: MemberSettings | None, suggestion: Suggestion, verb: Verb, option: str | None = None
) -> bool:
    authority = None if member is None else member.authority
    return authority is not None and not authority.barrier(suggestion, verb, option)


def is_adult(request: web.Request) -> bool:
    """Tell whether an adult is signed in."""
    return site_of(request).is_adult(signed_in(request).member)


def require_adult(request: web.Request) -> None:
    """Refuse whoever is not an adult. Raises HTTPForbidden."""
    if not is_adult(request):
        raise web.HTTPForbidden(text=N_("Only an adult of the household may change this."))


async def form_of(request: web.Request) -> dict[str, str]:
    """Return the text fields of a form. Raises HTTPBadRequest for what is not a form."""
    try:
        fields = await request.post()
    except (ValueError, LookupError) as error:
        raise web.HTTPBadRequest(text="This is not a form that can be read.") from error
    return {name: value for name, value in fields.items() if isinstance(value, str)}


def redirect(path: str) -> web.Response:
    """Send the browser on to another page, by GET."""
    return web.Response(status=303, headers={"Location": path})


def render(
    request: web.Request,
    template: str,
    /,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> web.Response:
    """Return a page. Each template may use ``say`` (see Words), ``session``, ``home``, …"""
    site, session = site_of(request), session_of(request)
    words, called = site.words(request), Names(site.backend)
    member = site.member(session.member) if session else None
    # A live update asks for the page once more; what the form before it said is not for it.
    told = site.told.take(session) if session and "X-Live" not in request.headers else None
    text = (
        environment(words.language)
        .get_template(template)
        .render(
            say=words,
            languages=LANGUAGES,
            lang=TAGS[words.language],
            home=site.backend.settings.home,
            members={each.id: each.name for each in site.backend.settings.members},
            session=session,
            member=member,
            may_decide=session is not None and site.is_adult(session.member),
            may=partial(_may, member),
            told=told,
            files=site.files,
            called=called,
            waits=lambda rule: waits_for(rule.text, words.text, called),
            path=request.path,
            **values,
        )
    )
    return web.Response(text=text, content_type="text/html", status=status, headers=headers)
