from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ledger.leaf import leaf_hash
from hub.ledger.tree import (
    EMPTY_ROOT,
    Frontier,
    TileRoots,
    range_root,
    root_at,
    root_of,
)
from tests.ledger import rfc6962

# google/certificate-transparency, merkletree/merkle_tree_test.cc, kept on in
# transparency-dev/merkle, proof/verify_test.go: eight leaves and the root after each.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
ENTRIES = [f"entry {number}".encode() for number in range(70_000)]


@cache
def leaves():
    return [leaf_hash(entry) for entry in ENTRIES]


def read_leaves(start, stop):
    return leaves()[start:stop]


@pytest.mark.parametrize("size", range(9))
def test_the_public_roots_come_out(size):
    hashes = [leaf_hash(leaf) for leaf in LEAVES[:size]]
    frontier = Frontier()
    for one in hashes:
        frontier = frontier.append(one)
    wanted = bytes.fromhex(ROOTS[size])
    assert rfc6962.mth(LEAVES[:size]) == wanted
    assert root_of(hashes) == frontier.root == Frontier().extend(hashes).root == wanted
    assert root_at(TileRoots(lambda start, stop: hashes[start:stop]), size) == wanted


def test_the_empty_tree_has_the_hash_of_nothing():
    assert root_of([]) == Frontier().root == EMPTY_ROOT == bytes.fromhex(ROOTS[0])


@given(st.integers(0, 1500), st.lists(st.integers(0, 700), max_size=4))
def test_however_a_log_grew_its_root_is_that_of_the_rfc(size, cuts):
    frontier, done = Frontier(), 0
    for cut in sorted(cut for cut in cuts if cut <= size):
        frontier, done = frontier.extend(read_leaves(done, cut)), cut
    frontier = frontier.extend(read_leaves(done, size))
    assert frontier.size == size
    assert frontier.root == rfc6962.mth(ENTRIES[:size])


@pytest.mark.parametrize("size", [255, 256, 257, 511, 65_535, 65_536, 65_537, 65_792, 70_000])
def test_tiles_give_the_root_of_any_earlier_size(size):
    hashes = TileRoots(read_leaves)
    root_at(hashes, 70_000)
    frontier = Frontier().extend(read_leaves(0, size))
    assert root_at(hashes, size) == frontier.root == root_of(read_leaves(0, size))
    assert frontier.append(leaves()[0]).root == root_of([*read_leaves(0, size), leaves()[0]])


@given(st.integers(0, 16), st.integers(0, 2), st.integers(1, 512))
def test_part_of_a_tree_has_the_root_of_its_leaves(height, number, count):
    count = min(count, 1 << height)
    start = number << max(height, (count - 1).bit_length())
    if start + count <= 70_000:
        found = range_root(TileRoots(read_leaves), start, start + count)
        assert found == root_of(read_leaves(start, start + count))


def test_a_root_of_a_long_log_reads_few_leaves():
    asked = []

    def counted(start, stop):
        asked.append(stop - start)
        return read_leaves(start, stop)

    hashes = TileRoots(counted)
    root_at(hashes, 69_999)
    asked.clear()
    root_at(hashes, 70_000)
    assert sum(asked) < 256


def test_a_failed_unit_of_work_keeps_the_old_frontier():
    old = Frontier().extend(read_leaves(0, 300))
    root = old.root
    old.append(leaves()[300])
    assert (old.size, old.root) == (300, root)


def test_a_missing_entry_is_named():
    short = TileRoots(lambda start, stop: read_leaves(start, min(stop, 299)))
    with pytest.raises(LookupError, match="entry 299 is missing"):
        root_at(short, 300)
