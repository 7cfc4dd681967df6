import re

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from hub.ledger.note import (
    Kind,
    Note,
    NoteError,
    Signature,
    Signed,
    SigningKey,
    VerifierKey,
    read_base64,
    sign,
)
from tests.ledger.attempts import attempt, fine

# golang.org/x/mod, sumdb/note/note_test.go.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SEED = read_base64("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz", "seed")[1:]
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
BY_PETER = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb"
    "6KE6RyyBwJnAM=\n"
)
BY_ENOCH = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WW"
    "d1RvMc+QQ=\n"
)
# C2SP signed-note, "Example".
C2SP_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
C2SP_NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2O"
    "NncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)


@pytest.fixture
def peter():
    return SigningKey("PeterNeumann", Ed25519PrivateKey.from_private_bytes(PETER_SEED))


def names(signed):
    return [one.key.name for one in signed]


def test_peters_public_key_has_the_published_id(peter):
    assert str(VerifierKey.parse(PETER)) == str(peter.verifier) == PETER


def test_peter_signs_as_go_does(peter):
    assert str(sign(TEXT, peter)) == TEXT + "\n" + BY_PETER


def test_the_example_of_the_specification_is_true():
    key = VerifierKey.parse(C2SP_KEY)
    assert Note.parse(C2SP_NOTE).signed_by([key]) == (Signed(key),)
    assert str(Note.parse(C2SP_NOTE)) == C2SP_NOTE


def test_signatures_of_others_are_passed_over():
    peter, enoch = VerifierKey.parse(PETER), VerifierKey.parse(ENOCH)
    note = Note.parse(TEXT + "\n" + BY_PETER + BY_ENOCH)
    assert note.text == TEXT
    assert names(note.signed_by([peter])) == ["PeterNeumann"]
    assert names(note.signed_by([enoch, peter])) == ["PeterNeumann", "EnochRoot"]
    assert note.signed_by([]) == ()


def test_a_false_signature_of_a_known_key_spoils_the_note():
    note = Note.parse(TEXT.replace("your", "our") + "\n" + BY_PETER)
    with pytest.raises(NoteError, match="the signature of PeterNeumann is false"):
        note.signed_by([VerifierKey.parse(PETER)])


def test_no_part_of_a_key_and_no_changed_letter_is_a_key():
    for start in range(len(PETER)):
        for stop in range(start + 1, len(PETER) + 1):
            if (start, stop) != (0, len(PETER)):
                with pytest.raises(NoteError):
                    VerifierKey.parse(PETER[start:stop])
    for at in range(len(PETER)):
        with pytest.raises(NoteError):
            VerifierKey.parse(PETER[:at] + chr(ord(PETER[at]) + 1) + PETER[at + 1 :])


@pytest.mark.parametrize(
    "key",
    [
        # note_test.go: wrong length, and unknown algorithm, each with its right id.
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        PETER.replace("c74f20a3", "C74F20A3"),
        PETER + "\n",
        PETER * 100,
    ],
)
def test_keys_that_are_refused(key):
    with pytest.raises(NoteError):
        VerifierKey.parse(key)


@pytest.mark.parametrize(
    "raw",
    [
        TEXT,
        TEXT + "\n",
        TEXT + "\n" + BY_PETER[:-1],
        "\x01" + TEXT + "\n" + BY_PETER,
        b"\xff" + (TEXT + "\n" + BY_PETER).encode(),
        TEXT + "\n" + BY_PETER.replace("PeterNeumann", "Bad Name"),
        TEXT + "\n" + BY_PETER.replace("PeterNeumann", "Bad+Name"),
        TEXT + "\n" + BY_PETER + "Unexpected line.\n",
        TEXT + "\n" + BY_PETER.replace("AM=", "AN="),
        TEXT + "\n" + "— PeterNeumann AAAA\n",
        TEXT + "\n" + BY_PETER.replace("PeterNeumann", "Peter\tNeumann"),
        TEXT + "\n" + BY_PETER * 65,
        TEXT * 1500 + "\n" + BY_PETER,
        "\ud800",
    ],
)
def test_notes_that_are_refused(raw):
    with pytest.raises(NoteError):
        Note.parse(raw)


def test_a_text_may_have_empty_lines(peter):
    note = sign("one\n\ntwo\n", peter)
    assert names(Note.parse(str(note)).signed_by([peter.verifier])) == ["PeterNeumann"]


@pytest.mark.parametrize("text", ["abc", "", "tab\there\n", "\r\n"])
def test_what_is_no_notes_text_is_not_signed(peter, text):
    with pytest.raises(NoteError):
        sign(text, peter)


def test_one_key_of_two_kinds_has_two_ids(peter):
    witness = SigningKey(peter.name, peter.private, Kind.COSIGNATURE)
    assert witness.verifier.key_id != peter.verifier.key_id
    note = Note(TEXT, (witness.sign(TEXT, at=5),))
    assert note.signed_by([peter.verifier]) == ()
    assert note.signed_by([witness.verifier]) == (Signed(witness.verifier, 5),)


@pytest.mark.parametrize("at", [None, -1, 1 << 63])
def test_a_cosignature_needs_its_time(peter, at):
    with pytest.raises(NoteError):
        SigningKey("w", peter.private, Kind.COSIGNATURE).sign(TEXT, at)


def test_only_a_cosignature_says_its_time(peter):
    with pytest.raises(NoteError):
        peter.sign(TEXT, at=1)


def test_a_new_signature_of_a_key_takes_its_old_ones_place(peter):
    witness = SigningKey("w", peter.private, Kind.COSIGNATURE)
    note = sign(TEXT, peter).with_signatures(witness.sign(TEXT, at=1))
    note = note.with_signatures(witness.sign(TEXT, at=2))
    signed = note.signed_by([peter.verifier, witness.verifier])
    assert [one.at for one in signed] == [None, 2]


def test_private_keys_are_not_shown(peter):
    assert PETER_SEED.hex() not in repr(peter)
    assert not re.search(r"[A-Za-z0-9+/]{40}", repr(peter))


@given(st.integers(0, 8 * len(TEXT + "\n" + BY_PETER) - 1))
def test_no_flipped_bit_is_taken_for_the_signed_note(bit):
    raw = bytearray((TEXT + "\n" + BY_PETER).encode())
    bit %= 8 * len(raw)
    raw[bit // 8] ^= 1 << bit % 8
    try:
        signed = Note.parse(bytes(raw)).signed_by([VerifierKey.parse(PETER)])
    except NoteError:
        signed = ()
    assert signed == ()


ANYTHING = st.one_of(
    st.text(),
    st.binary(),
    st.lists(st.sampled_from([*"\n— =+", "a", "é", "AAAA", "Peter", BY_PETER, TEXT])).map("".join),
)


@given(ANYTHING)
def test_anything_is_a_note_or_refused_in_one_line(raw):
    note, why = attempt(Note.parse, raw, NoteError)
    assert fine(why, lambda: str(note).encode() == (raw.encode() if isinstance(raw, str) else raw))


@given(st.text() | st.text().map(lambda text: f"— {text} AAAA"))
def test_any_text_is_a_key_or_refused_in_one_line(text):
    for parse in (VerifierKey.parse, Signature.parse):
        with pytest.raises(NoteError) as refused:
            parse(text)
        assert "\n" not in str(refused.value)
