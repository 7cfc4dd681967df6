"""A household that lives in memory: the whole Backend, with realistic data."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, cast

from hub.app.beginning import HomeBeginning
from hub.app.logins import HubLogins
from hub.app.passkeys import HubPasskeys
from hub.app.tokens import HubTokens
from hub.domain import hosting
from hub.domain.activities import (
    Activity,
    ActivityError,
    Attendee,
    Details,
    PartStat,
    Person,
    Proposal,
)
from hub.domain.agenda import Agenda, Block
from hub.domain.backups import BackupState
from hub.domain.conflicts import find
from hub.domain.consent import Disclosed, Erasure, Field, Grant
from hub.domain.contacts import Sight
from hub.domain.logins import Login
from hub.domain.money import Money
from hub.domain.notices import Notice
from hub.domain.offers import Place
from hub.domain.orders import BreakupLine, DeliverySlot, Line, Order, Quote, Subscriber, Window
from hub.domain.peers import PeerError
from hub.domain.push import PushSubscription
from hub.domain.quarantine import KnownDevice
from hub.domain.stock import PantryItem, StockLevel, StockPoint
from hub.domain.suggestions import Because, Disclosure, Option, Suggestion
from hub.settings import HomeSettings, HttpSettings, MemberSettings, Settings
from hub.store.access import Access
from hub.store.database import open_database
from hub.web.activities import CalendarView, Friend, Trouble
from hub.web.backend import (
    About,
    Decision,
    DecisionResult,
    EntityView,
    LedgerEntry,
    OrderCommand,
    PantryView,
    Parked,
    PhoneView,
    Session,
    Spent,
    WitnessView,
)
from hub.web.feeds import AgendaText
from hub.web.friends import FriendView, Invited
from tests.web.fake_meals import FakeMeals
from tests.web.fake_plans import FakePlans
from tests.web.fake_rulesets import FakeRuleSets
from tests.web.household import household

NOW = datetime(2026, 11, 24, 16, 20, tzinfo=UTC)
SECRET = b"a household's secret of 32 bytes"


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def _slot(day: int, start: int, end: int, fee: str = "2.90") -> DeliverySlot:
    begin = NOW.replace(hour=0, minute=0) + timedelta(days=day)
    window = Window(begin + timedelta(hours=start), begin + timedelta(hours=end))
    return DeliverySlot(f"slot-{day}-{start}", window, eur(fee))


SLOTS = (_slot(0, 17, 19), _slot(0, 19, 21, "3.90"), _slot(1, 8, 10), _slot(1, 17, 19, "1.90"))

DISCLOSED: tuple[Field, ...] = ("name", "address", "area_code", "phone")


def _order(order_id: str, suggestion_id: str, provider: str, lines: tuple[Line, ...]) -> Order:
    goods = sum((line.price.amount * line.count for line in lines), Decimal(0))
    parts = [BreakupLine(line.name, line.price.times(line.count), line.item_id) for line in lines]
    quote = Quote(
        Money(goods + Decimal("2.90"), "EUR"),
        (*parts, BreakupLine("Delivery", eur("2.90"))),
        NOW + timedelta(minutes=30),
    )
    host = provider.lower().replace(" ", "-")
    return Order(
        order_id,
        f"6f1c6a7e-0000-4000-8000-{abs(hash(order_id)) % 10**12:012d}",
        suggestion_id,
        Subscriber(f"{host}.example", f"http://{host}.example/beckn"),
        provider,
        "quoted",
        lines,
        provider_id=host,
        slot=SLOTS[0],
        quote=quote,
        created_at=NOW - timedelta(minutes=3),
        updated_at=NOW - timedelta(minutes=2),
    )


def option_of(order: Order, option_id: str, note: str = "") -> Option:
    assert order.quote is not None
    return Option(
        option_id,
        order.id,
        order.provider_id,
        order.provider_name,
        order.lines,
        order.quote.total,
        order.slot.window if order.slot else None,
        note,
        tuple(Disclosure(f, order.provider_name, "to bring the order") for f in DISCLOSED),
    )


def _suggestion(suggestion_id: str, title: str, **values: object) -> Suggestion:
    given: dict[str, object] = {
        "id": suggestion_id,
        "key": f"key-{suggestion_id}",
        "kind": "grocery_order",
        "rule_id": "milk-below-par",
        "rule_version": "3",
        "rule_text": "when stock of milk is below par, propose a grocery order",
        "subject": "milk",
        "title": title,
        "body": "",
        "state": "proposed",
        "version": 2,
        "because": (),
        "options": (),
        "ask": ("ada", "ben"),
        "created_at": NOW - timedelta(minutes=3),
        "deadline": NOW + timedelta(hours=5),
        "asked": True,
    }
    return Suggestion(**{**given, **values})  # type: ignore[arg-type]


def _settings() -> Settings:
    return Settings(
        home=HomeSettings(name="Lindenhof 7", timezone="Europe/Berlin"),
        members=(
            MemberSettings(id="ada", name="Ada"),
            MemberSettings(id="ben", name="Ben"),
            MemberSettings(id="kim", name="Kim", role="child"),
            MemberSettings(id="guy", name="Guy", role="guest"),
        ),
        http=HttpSettings(public_url="http://hub.example:8480"),
    )


def _entry(index: int, kind: str, subject: str, **facts: object) -> LedgerEntry:
    return LedgerEntry(index, NOW - timedelta(minutes=1050 - index), kind, subject, facts)


LEDGER = [
    _entry(1049, "unheard_of", "<b>bold</b>", what="<script>alert(1)</script>"),
    _entry(1047, "told", "binary_sensor.fridge_door", title="The fridge is open", rule="x"),
    _entry(1046, "order_in_progress", "ord-3", fulfillment="Packed"),
    _entry(1045, "confirmed", "ord-3", total="8.27 EUR"),
    _entry(1044, "confirm_sent", "ord-3", message_id="6f1c6a7e"),
    _entry(1043, "asked", "sug-1", members=["ada", "ben"], version=2),
    _entry(1042, "quoted", "ord-1", total="15.51 EUR"),
    _entry(1041, "stock_changed", "milk", previous=0.9, current=0.4, source="Fridge scale"),
    *(
        _entry(n, "stock_changed", "milk", previous=1.0, current=0.9, source="Fridge scale")
        for n in range(1040, 940, -1)
    ),
]


class FakePushes:
    """Keeps subscriptions with the session each was made in."""

    def __init__(self) -> None:
        self.key = (
            "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIg"
            "Dll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
        )
        self.kept: dict[str, tuple[PushSubscription, str]] = {}

    def count(self, member: str) -> int:
        return sum(one.member == member for one, _ in self.kept.values())

    async def put(self, subscription: PushSubscription, session_id: str) -> None:
        self.kept[subscription.endpoint] = (subscription, session_id)

    async def forget(self, member: str, endpoint: str) -> bool:
        found = self.kept.get(endpoint)
        return found is not None and found[0].member == member and bool(self.kept.pop(endpoint))


def _at(day: int, hour: float, length: float) -> Window:
    begin = NOW.replace(hour=0, minute=0) + timedelta(days=day, hours=hour - 1)
    return Window(begin, begin + timedelta(hours=length))


def _blocks(fishing: Window) -> list[Block]:
    """Return what is on today and tomorrow, with all that a day can hold."""
    lake = Place("52.61,13.52", "Mill Lake, north shore")
    dinner = _at(0, 19.5, 2.5)
    return [
        Block(
            f"activity:act-1@{fishing.start:%Y%m%dT%H%M%SZ}", "activity", fishing, "Fishing",
            ("ada",), away=True, travel=timedelta(minutes=25), place=lake, movable=True,
        ),
        Block("activity:yoga@x", "activity", _at(0, 9, 1.5), "Yoga", ("ada",)),
        Block(
            "meal:d", "meal", dinner, "Dinner with <b>Birch</b>", ("ada", "ben"), away=True,
            place=Place("52.5,13.4", "Trattoria Sole"),
        ),
        Block("ride:ord-3", "ride", _at(0, 19, 0.4), "City Cabs", ("ada", "ben"), away=True),
        Block(
            "delivery:ord-3", "delivery", _at(0, 20, 2), "Green Corner",
            needs_home=True, movable=True,
        ),
        Block("notice:gas", "notice", _at(0, 16, 6), "Gas off in Lindenweg", stops="gas"),
        Block("notice:heat", "notice", _at(-1, 8, 72), "Heating repair", stops="heating"),
        Block("cooking:c", "cooking", _at(0, 17.75, 1), "Soup", ("ben",), uses=("gas",)),
        Block("absence:a", "absence", _at(0, 22.5, 9), "Night shift", ("ben",), away=True),
        Block("activity:talk@x", "activity", _at(0, 18, 0.25), "Call", ("kim",), tentative=True),
        Block("presence:ada", "presence", _at(0, 12, 8), "at home", ("ada",)),
        Block("presence:ben", "presence", _at(0, 12, 8), "away", ("ben",), away=True),
    ]  # fmt: skip


class FakeActivities:
    """An activity of ours with one friend, and two of friends; changed as the domain changes them.

    ``did`` is what was asked for, the newest last.
    """

    address = "mailto:ada@x.example"

    def __init__(self) -> None:
        window = Window(NOW + timedelta(days=1), NOW + timedelta(days=1, hours=3))
        self.details = Details(
            window, "Europe/Berlin", "Fishing", location="Mill Lake, north shore"
        )
        ben = Attendee("mailto:ben@x.example", "Ben", comment="I bring <i>worms</i>")
        dan = Attendee("mailto:dan@x.example")
        ours, birch = Person(self.address, "Linden 5"), Person("mailto:ben@x.example", "Birch")
        me = Attendee(self.address, "Linden 5")
        fishing = Activity("act-1", 0, NOW, "confirmed", ours, self.details, (ben, dan))
        proposal = Proposal(dan.address, _at(2, 10, 3), 0, NOW, "I sleep long")
        choir = Details(
            _at(3, 19, 2), "Europe/Berlin", "Choir <script>alert(1)</script>",
            description="Bring your voice.\nAnd tea.", recurrence="FREQ=WEEKLY;COUNT=9",
        )  # fmt: skip
        trip = Details(_at(9, 0, 48), "Europe/Berlin", "Trip to the sea", all_day=True)
        guests = (me, replace(ben, comment="", partstat="ACCEPTED"))
        self.kept = [
            replace(fishing, proposals=(proposal,)),
            Activity("choir/7#x@birch", 0, NOW, "confirmed", birch, choir, guests),
            Activity(
                "trip", 0, NOW, "tentative", birch, trip, (replace(me, partstat="TENTATIVE"),)
            ),
        ]
        self.blocks = _blocks(self.details.window)
        self.asked = {"nobody_home": "sug-5"}
        self.did: list[tuple[object, ...]] = []

    def listed(self) -> Sequence[Activity]:
        return [one for one in self.kept if one.open]

    def agenda(self, within: Window) -> Sequence[Block]:
        return Agenda(self.blocks).during(within)

    def troubles(self, within: Window) -> Sequence[Trouble]:
        found = find(Agenda(self.blocks), within, ("ada", "ben"))
        return [Trouble(one, self.asked.get(one.kind, "")) for one in found]

    def friends(self) -> Sequence[Friend]:
        return [Friend("ben", "Ben", True, False, NOW)]

    def _put(self, activity: Activity, *did: object) -> Activity:
        self.did.append(did)
        self.kept = [one for one in self.kept if one.key != activity.key] + [activity]
        return activity

    def _one(self, key: str) -> Activity:
        found = {one.key: one for one in self.kept}
        return found.get(key) or found[key.rpartition("#")[0]]

    @staticmethod
    def _asked(guests: Sequence[str]) -> list[Attendee]:
        known = {"ben": "Ben", "cleo": "Cleo", "eva@y.example": "Eva"}
        if any(guest not in known for guest in guests):
            raise ActivityError("guests: there is no such contact")
        return [
            Attendee(f"mailto:{each.partition('@')[0]}@x.example", known[each]) for each in guests
        ]

    def calendars(self) -> Sequence[CalendarView]:
        return [CalendarView("Work", ("ada",), 3, NOW), CalendarView("ha/x", (), 0, None, "off")]

    async def create(self, details: Details, guests: Sequence[str], member: str) -> Activity:
        uid, ours = f"act-{len(self.kept)}", self.kept[0].organizer
        done = hosting.create(uid, ours, details, self._asked(guests), NOW)
        return self._put(done.activity, "create", tuple(guests), member)

    async def change(self, key: str, details: Details, member: str) -> Activity:
        done = hosting.change(self._one(key), details, NOW)
        return self._put(done.activity, "change", key, member)

    async def cancel(self, key: str, member: str) -> Activity:
        whole = self._one(key)
        if whole.key != key:
            return whole
        return self._put(hosting.cancel(whole, NOW).activity, "cancel", key, member)

    async def invite(self, key: str, guests: Sequence[str], member: str) -> Activity:
        done = hosting.invite(self._one(key), self._asked(guests), NOW)
        return self._put(done.activity, "invite", tuple(guests), member)

    async def answer(self, key: str, partstat: PartStat, member: str, comment: str) -> Activity:
        if member == "ben":
            raise ActivityError("answers were awaited until yesterday")
        done = hosting.answer(self._one(key), self.address, partstat, NOW, comment)
        return self._put(done.activity, "answer", partstat, member, comment)

    async def note_answer(self, key: str, who: str, partstat: PartStat, member: str) -> Activity:
        noted = hosting.noted(self._one(key), who, partstat, NOW)
        return self._put(noted, "note_answer", who, partstat, member)

    async def propose(self, key: str, window: Window, member: str, comment: str) -> Activity:
        done = hosting.propose(self._one(key), self.address, window, NOW, comment)
        return self._put(done.activity, "propose", window, member, comment)


class FakeFriends:
    """Three households, one of which waits for us."""

    def __init__(self) -> None:
        since = NOW - timedelta(days=40)
        self.anew: list[str] = []
        self.kept = {
            one.id: one
            for one in (
                FriendView(
                    "ben", "Birch <b>&</b> Sons", "known", ("mailto:ben@x.example",),
                    "https://birch.example:8480", sees="busy", circles=("chess", "neighbours"),
                    since=since, heard_at=NOW - timedelta(minutes=9), waiting=2,
                ),
                FriendView(
                    "mill", "Mill House", "awaits_us", ("mailto:mill@x.example",),
                    "https://relay.example/h/abc", since=NOW,
                ),
                FriendView(
                    "cleo", "Cleo", "known", ("mailto:cleo@x.example",), email="cleo@x.example",
                    muted=True, since=since,
                ),
            )
        }  # fmt: skip
        self.link = "web+commonhearth:contact/" + "WzEsIkxpbmRlbmhvZiA3Iiwi" * 14

    def listed(self) -> Sequence[FriendView]:
        return sorted(self.kept.values(), key=lambda one: one.name)

    async def invite(self) -> Invited:
        return Invited(self.link, NOW + timedelta(days=3))

    async def accept(self, link: str) -> str:
        if not link.startswith("web+commonhearth:contact/"):
            raise PeerError("expected a link that begins with web+commonhearth:contact/")
        self.kept["new"] = FriendView("new", "New House", "awaits_them", ("urn:x:new",), "http://n")
        return "New House"

    def _change(self, friend: str, **changes: object) -> None:
        if friend not in self.kept:
            raise PeerError("there is no such contact (any more)")
        self.kept[friend] = replace(self.kept[friend], **changes)  # type: ignore[arg-type]

    async def add_by_mail(self, name: str, email: str) -> str:
        if "@" not in email:
            raise ActivityError(f"email: expected an address, got {email!r}")
        self.kept[email] = FriendView(
            email, name or email, "known", (f"mailto:{email}",), email=email
        )
        return email

    async def confirm(self, friend: str) -> None:
        self._change(friend, standing="known")

    async def mute(self, friend: str, muted: bool) -> None:
        self._change(friend, muted=muted)

    async def limit(self, friend: str, sees: Sight) -> None:
        self._change(friend, sees=sees)

    async def witness(self, friend: str, on: bool, anew: bool) -> None:
        if anew and not self.kept[friend].witness:
            raise PeerError("it has not agreed")
        self.anew += [friend] * anew
        self._change(friend, witness=on)

    async def place(self, friend: str, circles: Sequence[str]) -> None:
        if any("<" in one for one in circles):
            raise ActivityError(f"circles: expected a short name, got {circles[0]!r}")
        self._change(friend, circles=tuple(circles))

    async def remove(self, friend: str) -> None:
        del self.kept[friend]


class FakeReceipts:
    """One order and one activity were signed about."""

    SIGNED = frozenset({("order", "ord-3"), ("activity", "choir/7#x@birch")})

    def there(self, about: str, name: str) -> bool:
        return (about, name) in self.SIGNED

    async def made(self, about: str, name: str) -> bytes | None:
        if not self.there(about, name):
            return None
        signed = [{"jws": "a.b.c", "key": "k"}]
        receipt = {
            "format": "commonhearth-receipt/1",
            "kind": about,
            "messages": signed,
            "log": {"key": "k", "proofs": ["p"]},
        }
        return json.dumps(receipt).encode()


class FakeProviderLogs:
    """Remembers with whom somebody began anew."""

    def __init__(self) -> None:
        self.anew: list[tuple[str, str]] = []

    async def begin_anew(self, provider: str, member: str) -> DecisionResult:
        self.anew.append((provider, member))
        return DecisionResult("done", "Its log counts from now on as it is.")


class FakePrivacy:
    """Two consents and what left under one of them."""

    def __init__(self) -> None:
        self.kept = [
            Grant(
                "g-1",
                ("name", "address"),
                "green-corner.example",
                "Green Corner",
                "order",
                "ada",
                NOW - timedelta(days=3),
            ),
            Grant(
                "g-2",
                ("phone",),
                "market.example",
                "Market Hall Express",
                "order",
                "ben",
                NOW - timedelta(days=9),
                never=True,
            ),
        ]
        self.left = [
            Disclosed(
                "m-2",
                NOW - timedelta(hours=20),
                "green-corner.example",
                "Green Corner",
                "order",
                ("items", "window", "name", "address"),
                ("g-1",),
                "ord-3",
                "5f" * 32,
                NOW - timedelta(hours=20),
            ),
            Disclosed(
                "m-1",
                NOW - timedelta(hours=21),
                "market.example",
                "Market Hall Express",
                "offer",
                ("items", "window"),
                ("hub.yaml",),
                "ord-4",
            ),
        ]

    def grants(self) -> Sequence[Grant]:
        return self.kept

    def given(self, ids: Collection[str]) -> Mapping[str, Grant]:
        return {grant.id: grant for grant in self.kept if grant.id in ids}

    def disclosed(
        self, *, recipient: str | None = None, before: datetime | None = None, limit: int = 500
    ) -> Sequence[Disclosed]:
        return [one for one in self.left if recipient in (None, one.recipient)][:limit]

    async def revoke(self, grant_id: str, member: str) -> DecisionResult:
        if member not in ("ada", "ben"):
            return DecisionResult("refused", "Only an adult of this household may decide.")
        found = next((one for one in self.kept if one.id == grant_id), None)
        if found is None:
            return DecisionResult("unknown", "There is no such consent (any more).")
        self.kept.remove(found)
        return DecisionResult("done", f"Taken back: {found.called} is told nothing more.")

    async def erase(self, recipient: str, member: str) -> DecisionResult:
        asked = [one for one in self.left if one.recipient == recipient]
        if not asked or member not in ("ada", "ben"):
            return DecisionResult("refused", "There is nothing to ask for.")
        wanted = Erasure(NOW, member, "m-9")
        self.left = [replace(one, erasure=wanted) if one in asked else one for one in self.left]
        return DecisionResult("done", f"{asked[0].called} is asked to erase what it was told.")


class FakeFeeds:
    """One calendar, and who may read it."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}
        self.text = AgendaText(b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "0123abcd")

    def agenda(self) -> AgendaText:
        return self.text

    def create(self, member: str) -> str:
        self.secrets[member] = secrets.token_urlsafe(32)
        return self.secrets[member]

    def member(self, secret: str) -> str | None:
        return next((who for who, own in self.secrets.items() if own == secret), None)

    def made(self, member: str) -> datetime | None:
        return NOW if member in self.secrets else None

    def end(self, member: str) -> bool:
        return self.secrets.pop(member, None) is not None


