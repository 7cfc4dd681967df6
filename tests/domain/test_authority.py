"""What a member may approve: by kind, by sum, and a no for nothing."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hub.domain.authority import Authority
from hub.domain.money import Money, money
from hub.domain.suggestions import Option, Suggestion
from hub.settings import MemberSettings

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def suggestion(price: Money) -> Suggestion:
    return Suggestion(
        id="s",
        key="k",
        kind="grocery_order",
        rule_id="r",
        rule_version="1",
        rule_text="",
        subject="milk",
        title="Order?",
        body="",
        state="open",
        version=1,
        because=(),
        options=(Option("o", "ord", "p", "Shop", (), price),),
        ask=("kim",),
        created_at=NOW,
        deadline=NOW,
    )


@pytest.mark.parametrize(
    ("authority", "price", "verb", "barrier"),
    [
        (Authority(most=money("10", "EUR")), money("10.00", "EUR"), "approve", ""),
        (Authority(most=money("10", "EUR")), money("10.01", "EUR"), "approve", "sum"),
        (Authority(most=money("10", "EUR")), money("10.01", "EUR"), "decline", ""),
        (Authority(most=money("10", "EUR")), money("1", "CHF"), "approve", "sum"),
        (Authority(), money("0.01", "EUR"), "approve", "sum"),
        (Authority(), money("0", "EUR"), "approve", ""),
        (Authority(any_sum=True), money("9000", "EUR"), "approve", ""),
        (Authority(("ride",), any_sum=True), money("1", "EUR"), "approve", "kind"),
        (Authority(("ride",), any_sum=True), money("1", "EUR"), "decline", "kind"),
        (Authority(("grocery_order",), any_sum=True), money("1", "EUR"), "later", ""),
    ],
)
def test_what_stands_against_an_answer(authority, price, verb, barrier):
    assert authority.barrier(suggestion(price), verb, "o") == barrier


def test_an_invitation_costs_nothing_and_asks_for_its_kind_alone():
    invited = replace(suggestion(money("0", "EUR")), kind="invitation", options=())
    assert Authority(("invitation",)).barrier(invited, "maybe") == ""


@pytest.mark.parametrize(
    ("said", "authority"),
    [
        ({}, Authority(any_sum=True)),
        ({"role": "child"}, None),
        ({"role": "guest", "approves": {}}, Authority()),
        ({"approves": {"kinds": ["ride"]}}, Authority(("ride",), any_sum=True)),
        ({"role": "child", "approves": {"up_to": "10 EUR"}}, Authority((), money("10", "EUR"))),
        ({"approves": {"up_to": "90 EUR"}}, Authority((), money("90", "EUR"))),
    ],
)
def test_what_hub_yaml_says_of_a_member(said, authority):
    assert MemberSettings.model_validate({"id": "m", "name": "M", **said}).authority == authority
