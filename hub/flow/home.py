"""What a step knows of the household besides its state: settings, pantry, devices and rules."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from devices.book import DeviceBook
from devices.meaning import Meaning
from hub.domain.activities import Person
from hub.domain.logins import Login
from hub.domain.orders import Subscriber
from hub.domain.stock import PantryItem
from hub.domain.values import dataclass
from hub.ports import InvitationFormat
from hub.settings import MemberSettings, Settings
from rules.ruleset import RuleSet

if TYPE_CHECKING:
    from hub.flow.activities.hooks import ActivityHooks
    from hub.flow.busytimes import Surveyed
    from hub.flow.witness import LogKey


@dataclass(slots=True)
class Home:
    """The household's own configuration; replaced part by part when a file changes.

    It is read and replaced by the writer thread only. ``providers`` are whom to ask, by domain;
    ``pushed`` are the members who have a browser that may notify them. ``own`` is how the household
    is called in invitations, ``follows`` what hangs on activities (``hub.flow.activities.hooks``).
    ``logins`` are devices' own at the broker.
    ``surveyed`` are who wanted to know when contacts are busy, by purpose (``hub.flow.busytimes``).
    ``log_key`` countersigns contacts' logs (``hub.flow.witness``); ``open_sheet`` decrypts words
    that a contact has this hub keep (``hub.flow.sheets``; raises PeerError).
    """

    settings: Settings
    pantry: Mapping[str, PantryItem]
    meaning: Meaning
    rules: RuleSet
    book: DeviceBook
    providers: Mapping[str, tuple[Subscriber, ...]]
    pushed: frozenset[str] = frozenset()
    invitations: InvitationFormat | None = None
    own: Person | None = None
    follows: tuple[ActivityHooks, ...] = ()
    surveyed: Mapping[str, Surveyed] = field(default_factory=dict)
    logins: tuple[Login, ...] = ()
    log_key: LogKey | None = None
    open_sheet: Callable[[str], str] | None = None

    def member(self, member_id: str) -> MemberSettings | None:
        """Return a member's settings, None when there is no such member."""
        for member in self.settings.members:
            if member.id == member_id:
                return member
        return None

    def called(self, member_id: str) -> str:
        """Return a member's name as it is shown; the id of one who is no member any more."""
        member = self.member(member_id)
        return member.name if member is not None else member_id

    def decides(self, member_id: str) -> bool:
        """Tell whether somebody is one of those who may decide."""
        return member_id in self.adults()

    def doors(self) -> tuple[str, ...]:
        """Return the ids of those who take a delivery in: the adults, where there are any."""
        return self.adults() or self.everybody()

    def everybody(self) -> tuple[str, ...]:
        """Return the ids of all members."""
        return tuple(m.id for m in self.settings.members)

    def adults(self) -> tuple[str, ...]:
        """Return the ids of those who may decide."""
        return tuple(m.id for m in self.settings.members if m.role == "adult")


def channels(
    member: MemberSettings, pushed: Container[str] = (), *, news: bool = False
) -> tuple[str, ...]:
    """Return the names of the ways a member wants to be asked; none: the web pages alone.

    With ``news`` the ways to be told what needs no answer.
    """
    chosen = member.news if news else member.questions
    return tuple(way for way in _ways(member, pushed) if chosen is None or way in chosen)


def _ways(member: MemberSettings, pushed: Container[str]) -> tuple[str, ...]:
    ways: list[str] = []
    if member.id in pushed:
        ways.append("webpush")
    if member.ntfy is not None:
        ways.append("ntfy")
    if member.apprise:
        ways.append("apprise")
    if member.homeassistant:
        ways.append("homeassistant")
    return tuple(ways)
