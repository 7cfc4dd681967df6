import hashlib
import json
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ledger.commitment import (
    CommitmentError,
    Opening,
    Personal,
    commit,
    commitments,
    reveal,
    seal,
)
from tests.ledger.attempts import attempt, fine


def salts():
    """Salts that can be told apart: 32 bytes that count."""
    numbers = count(1)
    return lambda size: next(numbers).to_bytes(size, "big")


FACTS = {
    "order": "o-1",
    "to": {"street": Personal("Lindenweg 4", "member:anna"), "town": "Bonn"},
    "guests": [Personal("Anna", "member:anna"), Personal("Ben", "member:ben")],
}
PLAIN = {
    "order": "o-1",
    "to": {"street": "Lindenweg 4", "town": "Bonn"},
    "guests": ["Anna", "Ben"],
}


def test_a_commitment_is_what_a_few_lines_of_hashlib_make_of_it():
    salt = bytes(range(32))
    by_hand = hashlib.sha256(b"commonhearth/commitment/v1\n" + salt + b'"Lindenweg 4"').hexdigest()
    assert commit("Lindenweg 4", salt) == by_hand


def test_the_sealed_facts_hold_nothing_personal():
    sealed, openings = seal(FACTS, salts())
    text = json.dumps(sealed)
    assert not [word for word in ("Linden", "Anna", "Ben", "anna", "ben") if word in text]
    assert [opening.value for opening in openings] == ["Lindenweg 4", "Anna", "Ben"]
    assert [opening.of for opening in openings] == ["member:anna", "member:anna", "member:ben"]
    assert commitments(sealed) == [opening.commitment for opening in openings]
    assert sealed["order"] == "o-1"


def test_each_value_has_a_salt_of_its_own():
    twice = {"one": Personal("Anna", "a"), "two": Personal("Anna", "a")}
    sealed, _ = seal(twice, salts())
    assert sealed["one"] != sealed["two"]


def test_openings_bring_the_facts_back():
    sealed, openings = seal(FACTS, salts())
    assert reveal(sealed, openings) == PLAIN


def test_what_was_erased_stays_closed_and_the_rest_opens():
    sealed, openings = seal(FACTS, salts())
    left = [opening for opening in openings if opening.of != "member:anna"]
    shown = reveal(sealed, left)
    assert shown["guests"] == [sealed["guests"][0], "Ben"]
    assert shown["to"]["street"] == sealed["to"]["street"]


@pytest.mark.parametrize("changed", ["Lindenweg 5", ["Lindenweg 4"], None])
def test_another_value_opens_nothing(changed):
    sealed, openings = seal(FACTS, salts())
    with pytest.raises(CommitmentError, match="nothing in the entry is opened"):
        reveal(sealed, [Opening(openings[0].salt, changed)])


def test_an_opening_is_handed_on_without_whose_it_is():
    _, openings = seal(FACTS, salts())
    line = openings[0].write()
    assert "anna" not in line
    again = Opening.read(line)
    assert (again.commitment, again.value) == (openings[0].commitment, "Lindenweg 4")


def test_facts_cannot_pass_for_commitments():
    with pytest.raises(CommitmentError, match="may be called"):
        seal({"a": [{"commitment": "x"}]}, salts())


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_salt_has_32_bytes(size):
    with pytest.raises(CommitmentError, match="32 random bytes"):
        commit("x", bytes(size))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{}",
        "[]",
        '{"salt":"AAAA","value":1}',
        '{"salt":1,"value":1}',
        Opening(bytes(32), 1).write().replace("}", ',"more":1}'),
        Opening(bytes(32), 1).write().replace(":1", ":NaN"),
        Opening(bytes(32), "x").write().replace('"x"', r'"\ud800"'),
        Opening(bytes(32), "x").write().replace('"x"', "[" * 30_000 + "]" * 30_000),
        Opening(bytes(32), "x" * 70_000).write(),
    ],
)
def test_what_opens_nothing_is_refused(line):
    with pytest.raises(CommitmentError, match="an opening cannot be read"):
        Opening.read(line)


@given(st.text() | st.dictionaries(st.sampled_from(["salt", "value"]), st.text()).map(json.dumps))
def test_any_text_is_an_opening_or_refused_in_one_line(line):
    found, why = attempt(Opening.read, line, CommitmentError)
    assert fine(why, lambda: len(found.salt) == 32)
