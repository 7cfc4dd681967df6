"""The hub never speaks in a Home Assistant's place."""

from datetime import timedelta

from devices.homeassistant import Birth


def test_it_listens_first_and_speaks_once(now):
    birth = Birth(now, listen_seconds=5)
    assert birth.topic == "homeassistant/status"
    assert not birth.due(now + timedelta(seconds=4))
    assert birth.due(now + timedelta(seconds=5))
    assert not birth.due(now + timedelta(seconds=6))


def test_a_home_assistant_that_spoke_is_left_to_it(now):
    for payload in (b"online", b"offline", b"whatever"):
        birth = Birth(now)
        birth.heard(payload, now)
        assert birth.shared
        assert not birth.due(now + timedelta(days=1))


def test_an_empty_message_is_nobody(now):
    birth = Birth(now)
    birth.heard(b"", now)
    assert birth.due(now + timedelta(seconds=10))


def test_our_own_message_is_not_taken_for_another(now):
    birth = Birth(now)
    birth.due(now + timedelta(seconds=10))
    birth.heard(b"online", now + timedelta(seconds=10))
    assert not birth.shared
    birth.heard(b"offline", now + timedelta(seconds=20))
    assert birth.shared
