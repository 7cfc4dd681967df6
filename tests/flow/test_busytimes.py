"""When contacts are busy: asked of all at once, told once, and never more than is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub.domain.activities import Details, Person
from hub.domain.contacts import Contact
from hub.domain.freebusy import FreeBusy
from hub.domain.offers import Window
from hub.flow import befriend, busytimes
from hub.flow.activities import organize
from hub.flow.busytimes import HANDLERS, ask_when_free, busy_lost, own_busy
from hub.flow.peerout import PeerHooks
from hub.store.tx import Tx
from tests.flow.test_peers import Side, befriended
from tests.support.household import NOON, Household, make_home, same

ASKED = Window(NOON + timedelta(hours=1), NOON + timedelta(hours=11))
Told = list[tuple[str, tuple[FreeBusy, ...]]]


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[tuple[Side, Side, Told]]:
    made, told = [], []
    for letter, name in (("a", "Ada"), ("b", "Ben")):
        side = Side(Household(tmp_path / f"{letter}.db", make_home()), letter, name)
        side.hooks = PeerHooks(HANDLERS, own_busy, busy_lost)
        side.house.home.own = Person(befriend.default_address(side.card.id), name)
        made.append(side)
    made[0].house.home.surveyed = {
        "meal": lambda tx, home, subject, said: told.append((subject, said))
    }
    befriended(made[0], made[1])
    yield made[0], made[1], told
    for side in made:
        side.house.close()


def plan(side: Side, start: float, hours: float, title: str = "A secret") -> Window:
    window = Window(NOON + timedelta(hours=start), NOON + timedelta(hours=start + hours))
    details = Details(window, "Europe/Berlin", title)

    class Silent:
        def write(self, message: object) -> str:
            raise AssertionError("nobody was invited")

        read = write

    side.house.home.invitations = Silent()  # type: ignore[assignment]
    home = side.house.home
    side.house.do(lambda tx: organize.create(tx, home, details, [], "ana", "web"))
    return window


def ask(ada: Side, contacts: list[Contact], hours: float = 4) -> None:
    home, until = ada.house.home, ada.house.clock.now() + timedelta(hours=hours)
    ada.house.do(lambda tx: ask_when_free(tx, home, "meal", "m1", contacts, ASKED, until))


def pass_on(ada: Side, ben: Side) -> None:
    ada.deliver(ben)
    ben.deliver(ada)


def allow(host: Side, guest: Side) -> None:
    host.house.do(lambda tx: befriend.limit(tx, host.contact(guest).id, "busy"))


def test_busy_times_are_told_joined_and_without_what_they_are(
    sides: tuple[Side, Side, Told],
) -> None:
    ada, ben, told = sides
    allow(ben, ada)
    first, second = plan(ben, 2, 1), plan(ben, 3, 2)
    plan(ben, 20, 1)
    ask(ada, [ada.contact(ben)])
    (question,) = ada.waiting(ben)
    ada.deliver(ben)
    (answer,) = ben.waiting(ada)
    assert answer.body["busy"] == [[first.start.isoformat(), second.end.isoformat()]]
    assert "secret" not in repr(question.body) + repr(answer.body)
    ben.deliver(ada)
    assert told == [], "in a step of its own"
    ada.house.tick()
    both = Window(first.start, second.end)
    assert told == [("m1", (FreeBusy(ada.contact(ben).id, ASKED, (both,)),))]
    assert "busy_told" in ben.house.ledger()
    ada.house.tick(hours=5)
    assert len(told) == 1
    assert ada.house.house.surveys == {}
    for side in (ada, ben):
        same(side.house.house, side.house.load())


def test_who_is_not_allowed_or_has_no_hub_learns_nothing(sides: tuple[Side, Side, Told]) -> None:
    ada, ben, told = sides
    plan(ben, 2, 1)
    letter = Contact("c2", "Cleo", "known", ("mailto:cleo@x.example",), email="cleo@x.example")
    ask(ada, [ada.contact(ben), letter])
    pass_on(ada, ben)
    ada.house.tick()
    ((subject, said),) = told
    assert subject == "m1"
    assert {one.household: one.busy for one in said} == {ada.contact(ben).id: None, "c2": None}
    assert "busy_told" not in ben.house.ledger()


def test_a_hub_that_is_off_is_waited_for_no_longer_than_said(
    sides: tuple[Side, Side, Told],
) -> None:
    ada, ben, told = sides
    allow(ben, ada)
    ask(ada, [ada.contact(ben)])
    ada.house.restart()
    ada.house.tick(hours=3)
    assert told == []
    ada.house.tick(hours=2)
    assert [one.busy for one in told[0][1]] == [None]
    pass_on(ada, ben)
    ada.house.tick()
    assert len(told) == 1, "a late answer changes nothing"


def test_a_question_that_is_refused_is_answered(sides: tuple[Side, Side, Told]) -> None:
    ada, ben, told = sides
    ask(ada, [ada.contact(ben)])
    (question,) = ada.waiting(ben)
    home, contact = ada.house.home, ada.contact(ben)
    ada.house.do(lambda tx: busy_lost(tx, home, contact, question.type, question.body, "no"))
    ada.house.tick()
    assert [one.busy for one in told[0][1]] == [None]


def test_nobody_asks_without_end(
    sides: tuple[Side, Side, Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, ben, told = sides
    monkeypatch.setattr(busytimes, "MOST_TOLD", 2)
    allow(ben, ada)
    for _ in range(3):
        ask(ada, [ada.contact(ben)])
        pass_on(ada, ben)
        ada.house.tick()
    assert [one[1][0].busy for one in told] == [(), (), None]
    ben.house.clock.turn(hours=25)
    assert ben.house.do(lambda tx: own_busy(tx, ben.house.home, ben.contact(ada), ASKED)) == ()


def test_an_answer_the_hub_fails_on_is_parked_and_not_tried_again(
    sides: tuple[Side, Side, Told],
) -> None:
    ada, ben, _ = sides

    def failing(tx: Tx, home: object, subject: str, said: object) -> None:
        raise RuntimeError("a fault of ours")

    ada.house.home.surveyed = {"meal": failing}
    ask(ada, [ada.contact(ben)])
    pass_on(ada, ben)
    ada.house.tick()
    assert "failed on the answers" in ada.parked()[0]
    assert ada.house.house.surveys == {}
