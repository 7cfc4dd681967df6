"""WebPushNotifier against a push service over real TLS; browsers read with their own keys."""

import json
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import http_ece
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.effects import Notification, NotificationAction
from hub.domain.push import PushSubscription
from hub.keyfiles.files import write
from hub.ports import DeliveryError
from integrations.webpush import KeyFileError, VapidKey, WebPushNotifier
from integrations.webpush.message import MOST_BYTES, message_of, topic_of
from integrations.webpush.notifier import LONGEST, PushError, encrypted
from tests.support.push import Browser, PushService, b64, push_service, unb64

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ASK = Notification(
    tag="a1b2c3d4e5f60718",
    title="Order oat milk",
    body="Green Corner: 3 × Oat milk 1 l, 8.27 EUR",
    member="ada",
    priority=4,
    actions=tuple(
        NotificationAction(verb, label, f"token-{verb}")
        for verb, label in (("approve", "Approve 8.27 EUR"), ("decline", "Decline"))
    ),
    link="http://hub.local:8480/suggestions/sug-1",
    expires=NOW + timedelta(hours=3),
)


@dataclass
class Kept:
    """The port ``PushSubscriptions``."""

    browsers: list[PushSubscription] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    def of(self, member: str) -> list[PushSubscription]:
        return [one for one in self.browsers if one.member == member]

    def drop(self, subscription_id: str) -> None:
        self.dropped.append(subscription_id)
        self.browsers = [one for one in self.browsers if one.id != subscription_id]


@pytest.fixture
async def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PushService]:
    async with push_service(tmp_path) as (found, trusted):
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        yield found


@pytest.fixture
def key(tmp_path: Path) -> VapidKey:
    return VapidKey(tmp_path / "secrets" / "vapid.pem")


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
async def notifier(
    service: PushService, key: VapidKey, kept: Kept
) -> AsyncIterator[WebPushNotifier]:
    service.key = key.public
    made = WebPushNotifier(
        "ada", kept, key, contact="mailto:nobody@commonhearth.invalid", now=lambda: NOW
    )
    yield made
    await made.close()


def browsers(service: PushService, kept: Kept, *names: str) -> list[Browser]:
    made = [Browser(f"{service.url}/{name}") for name in names]
    kept.browsers += [one.subscription for one in made]
    return made


