"""What is said between hubs: once, in order, and nothing to those it is not for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from hub.domain.consent import TO_CONTACTS
from hub.domain.contacts import Contact
from hub.domain.effects import SendPeerMessage, TellMember
from hub.domain.offers import Window
from hub.domain.peers import (
    GRACE,
    KEEPS,
    MOST_OUT,
    WINDOW,
    Card,
    Invitation,
    PeerError,
    PeerKey,
    PeerMessage,
    Receipt,
    Refusal,
    id_of,
    read_link,
    token_hash,
)
from hub.flow import befriend
from hub.flow.greet import hello
from hub.flow.peerbusy import ask_busy, busy_in
from hub.flow.peerout import PeerHooks, acknowledged, carried, drop_expired, send
from hub.flow.peers import receive, standing
from hub.store import peertables, tables
from hub.store.codec import micros
from hub.store.peers import PeerStore
from tests.support.household import Household

COPIES = count()
TOKEN = "t" * 22


@pytest.fixture(autouse=True)
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The messages of these tests tell nothing of a household, and that is said."""
    for type_ in ("note", "fails", "unheard-of", "unwanted"):
        monkeypatch.setitem(TO_CONTACTS, type_, ())


def key(letter: str) -> PeerKey:
    return PeerKey(letter * 43, letter.upper() * 43)


class Side:
    """One household: what it took in, and its messages in the hands of a test."""

    def __init__(self, house: Household, letter: str, name: str) -> None:
        self.house = house
        public = key(letter)
        self.card = Card(id_of(public), name, f"http://{letter}.example", public)
        self.got: list[object] = []
        self.lost: list[tuple[str, str]] = []
        self.busy: list[Window] | None = []
        self.answers: list[PeerMessage] = []
        self.hooks = PeerHooks(
            {
                "note": lambda tx, home, who, message: self.got.append(message.body["n"]),
                "fails": self._fails,
                "unwanted": self._unwanted,
                "freebusy-answer": lambda tx, home, who, m: self.answers.append(m),
            },
            lambda tx, home, who, asked: self.busy,
            lambda tx, home, who, type_, body, why: self.lost.append((type_, why)),
        )

    def _fails(self, *_: object) -> None:
        raise RuntimeError("a fault of ours")

    def _unwanted(self, *_: object) -> None:
        raise PeerError("we do not want this")

    def look(self, ask: Callable[[PeerStore], object]) -> object:
        with self.house.engine.connect() as connection:
            return ask(PeerStore(connection))

    def contact(self, other: Side) -> Contact:
        found = self.look(lambda store: store.contact_of(other.card.id))
        assert isinstance(found, Contact)
        return found

    def note(self, other: Side, number: int, type_: str = "note") -> str:
        return self.house.do(lambda tx: send(tx, self.contact(other), type_, {"n": number}))

    def waiting(self, other: Side) -> list[PeerMessage]:
        """Return what waits for another, as it would be sent now."""
        peer = self.look(lambda store: store.peer(other.card.id))
        rows = self.look(lambda store: store.outgoing(other.card.id))
        now = self.house.clock.now()
        return [
            PeerMessage(
                self.card.id,
                row.type,
                row.id,
                peer.channel,
                row.seq,
                row.body,
                now,
                row.expires,
                min(one.seq for one in rows),
                copy=str(next(COPIES)),
            )
            for row in rows
            if not row.sent
        ]

    def take(self, message: PeerMessage, *, relayed: bool = False) -> Receipt | Refusal:
        return self.house.do(
            lambda tx: receive(tx, self.house.home, self.hooks, message, relayed=relayed)
        )

    def told(self, other: Side, receipt: Receipt | Refusal) -> None:
        assert isinstance(receipt, Receipt), receipt
        channel = self.look(lambda store: store.peer(other.card.id)).channel
        self.house.do(
            lambda tx: acknowledged(
                tx, self.house.home, self.hooks, other.card.id, channel, receipt
            )
        )

    def deliver(self, other: Side) -> None:
        """Carry what waits, one after the other, as a direct connection does."""
        while waiting := self.waiting(other):
            self.told(other, other.take(waiting[0]))

    def parked(self) -> list[str]:
        return [row.reason for row in self.house.rows(tables.ParkedRow)]

    def effects(self) -> list[SendPeerMessage]:
        found = [row.effect for row in self.house.outbox()]
        return [one for one in found if isinstance(one, SendPeerMessage)]


