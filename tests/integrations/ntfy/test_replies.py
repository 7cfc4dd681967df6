"""ReplyListener on a server that streams as ntfy does: in order, from where it was left."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

import integrations.ntfy.replies as replies
from hub.domain.effects import Notification, NotificationAction
from hub.settings import NtfySettings
from integrations.ntfy import NtfyNotifier
from integrations.ntfy.replies import MOST_LINE, Reply, ReplyListener, reply_url, wanted
from tests.support.hubprocess import until
from tests.support.ntfy import NtfyServer, press

TOPIC = "hearth-reply-1"


@pytest.fixture
def server() -> Iterator[NtfyServer]:
    with NtfyServer() as running:
        yield running


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replies, "FIRST_PAUSE", 0.01)


class Taken:
    """Takes answers; fails as often as ``faults`` says."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.faults = 0
        self.came = asyncio.Event()

    async def __call__(self, reply: Reply) -> None:
        if self.faults:
            self.faults -= 1
            raise RuntimeError("the disk is full")
        self.replies.append(reply)
        self.came.set()

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self.replies]

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not true():
                self.came.clear()
                await asyncio.wait_for(self.came.wait(), 20)


@pytest.fixture
def taken() -> Taken:
    return Taken()


@pytest.fixture
async def listen(server: NtfyServer, taken: Taken) -> AsyncIterator[Callable[..., ReplyListener]]:
    made: list[ReplyListener] = []

    def start(since: str = "", token: str | None = None) -> ReplyListener:
        settings = NtfySettings(url=server.url + "/", token=token)
        made.append(ReplyListener(settings, TOPIC, taken, since=since))
        made[-1].start()
        return made[-1]

    yield start
    for one in made:
        await one.stop()


async def test_answers_are_taken_in_order_also_those_from_before(
    server: NtfyServer, taken: Taken, listen: Callable[..., ReplyListener]
) -> None:
    server.publish(TOPIC, message="first\n")
    server.publish("another", message="not for us")
    listen(token="tk_secret")
    await taken.until(lambda: taken.texts == ["first"])
    server.publish(TOPIC, message="second")
    await taken.until(lambda: taken.texts == ["first", "second"])
    assert server.since == ["all"]
    assert server.authorization == ["Bearer tk_secret"]


async def test_reading_goes_on_where_it_was_left(
    server: NtfyServer, taken: Taken, listen: Callable[..., ReplyListener]
) -> None:
    first = server.publish(TOPIC, message="first")
    server.publish(TOPIC, message="second")
    listen(since=first["id"])
    await taken.until(lambda: taken.texts == ["second"])
    server.drop()
    server.publish(TOPIC, message="third")
    await taken.until(lambda: taken.texts == ["second", "third"])
    assert server.since[-1] == taken.replies[0].id


async def test_what_could_not_be_taken_is_read_again(
    server: NtfyServer, taken: Taken, listen: Callable[..., ReplyListener]
) -> None:
    taken.faults = 2
    listen()
    server.publish(TOPIC, message="first")
    server.publish(TOPIC, message="second")
    await taken.until(lambda: taken.texts == ["first", "second"])


async def test_a_server_that_refuses_is_asked_again_later(
    server: NtfyServer, taken: Taken, listen: Callable[..., ReplyListener]
) -> None:
    server.status = 503
    server.publish(TOPIC, message="first")
    listen()
    await asyncio.to_thread(until, lambda: server.since)
    server.status = 200
    await taken.until(lambda: taken.texts == ["first"])


async def test_what_is_no_message_is_passed_over(
    server: NtfyServer, taken: Taken, listen: Callable[..., ReplyListener]
) -> None:
    for odd in (
        {"message": "x" * 3 * MOST_LINE},
        {"message": 7},
        {"message": None},
        {"message": "old", "event": "keepalive"},
    ):
        message = server.publish(TOPIC, **odd)
        message.update(odd)
    server.publish(TOPIC, message="an answer")
    listen()
    await taken.until(lambda: taken.texts == ["an answer"])


async def test_a_button_publishes_its_token_to_the_topic(
    server: NtfyServer, taken: Taken, listen: Callable[..., ReplyListener]
) -> None:
    settings = NtfySettings(url=server.url)
    notifier = NtfyNotifier(
        settings,
        topic="hearth-ada-1",
        base_url=lambda: "http://127.0.0.1:8480",
        reply_url=reply_url(settings, TOPIC),
    )
    action = NotificationAction("approve", "Approve", "a-token")
    await notifier.notify(Notification("t", "Milk", "Order?", "ada", actions=(action,)))
    await notifier.close()
    (shown,) = server.messages
    assert "8480" not in str(shown["actions"])
    await asyncio.to_thread(press, shown, "Approve")
    listen()
    await taken.until(lambda: taken.texts == ["a-token"])


@pytest.mark.parametrize(
    ("reply", "server", "public", "expected"),
    [
        ("auto", "https://ntfy.sh", None, True),
        ("auto", "https://ntfy.sh", "https://hub.example", False),
        ("auto", "http://127.0.0.1:2586", None, False),
        ("auto", "http://localhost", None, False),
        ("auto", "http://[::1]:2586", None, False),
        ("auto", "http://ntfy.lan", None, True),
        ("on", "http://127.0.0.1", "https://hub.example", True),
        ("off", "https://ntfy.sh", None, False),
    ],
)
def test_when_buttons_answer_over_the_topic(
    reply: str, server: str, public: str | None, expected: bool
) -> None:
    settings = NtfySettings.model_validate({"url": server, "reply": reply})
    assert wanted(settings, public) is expected
