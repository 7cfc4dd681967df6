"""A provider's log is held against what it showed before; another past is kept and told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.domain.decisions import DecisionResult
from hub.domain.effects import TellMember
from hub.domain.witness import MOST_DOUBTS, Witness
from hub.flow import providerlog
from hub.flow.providerlog import Shown, judge
from hub.keyfiles.ledgerkey import LedgerKey
from hub.ledger.audit import consistency_path
from hub.ledger.checkpoint import open_checkpoint
from hub.ledger.leaf import leaf_hash
from hub.ledger.note import Note, Signature, VerifierKey
from hub.ledger.published import PublishedHashes
from hub.ledger.tiles import Tile, TileError, tile_bytes
from hub.ledger.tree import TileRoots, root_at
from tests.support.household import Household, make_home

OURS = LedgerKey("hub.example/ledger", b"h" * 32)
THEIRS = LedgerKey("shop.example/ledger", b"s" * 32)


class Log:
    """A provider's log; ``until`` is from which entry on it is another one."""

    def __init__(
        self, what: str = "as it was", key: LedgerKey = THEIRS, until: int = 10**6
    ) -> None:
        def leaves(start: int, stop: int) -> list[bytes]:
            text = lambda n: what if n < until else "another"  # noqa: E731
            return [leaf_hash(f"{text(n)} {n}".encode()) for n in range(start, stop)]

        self.key, self.hashes = key, TileRoots(leaves)

    def shown(self, size: int, since: int = 0, *, files: bool = True) -> Shown:
        note = self.key.sign(size, root_at(self.hashes, size))
        path: tuple[bytes, ...] | None = ()
        if 0 < since < size:
            read = PublishedHashes(size, self.file)
            path = tuple(consistency_path(read, since, size)) if files else None
        return Shown("shop.example", "The Shop", self.key.verifier, note, since, path)

    def file(self, path: str, most: int) -> bytes | None:
        data = tile_bytes(self.hashes, Tile.parse(path))
        assert len(data) <= most
        return data


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Household]:
    made = Household(tmp_path / "hub.db", make_home())
    made.home.log_key = OURS
    yield made
    made.close()


def show(house: Household, shown: Shown) -> str:
    return house.do(lambda tx: judge(tx, house.home, shown))


def known(house: Household) -> Witness:
    found: Witness = house.do(lambda tx: providerlog.seen(tx, "shop.example"))
    return found


def told(house: Household) -> list[str]:
    found = [row.effect for row in house.outbox()]
    return [one.body for one in found if isinstance(one, TellMember) and one.member == "ana"]


def anew(house: Household, member: str = "ana") -> DecisionResult:
    result: DecisionResult = house.do(
        lambda tx: providerlog.begin_anew(tx, house.home, "shop.example", member)
    )
    return result


def test_growth_is_countersigned_and_anybody_can_check_it(house: Household) -> None:
    log = Log()
    for size, since in ((3, 0), (3, 3), (700, 3), (70_000, 700)):
        line = show(house, log.shown(size, since))
        assert known(house).seen_size == size
        opened = open_checkpoint(known(house).seen, THEIRS.key.verifier)
        ours = VerifierKey.parse(OURS.witness)
        assert ours.check(opened.note.text, Signature.parse(line)).at
    assert told(house) == []
    assert house.ledger().count("provider_log_seen") == 1


def other_key(log: Log) -> Shown:
    return Log(key=LedgerKey("shop.example/ledger", b"x" * 32)).shown(20, 10)


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (lambda log: Log(until=5).shown(20, 10), "was rewritten: the 20 entries it shows now"),
        (lambda log: Log(until=5).shown(10, 10), "was rewritten: the 10 entries it shows now"),
        (lambda log: log.shown(7, 10), "went back from 10 to 7 entries"),
        (other_key, "is signed by another key"),
    ],
)
def test_another_past_is_kept_with_both_notes_and_told_once(
    house: Household, shown: Callable[[Log], Shown], words: str
) -> None:
    log = Log()
    show(house, log.shown(10))
    for _ in range(2):
        assert show(house, shown(log)) == ""
    state = known(house)
    assert words in state.fault
    assert state.seen_size == 10
    assert len(state.evidence) == 2
    assert [Note.parse(one).text for one in state.evidence]
    assert len(told(house)) == 1
    assert words in told(house)[0]
    assert anew(house, "stranger").result == "refused"

    assert show(house, log.shown(30, 10)), "the true log came back"
    assert known(house).fault == ""
    assert house.ledger().count("provider_log_mended") == 1
    assert anew(house).result == "repeated"


def test_who_never_shows_how_it_grew_is_told_after_some_patience(house: Household) -> None:
    log = Log()
    show(house, log.shown(10))
    for _ in range(MOST_DOUBTS):
        assert show(house, log.shown(20, 10, files=False)) == ""
        assert known(house).fault == ""
    assert show(house, log.shown(20, 10, files=False)) == ""
    assert "does not show it" in known(house).fault
    assert show(house, log.shown(20, 10))
    assert (known(house).fault, known(house).doubts) == ("", 0)


def test_an_adult_begins_anew_and_the_evidence_stays(house: Household) -> None:
    show(house, Log().shown(10))
    show(house, other_key(Log()))
    evidence = known(house).evidence
    assert anew(house).result == "done"
    assert show(house, other_key(Log()))
    assert known(house).evidence == evidence
    assert known(house).seen_size == 20


@pytest.mark.parametrize("change", [{"note": "nonsense"}, {"key": "nonsense"}, {"note": ""}])
def test_what_is_no_log_is_parked_and_nothing_is_believed(
    house: Household, change: dict[str, Any]
) -> None:
    assert show(house, replace(Log().shown(10), **change)) == ""
    assert known(house) == Witness("provider:shop.example", "")


def test_files_that_are_missing_or_too_many_end_the_reading() -> None:
    with pytest.raises(TileError, match="is missing"):
        PublishedHashes(300, lambda path, most: None).read(0, 0, 256)
    with pytest.raises(TileError, match="another number"):
        PublishedHashes(300, lambda path, most: b"x").read(0, 256, 300)
    log = Log()
    gone = PublishedHashes(300, lambda path, most: None if ".p/" in path else log.file(path, most))
    assert gone.read(0, 256, 300) == log.hashes.read(0, 256, 300)
    endless = PublishedHashes(1 << 62, lambda path, most: b"\0" * 8192)
    with pytest.raises(TileError, match="over 1000 files"):
        endless.read(0, 0, 256 * 1001)
