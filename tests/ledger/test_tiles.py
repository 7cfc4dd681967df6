from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ledger.audit import check_inclusion, inclusion_path
from hub.ledger.leaf import leaf_hash
from hub.ledger.tiles import (
    Tile,
    TileError,
    bundle_bytes,
    read_bundle,
    tile_bytes,
    tiles_between,
)
from hub.ledger.tree import Frontier, TileRoots, root_at
from tests.ledger.attempts import attempt, fine

LEAVES = [leaf_hash(b"%d" % number) for number in range(70_000)]
HASHES = TileRoots(lambda start, stop: LEAVES[start:stop])


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        # The number of C2SP tlog-tiles, "Merkle Tree".
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(1, 0, 1), "tile/1/000.p/1"),
        (Tile(None, 273, 112), "tile/entries/273.p/112"),
        (Tile(None, 1000), "tile/entries/x001/000"),
    ],
)
def test_paths_are_those_of_the_specification(tile, path):
    assert tile.path == path
    assert Tile.parse(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0",
        "tile/0/x000/001",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/01",
        "tile/8/000",
        "tile/-1/000",
        "tile/00/000",
        "tile/data/000",
        "tile/0/../000",
        "tile/0/001/002",
        "tile/0/000\n",
        "tile/7/x999/x999/999",
        "/tile/0/000",
        "tile/0/" + "x001/" * 40 + "001",
    ],
)
def test_other_paths_are_refused(path):
    with pytest.raises(TileError):
        Tile.parse(path)


@given(
    st.text() | st.from_regex(r"tile/(entries|\d)/(x\d{3}/){0,3}\d{3}(\.p/\d+)?", fullmatch=True)
)
def test_any_path_is_one_tiles_or_refused_in_one_line(path):
    tile, why = attempt(Tile.parse, path, TileError)
    assert fine(why, lambda: tile.path == path)


def test_a_log_of_70000_has_the_files_the_specification_counts():
    tiles = [tile for tile in tiles_between(0, 70_000) if tile.level is not None]
    counts = {}
    for tile in tiles:
        counts.setdefault((tile.level, tile.width), []).append(tile)
    assert {key: len(found) for key, found in counts.items()} == {
        (0, 256): 273,
        (0, 112): 1,
        (1, 256): 1,
        (1, 17): 1,
        (2, 1): 1,
    }


def test_a_log_of_256_has_a_whole_tile_and_one_hash_above():
    assert [tile.path for tile in tiles_between(0, 256)] == [
        "tile/entries/000",
        "tile/0/000",
        "tile/1/000.p/1",
    ]


class TileHashes:
    """What somebody has who holds the published files alone."""

    def __init__(self, files: dict[str, bytes], size: int) -> None:
        self._files, self._size = files, size

    def read(self, level: int, start: int, stop: int) -> list[bytes]:
        count = self._size >> 8 * level
        found = []
        for at in range(start, stop):
            tile = Tile(level, at // 256, min(256, count - at // 256 * 256))
            found.append(self._files[tile.path][at % 256 * 32 :][:32])
        return found


@pytest.mark.parametrize("steps", [(1, 2, 300), (255, 256, 257), (70_000,), (65_536, 66_000)])
def test_a_mirror_of_the_files_proves_what_the_log_proves(steps):
    files, old = {}, 0
    for size in steps:
        for tile in tiles_between(old, size):
            if tile.level is not None:
                assert tile.end <= size
                files[tile.path] = tile_bytes(HASHES, tile)
        old = size
        mirror = TileHashes(files, size)
        root = Frontier().extend(LEAVES[:size]).root
        assert root_at(mirror, size) == root
        for index in {0, size // 2, size - 1}:
            path = inclusion_path(mirror, index, size)
            assert path == inclusion_path(HASHES, index, size)
            check_inclusion(LEAVES[index], index, size, path, root)


def test_no_file_is_written_twice():
    steps = [0, 1, 200, 256, 257, 600, 65_536, 65_537]
    written = [tile.path for old, new in pairwise(steps) for tile in tiles_between(old, new)]
    assert len(written) == len(set(written))
    assert list(tiles_between(600, 600)) == []


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_bundles_are_read_as_written(entries):
    assert read_bundle(bundle_bytes(entries), len(entries)) == entries


def test_a_bundle_has_lengths_in_two_bytes_and_then_entries():
    assert bundle_bytes([b"abc", b""]) == b"\x00\x03abc\x00\x00"
    assert len(bundle_bytes([bytes(65_535)])) == 65_537
    with pytest.raises(TileError, match="entry 1 of the bundle has 65536 bytes"):
        bundle_bytes([b"", bytes(65_536)])


@given(st.binary(max_size=600), st.integers(0, 256))
def test_any_bytes_are_a_bundle_or_refused(data, width):
    entries, why = attempt(lambda raw: read_bundle(raw, width), data, TileError)
    assert fine(why, lambda: bundle_bytes(entries) == data)