def hello_of(guest: Side, host: Side, token: str = TOKEN, **changes: object) -> PeerMessage:
    now = guest.house.clock.now()
    channel = guest.look(lambda store: store.peer(host.card.id)).channel
    made = PeerMessage(
        guest.card.id,
        "hello",
        "h1",
        channel,
        0,
        {"token": token},
        now,
        now + timedelta(days=1),
        card=guest.card,
        copy=str(next(COPIES)),
    )
    return replace(made, **changes)


def invited(host: Side, token: str = TOKEN) -> Invitation:
    expires = host.house.clock.now() + timedelta(days=3)
    host.house.do(lambda tx: befriend.invite(tx, token_hash(token), expires))
    return Invitation(host.card, token, expires)


def greet(host: Side, message: PeerMessage) -> Receipt | Refusal:
    return host.house.do(lambda tx: hello(tx, host.house.home, message))


def befriended(host: Side, guest: Side, token: str = TOKEN) -> None:
    invitation = invited(host, token)
    guest.house.do(lambda tx: befriend.accept(tx, invitation, guest.card.id))
    assert isinstance(greet(host, hello_of(guest, host, token)), Receipt)
    host.house.do(lambda tx: befriend.confirm(tx, host.contact(guest).id, host.card))
    host.deliver(guest)


@pytest.fixture
def strangers(build: Callable[..., Household]) -> tuple[Side, Side]:
    return Side(build(), "a", "Lindens"), Side(build(), "b", "Birches")


@pytest.fixture
def friends(strangers: tuple[Side, Side]) -> tuple[Side, Side]:
    befriended(*strangers)
    return strangers


# -- becoming contacts ---------------------------------------------------------------------------


def test_both_sides_have_to_agree(strangers: tuple[Side, Side]) -> None:
    host, guest = strangers
    invitation = read_link(invited(host).link())
    assert invitation.card.id == host.card.id
    guest.house.do(lambda tx: befriend.accept(tx, invitation, guest.card.id))
    assert [one.kind for one in guest.effects()] == ["hello"]
    assert guest.contact(host).state == "offered"
    with pytest.raises(PeerError, match="is not a contact"):
        guest.note(host, 1)
    assert isinstance(greet(host, hello_of(guest, host)), Receipt)
    assert host.contact(guest).state == "offered"
    told = [row.effect for row in host.house.outbox() if isinstance(row.effect, TellMember)]
    assert {one.title for one in told} == {"Birches would like to be a contact"}
    with pytest.raises(PeerError, match="has not confirmed yet"):
        guest.house.do(lambda tx: befriend.confirm(tx, guest.contact(host).id, guest.card))
    host.house.do(lambda tx: befriend.confirm(tx, host.contact(guest).id, host.card))
    host.deliver(guest)
    assert (host.contact(guest).state, guest.contact(host).state) == ("known", "known")
    guest.note(host, 1)
    guest.deliver(host)
    assert host.got == [1]


def test_a_link_works_once(strangers: tuple[Side, Side], build: Callable[..., Household]) -> None:
    host, guest = strangers
    befriended(host, guest)
    thief = Side(build(), "c", "Crows")
    stolen = Invitation(host.card, TOKEN, host.house.clock.now() + timedelta(days=1))
    thief.house.do(lambda tx: befriend.accept(tx, stolen, thief.card.id))
    refused = greet(host, hello_of(thief, host))
    assert isinstance(refused, Refusal)
    assert "used by another household" in refused.reason
    # The one it was for may repeat itself, and nothing more comes of it.
    contact = host.contact(guest)
    assert isinstance(greet(host, hello_of(guest, host)), Receipt)
    assert host.contact(guest) == contact
    assert len(host.house.rows(peertables.ContactRow)) == 1


