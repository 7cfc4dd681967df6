"""Recovery words: there and back, in shares, and every mistake told by the word's number."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import pyrage
import pytest
from shamir_mnemonic.wordlist import WORDLIST

from hub.app.recovery.root import Root, keep_root, read_root, root_of
from hub.app.recovery.words import WordsError, combine, fitting, make_sheets, read_sheet
from hub.keyfiles.ageid import bech32
from hub.keyfiles.files import SecretsError

ROOT = Root(bytes(range(32)))


def test_bech32_is_that_of_bip_173() -> None:
    # BIP 173, "Test vectors": valid Bech32 strings.
    assert bech32("a", b"") == "a12uel5l"
    assert bech32("abcdef", bytes.fromhex("00443214c74254b635cf84653a56d7c675be77df")) == (
        "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"
    )


def test_age_takes_the_key_that_is_derived() -> None:
    identity = pyrage.x25519.Identity.from_str(ROOT.age_identity)
    assert str(identity) == ROOT.age_identity
    assert pyrage.decrypt(pyrage.encrypt(b"x", [identity.to_public()]), [identity]) == b"x"
    assert len({ROOT.peer_seed, ROOT.beckn_seed, ROOT.derive("backup")}) == 3


@pytest.mark.parametrize("alone", [True, False])
def test_one_sheet_there_and_back(alone: bool) -> None:
    (sheet,) = make_sheets(ROOT, alone=alone)
    typed = "\n".join(f"{at:>3}. {word.upper()}," for at, word in enumerate(sheet.words, 1))
    found = combine([read_sheet(typed)])
    assert (found.root, found.alone) == (ROOT, alone)


def test_any_three_of_five_and_no_two() -> None:
    sheets = make_sheets(ROOT, alone=True, shares=5, threshold=3)
    for some in combinations(reversed(sheets), 3):
        assert combine(some).root == ROOT
    with pytest.raises(WordsError, match="2 sheets were typed; 3 are needed"):
        combine(sheets[:2])
    with pytest.raises(WordsError, match="typed already"):
        fitting(sheets[0], [sheets[0]])
    other = make_sheets(ROOT, alone=True, shares=5, threshold=3)
    with pytest.raises(WordsError, match="another set"):
        fitting(other[1], [sheets[0]])


def test_what_is_wrong_is_told_by_its_number() -> None:
    (sheet,) = make_sheets(ROOT, alone=True)
    words = list(sheet.words)
    with pytest.raises(WordsError, match="there are 34 words; expected the 35"):
        read_sheet(" ".join(words[:-1]))
    begun = [*words[:6], words[6][:4] + "zz", *words[7:]]
    with pytest.raises(WordsError, match=f"word 7, .* is none of the list; did .*{words[6]}"):
        read_sheet(" ".join(begun))
    other = next(one for one in WORDLIST if one != words[6])
    with pytest.raises(WordsError, match=f"word 7, '{other}', does not fit.*'{words[6]}'"):
        read_sheet(" ".join([*words[:6], other, *words[7:]]))
    at = next(at for at in range(5, 30) if words[at] != words[at + 1])
    swapped = [*words[:at], words[at + 1], words[at], *words[at + 2 :]]
    with pytest.raises(WordsError, match=f"words {at + 1} and {at + 2} are the wrong way round"):
        read_sheet(" ".join(swapped))
    others = [one for one in WORDLIST if one not in words][:2]
    with pytest.raises(WordsError, match="two or more words are wrong"):
        read_sheet(" ".join([*words[:6], *others, *words[8:]]))


@pytest.mark.parametrize(("shares", "threshold"), [(17, 2), (3, 4), (3, 1), (0, 0), (2, -1)])
def test_numbers_that_make_no_sense_are_refused(shares: int, threshold: int) -> None:
    with pytest.raises(WordsError, match="expected 2 to 16 shares"):
        make_sheets(ROOT, alone=True, shares=shares, threshold=threshold)


def test_the_secret_shows_nowhere() -> None:
    (sheet,) = make_sheets(ROOT, alone=True)
    assert not set(repr(sheet).split("'")) & set(sheet.words)
    assert ROOT.secret.hex() not in repr(ROOT)


def test_the_file_is_private_and_damage_is_told(tmp_path: Path) -> None:
    made = root_of(tmp_path)
    assert root_of(tmp_path) == made
    file = tmp_path / "recovery.json"
    assert not file.stat().st_mode & 0o077
    file.chmod(0o644)
    with pytest.raises(SecretsError, match="chmod 600"):
        read_root(tmp_path)
    keep_root(tmp_path, made)
    file.write_text(json.dumps({**json.loads(file.read_text()), "root": "00" * 32}))
    with pytest.raises(SecretsError, match="put it back from a backup"):
        read_root(tmp_path)
