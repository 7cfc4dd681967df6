"""Parts of an amount add up to it, and are fair to a cent."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.money import Money, money
from hub.domain.shares import smallest, split

weights = st.dictionaries(
    st.sampled_from("abcdef"), st.decimals(0, 1000, places=2), min_size=1
).filter(lambda chosen: sum(chosen.values()) > 0)


@settings(deadline=None)
@given(st.decimals(-10_000, 10_000, places=2), weights, st.sampled_from(["EUR", "JPY", "KWD"]))
def test_the_parts_add_up_and_are_within_a_unit_of_fair(amount, chosen, currency):
    parts = split(Money(amount, currency), chosen)
    assert set(parts) == set(chosen)
    assert sum(part.amount for part in parts.values()) == amount
    whole = sum(chosen.values())
    for name, part in parts.items():
        assert abs(part.amount - amount * chosen[name] / whole) < 2 * smallest(currency)
        assert chosen[name] > 0 or part.amount == 0


def test_the_odd_cent_goes_to_the_first_by_name():
    parts = split(money("10.00", "EUR"), {"c": Decimal(1), "a": Decimal(1), "b": Decimal(1)})
    assert {name: str(part) for name, part in parts.items()} == {
        "a": "3.34 EUR",
        "b": "3.33 EUR",
        "c": "3.33 EUR",
    }


@pytest.mark.parametrize("chosen", [{}, {"a": Decimal(0)}, {"a": Decimal(2), "b": Decimal(-1)}])
def test_there_must_be_somebody_to_split_among(chosen):
    with pytest.raises(ValueError, match="somebody"):
        split(money("1.00", "EUR"), chosen)
