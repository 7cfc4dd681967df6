"""Strategies for neutral orders, as hub and provider may have them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from hub.domain.money import Money
from hub.domain.orders import (
    BreakupLine,
    Catalog,
    CatalogItem,
    DeliverySlot,
    Line,
    OrderAnswer,
    OrderRequest,
    Party,
    ProviderError,
    Quote,
    Subscriber,
    Want,
    Window,
)

BAP = Subscriber("hub.example.org", "http://127.0.0.1:1/beckn/v2")
BPP = Subscriber("shop.example.org", "http://127.0.0.1:2/beckn/v2")

uuids = st.uuids().map(str)
text = st.text(st.characters(min_codepoint=32, exclude_categories=("Cs",)), min_size=1, max_size=40)
ids = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=20)
item_ids = ids | st.tuples(ids, ids).filter(lambda pair: pair[0] != pair[1]).map("|".join)
amounts = st.decimals(min_value=0, max_value=10**6, places=2)
currencies = st.sampled_from(["EUR", "CNY", "JPY"])
monies = st.builds(Money, amounts, currencies)
instants = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
windows = st.tuples(instants, st.integers(1, 10**6)).map(
    lambda pair: Window(pair[0], pair[0] + timedelta(seconds=pair[1]))
)
slots = st.builds(DeliverySlot, ids, windows, st.none() | monies)
lines = st.lists(st.builds(Line, item_ids, text, st.integers(0, 1000), monies), max_size=4).map(
    tuple
)
quotes = st.builds(
    Quote,
    monies,
    st.lists(st.builds(BreakupLine, text, monies, st.none() | ids), max_size=4).map(tuple),
    st.none() | instants,
)
parties = st.builds(Party, *[st.none() | text for _ in range(6)])
items = st.builds(
    CatalogItem,
    item_ids,
    text,
    monies,
    st.decimals(min_value="0.001", max_value=1000, places=3),
    ids,
    st.none() | st.from_regex(r"\A[0-9]{8,14}\Z"),
    st.none() | st.integers(0, 1000),
    st.just("") | text,
)
catalogs = st.builds(
    Catalog,
    ids,
    text,
    st.lists(items, max_size=4, unique_by=lambda item: item.item_id.partition("|")[0]).map(tuple),
    st.lists(slots, max_size=3).map(tuple),
)
wants = st.lists(
    st.builds(
        Want,
        ids,
        st.from_regex(r"\A[a-z]{1,8}( [a-z]{1,8})?\Z"),
        st.just(Decimal(1)),
        st.just("l"),
        st.none() | st.from_regex(r"\A[0-9]{8}\Z"),
        st.lists(st.from_regex(r"\A[a-z]{1,8}\Z"), max_size=2).map(tuple),
    ),
    max_size=4,
).map(tuple)


@st.composite
def requests(draw):
    """What a hub may send; each action with what belongs to it."""
    action = draw(st.sampled_from(["discover", "select", "init", "confirm", "status", "cancel"]))
    about = {}
    if action == "discover":
        about["wants"] = draw(wants)
    else:
        about["lines"] = draw(lines.filter(bool))
        about["provider_id"] = draw(ids)
        about["reason"] = draw(st.just("") | text)
    if action in ("select", "init", "confirm"):
        about["slot"] = draw(st.none() | slots)
    if action in ("init", "confirm"):
        about["party"] = draw(st.none() | parties)
    if action == "confirm":
        about["quote"] = draw(quotes)
    if action != "discover":
        about["order_id"] = draw(uuids)
    return OrderRequest(
        action, draw(uuids), draw(uuids), BPP, ttl=draw(st.integers(1, 3600)), **about
    )


@st.composite
def answers(draw):
    """What a provider may answer, with its error or what was asked for."""
    action = draw(st.sampled_from(["discover", "select", "init", "confirm", "status", "cancel"]))
    head = {"timestamp": draw(instants), "body_hash": "h"}
    ids_ = (draw(uuids), draw(uuids))
    if draw(st.booleans()):
        error = draw(st.builds(ProviderError, ids, text))
        return OrderAnswer(action, BPP, *ids_, error=error, **head)
    if action == "discover":
        found = draw(st.lists(catalogs, max_size=2).map(tuple))
        return OrderAnswer(action, BPP, *ids_, catalogs=found, **head)
    states = {
        "select": [(None, ""), ("quoted", "")],
        "init": [(None, ""), ("initialised", "")],
    }.get(
        action,
        [
            ("confirmed", "Pending"),
            ("in_progress", "Packed"),
            ("completed", "Delivered"),
            ("cancelled", "Cancelled"),
        ],
    )
    state, fulfillment = draw(st.sampled_from(states))
    return OrderAnswer(
        action,
        BPP,
        *ids_,
        lines=draw(lines.filter(bool)),
        slot=draw(st.none() | slots),
        slots=draw(st.lists(slots, max_size=3).map(tuple)),
        quote=draw(st.none() | quotes),
        order_id=draw(st.none() | uuids),
        state=state,
        fulfillment_state=fulfillment,
        **head,
    )


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.just("2026-11-24T12:00:00Z"),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)
