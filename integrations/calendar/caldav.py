"""Calendars read over CalDAV (RFC 4791): found from an address, asked for a window of time.

Four requests are all that reading takes, so they are made here: PROPFIND for who we are, where our
calendars are and which there are (RFC 6764, 6), REPORT for what is in them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit
from xml.etree.ElementTree import Element, ParseError
from zoneinfo import ZoneInfo

from hub.domain.activities import ActivityError
from hub.domain.calendars import Entries, Entry
from hub.domain.offers import Window
from hub.ports import DeliveryError
from integrations.calendar.feed import MOST_EVENTS, MOST_SKIPPED, read_feed
from integrations.calendar.fields import one_line
from integrations.calendar.limits import FEED, Limits
from integrations.calendar.web import Answer, Source, ask, opened

if TYPE_CHECKING:
    from aiohttp import ClientSession

MOST_CALENDARS = 50
MOST_RESOURCES = 5000
"""Entries of one calendar within a window."""

ONE = Limits(512 * 1024, 500, "an entry")
"""One resource: an event with its exceptions."""

_DAV, _CAL = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}"
_HEAD = b'<?xml version="1.0" encoding="utf-8"?>'
_NAMES = b'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"'
_WHO = (
    _HEAD
    + b"<d:propfind %b><d:prop><d:resourcetype/><d:current-user-principal/></d:prop></d:propfind>"
    % _NAMES
)
_HOME = _HEAD + b"<d:propfind %b><d:prop><c:calendar-home-set/></d:prop></d:propfind>" % _NAMES
_WHICH = _HEAD + b"<d:propfind %b><d:prop><d:resourcetype/></d:prop></d:propfind>" % _NAMES
_REPORT = (
    _HEAD
    + b"<c:calendar-query %b><d:prop><c:calendar-data/></d:prop><c:filter>"
    + b'<c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT">'
    + b'<c:time-range start="%b" end="%b"/>'
    + b"</c:comp-filter></c:comp-filter></c:filter></c:calendar-query>"
)


class CalDavCalendar:
    """Reads the calendars of one account, or one calendar where the URL is that of one."""

    def __init__(self, source: Source) -> None:
        """Read ``source``. Raises ValueError for a URL that is none."""
        self._source = source
        self._url = source.address()
        self._calendars: tuple[str, ...] = ()

    async def read(self, within: Window, zone: ZoneInfo) -> Entries:
        """Return what its calendars hold within a time. Raises DeliveryError.

        ``zone`` is for days and times that name none. What cannot be read is skipped and named.
        """
        async with opened(self._source) as session:
            if not self._calendars:
                self._calendars = await self._find(session)
            found: list[Entry] = []
            skipped: list[str] = []
            for url in self._calendars:
                answer = await self._ask(session, "REPORT", url, _query(within), "1")
                part = await asyncio.to_thread(self._entries, answer, within, zone)
                found += part.entries
                skipped += part.skipped
        found.sort(key=lambda one: (one.window.start, one.window.end, one.uid))
        return Entries(tuple(found[:MOST_EVENTS]), tuple(skipped[:MOST_SKIPPED]))

    async def calendars(self) -> tuple[str, ...]:
        """Return the URLs of the calendars there are. Raises DeliveryError when there is none."""
        async with opened(self._source) as session:
            self._calendars = await self._find(session)
        return self._calendars

    async def _find(self, session: ClientSession) -> tuple[str, ...]:
        answer = await self._ask(session, "PROPFIND", self._url, _WHO, "0")
        tree = self._tree(answer)
        if _is_calendar(tree):
            return (answer.url,)
        principal = self._href(answer, tree, f"{_DAV}current-user-principal") or answer.url
        answer = await self._ask(session, "PROPFIND", principal, _HOME, "0")
        home = self._href(answer, self._tree(answer), f"{_CAL}calendar-home-set") or principal
        answer = await self._ask(session, "PROPFIND", home, _WHICH, "1")
        found = [
            self._resolved(answer, href)
            for response in _responses(self._tree(answer))
            if _is_calendar(response) and (href := response.findtext(f"{_DAV}href"))
        ]
        if not found:
            raise DeliveryError(
                f"calendar {self._source.name}: there is no calendar at this address", retry=False
            )
        return tuple(sorted(set(found)))[:MOST_CALENDARS]

    async def _ask(
        self, session: ClientSession, method: str, url: str, body: bytes, depth: str
    ) -> Answer:
        headers = {"Content-Type": "application/xml; charset=utf-8", "Depth": depth}
        return await ask(session, self._source, method, url, FEED.bytes, headers=headers, data=body)

    def _entries(self, answer: Answer, within: Window, zone: ZoneInfo) -> Entries:
        found: list[Entry] = []
        skipped: list[str] = []
        for number, response in enumerate(_responses(self._tree(answer))):
            if number >= MOST_RESOURCES:
                skipped.append(f"more than {MOST_RESOURCES} entries")
                break
            data = response.findtext(f"{_DAV}propstat/{_DAV}prop/{_CAL}calendar-data")
            if not data:
                continue
            try:
                part = read_feed(data.encode(), within, zone, ONE)
            except ActivityError as error:
                skipped.append(one_line(f"{response.findtext(f'{_DAV}href')}: {error}"))
                continue
            found += part.entries
            skipped += part.skipped
        return Entries(tuple(found), tuple(skipped))

    def _tree(self, answer: Answer) -> Element:
        from defusedxml import DefusedXmlException
        from defusedxml.ElementTree import fromstring

        try:
            tree: Element = fromstring(answer.body, forbid_dtd=True)
        except (ParseError, DefusedXmlException, ValueError):
            raise DeliveryError(
                f"calendar {self._source.name}: expected a CalDAV server's XML", retry=False
            ) from None
        return tree

    def _href(self, answer: Answer, tree: Element, name: str) -> str | None:
        found = next(tree.iter(name), None)
        href = found.findtext(f"{_DAV}href") if found is not None else None
        return self._resolved(answer, href) if href else None

    def _resolved(self, answer: Answer, href: str) -> str:
        """Return a reference as a URL; another host would be told the password."""
        url = urljoin(answer.url, href.strip())
        if _origin(url) != _origin(answer.url):
            raise DeliveryError(
                f"calendar {self._source.name}: it points to another server; use that one's"
                " address if you trust it",
                retry=False,
            )
        return url


def _query(within: Window) -> bytes:
    return _REPORT % (_NAMES, _utc(within.start), _utc(within.end))


def _utc(moment: datetime) -> bytes:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}".encode()


def _responses(tree: Element) -> Iterator[Element]:
    return tree.iter(f"{_DAV}response")


def _is_calendar(tree: Element) -> bool:
    return next(tree.iter(f"{_CAL}calendar"), None) is not None


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
