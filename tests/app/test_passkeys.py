"""The ceremonies of WebAuthn, answered by an authenticator in software."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.app import passkeys as ceremonies
from hub.app.passkeys import MOST_CHALLENGES, Challenges, HubPasskeys
from hub.settings import HttpSettings
from hub.store.access import Access
from hub.store.database import open_database
from hub.web.passkeys import PasskeyRefused, Place
from tests.support.authenticator import PRESENT, Authenticator

NOW = datetime(2026, 11, 24, 16, 20, tzinfo=UTC)
PLACE = Place("hearth.example", "https://hearth.example")


class Clock:
    at = NOW

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def passkeys(tmp_path: Path, clock: Clock) -> Iterator[HubPasskeys]:
    engine = open_database(tmp_path / "hub.sqlite")
    yield HubPasskeys(engine, HttpSettings(), clock)
    engine.dispose()


def made(passkeys: HubPasskeys, device: Authenticator, name: str = "Ada's phone") -> str:
    options = passkeys.ask_new(PLACE, "ada", "Ada", b"h" * 32, "session")
    return passkeys.add(PLACE, "ada", name, device.make(options), "session").id


@pytest.fixture
def device(passkeys: HubPasskeys) -> Authenticator:
    """A device whose passkey the hub knows."""
    found = Authenticator(PLACE.origin)
    made(passkeys, found)
    return found


def test_with_a_passkey_go_the_sessions_it_made_and_no_others(
    passkeys: HubPasskeys, device: Authenticator, clock: Clock
) -> None:
    access = Access(passkeys._store._engine)
    other = Authenticator(PLACE.origin)
    made(passkeys, other, "Ada's tablet")
    secrets = []
    for one in (device, device, other):
        answer = one.sign(passkeys.ask(PLACE, "form"))
        assert passkeys.take(PLACE, answer, "form") == "ada"
        secrets.append(access.create_session("ada", NOW)[0])
        passkeys.opened(answer, secrets[-1])
    by_code = access.create_session("ada", NOW)[0]
    access.end_session(secrets[0])
    ids = {one.name: one.id for one in passkeys.of("ada")}
    assert passkeys.remove("ada", ids["Ada's phone"])
    there = [access.session(secret, NOW) is not None for secret in (*secrets, by_code)]
    assert there == [False, False, True, True]
    assert passkeys.remove("ada", ids["Ada's tablet"])
    assert access.session(secrets[2], NOW) is None
    assert access.session(by_code, NOW) is not None


def test_a_passkey_signs_its_member_in(
    passkeys: HubPasskeys, device: Authenticator, clock: Clock
) -> None:
    asked = passkeys.ask(PLACE, "form")
    assert json.loads(asked)["userVerification"] == "required"
    assert passkeys.take(PLACE, device.sign(asked), "form") == "ada"
    (view,) = passkeys.of("ada")
    assert (view.name, view.place, view.used_at) == ("Ada's phone", "hearth.example", NOW)
    assert passkeys.of("ben") == []
    assert not passkeys.remove("ben", view.id)
    assert passkeys.remove("ada", view.id)
    with pytest.raises(PasskeyRefused, match="not accepted"):
        passkeys.take(PLACE, device.sign(passkeys.ask(PLACE, "form")), "form")


def test_what_is_made_is_found_without_a_name_and_verified(passkeys: HubPasskeys) -> None:
    made(passkeys, Authenticator(PLACE.origin))
    options = json.loads(passkeys.ask_new(PLACE, "ada", "Ada", b"h" * 32, "session"))
    wanted = options["authenticatorSelection"]
    assert (wanted["residentKey"], wanted["userVerification"]) == ("required", "required")
    assert options["attestation"] == "none"
    assert len(options["excludeCredentials"]) == 1


def test_another_origin_is_refused(passkeys: HubPasskeys, device: Authenticator) -> None:
    device.origin = "https://hearth.example.evil.example"
    with pytest.raises(PasskeyRefused, match="not accepted"):
        passkeys.take(PLACE, device.sign(passkeys.ask(PLACE, "form")), "form")
    with pytest.raises(PasskeyRefused, match="not accepted"):
        made(passkeys, Authenticator("https://evil.example"))


def test_an_answer_is_taken_once(passkeys: HubPasskeys, device: Authenticator) -> None:
    answer = device.sign(passkeys.ask(PLACE, "form"))
    assert passkeys.take(PLACE, answer, "form") == "ada"
    with pytest.raises(PasskeyRefused, match="answered already"):
        passkeys.take(PLACE, answer, "form")


def test_a_challenge_is_for_one_browser_one_purpose_and_five_minutes(
    passkeys: HubPasskeys, device: Authenticator, clock: Clock
) -> None:
    answer = device.sign(passkeys.ask(PLACE, "another browser"))
    with pytest.raises(PasskeyRefused, match="too long"):
        passkeys.take(PLACE, answer, "form")
    elsewhere = Place("hub.local", "https://hub.local")
    with pytest.raises(PasskeyRefused, match="too long"):
        passkeys.take(PLACE, device.sign(passkeys.ask(elsewhere, "form")), "form")
    new = json.loads(passkeys.ask_new(PLACE, "ada", "Ada", b"h" * 32, "form"))
    crossed = device.sign(json.dumps({"rpId": PLACE.rp_id, "challenge": new["challenge"]}))
    with pytest.raises(PasskeyRefused, match="too long"):
        passkeys.take(PLACE, crossed, "form")
    made_up = device.sign(json.dumps({"rpId": PLACE.rp_id, "challenge": "AAAA"}))
    with pytest.raises(PasskeyRefused, match="too long"):
        passkeys.take(PLACE, made_up, "form")
    late = device.sign(passkeys.ask(PLACE, "form"))
    clock.at = NOW + timedelta(minutes=5)
    with pytest.raises(PasskeyRefused, match="too long"):
        passkeys.take(PLACE, late, "form")


def test_a_copy_is_refused_told_and_signs_nobody_in_any_more(
    passkeys: HubPasskeys, device: Authenticator, caplog: pytest.LogCaptureFixture
) -> None:
    device.count = 7
    passkeys.take(PLACE, device.sign(passkeys.ask(PLACE, "form")), "form")
    copy = Authenticator(PLACE.origin, 7, key=device.key, credential=device.credential)
    with pytest.raises(PasskeyRefused, match="copied"):
        passkeys.take(PLACE, copy.sign(passkeys.ask(PLACE, "form")), "form")
    (view,) = passkeys.of("ada")
    assert view.copied_at == NOW
    assert "there is a copy of it" in caplog.text
    copy.count = 900
    with pytest.raises(PasskeyRefused, match="copied"):
        passkeys.take(PLACE, copy.sign(passkeys.ask(PLACE, "form")), "form")


def test_nobody_without_the_key_has_a_passkey_taken_for_a_copy(
    passkeys: HubPasskeys, device: Authenticator
) -> None:
    passkeys.take(PLACE, device.sign(passkeys.ask(PLACE, "form")), "form")
    forged = Authenticator(PLACE.origin, credential=device.credential)
    with pytest.raises(PasskeyRefused, match="not accepted"):
        passkeys.take(PLACE, forged.sign(passkeys.ask(PLACE, "form")), "form")
    assert passkeys.of("ada")[0].copied_at is None
    assert passkeys.take(PLACE, device.sign(passkeys.ask(PLACE, "form")), "form") == "ada"


def test_a_passkey_that_does_not_count_may_be_used_again(passkeys: HubPasskeys) -> None:
    device = Authenticator(PLACE.origin)
    made(passkeys, device)
    for _ in range(2):
        device.count = -1  # signs with 0: phones that share passkeys do not count
        assert passkeys.take(PLACE, device.sign(passkeys.ask(PLACE, "form")), "form") == "ada"


def test_a_finger_face_or_pin_is_needed(passkeys: HubPasskeys, device: Authenticator) -> None:
    device.flags = PRESENT
    with pytest.raises(PasskeyRefused, match="not accepted"):
        passkeys.take(PLACE, device.sign(passkeys.ask(PLACE, "form")), "form")
    with pytest.raises(PasskeyRefused, match="not accepted"):
        made(passkeys, Authenticator(PLACE.origin, flags=PRESENT))


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "[]",
        "{}",
        "{",
        "[" * 9000,
        "x" * 17_000,
        '{"response": 1}',
        '{"response": {"clientDataJSON": 5}}',
        '{"response": {"clientDataJSON": "AAAA"}}',
        '{"response": {"clientDataJSON": "bnVsbA"}}',
        '{"response": {"clientDataJSON": "é"}}',
    ],
)
def test_nonsense_is_refused_in_one_line(passkeys: HubPasskeys, answer: str) -> None:
    with pytest.raises(PasskeyRefused, match="not accepted"):
        passkeys.take(PLACE, answer, "form")
    with pytest.raises(PasskeyRefused, match="not accepted"):
        passkeys.add(PLACE, "ada", "phone", answer, "form")


def test_parts_of_a_real_answer_that_are_nonsense(
    passkeys: HubPasskeys, device: Authenticator
) -> None:
    for wrong in (None, 5, "", "AAAA", {}, "é"):
        for part in ("authenticatorData", "signature"):
            answer = json.loads(device.sign(passkeys.ask(PLACE, "form")))
            answer["response"][part] = wrong
            with pytest.raises(PasskeyRefused, match="not accepted"):
                passkeys.take(PLACE, json.dumps(answer), "form")
        answer = json.loads(device.sign(passkeys.ask(PLACE, "form")))
        answer["rawId"] = wrong
        with pytest.raises(PasskeyRefused, match="not accepted"):
            passkeys.take(PLACE, json.dumps(answer), "form")


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "a\x00b"])
def test_a_name_is_short_and_printable(passkeys: HubPasskeys, name: str) -> None:
    with pytest.raises(PasskeyRefused, match="1 to 64"):
        made(passkeys, Authenticator(PLACE.origin), name)


def test_a_passkey_is_kept_once_and_twenty_are_enough(passkeys: HubPasskeys) -> None:
    device = Authenticator(PLACE.origin)
    made(passkeys, device)
    with pytest.raises(PasskeyRefused, match="known already"):
        made(passkeys, device)
    for _ in range(19):
        made(passkeys, Authenticator(PLACE.origin))
    with pytest.raises(PasskeyRefused, match="you have twenty"):
        made(passkeys, Authenticator(PLACE.origin))


def test_challenges_are_bounded() -> None:
    challenges = Challenges()
    first = challenges.make("new", "a", PLACE, NOW)
    for _ in range(MOST_CHALLENGES):
        challenges.make("new", "a", PLACE, NOW)
    assert len(challenges) == MOST_CHALLENGES
    assert not challenges.take(first, "new", "a", PLACE, NOW)


def test_the_hub_knows_itself_by_names_and_not_by_addresses(passkeys: HubPasskeys) -> None:
    assert "localhost" in passkeys.names
    assert not any(name[0].isdigit() or ":" in name for name in passkeys.names)
    assert ceremonies.LONGEST_ANSWER < 64 * 1024
