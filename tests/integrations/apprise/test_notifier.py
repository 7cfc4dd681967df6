"""AppriseNotifier over Apprise's own json:// scheme to a local server."""

import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from hub.domain.effects import Notification, NotificationAction
from hub.ports import DeliveryError
from integrations.apprise import AppriseNotifier

ASK = Notification(
    tag="sug-1",
    title="Order oat milk",
    body="Green Corner: 8.27 EUR <b>&",
    member="ada",
    actions=(NotificationAction("approve", "Approve", "token-1"),),
    link="http://hub.local:8480/suggestions/sug-1",
)


@dataclass
class Receiver:
    port: int = 0
    got: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    refuse: set[str] = field(default_factory=set)

    async def receive(self, request: web.Request) -> web.Response:
        if request.path in self.refuse:
            return web.Response(status=500)
        self.got.setdefault(request.path, []).append(await request.json())
        return web.Response()

    def url(self, path: str) -> str:
        return f"json://user:hunter2@127.0.0.1:{self.port}{path}"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    app = web.Application()
    app.router.add_post("/{name}", found.receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.port = runner.addresses[0][1]
    yield found
    await runner.cleanup()


async def test_sends_to_every_service_with_the_link(receiver: Receiver) -> None:
    notifier = AppriseNotifier([receiver.url("/one"), receiver.url("/two")])
    await notifier.notify(ASK)
    await notifier.close()
    assert set(receiver.got) == {"/one", "/two"}
    (message,) = receiver.got["/one"]
    assert message["title"] == "Order oat milk"
    assert message["message"] == f"Green Corner: 8.27 EUR <b>&\n\n{ASK.link}"
    assert "token-1" not in str(message)


async def test_a_second_try_leaves_out_who_had_it(receiver: Receiver) -> None:
    notifier = AppriseNotifier([receiver.url("/one"), receiver.url("/two")])
    receiver.refuse.add("/two")
    with pytest.raises(DeliveryError) as caught:
        await notifier.notify(ASK)
    assert str(caught.value) == "not delivered by apprise[1] (json)"
    assert caught.value.retry
    receiver.refuse.clear()
    await notifier.notify(ASK)
    assert [len(receiver.got[path]) for path in ("/one", "/two")] == [1, 1]
    await notifier.notify(ASK)
    await notifier.close()
    assert [len(receiver.got[path]) for path in ("/one", "/two")] == [2, 2]


async def test_no_secret_is_told(
    receiver: Receiver, unused_tcp_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    absent = f"json://user:hunter2@127.0.0.1:{unused_tcp_port}/"
    for urls, retry in (([absent], True), (["nonsense://user:hunter2@x"], False), (["x"], False)):
        notifier = AppriseNotifier(urls)
        with pytest.raises(DeliveryError) as caught:
            await notifier.notify(ASK)
        await notifier.close()
        assert caught.value.retry is retry
        assert "apprise[0]" in str(caught.value)
        told = f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
        assert "hunter2" not in told
    assert "hunter2" not in caplog.text


def test_apprise_is_imported_only_when_used() -> None:
    program = (
        "import sys; from integrations.apprise import AppriseNotifier;"
        "from integrations.ntfy import NtfyNotifier; AppriseNotifier(['json://x']);"
        "sys.exit('apprise' in sys.modules or 'aiohttp' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
