"""Contacts keep sheets of a household's recovery words: a few bring it back, one does not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hub.app.recovery.root import Root
from hub.app.recovery.words import combine, make_sheets, read_sheet
from hub.app.sheets import held
from hub.domain.effects import TellMember
from hub.domain.peers import PeerError
from hub.domain.sheets import Given, Kept
from hub.flow import befriend, sheets
from hub.flow.forgetting import erase_told
from hub.flow.peerout import PeerHooks, send
from hub.store.sheets import SheetStore
from tests.flow.activities.households import friends, pass_on, turn
from tests.flow.test_peers import Side

ROOT = Root(bytes(range(32)))
WORDS = [" ".join(one.words) for one in make_sheets(ROOT, alone=True, shares=3, threshold=2)]
SECRET = " ".join(WORDS[0].split()[9:13])
"""Several: a single word of the list may be one of the database's own, such as `member`."""


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[list[Side]]:
    """Ada, and her friends Ben, Cea and Dan. What is sealed for one has their letter before it."""
    made = friends(tmp_path, "Ada", "Ben", "Cea", "Dan")
    for side in made:
        side.hooks = PeerHooks(sheets.HANDLERS, lost=sheets.lost)
        side.house.home.open_sheet = lambda sealed, side=side: opened(side, sealed)
    yield made
    for side in made:
        side.house.close()


def opened(side: Side, sealed: str) -> str:
    if not sealed.startswith(f"{side.card.name}:"):
        raise PeerError("words: they are encrypted to another")
    return sealed.removeprefix(f"{side.card.name}:")[::-1]


def give(ada: Side, *others: Side, words: list[str] = WORDS, needed: int = 2) -> None:
    ids = [ada.contact(one).id for one in others]
    sealed = [f"{one.card.name}:{text[::-1]}" for one, text in zip(others, words, strict=False)]
    ada.house.do(lambda tx: sheets.give(tx, ids, sealed, needed))


def given(ada: Side, other: Side) -> Given | None:
    with ada.house.engine.connect() as connection:
        return SheetStore(connection).given_to(other.card.id)


def kept(side: Side, ada: Side) -> Kept | None:
    with side.house.engine.connect() as connection:
        return SheetStore(connection).kept_for(ada.card.id)


def told(side: Side) -> list[str]:
    found = [row.effect for row in side.house.outbox()]
    return [f"{one.title}: {one.body}" for one in found if isinstance(one, TellMember)]


def test_two_of_three_friends_bring_the_household_back(sides: list[Side]) -> None:
    ada, *others = sides
    give(ada, *others)
    assert not held(ada.house.engine).enough, "nobody has said that they keep theirs"
    with closing(sqlite3.connect(ada.house.path)) as database:
        assert not any(SECRET in line for line in database.iterdump()), "not in clear"
    pass_on(ada, *others)
    state = held(ada.house.engine)
    assert (state.kept, state.given, state.needed, state.enough) == (3, 3, 2, True)
    found = [kept(one, ada) for one in others]
    assert [one.words if one else "" for one in found] == WORDS
    assert "gave this hub a sheet of recovery words to keep" in told(others[0])[-1]
    assert SECRET not in repr(found[0])
    assert "sheet_kept_for" in others[0].house.ledger()
    assert "sheet_kept" in ada.house.ledger()
    # The hub of the household is gone; its people ask two friends, who look at what they keep.
    shown = []
    for one in (others[2], others[0]):
        contact = one.contact(ada).id
        shown.append(one.house.do(lambda tx, contact=contact: sheets.show(tx, contact)).words)
    assert combine([read_sheet(text) for text in shown]).root == ROOT


def test_who_has_what_they_told_erased_keeps_their_way_back(sides: list[Side]) -> None:
    ada, ben, *_ = sides
    give(ada, *sides[1:])
    pass_on(ada, *sides[1:])
    answer = ben.house.do(lambda tx: erase_told(tx, ben.contact(ada), tx.now))
    assert answer == "erased, but for the recovery sheet you gave to be kept"
    assert kept(ben, ada) is not None


def test_the_household_is_told_when_somebody_looks(sides: list[Side]) -> None:
    ada, ben, cea, _ = sides
    give(ada, ben, cea)
    pass_on(ada, ben, cea)

    def look() -> int:
        ben.house.do(lambda tx: sheets.show(tx, ben.contact(ada).id))
        pass_on(ada, ben)
        return sum("Somebody at Ben looked at the sheet" in one for one in told(ada))

    once = look()
    assert once == len(ada.house.home.adults())
    assert look() == once, "twice on a day is told once"
    assert "sheet_shown_there" in ada.house.ledger()
    assert "sheet_shown" in ben.house.ledger()
    assert held(ada.house.engine).shown_at is not None
    turn(ada, ben, days=2)
    assert look() == 2 * once