def test_the_example_of_the_standard_is_read() -> None:
    """RFC 8291, 5 and Appendix A."""
    number = int.from_bytes(unb64("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), "big")
    browser = Browser(
        "https://push.example.net/x",
        key=ec.derive_private_key(number, ec.SECP256R1()),
        auth=unb64("BTBZMqHH6r4Tts7J_aSIgg"),
    )
    message = unb64(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmY"
        "WAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexS"
        "gSxsj_Qulcy4a-fN"
    )
    assert browser.read(message) == b"When I grow up, I want to be a watermelon"


def test_the_example_of_the_standard_is_written() -> None:
    """RFC 8291, 5: the library we encrypt with, given the example's own salt and keys."""
    sender = int.from_bytes(unb64("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big")
    made = http_ece.encrypt(
        b"When I grow up, I want to be a watermelon",
        salt=unb64("DGv6ra1nlYgDCS1FRnbzlw"),
        private_key=ec.derive_private_key(sender, ec.SECP256R1()),
        dh=unb64(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
        ),
        auth_secret=unb64("BTBZMqHH6r4Tts7J_aSIgg"),
        version="aes128gcm",
    )
    assert b64(made).endswith("y4a-fN")
    assert b64(made).startswith("DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI")


async def test_each_browser_reads_what_its_member_is_asked(
    service: PushService, notifier: WebPushNotifier, kept: Kept
) -> None:
    phone, desk = browsers(service, kept, "phone", "desk")
    kept.browsers.append(Browser(f"{service.url}/other", member="ben").subscription)
    await notifier.notify(ASK)
    assert sorted(one.path for one in service.taken) == ["/desk", "/phone"]
    bodies = {one.path: one.body for one in service.taken}
    said = json.loads(phone.read(bodies["/phone"]))
    assert said == json.loads(desk.read(bodies["/desk"]))
    assert said == {
        "tag": "a1b2c3d4e5f60718",
        "title": "Order oat milk",
        "body": "Green Corner: 3 × Oat milk 1 l, 8.27 EUR",
        "link": "http://hub.local:8480/suggestions/sug-1",
        "urgent": True,
        "expires": int((NOW + timedelta(hours=3)).timestamp() * 1000),
        "actions": [
            {"verb": "approve", "label": "Approve 8.27 EUR", "token": "token-approve"},
            {"verb": "decline", "label": "Decline", "token": "token-decline"},
        ],
    }
    headers = service.taken[0].headers
    assert (headers["TTL"], headers["Urgency"]) == ("10800", "high")
    assert headers["Topic"] == "a1b2c3d4e5f60718"
    for claims in service.claims:
        assert claims["sub"] == "mailto:nobody@commonhearth.invalid"
        assert NOW.timestamp() < int(str(claims["exp"])) <= NOW.timestamp() + 24 * 3600


async def test_what_needs_no_answer_may_wait_and_a_question_is_taken_back(
    service: PushService, notifier: WebPushNotifier, kept: Kept
) -> None:
    (phone,) = browsers(service, kept, "phone")
    await notifier.notify(Notification("t", "Milk", "It is on its way.", "ada"))
    await notifier.notify(Notification("t", "Milk", "Declined by Ben.", "ada", withdraw=True))
    first, second = service.taken
    assert (first.headers["Urgency"], first.headers["TTL"]) == ("normal", "86400")
    assert second.headers["Urgency"] == "low"
    assert "withdraw" not in json.loads(phone.read(first.body))
    assert json.loads(phone.read(second.body))["withdraw"] is True
    assert first.headers["Topic"] == second.headers["Topic"]


async def test_what_has_expired_is_not_sent_and_nothing_is_held_for_ever(
    service: PushService, notifier: WebPushNotifier, kept: Kept
) -> None:
    browsers(service, kept, "phone")
    await notifier.notify(replace(ASK, expires=NOW))
    assert service.taken == []
    await notifier.notify(replace(ASK, expires=NOW + timedelta(days=400)))
    assert int(service.taken[0].headers["TTL"]) == LONGEST.total_seconds()


@pytest.mark.parametrize("status", [404, 410])
async def test_a_subscription_that_is_gone_is_forgotten(
    service: PushService, notifier: WebPushNotifier, kept: Kept, status: int
) -> None:
    gone, there = browsers(service, kept, "gone", "there")
    service.answers["/gone"] = [web.Response(status=status)]
    await notifier.notify(ASK)
    assert kept.dropped == [gone.subscription.id]
    await notifier.notify(ASK)
    assert [one.path for one in service.taken] == ["/there", "/there"]
    assert there.read(service.taken[0].body) == there.read(service.taken[1].body)


async def test_a_second_try_is_for_those_who_missed_it(
    service: PushService, notifier: WebPushNotifier, kept: Kept
) -> None:
    browsers(service, kept, "phone", "desk")
    service.answers["/desk"] = [web.Response(status=503, headers={"Retry-After": "17"})]
    with pytest.raises(PushError) as caught:
        await notifier.notify(ASK)
    assert caught.value.retry
    assert caught.value.retry_after == 17
    await notifier.notify(ASK)
    assert [one.path for one in service.taken] == ["/phone", "/desk"]


@pytest.mark.parametrize(
    ("status", "retry"),
    [
        (400, False),
        (401, False),
        (403, False),
        (413, False),
        (302, False),
        (429, True),
        (500, True),
    ],
)
async def test_what_a_service_refuses_is_told(
    service: PushService, notifier: WebPushNotifier, kept: Kept, status: int, retry: bool
) -> None:
    browsers(service, kept, "phone")
    refusal = web.Response(status=status, text="no\nthanks", headers={"Location": "/elsewhere"})
    service.answers["/phone"] = [refusal]
    with pytest.raises(DeliveryError, match=f"127.0.0.1 answered {status}: no thanks") as caught:
        await notifier.notify(ASK)
    assert caught.value.retry is retry
    assert "\n" not in str(caught.value)
    assert "/phone" not in str(caught.value)
    assert kept.dropped == []


async def test_an_absent_service_is_tried_again(
    key: VapidKey, kept: Kept, unused_tcp_port: int
) -> None:
    kept.browsers.append(Browser(f"https://127.0.0.1:{unused_tcp_port}/x").subscription)
    notifier = WebPushNotifier("ada", kept, key, contact="https://hub.example", now=lambda: NOW)
    with pytest.raises(DeliveryError, match="cannot be reached") as caught:
        await notifier.notify(ASK)
    await notifier.close()
    assert caught.value.retry


async def test_a_service_nobody_vouches_for_is_not_trusted(
    service: PushService,
    notifier: WebPushNotifier,
    kept: Kept,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    browsers(service, kept, "phone")
    with pytest.raises(DeliveryError, match="cannot be reached"):
        await notifier.notify(ASK)
    assert service.taken == []


async def test_a_point_off_the_curve_costs_that_browser_only(
    service: PushService, notifier: WebPushNotifier, kept: Kept
) -> None:
    browsers(service, kept, "phone")
    odd = PushSubscription("ada", f"{service.url}/odd", b"\4" * 65, b"s" * 16)
    kept.browsers.append(odd)
    await notifier.notify(ASK)
    assert kept.dropped == [odd.id]
    assert [one.path for one in service.taken] == ["/phone"]


def test_the_key_is_kept_and_is_nobody_elses(tmp_path: Path) -> None:
    file = tmp_path / "secrets" / "vapid.pem"
    first = VapidKey(file).public
    assert VapidKey(file).public == first
    assert len(unb64(first)) == 65
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_damaged_key_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "vapid.pem"
    for damaged in (b"", b"-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n", b"\xff"):
        write(file, damaged)
        with pytest.raises(KeyFileError, match=r"vapid\.pem: expected a P-256 key"):
            _ = VapidKey(file).public


@given(
    st.text(),
    st.text(),
    st.lists(st.text(max_size=200), max_size=4),
    st.text(max_size=40),
    st.integers(0, 3),
)
def test_what_is_sent_always_fits(
    title: str, body: str, labels: list[str], tag: str, weight: int
) -> None:
    actions = tuple(NotificationAction("v", label, "t" * 512 * weight) for label in labels)
    said = Notification(tag, title, body * 50, "ada", actions=actions, link="https://h/" + tag)
    message = message_of(said)
    assert len(message) <= MOST_BYTES
    assert len(encrypted(message, Browser("https://x").subscription)) <= 4096
    assert len(topic_of(tag)) <= 32
