"""Which browsers may notify whom, and for how long."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from hub.domain.push import PushSubscription
from hub.store.access import SESSION_LASTS, Access
from hub.store.database import open_database
from hub.store.push import MOST_OF_A_MEMBER, PushStore

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


class Time:
    def __init__(self) -> None:
        self.now = NOW


def browser(number: int, member: str = "ada") -> PushSubscription:
    return PushSubscription(member, f"https://push.example/{number}", b"\4" * 65, b"s" * 16)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_database(tmp_path / "hub.sqlite")
    yield made
    made.dispose()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def store(engine: Engine, time: Time) -> PushStore:
    return PushStore(engine, lambda: time.now)


@pytest.fixture
def access(engine: Engine) -> Access:
    return Access(engine)


def test_a_browser_is_told_while_it_is_signed_in(
    store: PushStore, access: Access, time: Time
) -> None:
    secret, session = access.create_session("ada", NOW)
    store.put(browser(1), session.id)
    assert store.of("ada") == [browser(1)]
    assert store.of("ben") == []
    assert store.members() == {"ada"}
    time.now = NOW + SESSION_LASTS
    assert store.of("ada") == []
    time.now = NOW
    access.end_session(secret)
    assert store.of("ada") == []
    assert store.members() == frozenset()


def test_a_browser_of_another_members_session_is_not_told(store: PushStore, access: Access) -> None:
    _, session = access.create_session("ben", NOW)
    store.put(browser(1, "ada"), session.id)
    assert store.of("ada") == []


def test_signing_in_anew_keeps_one_subscription(store: PushStore, access: Access) -> None:
    for member in ("ada", "ada", "ben"):
        _, session = access.create_session(member, NOW)
        store.put(browser(1, member), session.id)
    assert store.of("ada") == []
    assert store.of("ben") == [browser(1, "ben")]


def test_the_oldest_browser_gives_way(store: PushStore, access: Access, time: Time) -> None:
    _, session = access.create_session("ada", NOW)
    for number in range(MOST_OF_A_MEMBER + 2):
        time.now = NOW + timedelta(seconds=number)
        store.put(browser(number), session.id)
    assert store.of("ada") == [browser(n) for n in range(2, MOST_OF_A_MEMBER + 2)]


def test_only_its_member_may_forget_a_browser(store: PushStore, access: Access) -> None:
    _, session = access.create_session("ada", NOW)
    store.put(browser(1), session.id)
    assert not store.forget("ben", browser(1).endpoint)
    assert store.forget("ada", browser(1).endpoint)
    assert not store.forget("ada", browser(1).endpoint)
    store.put(browser(2), session.id)
    store.drop(browser(2).id)
    assert store.of("ada") == []
