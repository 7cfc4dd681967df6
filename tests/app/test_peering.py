"""The household among its friends: what is sent at one go, and what a contact cannot make it do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub.app.friends import HubFriends
from hub.app.invitations import IcsInvitations
from hub.app.peering import Peering
from hub.domain.activities import ActivityError, Details, Person
from hub.domain.consent import TO_CONTACTS
from hub.domain.contacts import Contact
from hub.domain.effects import SendPeerMessage
from hub.domain.offers import Window
from hub.domain.peers import Invitation, Peer, PeerError, PeerMessage, Receipt
from hub.flow.activities import organize
from hub.flow.peerout import send
from hub.ports import DeliveryError
from hub.store.peers import PeerStore
from hub.store.talk import signed_about
from hub.worker.writer import Writer
from integrations.peers.endpoint import own_card
from integrations.peers.keys import PeerKeys
from tests.support.household import Household, make_home


@pytest.fixture(autouse=True)
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The messages of these tests tell nothing of a household, and that is said."""
    for type_ in ("note", "fails", "unheard-of", "unwanted"):
        monkeypatch.setitem(TO_CONTACTS, type_, ())


class Wire:
    """A transport whose other end answers as a test wishes."""

    def __init__(self) -> None:
        self.sent: list[PeerMessage] = []
        self.answer: Callable[[PeerMessage], Receipt | None] = lambda m: Receipt(m.seq, re=m.id)

    async def send(self, peer: Peer, message: PeerMessage) -> Receipt | None:
        self.sent.append(message)
        return self.answer(message)


class Home:
    """A household with one contact, which is a wire."""

    def __init__(self, folder: Path) -> None:
        self.house = Household(folder / "hub.db", make_home())
        self.writer = Writer(
            self.house.engine,
            self.house.house,
            self.house.clock,
            intake=lambda messages: [],
            acknowledge=lambda messages: None,
            committed=lambda after: None,
        )
        self.writer.start()
        self.wire = Wire()
        self.peering = Peering(
            self.house.home,
            self.writer,
            self.house.engine,
            self.house.clock,
            secrets_dir=folder / "secrets",
            reach=lambda: ("http://127.0.0.1:9", "https"),
            transport=self.wire,
        )
        self.folder = folder

    async def befriend(self) -> Contact:
        keys = PeerKeys(self.folder / "other")
        card = own_card(keys, "Other", "http://127.0.0.1:9", "https", ())
        until = self.house.clock.now().replace(year=2030)
        made = await self.peering.accept(Invitation(card, "t" * 22, until).link())
        known = made.moved("known")
        self.house.do(lambda tx: PeerStore(tx.connection).save_contact(known))
        return known

    def note(self, contact: Contact, count: int) -> SendPeerMessage:
        def step(tx) -> None:
            for number in range(count):
                send(tx, contact, "note", {"n": number})

        self.writer.submit(step).result(10)
        found = [row.effect for row in self.house.outbox()]
        return [e for e in found if isinstance(e, SendPeerMessage) and e.kind == "messages"][-1]

    def waiting(self, contact: Contact) -> list[int]:
        with self.house.engine.connect() as connection:
            return [row.seq for row in PeerStore(connection).outgoing(contact.peer)]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    one = Home(tmp_path)
    yield one
    one.writer.stop()
    one.house.close()


async def test_all_that_waits_is_sent_in_order(home: Home) -> None:
    contact = await home.befriend()
    effect = home.note(contact, 5)
    await home.peering.deliver(effect)
    assert [one.seq for one in home.wire.sent] == [1, 2, 3, 4, 5]
    assert [one.base for one in home.wire.sent] == [1, 2, 3, 4, 5]
    assert home.waiting(contact) == []
    await home.peering.deliver(effect)
    assert len(home.wire.sent) == 5


@pytest.mark.parametrize("refused", ["", "this household is on holiday"])
async def test_what_was_signed_is_kept_with_what_became_of_it(home: Home, refused: str) -> None:
    contact, house = await home.befriend(), home.house
    house.home.invitations, house.home.own = IcsInvitations(), Person("urn:us", "Linden 5")
    start = house.clock.now() + timedelta(days=1)
    details = Details(Window(start, start + timedelta(hours=2)), "Europe/Berlin", "Fishing")
    made = home.writer.submit(
        lambda tx: organize.create(tx, house.home, details, [contact.id], "ana", "web")
    ).result(10)
    (effect,) = (e for row in house.outbox() if getattr(e := row.effect, "kind", "") == "messages")
    home.wire.answer = lambda message: Receipt(message.seq, (), message.id, refused)
    before = home.writer.batches
    await home.peering.deliver(effect)
    assert home.writer.batches == before + 2, "one looks for what is too old, one is the message's"
    assert home.waiting(contact) == []
    with house.engine.connect() as connection:
        kept = signed_about(connection, made.uid, 10)
    assert len(kept) == (0 if refused else 1)


