"""NtfyNotifier against a receiver that speaks as an ntfy server does, over real HTTP."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.effects import Notification, NotificationAction
from hub.ports import DeliveryError
from hub.settings import NtfySettings
from integrations.ntfy import NtfyNotifier, make_topic
from integrations.ntfy.notifier import BIGGEST_BODY, NtfyError, capped

ACTIONS = tuple(
    NotificationAction(verb, label, f"token-{verb}")
    for verb, label in (
        ("approve", "Approve"),
        ("decline", "Decline"),
        ("later", "Later"),
        ("extra", "One too many"),
    )
)
ASK = Notification(
    tag="sug-1",
    title="Order oat milk",
    body="Green Corner: 3 × Oat milk 1 l, 8.27 EUR",
    member="ada",
    priority=4,
    actions=ACTIONS,
    link="http://hub.local:8480/suggestions/sug-1",
)


@dataclass
class Receiver:
    """What ntfy's server checks, as far as a publisher can tell."""

    url: str = ""
    published: list[dict[str, object]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answers: list[web.Response] = field(default_factory=list)
    hang_up: bool = False

    async def receive(self, request: web.Request) -> web.Response:
        if self.hang_up:
            assert request.transport is not None
            request.transport.abort()
        self.headers.append(dict(request.headers))
        raw = await request.read()
        assert len(raw) <= BIGGEST_BODY
        message = json.loads(raw)
        assert re.fullmatch(r"[-_A-Za-z0-9]{1,64}", message["topic"])
        assert re.fullmatch(r"[-_A-Za-z0-9]{1,64}", message["sequence_id"])
        assert len(message["message"].encode()) <= 4096
        assert len(message.get("actions", [])) <= 3
        if self.answers:
            return self.answers.pop(0)
        self.published.append(message)
        return web.json_response({"id": "sPs71M8A2T", "event": "message"})


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    app = web.Application()
    app.router.add_post("/", found.receive)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()


@pytest.fixture
async def notifier(receiver: Receiver) -> AsyncIterator[NtfyNotifier]:
    made = _notifier(receiver, token="tk_secret")
    yield made
    await made.close()


def _notifier(receiver: Receiver, *, token: str | None = None) -> NtfyNotifier:
    settings = NtfySettings(url=receiver.url, token=token)
    return NtfyNotifier(settings, topic="hearth-ada-1", base_url=lambda: "http://hub.local:8480/")


async def test_publishes_what_a_member_is_asked(receiver: Receiver, notifier: NtfyNotifier) -> None:
    await notifier.notify(ASK)
    (message,) = receiver.published
    assert message == {
        "topic": "hearth-ada-1",
        "title": "Order oat milk",
        "message": "Green Corner: 3 × Oat milk 1 l, 8.27 EUR",
        "tags": ["house"],
        "priority": 4,
        "sequence_id": "sug-1",
        "click": "http://hub.local:8480/suggestions/sug-1",
        "actions": [
            {
                "action": "http",
                "label": label,
                "url": f"http://hub.local:8480/a/token-{verb}",
                "method": "POST",
                "clear": True,
            }
            for verb, label in (("approve", "Approve"), ("decline", "Decline"), ("later", "Later"))
        ],
    }
    assert receiver.headers[0]["Authorization"] == "Bearer tk_secret"


async def test_without_a_token_none_is_sent(receiver: Receiver) -> None:
    notifier = _notifier(receiver)
    await notifier.notify(ASK)
    await notifier.close()
    assert "Authorization" not in receiver.headers[0]


async def test_the_same_tag_is_the_same_sequence(
    receiver: Receiver, notifier: NtfyNotifier
) -> None:
    odd = "a cause / with any words in it " * 9
    for tag in (odd, odd, "another"):
        await notifier.notify(Notification(tag, "Milk", "Done", "ada"))
    first, second, third = (message["sequence_id"] for message in receiver.published)
    assert first == second != third
    assert "actions" not in receiver.published[0]
    assert "click" not in receiver.published[0]


async def test_long_texts_are_cut_between_characters(
    receiver: Receiver, notifier: NtfyNotifier
) -> None:
    await notifier.notify(Notification("t", "Ä" * 900, "€" * 9000, "ada", priority=9))
    (message,) = receiver.published
    assert str(message["title"]).strip("Ä") == "…"
    assert str(message["message"]).strip("€") == "…"
    assert message["priority"] == 5


@pytest.mark.parametrize(
    ("status", "retry", "words"),
    [
        (400, False, "invalid topic"),
        (401, False, "check ntfy.token"),
        (403, False, "check ntfy.token"),
        (404, False, "invalid topic"),
        (302, False, "check ntfy.url"),
        (413, False, "check ntfy.url"),
        (429, True, "invalid topic"),
        (500, True, "invalid topic"),
        (503, True, "invalid topic"),
    ],
)
async def test_what_the_server_refuses_is_told(
    receiver: Receiver, notifier: NtfyNotifier, status: int, retry: bool, words: str
) -> None:
    refusal = {"code": 40009, "http": status, "error": "invalid topic\nline"}
    receiver.answers.append(web.json_response(refusal, status=status, headers={"Location": "/x"}))
    with pytest.raises(DeliveryError) as caught:
        await notifier.notify(ASK)
    assert caught.value.retry is retry
    assert not caught.value.unknown
    assert str(status) in str(caught.value)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "tk_secret" not in str(caught.value)


async def test_retry_after_is_passed_on(receiver: Receiver, notifier: NtfyNotifier) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    waits = []
    for header in ("17", soon, "999999999", "nonsense", None):
        headers = {"Retry-After": header} if header else {}
        receiver.answers.append(web.Response(status=429, text="busy", headers=headers))
        with pytest.raises(NtfyError) as caught:
            await notifier.notify(ASK)
        waits.append(caught.value.retry_after)
    assert waits[0] == 17
    assert waits[1] is not None
    assert 50 < waits[1] <= 100
    assert waits[2:] == [3600, None, None]


async def test_an_answer_that_is_not_json_is_no_surprise(
    receiver: Receiver, notifier: NtfyNotifier
) -> None:
    for body in (b"[" * 5000, b"\xff\xfe", b"[]", b""):
        receiver.answers.append(web.Response(status=502, body=body))
        with pytest.raises(DeliveryError, match="502: Bad Gateway"):
            await notifier.notify(ASK)


async def test_a_lost_answer_leaves_it_unknown(receiver: Receiver, notifier: NtfyNotifier) -> None:
    receiver.hang_up = True
    with pytest.raises(DeliveryError) as caught:
        await notifier.notify(ASK)
    assert caught.value.unknown
    assert caught.value.retry


async def test_an_absent_server_is_tried_again(unused_tcp_port: int) -> None:
    settings = NtfySettings(url=f"http://127.0.0.1:{unused_tcp_port}")
    notifier = NtfyNotifier(settings, topic="t", base_url=lambda: "http://hub")
    with pytest.raises(DeliveryError, match="cannot be reached") as caught:
        await notifier.notify(ASK)
    await notifier.close()
    assert caught.value.retry
    assert not caught.value.unknown


@pytest.mark.parametrize("url", ["ntfy.example", "", "http://"])
async def test_a_bad_address_is_said(url: str) -> None:
    notifier = NtfyNotifier(NtfySettings(url=url), topic="t", base_url=lambda: "http://hub")
    with pytest.raises(DeliveryError, match=r"ntfy\.url") as caught:
        await notifier.notify(ASK)
    await notifier.close()
    assert not caught.value.retry


@pytest.mark.parametrize("topic", ["", "a/b", "with space", "x" * 65])
def test_a_topic_ntfy_would_refuse_is_refused(topic: str) -> None:
    with pytest.raises(ValueError, match=r"ntfy\.topic"):
        NtfyNotifier(NtfySettings(), topic=topic, base_url=lambda: "http://hub")


def test_topics_cannot_be_guessed() -> None:
    made = {make_topic("ada") for _ in range(200)}
    assert len(made) == 200
    for topic in (*made, make_topic("x" * 32), make_topic("ä/ö")):
        assert re.fullmatch(r"[-_A-Za-z0-9]{1,64}", topic)
        assert len(bytes.fromhex(topic.rpartition("-")[2])) * 8 >= 128


@given(st.text(), st.integers(4, 60))
def test_capped_never_exceeds(text: str, most: int) -> None:
    short = capped(text, most)
    assert len(short.encode()) <= most
    if len(text.encode("utf-8", "replace")) <= most:
        assert short == text.encode("utf-8", "replace").decode()