class FakeBroker:
    """Remembers which logins it was given."""

    limits, port = True, 1883

    def __init__(self) -> None:
        self.tls_port: int | None = None
        self.logins: tuple[Login, ...] = ()

    def use(self, logins: Sequence[Login]) -> bool:
        self.logins = tuple(logins)
        return True


class FakeQuarantine:
    """One device that waits and one that was refused."""

    def __init__(self) -> None:
        self.kept = {
            "0x17@0x17": KnownDevice("0x17@0x17", "Door <b>sensor</b>", "waiting", NOW),
            "native/old": KnownDevice("native/old", "Old", "refused", NOW),
        }

    def devices(self) -> list[KnownDevice]:
        return [one for one in self.kept.values() if one.state != "accepted"]

    async def answer(self, owner: str, member: str, *, accept: bool) -> DecisionResult:
        if owner not in self.kept:
            return DecisionResult("unknown", "There is no such device (any more).")
        state = "accepted" if accept else "refused"
        self.kept[owner] = replace(self.kept[owner], state=state)  # type: ignore[arg-type]
        return DecisionResult("done", f"{owner} is {state}")


class FakeBackend:
    """Answers as the flow does, as far as a page can tell; changes are told at once."""

    @cached_property
    def passkeys(self) -> HubPasskeys:
        """Return the real ones, on a database of their own."""
        engine = open_database(self.folder / "passkeys.sqlite")
        return HubPasskeys(engine, self.settings.http, self)

    @cached_property
    def api_tokens(self) -> HubTokens:
        """Return the real ones, on a database of their own."""
        return HubTokens(Access(open_database(self.folder / "tokens.sqlite")), self)

    @cached_property
    def logins(self) -> HubLogins:
        """Return the real ones, on a database of their own."""
        engine = open_database(self.folder / "logins.sqlite")
        broker = cast("Any", lambda: self.broker)
        return HubLogins(engine, self.settings, cast("Any", self), broker, self.folder / "secrets")

    @property
    def settings(self) -> Settings:
        return self.files.home.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        self.files.home.settings = settings

    def __init__(self, folder: Path | None = None) -> None:
        self.commands: list[OrderCommand] = []
        self.folder = folder or Path(mkdtemp(prefix="commonhearth-web-"))
        self.pushes = FakePushes()
        self.activities = FakeActivities()
        self.meals = FakeMeals()
        self.plans = FakePlans()
        self.friends = FakeFriends()
        self.feeds = FakeFeeds()
        self.privacy = FakePrivacy()
        self.provider_logs = FakeProviderLogs()
        self.receipts = FakeReceipts()
        self.rule_sets = FakeRuleSets()
        self.files = household(self.folder, _settings())
        self.beginning = HomeBeginning(self.files, self.folder.parent / "data", None)
        self.instant = NOW
        self.decisions: list[Decision] = []
        self.codes = {"4711-0815": "ada", "child-code": "kim", "guest-code": "guy", "ben": "ben"}
        self.tokens = {
            "read-token": frozenset({"read"}),
            "full-token": frozenset({"read", "decide"}),
        }
        self.kept: dict[str, Session] = {}
        self.used: dict[str, str] = {}
        self.broker = FakeBroker()
        self.quarantine = FakeQuarantine()
        self.number = 0
        self.unread: tuple[str, ...] = ()
        self.watchers: set[asyncio.Event] = set()
        self.joined = asyncio.Event()
        self.ok = True
        milk = Line("oat-1l", "Oat milk barista 1 l", 3, eur("1.79"), "milk", Decimal(1))
        eggs = Line("eggs-10", "Free-range eggs, 10", 1, eur("3.29"), "eggs", Decimal(10))
        loaf = Line("rye-750", "Rye sourdough loaf 750 g", 1, eur("3.95"), "bread", Decimal(1))
        other = replace(milk, item_id="om-3", name="Organic oat drink 1 l", price=eur("1.95"))
        first = _order("ord-1", "sug-1", "Green Corner", (milk, eggs, loaf))
        second = _order("ord-2", "sug-1", "Market Hall Express", (other, eggs))
        second = replace(second, slot=SLOTS[1])
        done = replace(
            _order("ord-3", "sug-3", "Green Corner", (milk,)),
            state="confirmed",
            order_id="GC-20931",
            approved_total=eur("8.27"),
            fulfillment_state="Packed",
            created_at=NOW - timedelta(hours=20),
            updated_at=NOW - timedelta(hours=1),
            slot=SLOTS[3],
        )
        broken = replace(
            _order("ord-4", "sug-4", "Market Hall Express", (eggs,)),
            state="failed",
            reason="Market Hall Express has no eggs left.",
        )
        self.all_orders = {o.id: o for o in (first, second, done, broken)}
        self.offered = {o.id: SLOTS for o in (first, second)}
        self.all_suggestions = {
            s.id: s
            for s in (
                _suggestion(
                    "sug-1",
                    "Order oat milk, eggs and bread",
                    body="The oat milk runs out before tomorrow's breakfast.",
                    because=(
                        Because("Oat milk is down to 0.4 l; you keep at least 2 l", 1041),
                        Because("At the pace of this week it lasts about 6 hours", 1038),
                        Because("Eggs and bread are below par as well", 1042),
                    ),
                    options=(
                        option_of(first, "opt-1"),
                        option_of(second, "opt-2", "no rye bread there"),
                    ),
                ),
                _suggestion(
                    "sug-2",
                    "Order washing powder",
                    body="Enough for one more wash.",
                    because=(Because("Washing powder is down to 80 g; you keep at least 500 g"),),
                    asked=False,
                    version=1,
                    created_at=NOW - timedelta(seconds=8),
                    deadline=NOW + timedelta(hours=30),
                ),
                _suggestion(
                    "sug-5",
                    "Fill jugs: the water is off tomorrow morning",
                    kind="notify",
                    body="Two jugs and a kettle are enough for the four hours.",
                    because=(Because("Water works: mains repair in Lindenweg, 08:00 to 12:00"),),
                    deadline=NOW + timedelta(hours=14),
                ),
                _suggestion(
                    "sug-3",
                    "Order oat milk",
                    state="carried_out",
                    decided_by="ben",
                    decided_at=NOW - timedelta(hours=20),
                    chosen="opt-3",
                    options=(option_of(done, "opt-3"),),
                    outcome="Green Corner confirmed: 8.27 EUR, Wed 18:00-20:00.",
                ),
                _suggestion(
                    "sug-4",
                    "Order eggs",
                    state="failed",
                    decided_by="ada",
                    decided_at=NOW - timedelta(days=2),
                    outcome="Market Hall Express has no eggs left.",
                ),
                _suggestion(
                    "sug-6",
                    "Order coffee beans",
                    state="declined",
                    decided_by="ada",
                    decided_at=NOW - timedelta(days=3),
                    outcome="Declined by Ada.",
                ),
            )
        }
        self.levels = {
            "milk": StockLevel("milk", 0.4, "l", NOW - timedelta(minutes=4), "Fridge scale", 3.0),
            "eggs": StockLevel("eggs", 4, "pc", NOW - timedelta(hours=7), "Ada"),
            "rice": StockLevel("rice", 2.35, "kg", NOW - timedelta(hours=2), "Pantry scale"),
        }
        self.items = (
            PantryItem("milk", "Oat milk", "l", Decimal(2), Decimal(4)),
            PantryItem("eggs", "Eggs", "pc", Decimal(6), Decimal(12)),
            PantryItem("rice", "Rice", "kg", Decimal(1), Decimal(3)),
            PantryItem("coffee", "Coffee beans", "g", Decimal(250)),
        )

    # What tests do to it

    def changed(self) -> None:
        self.number += 1
        for watcher in self.watchers:
            watcher.set()

    def put(self, suggestion: Suggestion) -> None:
        self.all_suggestions = {suggestion.id: suggestion, **self.all_suggestions}
        self.all_suggestions[suggestion.id] = suggestion
        self.changed()

    # What the pages ask

    def now(self) -> datetime:
        return self.instant

    def seconds_until(self, instant: datetime) -> float:
        return (instant - self.instant).total_seconds()

    def suggestions(self, *, open_only: bool = True, limit: int = 200) -> Sequence[Suggestion]:
        found = [s for s in self.all_suggestions.values() if s.open or not open_only]
        return found[:limit]

    def decided(self, limit: int) -> Sequence[Suggestion]:
        return [s for s in self.suggestions(open_only=False, limit=10**6) if not s.open][:limit]

    def suggestion(self, suggestion_id: str) -> Suggestion | None:
        return self.all_suggestions.get(suggestion_id)

    def orders(self, *, limit: int = 100) -> Sequence[Order]:
        return list(self.all_orders.values())[:limit]

    def order(self, order_id: str) -> Order | None:
        return self.all_orders.get(order_id)

    def slots(self, order_id: str) -> Sequence[tuple[str, datetime, datetime, Decimal | None]]:
        return [
            (s.slot_id, s.window.start, s.window.end, s.fee.amount if s.fee else None)
            for s in self.offered.get(order_id, ())
        ]

    def pantry(self) -> Sequence[PantryView]:
        lasting = {"milk": 6.2, "rice": 400.0}
        return [PantryView(i, self.levels.get(i.id), lasting.get(i.id)) for i in self.items]

    def ledger(
        self, *, before: int | None = None, limit: int = 50, subject: str | None = None
    ) -> Sequence[LedgerEntry]:
        found = [
            one
            for one in LEDGER
            if (before is None or one.index < before) and subject in (None, one.subject)
        ]
        return found[:limit]

    def witnesses(self) -> Sequence[WitnessView]:
        gone = "The log of Mill House went back from 90 to 40 entries."
        return [
            WitnessView("ben", "Birch <b>&</b> Sons", True, 120, NOW, "birch.example/witness+0+x"),
            WitnessView(
                "mill", "Mill House", True, 80, NOW - timedelta(days=5), "mill.example/witness+0+x",
                seen_size=90, seen_at=NOW - timedelta(days=5), fault=gone, fault_at=NOW,
            ),
            WitnessView(
                "", "Corner <b>Shop</b>", False, seen_size=41, seen_at=NOW, provider="shop.example",
                fault="The log of Corner Shop was rewritten.", fault_at=NOW,
            ),
            WitnessView("cleo", "Cleo", True, 70, NOW - timedelta(days=5), "cleo.example/w+0+x"),
        ]  # fmt: skip

    def history(self, item: str) -> Sequence[StockPoint]:
        if item != "milk":
            return []
        begin = self.instant - timedelta(days=5)
        return [
            StockPoint(begin + timedelta(hours=4 * n), round(3 - (n % 14) * 0.2, 2))
            for n in range(30)
        ]

    def spent(self, since: datetime) -> Sequence[Spent]:
        shops = ("Green Corner", "Market Hall Express", "Bäckerei <Süß>")
        return [
            Spent(NOW - timedelta(days=9 * n), shops[n % 3], eur(f"{12 + (n * 7) % 23}.50"))
            for n in range(18)
            if NOW - timedelta(days=9 * n) >= since
        ]

    def entities(self) -> Sequence[EntityView]:
        seen = NOW - timedelta(minutes=4)
        kitchen = ("Kitchen fridge", "homeassistant")
        return [
            EntityView(
                "sensor.milk",
                "Milk scale",
                "sensor",
                *kitchen,
                "kg",
                "0.41",
                True,
                seen,
                True,
                "litres of Oat milk",
            ),
            EntityView(
                "sensor.temp", "Temperature", "sensor", *kitchen, "°C", "5.2", True, seen, True
            ),
            EntityView(
                "binary_sensor.door",
                "Door",
                "binary_sensor",
                *kitchen,
                None,
                "closed",
                True,
                seen,
                True,
            ),
            EntityView(
                "sensor.rice",
                "Weight",
                "sensor",
                "Pantry scale",
                "commonhearth",
                "g",
                "2350",
                True,
                seen,
                True,
                "kg of Rice",
            ),
            EntityView(
                "event.bell",
                "Doorbell",
                "event",
                "Front door",
                "homeassistant",
                None,
                "",
                False,
                None,
                True,
            ),
            EntityView(
                "light.shelf", "Shelf light", "light", *kitchen, None, "on", True, seen, False
            ),
        ]

    def parked(self, limit: int = 100) -> Sequence[Parked]:
        rows = [
            Parked(
                9,
                NOW - timedelta(minutes=12),
                "commonhearth/v1/fridge/stock",
                "expected a number, 0 or more, got NaN",
                "items.0.quantity",
                b'{"items": [{"item": "milk", "quantity": NaN}]}',
                3,
            ),
            Parked(
                7,
                NOW - timedelta(hours=3),
                "homeassistant/sensor/attic/config",
                "expected JSON, got bytes that are not UTF-8",
                "",
                b"\xff\xfe<script>alert(1)</script>\x00" + b"z" * 400,
            ),
        ]
        return rows[:limit]

    def notices(self) -> Sequence[Notice]:
        def notice(identifier: str, headline: str, **values: object) -> Notice:
            given: dict[str, object] = {
                "sender": "notices@stadtwerke.example",
                "identifier": identifier,
                "sent": NOW - timedelta(hours=2),
                "status": "Actual",
                "msg_type": "Alert",
                "event": "Planned outage",
                "headline": headline,
                "description": "",
                "urgency": "Expected",
                "severity": "Moderate",
                "certainty": "Likely",
                "response_types": ("Prepare",),
                "effective_from": NOW - timedelta(hours=1),
                "expires": NOW + timedelta(hours=3),
                "service": "heating",
                "areas": ("Lindenweg 1-20",),
                "references": (),
            }
            return Notice(**{**given, **values})  # type: ignore[arg-type]

        return [
            notice(
                "n-1",
                "Heating off in Lindenweg for a repair",
                description="A valve is being replaced. Radiators stay cold.",
            ),
            notice(
                "n-2",
                "Water off tomorrow morning",
                service="water",
                severity="Severe",
                effective_from=NOW + timedelta(hours=15),
                expires=NOW + timedelta(hours=19),
            ),
            notice(
                "n-3", "Exercise: gas alarm", status="Exercise", service="gas", severity="Extreme"
            ),
        ]

    backup_state = BackupState()

    def health(self) -> Mapping[str, object]:
        return {
            "ok": self.ok,
            "broker": "mqtt://127.0.0.1:1883",
            "messages_total": 20931,
            "outbox": {"pending": 2, 'odd"name\\\n': 1},
            "load": float("inf"),
            "started_at": NOW,
        }

    def about(self) -> About:
        key = "hub-7f3a.example/ledger+0a1b2c3d+AYqVQ5WcGTbKuF7qXHhJ9o8yOaX7gC3nHbTt5q7wJ3mN"
        return About("0.1.0", NOW - timedelta(days=3), "hub-7f3a.example", key, self.unread)

    def backup(self) -> BackupState:
        return self.backup_state

    async def act(self, command: OrderCommand) -> DecisionResult:
        self.commands.append(command)
        if self.order(command.order_id) is None:
            return DecisionResult("unknown", "There is no such order.")
        member = next((m for m in self.settings.members if m.id == command.member), None)
        if member is None or member.role != "adult":
            return DecisionResult("refused", "Only an adult of this household may decide.")
        return DecisionResult("changed", "The provider is asked.")

    async def decide(self, decision: Decision) -> DecisionResult:
        self.decisions.append(decision)
        found = self.all_suggestions.get(decision.suggestion_id)
        if found is None:
            return DecisionResult("unknown", "There is no such suggestion (any more).")
        if decision.token_id in self.used:
            return DecisionResult("repeated", self.used[decision.token_id], found)
        member = next((m for m in self.settings.members if m.id == decision.member), None)
        if member is None or member.role != "adult":
            return DecisionResult("refused", "Only an adult of this household may decide.", found)
        if not found.open:
            return DecisionResult("refused", found.outcome, found)
        if decision.version != found.version:
            message = "This has changed since you were asked; please look at it again."
            return DecisionResult("refused", message, found)
        result = self._carried(found, decision, member.name)
        assert result.suggestion is not None
        if decision.token_id:
            self.used[decision.token_id] = result.message
        self.put(result.suggestion)
        return result

    def _carried(self, found: Suggestion, decision: Decision, name: str) -> DecisionResult:
        decided = {"decided_by": decision.member, "decided_at": self.instant}
        if decision.verb == "decline":
            outcome = f"Declined by {name}."
            return DecisionResult(
                "done", outcome, found.moved("declined", outcome=outcome, **decided)
            )
        if decision.verb == "later":
            put_off = replace(
                found, not_before=self.instant + timedelta(hours=1), version=found.version + 1
            )
            return DecisionResult("done", "The hub asks again at 18:20.", put_off)
        if found.options and decision.option is None:
            return DecisionResult("refused", "Please choose one of the offers.", found)
        if decision.counts or decision.slot_id:
            assert decision.option is not None
            order_id = found.option(decision.option).order_id
            self.all_orders[order_id] = replace(self.all_orders[order_id], pending="select")
            changed = replace(found, version=found.version + 1)
            return DecisionResult("changed", "The new price is asked for.", changed)
        outcome = f"{name} agreed."
        if decision.option:
            option = found.option(decision.option)
            outcome = f"Approved by {name}; ordering at {option.provider_name} for {option.total}."
        approved = found.moved("approved", chosen=decision.option, outcome=outcome, **decided)
        return DecisionResult("done", outcome, approved)

    def reprice(self, suggestion_id: str, option_id: str, counts: Mapping[str, int]) -> None:
        """Play the provider's answer to a change."""
        found = self.all_suggestions[suggestion_id]
        order = self.all_orders[found.option(option_id).order_id]
        lines = tuple(
            replace(line, count=counts.get(line.item_id, line.count)) for line in order.lines
        )
        priced = replace(_order(order.id, suggestion_id, order.provider_name, lines))
        self.all_orders[order.id] = priced
        options = tuple(option_of(priced, o.id) if o.id == option_id else o for o in found.options)
        self.put(replace(found, options=options, version=found.version + 1))

    async def set_stock(self, item: str, quantity: float, member: str) -> StockLevel:
        known = {i.id: i for i in self.items}
        if quantity < 0:
            raise ValueError("expected 0 or more")
        level = StockLevel(item, quantity, known[item].unit, self.instant, member)
        self.levels[item] = level
        self.changed()
        return level

    async def changes(self) -> AsyncIterator[int]:
        watcher = asyncio.Event()
        self.watchers.add(watcher)
        self.joined.set()
        try:
            while True:
                await watcher.wait()
                watcher.clear()
                yield self.number
        finally:
            self.watchers.discard(watcher)

    def create_session(self, member: str) -> tuple[str, Session]:
        secret = secrets.token_urlsafe(24)
        session = Session(
            member,
            self.instant,
            self.instant + timedelta(days=30),
            secrets.token_urlsafe(16),
            hashlib.sha256(secret.encode()).hexdigest()[:16],
        )
        self.kept[secret] = session
        return secret, session

    def session(self, secret: str) -> Session | None:
        return self.kept.get(secret)

    def end_session(self, secret: str) -> None:
        self.kept.pop(secret, None)

    def sessions_of(self, member: str) -> dict[str, Session]:
        return {secret: one for secret, one in self.kept.items() if one.member == member}

    def sessions(self, member: str) -> Sequence[Session]:
        return list(self.sessions_of(member).values())[::-1]

    def revoke_session(self, member: str, session_id: str) -> bool:
        found = [s for s, one in self.sessions_of(member).items() if one.id == session_id]
        for secret in found:
            del self.kept[secret]
        return bool(found)

    def create_code(self, member: str, *, own: bool) -> str:
        code = f"CODE-{len(self.codes):04d}"
        self.codes[code] = member
        return code

    def phone(self, member: str) -> PhoneView | None:
        if member != "ada":
            return None
        return PhoneView("https://ntfy.sh", "commonhearth-ada-0123456789abcdef")

    def api_token_scopes(self, secret: str) -> frozenset[str] | None:
        return self.tokens.get(secret) or self.api_tokens.access.token_scopes(secret)

    def take_sign_in_code(self, code: str) -> str | None:
        return self.codes.pop(code, None)