def test_a_link_expires(strangers: tuple[Side, Side]) -> None:
    host, guest = strangers
    invitation = invited(host)
    guest.house.do(lambda tx: befriend.accept(tx, invitation, guest.card.id))
    late = hello_of(guest, host)
    for side in strangers:
        side.house.clock.turn(days=4)
    refused = greet(host, late)
    assert isinstance(refused, Refusal)
    assert "expired" in refused.reason
    assert host.parked() == [refused.reason]
    other = replace(invitation, token="u" * 22)
    with pytest.raises(PeerError, match="expired"):
        guest.house.do(lambda tx: befriend.accept(tx, other, guest.card.id))
    effect = guest.effects()[0]
    guest.house.do(lambda tx: befriend.gave_up(tx, guest.house.home, effect, refused.reason))
    assert guest.look(lambda store: store.contacts()) == []


def test_an_own_link_a_foreign_token_and_a_guessed_one(strangers: tuple[Side, Side]) -> None:
    host, guest = strangers
    invitation = invited(host)
    with pytest.raises(PeerError, match="own link"):
        host.house.do(lambda tx: befriend.accept(tx, invitation, host.card.id))
    guest.house.do(lambda tx: befriend.accept(tx, invitation, guest.card.id))
    for token in ("g" * 22, 5, ""):
        message = replace(hello_of(guest, host), body={"token": token})
        assert isinstance(greet(host, message), Refusal)
    assert isinstance(greet(host, hello_of(guest, host, channel="0" * 32)), Refusal)
    assert host.look(lambda store: store.contacts()) == []


@pytest.mark.parametrize(
    "link",
    ["", "https://example.org", "web+commonhearth:contact/", "web+commonhearth:contact/eyJhIjoxfQ"],
)
def test_what_is_no_link_is_told_in_a_line(link: str) -> None:
    with pytest.raises(PeerError) as caught:
        read_link(link)
    assert "\n" not in str(caught.value)


def test_a_damaged_link_and_one_with_a_strange_address(strangers: tuple[Side, Side]) -> None:
    host, _ = strangers
    link = invited(host).link()
    assert len(link) < 350
    for bad in (link[:-8], link[:40] + "!" + link[41:], link + "A" * 3000):
        with pytest.raises(PeerError):
            read_link(bad)
    for url in (
        "ftp://x",
        "http://",
        "http://u:p@x",
        "http://x/?q",
        "http://x y",
        "http://x:99999",
    ):
        with pytest.raises(PeerError, match="url"):
            Card(host.card.id, "x", url, host.card.key)


def test_a_friend_may_not_be_replaced_by_a_link_with_another_key(
    friends: tuple[Side, Side],
) -> None:
    host, guest = friends
    forged = replace(host.card, key=key("x"))
    invitation = Invitation(forged, "v" * 22, host.house.clock.now() + timedelta(days=1))
    with pytest.raises(PeerError, match="another one"):
        guest.house.do(lambda tx: befriend.accept(tx, invitation, guest.card.id))


def test_nobody_takes_another_contacts_address(
    friends: tuple[Side, Side], build: Callable[..., Household]
) -> None:
    host, guest = friends
    third = Side(build(), "c", "Crows")
    address = host.contact(guest).addresses[0]
    third.card = replace(third.card, addresses=(address, "MAILTO:Crow@Example.org", "no address"))
    befriended(host, third, "w" * 22)
    assert host.contact(third).addresses == ("mailto:crow@example.org",)


# -- once and in order ---------------------------------------------------------------------------


def test_messages_come_once_and_in_order(friends: tuple[Side, Side]) -> None:
    host, guest = friends
    for number in range(5):
        guest.note(host, number)
    guest.deliver(host)
    guest.deliver(host)
    assert host.got == [0, 1, 2, 3, 4]
    assert guest.waiting(host) == []


def test_a_receipt_that_was_lost_changes_nothing(friends: tuple[Side, Side]) -> None:
    host, guest = friends
    guest.note(host, 1)
    host.take(guest.waiting(host)[0])
    host.house.restart()
    guest.deliver(host)
    assert host.got == [1]
    assert guest.waiting(host) == []
    assert host.look(lambda store: store.peer(guest.card.id)).duplicates == 1
    assert host.parked() == []


