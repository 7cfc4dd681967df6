"""Found and finding by mDNS, with real zeroconf on the loopback interface."""

from __future__ import annotations

from integrations.mdns.announce import Announcer, Service
from integrations.mdns.find import Found, find
from tests.support.hubprocess import until

HERE = ("127.0.0.1",)


async def test_what_is_announced_is_found_and_its_process_ends() -> None:
    services = [
        Service("_mqtt._tcp", "Commonhearth test broker", 18830),
        Service("_secure-mqtt._tcp", "Commonhearth test broker", 18831),
        Service("_commonhearth._tcp", "Commonhearth test", 8480, {"path": "/", "tls": "0"}),
    ]
    announcer = Announcer(services, HERE)
    assert await announcer.start()
    found = await find(HERE)
    assert Found("Commonhearth test broker", "mqtt://127.0.0.1:18830") in found
    assert Found("Commonhearth test broker", "mqtts://127.0.0.1:18831") in found
    assert not [one for one in found if one.url.endswith(":8480")]
    pid = announcer.pid
    await announcer.stop()
    until(lambda: not _runs(pid))


def _runs(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
