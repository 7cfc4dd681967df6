"""The provider's own pages: who may see where people live, and what a start says."""

import asyncio
from pathlib import Path
from unittest.mock import Mock

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from integrations.beckn.provider import serve_provider
from integrations.beckn.provider.door import Door, load_or_make_token
from integrations.beckn.provider.listing import ListingError
from integrations.beckn.provider.server import _url
from integrations.beckn.registry import load

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "config/demo/catalogues/green-valley.yaml"


DOOR = Door("a token of some length")


def asked_from(address, **headers):
    transport = Mock()
    transport.get_extra_info.side_effect = lambda name: (address, 1) if name == "peername" else None
    sent = {"Host": "127.0.0.1:8501"} | {name.replace("_", "-"): v for name, v in headers.items()}
    return make_mocked_request("GET", "/orders", headers=sent, transport=transport)


@pytest.mark.parametrize("address", ["192.168.1.7", "2001:db8::1", "", "nonsense"])
def test_orders_are_not_shown_to_other_machines(address):
    with pytest.raises(web.HTTPForbidden):
        DOOR.let_in(asked_from(address))


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_orders_are_shown_on_this_machine(address):
    DOOR.let_in(asked_from(address))
    assert asked_from(address).remote == address


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "shop.example.org"},
        {"X_Forwarded_For": "203.0.113.7"},
        {"Forwarded": "for=203.0.113.7"},
        {"Authorization": "Bearer another token at all"},
    ],
)
def test_what_a_proxy_or_a_foreign_name_brings_is_not_of_this_machine(headers):
    address = "192.0.2.1" if "Authorization" in headers else "127.0.0.1"
    with pytest.raises(web.HTTPForbidden):
        DOOR.let_in(asked_from(address, **headers))


def test_the_token_opens_from_anywhere():
    request = asked_from("192.0.2.1", Authorization="Bearer a token of some length")
    DOOR.let_in(request)
    DOOR.let_in(asked_from("192.0.2.1", Cookie=f"desk={DOOR.cookie}"))
    assert not DOOR.knows(DOOR.cookie)


def test_the_token_is_made_once_and_is_its_owners_alone(tmp_path):
    path = tmp_path / "data" / "desk-token"
    token = load_or_make_token(path)
    assert load_or_make_token(path) == token
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(ValueError, match="16 characters"):
        Door("")


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::1", "http://[::1]:80"),
        ("shop.local", "http://shop.local:80"),
    ],
)
def test_the_address_is_one_that_can_be_called(host, url):
    assert _url(host, 80) == url


async def started(**settings):
    """Start a provider, stop it once it is ready; return what it said and its URL."""
    lines, ready = [], asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve_provider(DEMO, say=lines.append, ready=ready.set_result, **settings)
    )
    done, _ = await asyncio.wait({serving, ready}, timeout=15, return_when="FIRST_COMPLETED")
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    assert ready in done, serving.exception()
    return lines, ready.result()


async def test_it_enters_itself_into_the_registry_under_its_public_address(tmp_path):
    registry, data = tmp_path / "registry.yaml", tmp_path / "data"
    url = "https://valley.example.org/shop/"
    _, told = await started(data=data, registry=registry, public_url=url)
    (entry,) = load(registry)
    assert told == "https://valley.example.org/shop"
    assert entry.uri == "https://valley.example.org/shop/beckn/v2"
    assert (entry.role, entry.subscriber_id) == ("BPP", "green-valley.commonhearth.local")


async def test_without_a_registry_it_says_that_nobody_is_answered(tmp_path):
    lines, _ = await started(data=tmp_path)
    assert "refused" in lines[0]
    assert "Green Valley" in lines[1]


async def test_a_catalogue_that_cannot_be_used_stops_it_with_one_line(tmp_path):
    with pytest.raises(ListingError, match="cannot be read"):
        await serve_provider(tmp_path / "none.yaml", data=tmp_path)