def test_the_same_copy_again_is_refused_and_counted(friends: tuple[Side, Side]) -> None:
    host, guest = friends
    guest.note(host, 1)
    (message,) = guest.waiting(host)
    host.take(message)
    for _ in range(3):
        refused = host.take(message)
        assert isinstance(refused, Refusal)
        assert refused.status == 409
    assert host.got == [1]
    (row,) = host.house.rows(tables.ParkedRow)
    assert (row.count, row.payload.split()[0]) == (3, b"note")
    assert host.look(lambda store: store.peer(guest.card.id)).refused == 3


def test_out_of_order_waits_for_what_is_missing(friends: tuple[Side, Side]) -> None:
    host, guest = friends
    for number in range(4):
        guest.note(host, number)
    first, *others = guest.waiting(host)
    receipts = [host.take(message) for message in reversed(others)]
    assert host.got == []
    assert receipts[-1] == Receipt(0, (first.seq,), others[0].id)
    host.house.restart()
    done = host.take(first)
    assert isinstance(done, Receipt)
    assert (done.upto, done.missing) == (4, ())
    assert host.got == [0, 1, 2, 3]
    assert host.house.rows(peertables.PeerIn) == []
    assert not [one for one in host.house.house.timers if one[0] == "peer"]


def test_what_never_comes_is_asked_for_again(friends: tuple[Side, Side]) -> None:
    host, guest = friends
    for number in (1, 2):
        guest.note(host, number)
    first, second = guest.waiting(host)
    for message in (first, second):
        guest.house.do(lambda tx, one=message: carried(tx, host.card.id, one.seq))
    host.take(second, relayed=True)  # the first was lost on its way
    host.house.send()
    host.house.tick(minutes=3)
    assert [one.kind for one in host.effects()] == ["receipt"]
    asked = host.look(lambda store: standing(store, store.peer(guest.card.id)))
    assert asked == Receipt(0, (first.seq,))
    guest.told(host, asked)
    guest.deliver(host)
    assert host.got == [1, 2]


def test_a_receipt_that_cannot_be_delivered_is_not_tried_for_ever(
    friends: tuple[Side, Side],
) -> None:
    host, guest = friends
    for number in (1, 2):
        guest.note(host, number)
    first, second = guest.waiting(host)
    host.take(second, relayed=True)
    host.house.tick(minutes=3)  # asks for the first one
    host.take(first, relayed=True)
    until = host.house.clock.now() + timedelta(days=1)
    waiting = host.house.outbox()
    receipts = [row for row in waiting if getattr(row.effect, "kind", "") == "receipt"]
    assert len(receipts) == 3
    assert all(row.expires is not None and row.expires <= micros(until) for row in receipts)


def test_without_a_receipt_a_relayed_message_is_sent_anew(friends: tuple[Side, Side]) -> None:
    host, guest = friends
    guest.note(host, 1)
    (message,) = guest.waiting(host)
    guest.house.do(lambda tx: carried(tx, host.card.id, message.seq))
    assert guest.waiting(host) == []
    guest.house.send()
    guest.house.tick(hours=1)
    assert [one.kind for one in guest.effects()] == ["messages"]
    assert [one.id for one in guest.waiting(host)] == [message.id]


def test_a_gap_is_bounded(friends: tuple[Side, Side]) -> None:
    host, guest = friends
    for number in range(WINDOW + 5):
        guest.note(host, number)
    first, *others = guest.waiting(host)
    for message in others:
        host.take(message)
    assert len(host.house.rows(peertables.PeerIn)) == WINDOW - 1
    host.take(first)
    guest.deliver(host)
    assert host.got == list(range(WINDOW + 5))


