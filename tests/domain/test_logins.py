"""Which logins can stand beside which, and what they may."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.logins import (
    MOST_LOGINS,
    Login,
    LoginError,
    check_name,
    checked,
    overlap,
    own,
    rights,
)


def login(name: str, kind: str = "device", **topics: tuple[str, ...]) -> Login:
    return Login(name, kind, "", **topics)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    [
        "", "a+b", "#", "a/b", "Ada", "é", "a\nb", "a\x00", "a b", "-a", "a" * 65, "x" * 10_240,
        "commonhearth", "home", "homeassistant", "tele", "notices", "homie", "a\n",
    ],
)  # fmt: skip
def test_a_name_that_cannot_be_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(LoginError, match=r"^name: ") as caught:
        check_name(name)
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("topic", "why"),
    [
        ("", "1 to 200 bytes"),
        ("a" * 10_240, "1 to 200 bytes"),
        ("a\nuser x", "printable"),
        (" a", "no space at the ends"),
        ("a/b#", "stand alone"),
        ("a/#/b", "stand alone"),
        ("a/b+", "stand alone"),
        ("#", "first level"),
        ("+/a", "first level"),
        ("$SYS/a", "first level"),
        ("/a", "first level"),
        ("commonhearth/v1/other/stock", "shared by all"),
        ("homeassistant/+/x/config", "shared by all"),
        ("homie/#", "shared by all"),
    ],
)
def test_a_topic_that_cannot_be_is_refused(topic: str, why: str) -> None:
    with pytest.raises(LoginError, match=why) as caught:
        checked(login("a", write=(topic,)), ())
    assert len(str(caught.value)) < 200


def test_no_topic_is_written_by_two() -> None:
    shelf = login("shelf", write=("kitchen/weight",))
    for other in (
        login("shelf"),
        login("kitchen"),
        login("b", write=("kitchen/+",)),
        login("b", write=("shelf/x",)),
        login("b", write=("homeassistant/sensor/shelf/config",)),
        login("b", "bridge", write=("kitchen/weight",)),
    ):
        with pytest.raises(LoginError):
            checked(other, [shelf])
    assert checked(login("kitchen2", write=("kitchen/height",)), [shelf])
    assert checked(login("all", "program"), [shelf])
    with pytest.raises(LoginError, match="shelf-1 has a login already"):
        checked(login("shelf_1"), [login("shelf-1")])
    with pytest.raises(LoginError, match="household's own user"):
        checked(login("ada"), (), taken=["ada"])
    with pytest.raises(LoginError, match="revoke some"):
        checked(login("z"), [login(f"a{n}") for n in range(MOST_LOGINS)])
    with pytest.raises(LoginError, match="at most 20 topics"):
        checked(login("z", write=tuple(f"z{n}" for n in range(21))), ())
    with pytest.raises(LoginError, match=r"^kind: "):
        checked(login("z", "king"), ())


def test_a_bridge_is_denied_what_is_announced_by_others() -> None:
    bridge, shelf = login("z2m", "bridge"), login("shelf")
    denied = {topic for what, topic in rights(bridge, [bridge, shelf]) if what == "deny"}
    assert denied == {t for t in own(shelf) if t.startswith("homeassistant/")}


LEVELS = st.lists(st.sampled_from(["a", "b", "+"]), min_size=1, max_size=4)
FILTERS = st.builds(
    lambda levels, rest: "/".join(levels + rest), LEVELS, st.sampled_from([[], ["#"]])
)
TOPICS = [
    "/".join(levels)
    for size in range(1, 6)
    for levels in __import__("itertools").product("ab", repeat=size)
]


def matches(pattern: str, topic: str) -> bool:
    """As MQTT 5.0, 4.7 says, level by level."""
    want, have = pattern.split("/"), topic.split("/")
    for place, level in enumerate(want):
        if level == "#":
            return True
        if place >= len(have) or level not in ("+", have[place]):
            return False
    return len(want) == len(have)


@given(FILTERS, FILTERS)
def test_filters_overlap_when_a_topic_matches_both(one: str, other: str) -> None:
    both = any(matches(one, topic) and matches(other, topic) for topic in TOPICS)
    assert overlap(one, other) == both == overlap(other, one)
