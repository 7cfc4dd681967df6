"""What a running hub takes up only at its next start."""

from hub.settings import Settings
from hub.settings.restart import AT_START, at_start, kept, waiting


def test_each_key_that_waits_for_a_start_is_one() -> None:
    plain = Settings().model_dump()
    for one in AT_START:
        name, _, key = one.partition(".")
        assert name in plain, one
        assert not key or key in plain[name], one


def test_what_is_read_once_stays_and_is_told_and_the_rest_is_in_force() -> None:
    running = Settings()
    said = {
        "home": {"name": "Elm"},
        "mqtt": {"notice_topics": ["alerts/#"], "port": 1884},
        "http": {"port": 8000},
        "beckn": {"version": "1.1.1", "collect_seconds": 5},
    }
    wanted = Settings.model_validate(said)
    now = kept(running, wanted)
    assert (now.home.name, now.beckn.collect_seconds, now.mqtt.port) == ("Elm", 5, 1884)
    assert now.http == running.http
    assert (now.beckn.version, now.mqtt.notice_topics) == ("2.0.0", ("notices/#",))
    assert waiting(now, wanted) == ("mqtt.notice_topics", "http.port", "beckn.version")
    assert waiting(now, now) == ()


def test_a_key_stands_for_what_is_below_it_and_nothing_beside() -> None:
    assert at_start("beckn.registries.1.url")
    assert at_start("http")
    assert not at_start("beckn.registries_of_old")
    assert not at_start("home.name")