def test_what_its_sender_let_go_of_is_not_awaited(friends: tuple[Side, Side]) -> None:
    host, guest = friends
    guest.house.do(
        lambda tx: send(tx, guest.contact(host), "note", {"n": 1}, keeps=timedelta(hours=1))
    )
    guest.note(host, 2)
    guest.note(host, 3)
    _, _, third = guest.waiting(host)
    host.take(third)
    guest.house.clock.turn(hours=2)
    guest.house.do(lambda tx: drop_expired(tx, guest.house.home, guest.hooks, host.card.id))
    assert guest.lost == [("note", "it could not be delivered in its time")]
    guest.deliver(host)
    assert host.got == [2, 3]
    assert host.house.rows(peertables.PeerIn) == []
    assert "let go of" in host.parked()[0]


def test_a_sender_restored_from_a_backup_counts_on(friends: tuple[Side, Side]) -> None:
    host, guest = friends
    before = guest.look(lambda store: store.peer(host.card.id))
    for number in range(3):
        guest.note(host, number)
    guest.deliver(host)
    guest.house.do(lambda tx: PeerStore(tx.connection).save_peer(before))
    guest.note(host, 3)
    guest.note(host, 4)
    guest.deliver(host)
    assert host.got == [0, 1, 2, 3, 4]


def test_a_receiver_restored_from_a_backup_goes_on(friends: tuple[Side, Side]) -> None:
    host, guest = friends
    before = host.look(lambda store: store.peer(guest.card.id))
    for number in range(3):
        guest.note(host, number)
    guest.deliver(host)
    host.house.do(lambda tx: PeerStore(tx.connection).save_peer(before))
    guest.note(host, 3)
    guest.deliver(host)
    assert host.got == [0, 1, 2, 3]


def test_a_message_that_fails_does_not_hold_up_the_next(friends: tuple[Side, Side]) -> None:
    host, guest = friends
    for type_ in ("note", "fails", "unheard-of", "unwanted", "note"):
        guest.note(host, 7, type_)
    guest.deliver(host)
    assert host.got == [7, 7]
    assert [why for _, why in guest.lost] == [
        "the hub failed on it",
        "this hub knows no messages of the type 'unheard-of'",
        "we do not want this",
    ]
    assert len(host.parked()) == 3


def test_too_much_is_refused_before_it_is_written(friends: tuple[Side, Side]) -> None:
    host, guest = friends
    contact = guest.contact(host)
    with pytest.raises(PeerError, match="bytes"):
        guest.house.do(lambda tx: send(tx, contact, "note", {"n": "x" * 200_000}))

    def flood(tx) -> None:
        for number in range(MOST_OUT + 1):
            send(tx, contact, "note", {"n": number})

    with pytest.raises(PeerError, match="wait for this contact already"):
        guest.house.do(flood)
    assert guest.waiting(host) == []


# -- what a contact may --------------------------------------------------------------------------


def asked_on(day: int) -> Window:
    start = datetime(2026, 11, day, 9, tzinfo=UTC)
    return Window(start, start + timedelta(hours=10))


def test_nothing_is_disclosed_unless_it_was_allowed(friends: tuple[Side, Side]) -> None:
    host, guest = friends
    asked = asked_on(25)
    busy = Window(asked.start + timedelta(hours=1), asked.start + timedelta(hours=2))
    outside = Window(asked.end + timedelta(hours=1), asked.end + timedelta(hours=2))
    host.busy = [busy, outside]

    def answer() -> tuple[str, Window, tuple[Window, ...] | None]:
        request = guest.house.do(lambda tx: ask_busy(tx, guest.contact(host), asked))
        guest.deliver(host)
        host.deliver(guest)
        told = busy_in(guest.answers[-1])
        assert told[0] == request
        return told

    assert answer()[1:] == (asked, None)
    host.house.do(lambda tx: befriend.limit(tx, host.contact(guest).id, "busy"))
    assert answer()[1:] == (asked, (busy,))
    host.busy = None
    assert answer()[1:] == (asked, None)
    host.busy = [busy]
    host.house.do(lambda tx: befriend.limit(tx, host.contact(guest).id, "nothing"))
    assert answer()[1:] == (asked, None)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"start": "2026-11-25T09:00:00", "end": "2026-11-25T10:00:00"},
        {"start": "2026-11-25T09:00:00Z", "end": "2027-11-25T10:00:00Z"},
        {"start": "2026-11-25T09:00:00Z", "end": "2026-11-25T08:00:00Z"},
        {"start": [1], "end": {"a": 1}},
    ],
)
def test_a_question_that_is_none_is_refused(friends: tuple[Side, Side], body: dict) -> None:
    host, guest = friends
    guest.house.do(lambda tx: send(tx, guest.contact(host), "freebusy", body))
    guest.deliver(host)
    assert "two instants" in guest.lost[0][1]
    assert host.waiting(guest) == []


