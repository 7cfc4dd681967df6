import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ledger.leaf import (
    Leaf,
    LeafError,
    canonical,
    describe_all,
    describes,
    leaf_hash,
    read_leaf,
)
from tests.ledger import rfc6962
from tests.ledger.attempts import attempt, fine

FACTS = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=6,
    ).filter(lambda value: value not in (float("inf"), float("-inf"))),
    max_size=3,
)
TRICKY = st.text() | st.lists(
    st.sampled_from(['"', "\\", "}", ",", '"kind":"', '"},"kind":"', '","subject":"', "é", "\n"])
).map("".join)


def test_a_leaf_hash_is_that_of_the_rfc():
    assert leaf_hash(b"entry") == rfc6962.mth([b"entry"])


@given(TRICKY, st.integers(), TRICKY, FACTS)
def test_an_entry_is_read_as_it_was_written(kind, at, subject, facts):
    entry = canonical(kind, at, subject, facts).encode()
    found, why = attempt(read_leaf, entry, LeafError)
    assert fine(why, lambda: found == Leaf(kind, at, subject, json.loads(entry)["facts"]))
    assert not why or "nested" in why or "not JSON" in why


@given(TRICKY, st.integers(), TRICKY, FACTS)
def test_an_entry_tells_what_is_kept_beside_it(kind, at, subject, facts):
    entry = canonical(kind, at, subject, facts).encode()
    assert describes(kind.encode(), at, subject.encode(), entry)
    if (kind + subject).isprintable():
        assert describe_all([kind.encode()], [at], [subject.encode()], [entry])


@given(TRICKY, TRICKY, TRICKY, TRICKY, FACTS)
def test_it_tells_of_nothing_else(kind, subject, other_kind, other_subject, facts):
    entry = canonical(kind, 1, subject, facts).encode()
    same = (kind, subject) == (other_kind, other_subject)
    other = (other_kind.encode(), 1, other_subject.encode(), entry)
    assert describes(*other) == same
    # A raw control character is no JSON; one by one it is looked at again, escaped.
    assert describe_all(*([part] for part in other)) <= same
    assert not describes(kind.encode(), 2, subject.encode(), entry)
    assert not describes(kind.encode(), 12, subject.encode(), entry)


@pytest.mark.parametrize("ats", [(5, 50), (50, 5), (-5, 50), (9, 10)])
def test_instants_of_any_length_are_compared(ats):
    entries = [canonical("k", at, "s", {}).encode() for at in ats]
    assert describe_all([b"k"] * 2, ats, [b"s"] * 2, entries)
    assert not describe_all([b"k"] * 2, ats[::-1], [b"s"] * 2, entries)


def test_facts_named_like_columns_do_not_stand_in_for_them():
    facts = {"a": {}, "kind": "k", "subject": "s"}
    entry = canonical("K", 1, "S", facts).encode()
    assert describes(b"K", 1, b"S", entry)
    assert not describes(b'k","subject":"s"},"kind":"K', 1, b"S", entry)


def test_damaged_text_beside_an_entry_is_no_error():
    assert not describes(b"\xff\xfe", 1, b"\x80", canonical("k", 1, "s", {}).encode())


GOOD = canonical("order.confirmed", 5, "order:1", {"a": 1})


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"[]",
        b"\xff",
        GOOD.encode("utf-16"),
        GOOD.replace(":5,", ": 5,").encode(),
        GOOD.replace('"at":5,', "").encode(),
        GOOD.replace("5", '"5"').encode(),
        GOOD.replace('{"a":1}', '{"a":NaN}').encode(),
        GOOD.replace('{"a":1}', '{"a":1,"a":1}').encode(),
        GOOD.replace("1}", "[" * 40 + "]" * 40 + "}").encode(),
        GOOD.replace("1}", "[" * 30_000 + "]" * 30_000 + "}").encode(),
        GOOD.replace("1}", "1" * 5000 + "}").encode(),
        GOOD.replace("1}", '"' + "x" * 65_536 + '"}').encode(),
        GOOD[:-1].encode() + b',"more":1}',
    ],
)
def test_entries_in_another_spelling_are_refused(entry):
    with pytest.raises(LeafError) as refused:
        read_leaf(entry)
    assert "\n" not in str(refused.value)


@given(st.binary() | st.text().map(lambda text: text.encode()))
def test_anything_is_refused_in_one_line(entry):
    with pytest.raises(LeafError) as refused:
        read_leaf(entry)
    assert "\n" not in str(refused.value)
