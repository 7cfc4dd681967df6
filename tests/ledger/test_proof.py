import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from hub.ledger.audit import ProofError
from hub.ledger.checkpoint import Checkpoint, cosign, open_checkpoint, sign_checkpoint
from hub.ledger.commitment import CommitmentError, Opening, Personal, seal
from hub.ledger.leaf import LedgerError, canonical, leaf_hash
from hub.ledger.note import Kind, NoteError, SigningKey
from hub.ledger.proof import check_growth, check_proof, make_growth, make_proof
from hub.ledger.tree import TileRoots, root_at
from tests.ledger import rfc6962
from tests.ledger.attempts import attempt, fine

KEY = SigningKey("home.example/log", Ed25519PrivateKey.from_private_bytes(bytes(32)))
FRIEND = SigningKey(
    "friend.example", Ed25519PrivateKey.from_private_bytes(b"\x01" * 32), Kind.COSIGNATURE
)
OTHER = SigningKey("home.example/log", Ed25519PrivateKey.from_private_bytes(b"\x02" * 32))
SEALED, OPENINGS = seal(
    {"order": "o-1", "street": Personal("Lindenweg 4", "member:anna")}, lambda size: bytes(size)
)
ENTRIES = [
    canonical("order.confirmed", number, f"order:{number}", SEALED).encode()
    for number in range(300)
]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
HASHES = TileRoots(lambda start, stop: LEAVES[start:stop])


def note_of(size, hashes=HASHES, key=KEY):
    return sign_checkpoint(Checkpoint(key.name, size, root_at(hashes, size)), key)


def checkpoint_of(size):
    return Checkpoint(KEY.name, size, root_at(HASHES, size))


@given(st.data())
def test_a_proof_is_checked_with_the_public_key_alone(data):
    size = data.draw(st.integers(1, 300))
    index = data.draw(st.integers(0, size - 1))
    text = make_proof(ENTRIES[index], index, HASHES, note_of(size))
    proven = check_proof(text, KEY.verifier)
    assert (proven.index, proven.entry) == (index, ENTRIES[index])
    assert proven.signed.checkpoint == checkpoint_of(size)


@given(st.data())
def test_a_few_lines_of_hashlib_reach_the_same_root(data):
    size = data.draw(st.integers(1, 300))
    index = data.draw(st.integers(0, size - 1))
    text = make_proof(ENTRIES[index], index, HASHES, note_of(size), OPENINGS)
    entry, root, signed = rfc6962.root_of_proof_file(text)
    assert entry == ENTRIES[index]
    assert root == signed == rfc6962.mth(ENTRIES[:size])


PROOF = make_proof(ENTRIES[77], 77, HASHES, note_of(300), OPENINGS)
GROWTH = make_growth(100, HASHES, note_of(300))
LATER = make_growth(300, HASHES, note_of(300))


def test_the_file_is_as_tlog_proof_has_it():
    lines = PROOF.split("\n")
    gap = lines.index("")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert [line.split(" ")[0] for line in lines[1:3]] == ["extra", "index"]
    assert {len(line) for line in lines[3:gap]} == {44}
    assert "\n".join(lines[gap + 1 :]) == str(note_of(300))


def test_openings_come_along_and_nothing_else_does():
    assert "anna" not in PROOF
    assert check_proof(PROOF, KEY.verifier).openings == (Opening(OPENINGS[0].salt, "Lindenweg 4"),)


def test_openings_that_open_nothing_are_refused():
    strange = [Opening(bytes(32), "Lindenweg 5")]
    with pytest.raises(CommitmentError, match="nothing in the entry"):
        make_proof(ENTRIES[0], 0, HASHES, note_of(300), strange)


def test_an_erased_value_leaves_the_proof_whole():
    text = make_proof(ENTRIES[77], 77, HASHES, note_of(300))
    assert check_proof(text, KEY.verifier).openings == ()


@given(st.integers(0, 8 * len(PROOF.encode()) - 1))
def test_no_flipped_bit_of_a_proof_is_accepted(bit):
    raw = bytearray(PROOF.encode())
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises(LedgerError) as refused:
        check_proof(bytes(raw), KEY.verifier)
    assert "\n" not in str(refused.value)


@given(st.integers(0, 8 * len(GROWTH.encode()) - 1))
def test_no_flipped_bit_of_a_proof_of_growth_is_accepted(bit):
    raw = bytearray(GROWTH.encode())
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises(LedgerError) as refused:
        check_growth(bytes(raw), checkpoint_of(100), KEY.verifier)
    assert "\n" not in str(refused.value)