def test_muted_is_said_to_those_who_ask_members(friends: tuple[Side, Side]) -> None:
    host, guest = friends
    host.house.do(lambda tx: befriend.mute(tx, host.contact(guest).id))
    assert host.contact(guest).muted
    guest.note(host, 1)
    guest.deliver(host)
    assert host.got == [1]
    host.house.do(lambda tx: befriend.mute(tx, host.contact(guest).id, False))
    assert not host.contact(guest).muted


def test_removed_is_removed_on_both_sides(friends: tuple[Side, Side]) -> None:
    host, guest = friends
    old = host.contact(guest)
    guest.note(host, 1)
    host.house.do(lambda tx: befriend.remove(tx, old.id))
    (message,) = guest.waiting(host)
    refused = host.take(message)
    assert isinstance(refused, Refusal)
    assert host.got == []
    host.deliver(guest)
    assert guest.look(lambda store: store.contacts()) == []
    assert guest.waiting(host) == []
    assert "contact_removed" in guest.house.ledger()
    with pytest.raises(PeerError, match="no such contact"):
        host.house.do(lambda tx: befriend.mute(tx, old.id))


def test_friends_again_begin_anew(friends: tuple[Side, Side]) -> None:
    host, guest = friends
    guest.note(host, 1)
    (old,) = guest.waiting(host)
    host.house.do(lambda tx: befriend.remove(tx, host.contact(guest).id))
    host.deliver(guest)
    befriended(host, guest, "n" * 22)
    refused = host.take(replace(old, copy="new"))
    assert isinstance(refused, Refusal)
    assert "earlier acquaintance" in refused.reason
    guest.note(host, 2)
    guest.deliver(host)
    assert host.got == [2]


def test_a_new_key_is_kept_and_the_old_one_for_a_while(friends: tuple[Side, Side]) -> None:
    host, guest = friends
    guest.note(host, 1)
    (message,) = guest.waiting(host)
    guest.told(host, host.take(replace(message, key=key("z"))))
    peer = host.look(lambda store: store.peer(guest.card.id))
    now = host.house.clock.now()
    assert peer.key == key("z")
    assert peer.key_named(key("b").kid, now) == key("b")
    assert peer.key_named(key("b").kid, now + GRACE) is None
    assert GRACE > KEEPS
    assert "peer_key_changed" in host.house.ledger()
    effects = [row.effect for row in host.house.outbox()]
    titles = [one.title for one in effects if isinstance(one, TellMember)]
    assert any(title.endswith(" has a new key") for title in titles)


def test_a_changed_address_is_told_once(friends: tuple[Side, Side]) -> None:
    host, guest = friends
    moved = replace(host.card, url="https://elsewhere.example/home", name="Your bank")
    for _ in range(2):
        host.house.do(lambda tx: befriend.announce(tx, moved))
    assert [one.type for one in host.waiting(guest)] == ["card"]
    host.deliver(guest)
    assert guest.look(lambda store: store.peer(host.card.id)).url == moved.url
    assert guest.contact(host).name == "Lindens"


def test_a_card_that_was_lost_is_told_again(friends: tuple[Side, Side]) -> None:
    host, guest = friends
    moved = replace(host.card, url="https://elsewhere.example")
    host.house.do(lambda tx: befriend.announce(tx, moved))
    host.house.clock.turn(days=15)
    host.house.do(lambda tx: drop_expired(tx, host.house.home, host.hooks, guest.card.id))
    assert host.waiting(guest) == []
    host.house.do(lambda tx: befriend.announce(tx, moved))
    assert [one.type for one in host.waiting(guest)] == ["card"]
