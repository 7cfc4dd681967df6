"""The ledger by itself: what an entry and a proof cost as the log grows, and verifying a whole log.

Nothing is stored and no hub runs. Entries look like the hub's own. Verifying, which also compares
what is kept beside the entries, is held against a loop of hashlib over the bytes it hashes: those
of the entries and those of the tree's nodes. They take turns in one process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from time import process_time

from benchmarks.harness import Bench
from benchmarks.results import Result
from hub.ledger.audit import check_inclusion, inclusion_path
from hub.ledger.leaf import canonical, leaf_hash
from hub.ledger.tree import Frontier, TileRoots, root_at
from hub.ledger.verify import Row, verify

_TRIES = 200
_BEGAN = 1_790_000_000_000_000  # microseconds since 1970


def _row(number: int) -> Row:
    """Return an entry as the hub writes it: some 450 bytes."""
    at, subject = _BEGAN + number * 61_000_000, f"suggestion:{number:032x}"
    facts = {
        "because": [{"item": "milk", "quantity": 0.4, "unit": "l"}, {"rule": "milk-below-par"}],
        "by": {"commitment": f"{number:064x}"},
        "disclosed": [{"commitment": f"{number + 1:064x}"}, {"commitment": f"{number + 2:064x}"}],
        "rules": f"{number % 5:016x}",
    }
    body = canonical("suggestion.approved", at, subject, facts).encode()
    return (number, at, b"suggestion.approved", subject.encode(), body, leaf_hash(body))


def _micros(work: Callable[[int], object], numbers: Sequence[int]) -> float:
    """Return the median CPU microseconds of ``work`` over ``numbers``."""
    spent = []
    for number in numbers:
        began = process_time()
        work(number)
        spent.append(process_time() - began)
    return median(spent) * 1e6


def _growth(leaves: Sequence[bytes]) -> Iterator[Result]:
    """Measure a log at each power of ten."""

    def read(start: int, stop: int) -> Sequence[bytes]:
        return leaves[start:stop]

    whole = TileRoots(read)
    root_at(whole, len(leaves))
    appends, proofs = {}, {}
    size = 100
    while size <= len(leaves):
        frontier, root = Frontier().extend(leaves[: size - 1]), root_at(whole, size)
        now = size
        spread = [number * (size - 1) // (_TRIES - 1) for number in range(_TRIES)]

        def append(_: int, frontier: Frontier = frontier) -> bytes:
            return frontier.append(leaves[-1]).root

        def prove(index: int, size: int = now) -> list[bytes]:
            return inclusion_path(whole, index, size)

        appends[size], proofs[size] = _micros(append, spread), _micros(prove, spread)
        paths = {index: prove(index) for index in spread}

        def check(
            index: int,
            size: int = now,
            root: bytes = root,
            paths: dict[int, list[bytes]] = paths,
        ) -> None:
            check_inclusion(leaves[index], index, size, paths[index], root)

        checked = _micros(check, spread)
        yield Result(
            f"ledger of {size:,}",
            proofs[size],
            " µs/proof",
            f"append and root {appends[size]:.1f} µs, proof of {len(prove(size // 2))} hashes,"
            f" checking it {checked:.1f} µs",
        )
        size *= 10
    smallest, largest = min(proofs), max(proofs)
    for name, cost in (("append and root", appends), ("proof", proofs)):
        # A log's height grows by log2; tiles add at most three of 255 hashes to a proof.
        yield Result(
            f"ledger {name}, {largest:,} / {smallest:,} entries",
            cost[largest] / cost[smallest],
            "",
            f"{cost[largest]:.1f} µs, {cost[smallest]:.1f} µs",
        )


def _seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds it takes."""
    began = process_time()
    work()
    return process_time() - began


def _hash(inputs: Sequence[bytes]) -> None:
    for one in inputs:
        hashlib.sha256(one).digest()


def _nodes(leaves: Sequence[bytes]) -> list[bytes]:
    """Return what is hashed for the nodes of the tree."""
    inputs: list[bytes] = []
    level = list(leaves)
    while len(level) > 1:
        each = iter(level)
        pairs = [b"\x01" + left + right for left, right in zip(each, each, strict=False)]
        level = [hashlib.sha256(pair).digest() for pair in pairs] + level[len(pairs) * 2 :]
        inputs += pairs
    return inputs


def _verify(rows: Sequence[Row]) -> None:
    if not verify(rows).whole:
        raise AssertionError("the log made here is not whole")


def measure(_bench: Bench, *, quick: bool) -> Iterator[Result]:
    """Measure logs of up to a million entries."""
    rows = [_row(number) for number in range(100_000 if quick else 1_000_000)]
    yield from _growth([row[5] for row in rows])
    entries, nodes = [row[4] for row in rows], _nodes([row[5] for row in rows])
    turns = [
        (
            _seconds(lambda: _verify(rows)),
            _seconds(lambda: _hash(entries)),
            _seconds(lambda: _hash(nodes)),
        )
        for _ in range(3)
    ]
    verified, of_entries, of_nodes = (median(column) for column in zip(*turns, strict=True))
    figures = f"{verified:.2f} s; hashlib: entries {of_entries:.2f} s, nodes {of_nodes:.2f} s"
    name = f"verifying {len(rows):,} entries / hashing"
    same = median(all_of_it / (entry + node) for all_of_it, entry, node in turns)
    alone = median(all_of_it / entry for all_of_it, entry, _ in turns)
    yield Result(f"{name} the same bytes", same, "", figures, target=2)
    yield Result(f"{name} the entries alone", alone, "", figures)
