"""Strategies for neutral orders, as hub and provider may have them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from hub.domain.money import Money
from hub.domain.orders import (
    ACTIONS,
    Agent,
    BreakupLine,
    Catalog,
    CatalogItem,
    ChangeTerms,
    DeliverySlot,
    Line,
    OrderAnswer,
    OrderRequest,
    Party,
    Place,
    ProviderError,
    Quote,
    Rating,
    RideWish,
    Score,
    Subscriber,
    SupportContact,
    TableWish,
    Tracking,
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
monies = st.builds(Money, amounts, st.just("EUR"))
instants = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
windows = st.tuples(instants, st.integers(1, 10**6)).map(
    lambda pair: Window(pair[0], pair[0] + timedelta(seconds=pair[1]))
)
slots = st.builds(DeliverySlot, ids, windows, st.none() | monies, st.none() | st.integers(0, 99))
few_slots = st.lists(slots, max_size=3, unique_by=lambda slot: slot.slot_id).map(tuple)
lines = st.lists(
    st.builds(Line, item_ids, text, st.integers(0, 1000), monies),
    max_size=4,
    unique_by=lambda line: line.item_id,
).map(tuple)
degrees = st.integers(-89_999_999, 89_999_999).map(lambda number: f"{number / 1e6:.6f}")
positions = st.tuples(degrees, degrees).map(",".join)
places = st.builds(Place, positions, st.just("") | text)
rides = st.builds(
    RideWish, places, places, st.integers(1, 1000), st.none() | instants, st.none() | instants
)
tables = st.builds(TableWish, st.integers(1, 1000), st.none() | instants)
terms = st.builds(ChangeTerms, st.none() | instants, st.none() | monies, st.none() | instants)
agents = st.builds(Agent, text, st.none() | text, st.just("") | text, st.just("") | text)
links = ids.map("https://example.org/{}".format)
trackings = st.builds(
    Tracking,
    st.just("") | links,
    st.booleans(),
    st.none() | positions,
    st.none() | instants,
    st.none() | instants,
)
ratings = st.builds(Rating, st.integers(1, 5), st.just("") | text)
contacts = st.builds(
    SupportContact, st.none() | text, st.none() | text, st.none() | links, st.just("") | text
)
scores = st.builds(Score, st.decimals(min_value=1, max_value=5, places=2), st.integers(1, 1000))
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
    st.none() | st.integers(0, 99),
    st.lists(windows, max_size=2).map(tuple),
)
catalogs = st.builds(
    Catalog,
    ids,
    text,
    st.lists(items, max_size=4, unique_by=lambda item: item.item_id.partition("|")[0]).map(tuple),
    few_slots,
    st.none() | scores,
    st.lists(ids, max_size=3).map(tuple),
    st.just("") | text,
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
    action = draw(st.sampled_from(ACTIONS))
    about = {"domain": draw(st.sampled_from(["grocery", "ride", "restaurant", "neighbour"]))}
    if action == "discover":
        about["wants"] = draw(wants)
    elif action not in ("rate", "support"):
        about["lines"] = draw(lines.filter(bool))
        about["provider_id"] = draw(ids)
        about["reason"] = draw(st.just("") | text)
        about["reason_code"] = draw(st.just("") | ids)
    if action in ("discover", "select", "init", "confirm", "update"):
        about["ride"] = draw(st.none() | rides)
        about["table"] = draw(st.none() | tables)
    if action in ("select", "init", "confirm", "update"):
        about["slot"] = draw(st.none() | slots)
    if action in ("init", "confirm"):
        about["party"] = draw(st.none() | parties)
    if action in ("confirm", "update"):
        about["quote"] = draw(quotes)
    if action in ("update", "cancel"):
        about["preview"] = draw(st.booleans())
        about["fee"] = draw(st.none() | monies)
    if action == "rate":
        about["rating"] = draw(ratings)
    if action == "support":
        about["reason"] = draw(text)
    if action != "discover":
        about["order_id"] = draw(uuids)
    return OrderRequest(
        action, draw(uuids), draw(uuids), BPP, ttl=draw(st.integers(1, 3600)), **about
    )


_BEFORE = {"select": [(None, ""), ("quoted", "")], "init": [(None, ""), ("initialised", "")]}
_AFTER = [
    ("confirmed", "Pending"),
    ("confirmed", "RIDE_ASSIGNED"),
    ("confirmed", "OrderItemConfirmed"),
    ("in_progress", "Packed"),
    ("completed", "Delivered"),
    ("cancelled", "Cancelled"),
]


@st.composite
def answers(draw):
    """What a provider may answer, with its error or what was asked for."""
    action = draw(st.sampled_from(ACTIONS))
    head = {"timestamp": draw(instants), "body_hash": "h"}
    ids_ = (draw(uuids), draw(uuids))
    if draw(st.booleans()):
        error = draw(st.builds(ProviderError, ids, text))
        return OrderAnswer(action, BPP, *ids_, error=error, **head)
    if action == "discover":
        head["catalogs"] = draw(st.lists(catalogs, max_size=2).map(tuple))
    elif action == "rate":
        head |= {"rating": draw(ratings), "order_id": draw(uuids)}
    elif action == "support":
        head |= {"support": draw(contacts), "reason": draw(st.just("") | text)}
        head |= {"order_id": draw(uuids)}
    else:
        head |= draw(_orders(action))
    if action == "track":
        head |= {"tracking": draw(trackings), "order_id": draw(uuids)}
    return OrderAnswer(action, BPP, *ids_, **head)


@st.composite
def _orders(draw, action):
    state, fulfillment = draw(st.sampled_from(_BEFORE.get(action, _AFTER)))
    return {
        "lines": draw(lines.filter(bool)),
        "slot": draw(st.none() | slots),
        "slots": draw(few_slots),
        "quote": draw(st.none() | quotes),
        "order_id": draw(st.none() | uuids),
        "state": state,
        "fulfillment_state": fulfillment,
        "ride": draw(st.none() | rides),
        "table": draw(st.none() | tables),
        "preview": draw(st.booleans()),
        "fee": draw(st.none() | monies),
        "cancellation": draw(st.none() | terms),
        "rescheduling": draw(st.none() | terms),
        "agent": draw(st.none() | agents),
        "reason": draw(st.just("") | text),
    }


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
