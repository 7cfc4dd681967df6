"""Two households, a relay between them: the one that buys has no port that others can reach."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.hubprocess import HubProcess, until
from tests.support.mosquitto import Mosquitto, free_port, start_mosquitto
from tests.support.network import RegistryProcess, RelayProcess
from tests.support.ordering import GROCERIES, Seller, approve, offered, order_in, run_low

GARDEN = {
    "provider": {
        "id": "next-door",
        "name": "Next door",
        "kind": "grocer",
        "timezone": "Europe/Berlin",
        "currency": "EUR",
        "lead_minutes": 0,
        "days_ahead": 2,
        "needs": ["name"],
    },
    "items": [
        {"id": "milk", "name": "Milk", "price": "1.10", "size": 1, "unit": "l", "stock": 9},
        {"id": "eggs", "name": "Eggs", "price": "2.50", "size": 10, "unit": "pc", "stock": 4},
    ],
    "slots": [
        {"id": "day", "start": "08:00", "end": "20:00", "capacity": 5},
        {"id": "night", "start": "20:00", "end": "23:59", "capacity": 5},
    ],
}


def test_a_whole_order_without_an_open_port(tmp_path: Path) -> None:
    catalog = tmp_path / "garden.yaml"
    catalog.write_text(json.dumps(GARDEN))
    stall = free_port()
    with (
        start_mosquitto(tmp_path) as broker,
        RegistryProcess(tmp_path) as registry,
        RelayProcess(tmp_path, broker, "--registry-url", registry.url) as relay,
    ):
        network = {"registries": [{"url": registry.url}]}
        selling = {
            "mqtt": {"url": broker.url, "client_id": "next-door"},
            "beckn": network,
            "sell": {"catalog": str(catalog), "port": stall},
        }
        buying = {
            "mqtt": {"url": broker.url, "client_id": "no-port"},
            "beckn": network | {"collect_seconds": 60, "confirm_patience": 2},
            "relay": {"url": relay.url},
        }
        with HubProcess(tmp_path / "next-door", settings=selling) as neighbour:
            registry.wait_listed("BPP")
            seller = Seller(f"http://127.0.0.1:{stall}", neighbour.data / "provider")
            with HubProcess(tmp_path / "home", settings=buying, rules=[GROCERIES]) as hub:
                until(
                    lambda: any(relay.url in one["url"] for one in registry.listed("BAP")),
                    lambda: f"{registry.listed('BAP')}; {hub.words()}; {relay.words()}",
                )
                whole_order(hub, seller, broker)
                only_the_relay_was_named(hub, seller, relay, registry)


def whole_order(hub: HubProcess, seller: Seller, broker: Mosquitto) -> None:
    run_low(broker)
    until(lambda: offered(hub), lambda: f"an offer; {hub.words()}")
    asked = offered(hub)
    assert asked is not None
    approve(hub, asked)
    until(lambda: order_in(hub, "confirmed"), lambda: f"a confirmation; {hub.words()}")
    (sold,) = seller.sold()
    ordered = order_in(hub, "confirmed")
    assert ordered is not None
    assert sold["id"] == ordered["order_id"]
    hub.kill()
    seller.act(sold["id"], "pack")
    # The relay's word is enough for the seller, though the household is off.
    until(lambda: seller.owes() == 0)
    hub.start()
    until(lambda: order_in(hub, "in_progress"), lambda: f"what came meanwhile; {hub.words()}")
    seller.act(sold["id"], "deliver")
    until(lambda: order_in(hub, "completed"), lambda: f"the delivery; {hub.words()}")
    assert [one["state"] for one in seller.sold()] == ["completed"]


def only_the_relay_was_named(
    hub: HubProcess, seller: Seller, relay: RelayProcess, registry: RegistryProcess
) -> None:
    heard = seller.heard()
    assert {one["context"]["action"] for one in heard} >= {"discover", "select", "init", "confirm"}
    (uri,) = {one["context"]["bapUri"] for one in heard}
    assert uri.startswith(f"{relay.url}/hubs/")
    own = hub.url.rstrip("/") + "/"
    assert own not in json.dumps(heard)
    shown = [one for one in registry.listed("BAP") if one["url"] == uri]
    assert shown
    assert own not in json.dumps(registry.listed("BAP"))
