import json
from base64 import b64decode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ledger.audit import (
    ProofError,
    check_consistency,
    check_inclusion,
    consistency_path,
    inclusion_path,
)
from hub.ledger.leaf import leaf_hash
from hub.ledger.tree import Frontier, TileRoots, root_at
from tests.ledger import rfc6962

# 196 cases, good and damaged, from the source named in the file.
VECTORS = json.loads(Path(__file__).with_name("merkle_vectors.json").read_text())
# The one case refused here that its source accepts: its roots say "don't care 2".
ROOTS_OF_12_BYTES = "additional/sizes-are-equal-one-and-proof-is-empty"
# Answers of the Google Argon 2020 log, from golang.org/x/mod, sumdb/tlog/testdata/argon2020.
ARGON = json.loads(Path(__file__).with_name("argon2020_vectors.json").read_text())
ENTRIES = [f"entry {number}".encode() for number in range(300)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
ROOTS = [Frontier().extend(LEAVES[:size]).root for size in range(301)]
HASHES = TileRoots(lambda start, stop: LEAVES[start:stop])

SIZES = [*range(1, 131), 255, 256, 257, 300]


def decoded(texts):
    return [b64decode(text or "") for text in texts]


def named(vectors):
    return pytest.mark.parametrize("case", vectors, ids=[case["name"] for case in vectors])


@named(VECTORS["inclusion"])
def test_public_inclusion_proofs(case):
    leaf, root = decoded((case["leafHash"], case["root"]))
    asked = (leaf, case["leafIdx"], case["treeSize"], decoded(case["proof"]), root)
    if case["wantErr"]:
        with pytest.raises(ProofError):
            check_inclusion(*asked)
    else:
        check_inclusion(*asked)


@named(VECTORS["consistency"])
def test_public_consistency_proofs(case):
    roots = decoded((case["root1"], case["root2"]))
    asked = (case["size1"], case["size2"], *roots, decoded(case["proof"]))
    if case["wantErr"] or case["name"] == ROOTS_OF_12_BYTES:
        with pytest.raises(ProofError):
            check_consistency(*asked)
    else:
        check_consistency(*asked)


def test_proofs_of_a_log_of_961_million_certificates():
    leaf = leaf_hash(b64decode(ARGON["leaf_input"]))
    size, root = ARGON["tree_size"], b64decode(ARGON["sha256_root_hash"])
    path = decoded(ARGON["audit_path"])
    check_inclusion(leaf, ARGON["leaf_index"], size, path, root)
    old_root, grown = b64decode(ARGON["first_root"]), decoded(ARGON["consistency"])
    check_consistency(ARGON["first"], size, old_root, root, grown)
    with pytest.raises(ProofError):
        check_inclusion(leaf, ARGON["leaf_index"] + 1, size, path, root)
    with pytest.raises(ProofError):
        check_consistency(ARGON["first"] - 1, size, old_root, root, grown)


@pytest.mark.parametrize("size", SIZES)
def test_every_entry_of_every_size_is_proved(size):
    for index in range(size):
        check_inclusion(
            LEAVES[index], index, size, inclusion_path(HASHES, index, size), ROOTS[size]
        )


@pytest.mark.parametrize("new", SIZES)
def test_growth_is_proved_between_all_sizes(new):
    for old in range(1, new + 1):
        path = consistency_path(HASHES, old, new)
        check_consistency(old, new, ROOTS[old], ROOTS[new], path)


@given(st.data())
def test_proofs_are_those_of_the_rfc(data):
    size = data.draw(st.integers(1, 300))
    index = data.draw(st.integers(0, size - 1))
    assert inclusion_path(HASHES, index, size) == rfc6962.path(index, ENTRIES[:size])
    assert consistency_path(HASHES, index + 1, size) == rfc6962.proof(index + 1, ENTRIES[:size])


def flipped(value, bit):
    return (int.from_bytes(value, "big") ^ 1 << bit).to_bytes(len(value), "big")


@given(st.data())
def test_no_flipped_bit_is_accepted(data):
    size = data.draw(st.integers(1, 300))
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_path(HASHES, index, size)
    parts = [LEAVES[index], ROOTS[size], *path]
    which, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    parts[which] = flipped(parts[which], bit)
    leaf, root, *path = parts
    with pytest.raises(ProofError):
        check_inclusion(leaf, index, size, path, root)


@given(st.data())
def test_no_flipped_bit_makes_a_log_seem_to_have_grown(data):
    new = data.draw(st.integers(1, 300))
    old = data.draw(st.integers(1, new))
    parts = [ROOTS[old], ROOTS[new], *consistency_path(HASHES, old, new)]
    which, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    parts[which] = flipped(parts[which], bit)
    before, after, *path = parts
    with pytest.raises(ProofError):
        check_consistency(old, new, before, after, path)


@given(st.data())
def test_a_rewritten_past_is_not_growth(data):
    new = data.draw(st.integers(2, 300))
    old = data.draw(st.integers(1, new - 1))
    changed = data.draw(st.integers(0, old - 1))
    other = [*LEAVES[:changed], leaf_hash(b"never happened"), *LEAVES[changed + 1 : new]]
    hashes = TileRoots(lambda start, stop: other[start:stop])
    path = consistency_path(hashes, old, new)
    with pytest.raises(ProofError, match=r"that was signed|signed before"):
        check_consistency(old, new, ROOTS[old], root_at(hashes, new), path)


@pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (0, 0), (0, 1 << 64)])
def test_no_proof_of_what_is_not_there(index, size):
    with pytest.raises(ProofError, match=r"there is no entry"):
        inclusion_path(HASHES, index, size)
    with pytest.raises(ProofError, match=r"there is no entry"):
        check_inclusion(LEAVES[0], index, size, [], LEAVES[0])


@pytest.mark.parametrize(("old", "new"), [(0, 5), (6, 5), (-1, 5), (0, 0)])
def test_no_growth_from_nothing_or_backwards(old, new):
    with pytest.raises(ProofError):
        consistency_path(HASHES, old, new)
    with pytest.raises(ProofError):
        check_consistency(old, new, ROOTS[0], ROOTS[5], [])


def test_a_proof_without_end_is_refused_before_it_is_hashed():
    with pytest.raises(ProofError, match="at most 63"):
        check_inclusion(LEAVES[0], 0, 1 << 62, [LEAVES[1]] * 64, ROOTS[1])