def test_a_proof_under_another_key_is_refused():
    with pytest.raises(NoteError, match="not signed by"):
        check_proof(PROOF, OTHER.verifier)


def test_a_proof_is_not_made_of_what_is_not_in_the_log():
    with pytest.raises(ProofError, match="not the one in the log"):
        make_proof(b"never happened", 77, HASHES, note_of(300))
    with pytest.raises(ProofError, match="there is no entry 300"):
        make_proof(ENTRIES[0], 300, HASHES, note_of(300))


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("", "empty line and then a checkpoint"),
        (PROOF.replace("@v1", "@v2"), "begins with the line"),
        (PROOF.replace("extra ", "extras "), "second line"),
        (PROOF.replace("index 77", "number 77"), "third line"),
        (PROOF.replace("index 77", "index 077"), "index is not a decimal"),
        (PROOF.replace("index 77", "index 78"), "not the one in the log"),
        (PROOF.replace("index 77\n", "index 77\n" + "AAAA\n"), "each hash of a proof has 32"),
        (PROOF.replace("index 77\n", "index 77\n" + "AAA\n"), "hash 1 is not Base64"),
        (PROOF.replace("index 77\n", "index 77\n" + "AAAA\n" * 64), "at most 63"),
        (PROOF + "x" * 600_000, "at most 524288 are read"),
        (b"\xff" + PROOF.encode(), "not UTF-8"),
    ],
)
def test_what_proves_nothing_is_refused(raw, why):
    with pytest.raises(LedgerError, match=why):
        check_proof(raw, KEY.verifier)


@pytest.mark.parametrize(("old", "new"), [(1, 2), (100, 300), (256, 257), (300, 300)])
def test_growth_is_checked_against_the_checkpoint_seen_before(old, new):
    text = make_growth(old, HASHES, note_of(new))
    assert check_growth(text, checkpoint_of(old), KEY.verifier).checkpoint == checkpoint_of(new)


def test_the_first_checkpoint_is_taken_as_it_is():
    text = make_growth(0, HASHES, note_of(5))
    assert check_growth(text, None, KEY.verifier).checkpoint.size == 5


def test_a_rewritten_past_is_seen():
    other = [*LEAVES[:50], leaf_hash(b"never happened"), *LEAVES[51:]]
    hashes = TileRoots(lambda start, stop: other[start:stop])
    text = make_growth(100, hashes, note_of(300, hashes))
    with pytest.raises(ProofError, match="not about the log of 100 entries that was signed"):
        check_growth(text, checkpoint_of(100), KEY.verifier)
    same_size = make_growth(300, hashes, note_of(300, hashes))
    with pytest.raises(ProofError, match="two different logs of 300 entries"):
        check_growth(same_size, checkpoint_of(300), KEY.verifier)


def test_a_shorter_past_is_seen():
    text = make_growth(0, HASHES, note_of(50))
    with pytest.raises(ProofError, match="seen were 100"):
        check_growth(text, checkpoint_of(100), KEY.verifier)
    with pytest.raises(ProofError):
        make_growth(100, HASHES, note_of(50))


def test_another_logs_growth_is_refused():
    seen = Checkpoint("other.example", 100, root_at(HASHES, 100))
    with pytest.raises(ProofError, match=r"'other.example', not 'home.example/log'"):
        check_growth(GROWTH, seen, KEY.verifier)


def test_a_friend_cosigns_what_it_has_seen_to_grow():
    opened = check_growth(GROWTH, checkpoint_of(100), KEY.verifier)
    witnessed = cosign(opened, FRIEND, at=9)
    proof = make_proof(ENTRIES[5], 5, HASHES, witnessed)
    proven = check_proof(proof, KEY.verifier, witnesses=[FRIEND.verifier])
    assert [one.key.name for one in proven.signed.cosignatures] == ["friend.example"]
    assert open_checkpoint(str(witnessed), KEY.verifier).checkpoint == checkpoint_of(300)


PIECES = st.lists(st.sampled_from([*PROOF.split("\n"), *GROWTH.split("\n")])).map("\n".join)


@given(st.text() | st.binary() | PIECES)
def test_anything_is_a_proof_or_refused_in_one_line(raw):
    for check in (
        lambda text: check_proof(text, KEY.verifier),
        lambda text: check_growth(text, checkpoint_of(100), KEY.verifier),
    ):
        found, why = attempt(check, raw, LedgerError)
        assert fine(why, lambda found=found: found is not None)
