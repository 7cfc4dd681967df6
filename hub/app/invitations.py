"""Invitations as iCalendar text; the library is loaded with the first one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from hub.domain.activities import Details, Message
from hub.domain.offers import Window


class IcsInvitations:
    """The hub's ``InvitationFormat``, by ``integrations.calendar``."""

    def write(self, message: Message) -> str:
        """Return a message as ``text/calendar``."""
        from integrations.calendar.write import to_ics

        return to_ics(message).decode()

    def read(
        self, text: str, sender: str, zone: ZoneInfo, answer_by: datetime | None
    ) -> Sequence[Message]:
        """Return what a text says. ActivityError names the property that is wrong."""
        from integrations.calendar.read import from_ics

        return from_ics(text.encode(), sender, zone, answer_by)

    def occurrences(self, details: Details, within: Window, most: int) -> tuple[Window, ...]:
        """Return when an activity happens within a time. ActivityError for a strange rule."""
        from integrations.calendar.repeats import occurrences

        return occurrences(details, within, most)
