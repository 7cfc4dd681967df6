"""Friends' households ask one another to erase what they were told, and say what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.domain.consent import Disclosed, Erasure
from hub.domain.decisions import DecisionResult
from hub.flow import befriend, forgetting
from hub.flow.activities.lost import itip_lost
from hub.flow.activities.receive import take_in
from hub.flow.activities.write import ITIP
from hub.flow.consent import ask_to_erase
from hub.flow.peerout import PeerHooks, drop_expired, each_told
from hub.store.consents import disclosures
from hub.store.talk import Signed, keep_signed, signed_about
from hub.store.tx import Entry
from tests.flow.activities.households import friends, invited, pass_on, planned, turn
from tests.flow.test_peers import Side

BYTES = "a JWS"


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[tuple[Side, Side]]:
    made = friends(tmp_path, "Ada", "Ben")
    for side in made:
        side.hooks = PeerHooks(
            {ITIP: take_in, **forgetting.HANDLERS},
            lost=each_told(itip_lost, forgetting.erase_lost),
        )
    yield made[0], made[1]
    for side in made:
        side.house.close()


def wish(one: Side, other: Side, member: str = "ana") -> DecisionResult:
    """Have a member ask that another household erase what it was told."""
    who = f"contact:{one.contact(other).id}"
    result: DecisionResult = one.house.do(lambda tx: ask_to_erase(tx, one.house.home, who, member))
    return result


def told(one: Side, other: Side) -> list[Disclosed]:
    with one.house.engine.connect() as connection:
        found = disclosures(connection)
    return [row for row in found if row.recipient.startswith("contact:") and row.fields]


def answers(one: Side, other: Side) -> set[str]:
    rows = told(one, other)
    assert rows, "something was told"
    assert all(isinstance(row.erasure, Erasure) for row in rows)
    return {row.erasure.answer for row in rows if row.erasure is not None}


def facts(side: Side, kind: str) -> list[Any]:
    with side.house.engine.connect() as connection:
        text = "select count(*) from ledger where kind = ?"
        return list(connection.exec_driver_sql(text, (kind,)).scalars())


def sign(side: Side, other: Side, uid: str) -> None:
    """Keep what the other hub signed about it, as a real line between two hubs does."""
    name = f"in:{other.card.id}:message"
    side.house.do(lambda tx: keep_signed(tx.connection, name, uid, tx.now, Signed(BYTES, "key")))


def test_what_is_still_to_happen_stays_and_is_erased_when_asked_for_once_it_is_over(
    sides: tuple[Side, Side],
) -> None:
    ada, ben = sides
    made = invited(ada, [ben])
    sign(ben, ada, made.uid)
    known = Entry("contact_refused", ben.contact(ada).id, {"reason": "Fishing is not for them"})
    ben.house.do(lambda tx: tx.append(known))
    assert wish(ada, ben).result == "done"
    assert wish(ada, ben).result == "repeated", "it is not asked twice before there is an answer"
    pass_on(ada, ben)
    assert answers(ada, ben) == {"one activity still to happen kept until then, the rest erased"}
    assert planned(ben, made.key).activity.details.summary == "Fishing"

    turn(ada, ben, hours=72)
    assert planned(ben, made.key).activity.state == "over"
    assert wish(ada, ben).result == "done"
    pass_on(ada, ben)
    assert answers(ada, ben) == {"erased"}
    assert ben.house.do(lambda tx: tx.activity(made.key)) is None
    with ben.house.engine.connect() as connection:
        assert signed_about(connection, made.uid, 9) == []
        dump = "".join(
            str(row)
            for table in ("activity", "suggestion", "opening", "signed_talk", "peer_in")
            for row in connection.exec_driver_sql(f"select * from {table}")
        )
    assert "Fishing" not in dump
    assert BYTES not in dump
    assert planned(ada, made.key), "who asked keeps its own"
    assert wish(ada, ben).result == "repeated"


def test_its_own_activities_stay_and_lose_what_the_guest_signed(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    made = invited(ada, [ben])
    sign(ada, ben, made.uid)
    turn(ada, ben, hours=72)
    ada.house.do(lambda tx: forgetting.erase_told(tx, ada.contact(ben), tx.now))
    assert planned(ada, made.key).activity.details.summary == "Fishing"
    with ada.house.engine.connect() as connection:
        assert signed_about(connection, made.uid, 9) == []


def test_who_removes_a_friend_asks_it_to_forget(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    made = invited(ada, [ben])
    turn(ada, ben, hours=72)
    ada.house.do(lambda tx: befriend.remove(tx, ada.contact(ben).id))
    pass_on(ada, ben)
    assert ben.house.do(lambda tx: tx.activity(made.key)) is None
    assert facts(ben, "erased_for_contact") == [1]
    assert answers(ada, ben) == {"asked when the friendship ended: its hub can no longer answer"}


def test_a_request_that_never_arrived_may_be_made_again(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    invited(ada, [ben])
    assert wish(ada, ben).result == "done"
    turn(ada, hours=24 * 15)
    ada.house.do(lambda tx: drop_expired(tx, ada.house.home, ada.hooks, ben.card.id))
    (said,) = answers(ada, ben)
    assert said.startswith("not asked: ")
    assert wish(ada, ben).result == "done"


def test_only_an_adult_asks_and_only_who_was_asked_answers(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    invited(ada, [ben])
    assert wish(ada, ben, member="stranger").result == "refused"
    for body in (
        {"request": "of nobody", "answer": "erased"},
        {"request": 1, "answer": "erased"},
        {"request": "x"},
    ):
        ben.house.do(lambda tx, b=body: befriend.put_out(tx, _peer(ben, ada), "erase-answer", b))
    ben.house.do(lambda tx: befriend.put_out(tx, _peer(ben, ada), "erase", {"until": "soon"}))
    pass_on(ada, ben)
    assert {row.erasure for row in told(ada, ben)} == {None}
    assert [text.partition(":")[0] for text in ada.parked()] == [
        "request",
        "request, answer",
        "until",
    ]


def test_a_flood_of_requests_is_refused(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    for _ in range(forgetting.MOST_ASKED + 1):
        until = {"until": ada.house.clock.now().isoformat()}
        ada.house.do(lambda tx, b=until: befriend.put_out(tx, _peer(ada, ben), "erase", b))
    pass_on(ada, ben)
    assert facts(ben, "erased_for_contact") == [forgetting.MOST_ASKED]
    assert ben.parked() == ["erase: asked 10 times today; ask again tomorrow"]


def _peer(one: Side, other: Side) -> Any:
    return one.look(lambda store: store.peer(other.card.id))
