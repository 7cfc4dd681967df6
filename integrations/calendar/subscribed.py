"""A calendar that is published as an .ics file: asked for again only when it has changed."""

from __future__ import annotations

import asyncio
import zlib
from zoneinfo import ZoneInfo

from hub.domain.calendars import Entries
from hub.domain.offers import Window
from integrations.calendar.feed import read_feed
from integrations.calendar.limits import FEED
from integrations.calendar.web import Source, ask, opened


class SubscribedCalendar:
    """Reads one .ics URL. What came last is kept, compressed, for when nothing has changed."""

    def __init__(self, source: Source) -> None:
        """Read ``source``. Raises ValueError for a URL that is none."""
        self._source = source
        self._url = source.address()
        self._kept = b""
        self._known: dict[str, str] = {}

    async def read(self, within: Window, zone: ZoneInfo) -> Entries:
        """Return what it holds within a time. Raises DeliveryError, or ActivityError for its text.

        ``zone`` is for days and times that name none.
        """
        async with opened(self._source) as session:
            answer = await ask(
                session, self._source, "GET", self._url, FEED.bytes, headers=self._known
            )
        raw = zlib.decompress(self._kept) if answer.status == 304 else answer.body
        entries = await asyncio.to_thread(read_feed, raw, within, zone)
        if answer.status != 304:
            # Only what could be read is worth comparing with.
            self._kept = zlib.compress(raw)
            self._known = {
                asked: answer.headers[told]
                for asked, told in (
                    ("If-None-Match", "etag"),
                    ("If-Modified-Since", "last-modified"),
                )
                if told in answer.headers
            }
        return entries
