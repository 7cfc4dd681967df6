"""Two households countersign each other's logs: growth is signed, another past is told."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from hub.domain.effects import TellMember
from hub.domain.witness import Witness
from hub.flow import witness
from hub.flow.peerout import PeerHooks
from hub.keyfiles.ledgerkey import LedgerKey
from hub.ledger.checkpoint import Checkpoint, open_checkpoint
from hub.ledger.note import Note, VerifierKey
from hub.store.tx import Entry
from hub.store.witness import WitnessStore
from tests.flow.activities.households import friends, pass_on, turn
from tests.flow.test_peers import Side
from tests.support.household import Household


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[tuple[Side, Side]]:
    made = friends(tmp_path, "Ada", "Ben")
    for side in made:
        _with_log(side)
    yield made[0], made[1]
    for side in made:
        side.house.close()


def _with_log(side: Side) -> None:
    letter = side.card.name[0].lower()
    key = LedgerKey(f"{letter}.example/ledger", letter.encode() * 32)
    side.house.home.log_key = key
    side.house.house.sign = key.sign
    side.hooks = PeerHooks(witness.HANDLERS, lost=witness.lost)


def happen(side: Side, count: int = 1, what: str = "noted") -> None:
    for number in range(count):
        side.house.do(lambda tx, n=number: tx.append(Entry(what, f"thing {n}", {"n": n})))
    side.house.do(lambda tx: tx.sign_log())


def agree(*sides: Side, anew: bool = False) -> None:
    one, other = sides
    side = one.contact(other).id
    one.house.do(lambda tx: witness.agree(tx, side, anew=anew))


def ask(one: Side, other: Side) -> None:
    """Have one send its newest checkpoint, and everything arrive."""
    one.house.do(lambda tx: witness.due(tx, one.house.home, "", "", None))
    pass_on(one, other)


def between(one: Side, other: Side) -> Witness:
    found = one.look(lambda store: store.peer(other.card.id))
    assert found is not None
    with one.house.engine.connect() as connection:
        return WitnessStore(connection).witness(other.card.id)


def told(side: Side) -> list[str]:
    found = [row.effect for row in side.house.outbox()]
    return [one.body for one in found if isinstance(one, TellMember)]


def agreed(one: Side, other: Side) -> None:
    agree(one, other)
    agree(other, one)
    pass_on(one, other)


def size_of(side: Side) -> int:
    with side.house.engine.connect() as connection:
        newest = WitnessStore(connection).checkpoint()
    assert newest is not None
    return newest[0]


def test_a_log_that_grows_is_countersigned_and_anyone_can_check_it(sides) -> None:
    ada, ben = sides
    agreed(ada, ben)
    for count in (3, 5):
        happen(ada, count)
        ask(ada, ben)
    state, size = between(ada, ben), size_of(ada)
    assert (state.size, state.asked, state.refused) == (size, 0, "")
    with ada.house.engine.connect() as connection:
        store = WitnessStore(connection)
        (signed,) = store.of_size(size)
        note = Note.parse(store.checkpoint(size)[1])
    key = VerifierKey.parse(signed.key)
    whole = f"{note}{signed.line}\n"
    log = VerifierKey.parse(ada.house.home.log_key.verifier)
    opened = open_checkpoint(whole, log, witnesses=[key])
    (by,) = opened.cosignatures
    assert (by.key.name, by.at) == ("b.example/witness", int(ben.house.clock.now().timestamp()))
    assert key.public != VerifierKey.parse(ben.house.home.log_key.verifier).public
    assert Checkpoint.parse(Note.parse(between(ben, ada).seen).text).size == size
    assert [one for one in told(ben) + told(ada) if "log" in one] == []


def test_who_has_not_agreed_signs_nothing_and_can_agree_later(sides) -> None:
    ada, ben = sides
    agree(ada, ben)
    happen(ada)
    ask(ada, ben)
    assert "has not agreed" in between(ada, ben).refused
    assert between(ben, ada).seen == ""
    happen(ada)
    ask(ada, ben)
    assert ada.waiting(ben) == [], "it is not asked again before a day has gone"
    agree(ben, ada)
    pass_on(ben, ada)
    ask(ada, ben)
    assert between(ada, ben).size == size_of(ada)


def test_a_checkpoint_is_sent_a_minute_after_it_was_signed_once_for_many(sides) -> None:
    ada, ben = sides
    agreed(ada, ben)
    happen(ada)
    turn(ada, minutes=2)
    pass_on(ada, ben)
    assert between(ada, ben).size > 0
    home = ada.house.home
    for _ in range(4):
        ada.house.do(lambda tx: (tx.append(Entry("approved", "x", {})), witness.soon(tx, home)))
    assert ada.waiting(ben) == []
    turn(ada, minutes=2)
    assert [one.type for one in ada.waiting(ben)] == ["checkpoint"]


def _fork(ada: Side, tmp_path: Path) -> Side:
    """Return Ada as she was, in a copy of her database; she goes on meanwhile."""
    kept = tmp_path / "kept.db"
    with closing(sqlite3.connect(tmp_path / "a.db")) as now, closing(sqlite3.connect(kept)) as to:
        now.backup(to)
    return replace_house(ada, kept)


def replace_house(ada: Side, file: Path) -> Side:
    clock = ada.house.clock
    made = Side(Household(file, ada.house.home), "a", "Ada")
    made.house.clock.at = clock.at
    _with_log(made)
    return made


def test_a_rewritten_log_is_refused_kept_and_told_to_both(sides, tmp_path: Path) -> None:
    ada, ben = sides
    agreed(ada, ben)
    happen(ada, 2)
    ask(ada, ben)
    other = _fork(ada, tmp_path)
    happen(ada, 3)
    ask(ada, ben)
    held = between(ben, ada)
    happen(other, 9, "invented")
    # As one who rewrites would: the other hub takes nothing that is numbered as before.
    number = ada.look(lambda store: store.peer(ben.card.id)).next_out
    other.house.do(lambda tx: _number(tx, ben.card.id, number))
    ask(other, ben)
    ask(other, ben)
    state = between(ben, ada)
    assert "The log of Ada was rewritten" in state.fault
    assert (state.seen, state.seen_size) == (held.seen, held.seen_size), "nothing new is signed"
    first, second = (Checkpoint.parse(Note.parse(one).text) for one in state.evidence)
    assert first.size == held.seen_size
    assert second.size == size_of(other)
    log = VerifierKey.parse(ada.house.home.log_key.verifier)
    for note in state.evidence:
        open_checkpoint(note, log)
    assert len({one for one in told(ben) if "was rewritten" in one}) == 1
    assert any("are not the ones here" in one for one in told(other))
    assert between(other, ben).size < size_of(other)
    agree(ben, ada, anew=True)
    pass_on(ben, other)
    ask(other, ben)
    assert between(other, ben).size >= size_of(other) - 1
    assert between(other, ben).fault == ""
    assert between(ben, ada).evidence == state.evidence, "what was seen stays known"
    other.house.close()


def _number(tx, peer_id: str, number: int) -> None:
    from hub.store.peers import PeerStore

    store = PeerStore(tx.connection)
    store.save_peer(replace(store.peer(peer_id), next_out=number))


def test_an_old_backup_put_back_is_seen_by_the_witness_and_by_its_own_members(
    sides, tmp_path: Path
) -> None:
    ada, ben = sides
    agreed(ada, ben)
    happen(ada, 2)
    old = _fork(ada, tmp_path)
    happen(ada, 20)
    ask(ada, ben)
    number = ada.look(lambda store: store.peer(ben.card.id)).next_out
    old.house.do(lambda tx: _number(tx, ben.card.id, number))
    happen(old, 1)
    ask(old, ben)
    assert "went back from" in between(ben, ada).fault
    (words,) = {one for one in told(old) if "put back to an earlier state" in one}
    assert "Ben holds" in words
    assert between(old, ben).ours
    old.house.close()


def test_a_witness_that_lost_its_own_memory_begins_from_what_it_has(sides) -> None:
    ada, ben = sides
    agreed(ada, ben)
    happen(ada, 2)
    ask(ada, ben)
    ben.house.do(lambda tx: WitnessStore(tx.connection).save(Witness(ada.card.id, "")))
    happen(ada, 2)
    ask(ada, ben)
    ask(ada, ben)
    assert between(ada, ben).size == size_of(ada) == between(ben, ada).seen_size
    assert between(ada, ben).fault == ""


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"log": 1, "growth": "old 0\n\n"},
        {"log": "no key", "growth": "old 0\n\n"},
        {"log": "x", "growth": "a" * 70_000},
    ],
)
def test_what_is_no_checkpoint_is_refused_and_parked(sides, body) -> None:
    from hub.flow.peerout import send

    ada, ben = sides
    agreed(ada, ben)
    ada.house.do(lambda tx: send(tx, ada.contact(ben), "checkpoint", body))
    pass_on(ada, ben)
    assert len(ben.parked()) == 1
    assert between(ben, ada).seen == ""
    assert "checkpoint" in between(ada, ben).refused or "expected text" in between(ada, ben).refused


def test_a_log_that_never_shows_its_growth_is_told_after_a_few_times(sides) -> None:
    from hub.flow.peerout import send

    ada, ben = sides
    agreed(ada, ben)
    happen(ada, 2)
    ask(ada, ben)
    held = between(ben, ada)
    for _ in range(4):
        assert between(ben, ada).fault == ""
        happen(ada)
        with ada.house.engine.connect() as connection:
            note = WitnessStore(connection).checkpoint()[1]
        body = {"log": ada.house.home.log_key.verifier, "growth": f"old 0\n\n{note}"}
        ada.house.do(lambda tx, b=body: send(tx, ada.contact(ben), "checkpoint", b))
        ada.deliver(ben)
    assert "was rewritten" in between(ben, ada).fault
    assert between(ben, ada).seen == held.seen