async def test_what_a_relay_has_is_not_sent_at_once_again(home: Home) -> None:
    contact = await home.befriend()
    effect = home.note(contact, 3)
    home.wire.answer = lambda message: None
    for _ in range(2):
        await home.peering.deliver(effect)
    assert [one.seq for one in home.wire.sent] == [1, 2, 3]
    assert home.waiting(contact) == [1, 2, 3]


@pytest.mark.parametrize(
    "answer",
    [
        lambda message: Receipt(0, (1, 2, 3), message.id),
        lambda message: Receipt(message.seq, (), message.id, used=True),
    ],
)
async def test_a_contact_that_is_never_content_does_not_keep_us_busy(home: Home, answer) -> None:
    contact = await home.befriend()
    effect = home.note(contact, 3)
    rows = len(home.house.outbox())
    home.wire.answer = answer
    with pytest.raises(DeliveryError, match="again and again") as caught:
        await home.peering.deliver(effect)
    assert caught.value.retry
    assert len(home.wire.sent) <= 6
    assert len(home.house.outbox()) == rows
    assert len(home.waiting(contact)) == 3


async def test_one_that_is_off_loses_nothing(home: Home) -> None:
    contact = await home.befriend()
    effect = home.note(contact, 2)

    def off(message: PeerMessage) -> Receipt:
        raise DeliveryError("it is off")

    home.wire.answer = off
    with pytest.raises(DeliveryError, match="it is off"):
        await home.peering.deliver(effect)
    assert len(home.wire.sent) == 1
    assert home.waiting(contact) == [1, 2]


async def test_the_introduction_has_the_token_and_our_card(home: Home) -> None:
    contact = await home.befriend()
    await home.peering.deliver(SendPeerMessage(contact.peer, "hello", 0))
    (hello,) = home.wire.sent
    assert hello.body == {"token": "t" * 22}
    assert hello.card == home.peering.card()
    await home.peering.deliver(SendPeerMessage("nobody", "messages", 1))
    assert len(home.wire.sent) == 1


async def test_new_keys_are_told(home: Home) -> None:
    contact = await home.befriend()
    before = home.peering.card()
    await home.peering.rotate()
    await home.peering.deliver(home.note(contact, 1))
    assert [one.type for one in home.wire.sent] == ["card", "note"]
    assert home.peering.card().id == before.id
    assert home.peering.card().key != before.key
    assert "key_rotated" in home.house.ledger()


async def test_a_fault_is_said_to_who_asked(home: Home) -> None:
    with pytest.raises(PeerError, match="no such contact"):
        await home.peering.confirm("nobody")
    with pytest.raises(PeerError, match="web"):
        await home.peering.accept("https://example.org")
    invitation = await home.peering.invite()
    with pytest.raises(PeerError, match="own link"):
        await home.peering.accept(invitation.link())


async def test_what_members_say_of_contacts_is_what_their_page_shows(home: Home) -> None:
    friends = HubFriends(home.peering, home.house.engine)
    made = await friends.invite()
    with pytest.raises(PeerError, match="own link"):
        await friends.accept(made.link)
    contact = await home.befriend()
    await friends.limit(contact.id, "busy")
    await friends.mute(contact.id, True)
    await friends.place(contact.id, ["tea", "chess", "tea"])
    home.note(contact, 2)
    (shown,) = friends.listed()
    assert (shown.name, shown.standing, shown.url) == ("Other", "known", "http://127.0.0.1:9")
    assert (shown.sees, shown.muted, shown.circles) == ("busy", True, ("chess", "tea"))
    assert shown.waiting == 2
    with pytest.raises(ActivityError, match="circles"):
        await friends.place(contact.id, ["<b>"])
    await friends.remove(contact.id)
    assert friends.listed() == []
    with pytest.raises(PeerError, match="no such contact"):
        await friends.confirm(contact.id)


async def test_a_household_that_has_not_agreed_yet_is_shown_as_asked(home: Home) -> None:
    friends = HubFriends(home.peering, home.house.engine)
    card = own_card(PeerKeys(home.folder / "other"), "Other", "http://127.0.0.1:9", "https", ())
    until = home.house.clock.now().replace(year=2030)
    assert await friends.accept(Invitation(card, "t" * 22, until).link()) == "Other"
    assert [one.standing for one in friends.listed()] == ["awaits_them"]


async def test_a_friend_without_a_hub_is_written_down_once(home: Home) -> None:
    friends = HubFriends(home.peering, home.house.engine)
    cleo = await friends.add_by_mail("Cleo", " Cleo@Home.example ")
    assert await friends.add_by_mail("Somebody", "cleo@home.example") == cleo
    dan = await friends.add_by_mail("dan", "dan@home.example")
    shown = {one.id: (one.name, one.email, one.standing, one.url) for one in friends.listed()}
    assert shown == {
        cleo: ("Cleo", "cleo@home.example", "known", ""),
        dan: ("dan", "dan@home.example", "known", ""),
    }
    for wrong in ("cleo", "urn:x:cleo", "a@b@c", "mailto:", ""):
        with pytest.raises(ActivityError, match="expected an address"):
            await friends.add_by_mail("Cleo", wrong)
