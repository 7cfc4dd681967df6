"""The plain words of the domain: money, lives, tokens, levels, sentences."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.life import IllegalMove, Life
from hub.domain.money import Money, money
from hub.domain.orders import ORDER_LIFE, DeliverySlot, Line, Order, Subscriber, Window
from hub.domain.stock import StockPoint, hours_left
from hub.domain.suggestions import SUGGESTION_LIFE, Option, Suggestion
from hub.domain.tokens import ActionToken, BadToken, sign, verify
from hub.domain.wording import listed, offer, window_text

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
SECRET = b"s" * 32
TOKEN = ActionToken("s-1", 3, "approve", "ana", NOW + timedelta(hours=1), "o-1")


# -- lives -------------------------------------------------------------------------------------


@pytest.mark.parametrize("life", [SUGGESTION_LIFE, ORDER_LIFE], ids=lambda life: life.name)
def test_every_move_is_allowed_or_refused_and_ends_are_ends(life: Life) -> None:
    for state, targets in life.moves.items():
        assert targets <= set(life.moves)
        for target in life.moves:
            if target in targets:
                assert life.move(state, target) == target
            else:
                with pytest.raises(IllegalMove, match=f"cannot go from {state} to {target}"):
                    life.move(state, target)
        assert life.ended(state) is (not targets)


def test_from_every_state_there_is_a_way_to_an_end() -> None:
    for life in (SUGGESTION_LIFE, ORDER_LIFE):
        ends = {state for state in life.moves if life.ended(state)}
        for state in life.moves:
            reached, grown = {state}, True
            while grown:
                more = {target for one in reached for target in life.moves[one]} - reached
                reached |= more
                grown = bool(more)
            assert reached & ends


def test_an_illegal_move_changes_nothing() -> None:
    order = Order("o", "t", "s", Subscriber("p", "http://p"), "P", "drafted")
    with pytest.raises(IllegalMove):
        order.moved("confirmed", quote=None)
    assert order.state == "drafted"


# -- money -------------------------------------------------------------------------------------


def test_money_is_exact() -> None:
    total = money("0.10", "EUR") + money("0.20", "EUR")
    assert total == money("0.30", "EUR")
    assert str(money("1.05", "EUR").times(3)) == "3.15 EUR"
    assert str(money("1E+2", "EUR")) == "100 EUR"


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "ten", ""])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match=r"expected a decimal number|must be finite"):
        money(amount, "EUR")


@pytest.mark.parametrize("currency", ["eur", "EU", "EURO", "€", "ЕUR"])
def test_what_is_no_currency_is_refused(currency: str) -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        money("1", currency)


def test_currencies_are_not_mixed() -> None:
    with pytest.raises(ValueError, match="cannot add CNY to EUR"):
        money("1", "EUR") + money("1", "CNY")


# -- tokens ------------------------------------------------------------------------------------


def test_a_token_says_what_was_signed() -> None:
    text = sign(TOKEN, SECRET)
    assert verify(text, SECRET, NOW) == TOKEN
    assert len(text) < 200
    assert text.isascii()


def test_a_token_expires_with_its_suggestion() -> None:
    with pytest.raises(BadToken) as caught:
        verify(sign(TOKEN, SECRET), SECRET, TOKEN.expires)
    assert caught.value.expired


@pytest.mark.parametrize(
    "change",
    [
        {"suggestion_id": "s-2"},
        {"version": 4},
        {"verb": "decline"},
        {"member": "ben"},
        {"option": "o-2"},
        {"option": None},
        {"expires": NOW + timedelta(hours=2)},
    ],
)
def test_each_part_of_a_token_is_bound(change) -> None:
    other = replace(TOKEN, **change)
    assert other.id != TOKEN.id
    assert sign(other, SECRET) != sign(TOKEN, SECRET)


def test_another_households_token_is_refused() -> None:
    with pytest.raises(BadToken, match="not an action link of this hub"):
        verify(sign(TOKEN, b"x" * 32), SECRET, NOW)


@given(st.text(max_size=600))
def test_no_text_gets_past(text: str) -> None:
    with pytest.raises(BadToken):
        verify(text, SECRET, NOW)


@given(st.integers(0, 150), st.characters(codec="ascii", categories=["L", "N"]))
def test_an_altered_token_is_refused_or_says_the_same(place: int, letter: str) -> None:
    text = sign(TOKEN, SECRET)
    place %= len(text)
    altered = text[:place] + letter + text[place + 1 :]
    try:
        assert verify(altered, SECRET, NOW) == TOKEN
    except BadToken:
        assert altered != text


# -- the pantry --------------------------------------------------------------------------------


def points(*quantities: float) -> list[StockPoint]:
    return [StockPoint(NOW + timedelta(hours=n), q) for n, q in enumerate(quantities)]


def test_when_something_is_used_up() -> None:
    assert hours_left(points(3, 2, 1), NOW + timedelta(hours=2)) == 1.0
    assert hours_left(points(3, 2, 5, 4), NOW + timedelta(hours=4)) == 8.0


@pytest.mark.parametrize("known", [(), (3,), (3, 3), (1, 2, 3)])
def test_what_is_not_known_is_not_made_up(known) -> None:
    assert hours_left(points(*known), NOW + timedelta(hours=5)) is None


@given(st.lists(st.floats(0, 1e6), max_size=20))
def test_what_is_left_lasts_no_negative_time(quantities) -> None:
    left = hours_left(points(*quantities), NOW + timedelta(hours=30))
    assert left is None or left >= 0


# -- suggestions and sentences -----------------------------------------------------------------


def slot(start: int, end: int) -> DeliverySlot:
    day = datetime(2026, 11, 24, tzinfo=BERLIN)
    hours = [(day + timedelta(hours=hour)).astimezone(UTC) for hour in (start, end)]
    return DeliverySlot("s", Window(*hours))


def suggestion(**facts) -> Suggestion:
    known = {
        "id": "s",
        "key": "r:pantry",
        "kind": "grocery_order",
        "rule_id": "r",
        "rule_version": "1",
        "rule_text": "",
        "subject": "pantry",
        "title": "",
        "body": "",
        "state": "proposed",
        "version": 1,
        "because": (),
        "options": (),
        "ask": (),
        "created_at": NOW,
        "deadline": NOW,
    }
    return Suggestion(**{**known, **facts})


def test_a_window_fits_by_the_clock_on_the_wall() -> None:
    six = datetime(2026, 1, 1, 18).time()
    nine = datetime(2026, 1, 1, 21).time()
    one = suggestion(deliver_after=six, deliver_before=nine)
    assert one.fits(slot(18, 20), BERLIN)
    assert not one.fits(slot(17, 19), BERLIN)
    assert not one.fits(slot(20, 22), BERLIN)
    assert not one.fits(slot(23, 26), BERLIN)
    assert suggestion().fits(slot(3, 4), BERLIN)


def test_an_option_is_found_by_its_id() -> None:
    line = Line("m", "Milk 1 l", 2, money("1.20", "EUR"))
    option = Option("o", "o", "p", "Grocer", (line,), money("2.40", "EUR"), slot(18, 20).window)
    assert suggestion(options=(option,)).option("o") is option
    with pytest.raises(KeyError):
        suggestion().option("o")
    assert offer(option, BERLIN, NOW) == "Grocer: 2 × Milk 1 l, 2.40 EUR, today 18:00-20:00"


def test_sentences() -> None:
    assert listed([]) == ""
    assert listed(["milk"]) == "milk"
    assert listed(["milk", "eggs", "butter"]) == "milk, eggs and butter"
    assert window_text(slot(18, 20).window, BERLIN, NOW) == "today 18:00-20:00"
    assert window_text(slot(42, 44).window, BERLIN, NOW) == "tomorrow 18:00-20:00"
    assert window_text(slot(90, 92).window, BERLIN, NOW) == "Fri 27 Nov 18:00-20:00"


def test_a_window_ends_after_it_starts_and_has_a_zone() -> None:
    with pytest.raises(ValueError, match="end after"):
        Window(NOW, NOW)
    with pytest.raises(ValueError, match="time zone"):
        Window(NOW.replace(tzinfo=None), NOW)


def test_an_amount_is_a_decimal() -> None:
    assert Money(Decimal("1.0"), "EUR").amount == 1