def test_another_set_takes_the_place_of_the_one_before(sides: list[Side]) -> None:
    ada, ben, cea, dan = sides
    give(ada, ben, cea)
    pass_on(ada, ben, cea)
    first = given(ada, ben)
    give(ada, ben, dan, words=WORDS[1:])
    assert not held(ada.house.engine).enough
    pass_on(ada, ben, cea, dan)
    assert kept(cea, ada) is None, "who has none of the new ones forgets the old one"
    assert kept(ben, ada).words == WORDS[1]  # type: ignore[union-attr]
    assert given(ada, ben).batch != first.batch  # type: ignore[union-attr]
    assert held(ada.house.engine).enough
    # An answer about the set before is about nothing any more.
    batch = first.batch if first else ""
    for type_ in (sheets.KEPT, sheets.SHOWN):
        body = {"batch": batch, "refused": "late"}
        ben.house.do(lambda tx, t=type_, b=body: send(tx, ben.contact(ada), t, b))
    pass_on(ada, ben)
    assert held(ada.house.engine).enough
    assert not any("Somebody" in one for one in told(ada))


def test_who_keeps_it_no_longer_says_so(sides: list[Side]) -> None:
    ada, ben, cea, _ = sides
    give(ada, ben, cea)
    pass_on(ada, ben, cea)
    ben.house.do(lambda tx: sheets.stop_keeping(tx, ben.contact(ada).id))
    pass_on(ada, ben)
    assert kept(ben, ada) is None
    assert "Ben keeps no recovery sheet: they no longer want to keep it" in told(ada)[-1]
    assert not held(ada.house.engine).enough
    with pytest.raises(PeerError, match="no sheet of recovery words is kept for Ada"):
        ben.house.do(lambda tx: sheets.show(tx, ben.contact(ada).id))


def test_one_that_never_arrives_is_told(sides: list[Side]) -> None:
    ada, ben, cea, _ = sides
    cea.house.home.open_sheet = None
    give(ada, ben, cea)
    pass_on(ada, ben, cea)
    assert given(ada, cea).refused == "this household keeps no sheets"  # type: ignore[union-attr]
    assert "Cea keeps no recovery sheet" in told(ada)[-1]
    assert not held(ada.house.engine).enough


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"batch": ""}, "batch: expected the name"),
        ({"batch": 5}, "batch: expected the name"),
        ({"number": 0}, "expected a sheet"),
        ({"number": True}, "expected a sheet"),
        ({"needed": 17}, "expected a sheet"),
        ({"words": None}, "expected a sheet"),
        ({"words": "x" * 5000}, "keeps no sheets"),
        ({"words": "Cea:abc"}, "encrypted to another"),
        ({"words": "Ben:elpmis"}, "the 35 words of a sheet"),
    ],
)
def test_what_is_no_sheet_is_refused(
    sides: list[Side], change: dict[str, object], said: str
) -> None:
    ada, ben, *_ = sides
    body = {"batch": "b", "number": 1, "needed": 2, "words": f"Ben:{WORDS[0][::-1]}", **change}
    ada.house.do(lambda tx: send(tx, ada.contact(ben), sheets.SHEET, body))
    pass_on(ada, ben)
    assert kept(ben, ada) is None
    parked = ben.house.do(lambda tx: list(tx.connection.exec_driver_sql("SELECT * FROM parked")))
    assert any(said in str(row) for row in parked)
    assert not any(WORDS[0][:20] in str(row) for row in parked)


def test_an_ended_acquaintance_ends_what_was_kept(sides: list[Side]) -> None:
    ada, ben, cea, _ = sides
    give(ada, ben, cea)
    pass_on(ada, ben, cea)
    ada.house.do(lambda tx: befriend.remove(tx, ada.contact(ben).id))
    pass_on(ada, ben)
    assert (given(ada, ben), kept(ben, ada)) == (None, None)
    assert not held(ada.house.engine).enough
    with pytest.raises(PeerError, match="no such contact"):
        ada.house.do(lambda tx: sheets.give(tx, ["gone"], ["x"], 2))


def test_each_contact_once(sides: list[Side]) -> None:
    ada, ben, *_ = sides
    with pytest.raises(PeerError, match="each contact once"):
        give(ada, ben, ben)
    assert given(ada, ben) is None
