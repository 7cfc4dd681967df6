"""A reverse proxy is believed where hub.yaml names it, and nobody else is."""

from __future__ import annotations

import ipaddress

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from hub.settings import HttpSettings
from hub.web.proxies import behind

TRUSTED = HttpSettings(trusted_proxies=("10.0.0.0/8", "::1")).proxies


async def seen(remote: str, **headers: str) -> tuple[str | None, str, str]:
    """Return as whom, by which scheme and under which name a request is taken."""
    found: list[web.Request] = []

    async def handler(request: web.Request) -> web.Response:
        found.append(request)
        return web.Response()

    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = make_mocked_request("GET", "/", headers={"Host": "hub.lan", **named})
    await behind(lambda: TRUSTED)(request.clone(remote=remote), handler)
    return found[0].remote, found[0].scheme, found[0].host


async def test_a_trusted_proxy_says_who_asks() -> None:
    told = {"X_Forwarded_For": "203.0.113.9", "X_Forwarded_Proto": "https"}
    assert await seen("10.1.2.3", **told, X_Forwarded_Host="hearth.example") == (
        "203.0.113.9",
        "https",
        "hearth.example",
    )
    assert await seen("::ffff:10.1.2.3", **told) == ("203.0.113.9", "https", "hub.lan")


async def test_anybody_else_is_not_believed() -> None:
    told = {"X_Forwarded_For": "127.0.0.1", "X_Forwarded_Proto": "https"}
    assert await seen("192.168.1.7", **told, X_Forwarded_Host="evil.example") == (
        "192.168.1.7",
        "http",
        "hub.lan",
    )


async def test_what_a_stranger_put_before_the_proxy_does_not_count() -> None:
    remote, _, _ = await seen("10.0.0.1", X_Forwarded_For="127.0.0.1, 203.0.113.9, 10.0.0.2")
    assert remote == "203.0.113.9"
    remote, scheme, _ = await seen(
        "10.0.0.1", X_Forwarded_For='nonsense, , "<', X_Forwarded_Proto="gopher"
    )
    assert (remote, scheme) == ("10.0.0.1", "http")


def test_what_is_no_network_is_named() -> None:
    with pytest.raises(ValueError, match=r"such as 192\.168\.1\.0/24, got 'router'"):
        HttpSettings(trusted_proxies=("router",))
    assert HttpSettings(trusted_proxies=("127.0.0.1",)).proxies == (
        ipaddress.ip_network("127.0.0.1/32"),
    )
