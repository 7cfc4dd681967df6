"""Three households and a restaurant as processes: no gas, so dinner, for those who say yes.

The households live where it is about noon, so that an evening lies ahead whenever this runs.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.friends import FriendHub, befriend
from tests.support.hubprocess import ROOT, RUN, ProviderProcess, until, write_rules
from tests.support.mosquitto import Mosquitto, free_port, start_mosquitto
from tests.support.mqtt import publish

NOW = datetime.now(UTC)
OFFSET = 12 - NOW.hour
ZONE = f"Etc/GMT{-OFFSET:+d}" if OFFSET else "Etc/GMT"
RULE = {
    "id": "no_gas",
    "name": "No gas tonight",
    "when": {"notice": {"service": "gas"}},
    "propose": {"kind": "social_meal", "title": "No gas - eat together?", "people": 1},
    "quiet_hours": "off",
}


def hub(folder: Path, name: str, registry: Path, broker: Mosquitto) -> FriendHub:
    made = FriendHub(
        folder / name,
        name,
        home={"name": name, "timezone": ZONE, "phone": "+49 30 5550100"},
        members=[{"id": name.lower(), "name": name}],
        http={"port": free_port()},
        mqtt={"url": broker.url, "client_id": name},
        beckn={"registry": str(registry), "collect_seconds": 20},
    )
    made.arguments = [sys.executable, RUN, "run", "--config", made.config, "--data", made.data]
    return made


def notice(broker: Mosquitto, identifier: str, kind: str, references: str = "") -> None:
    begins = NOW + timedelta(hours=5)
    info = {
        "language": "en",
        "category": "Infra",
        "event": "Gas interruption",
        "urgency": "Expected",
        "severity": "Moderate",
        "certainty": "Likely",
        "eventCode": {"valueName": "service", "value": "gas"},
        "onset": begins.isoformat(),
        "expires": (begins + timedelta(hours=5)).isoformat(),
        "headline": "No gas tonight",
        "area": {"areaDesc": "Old Town"},
    }
    message = {
        "identifier": identifier,
        "sender": "gas@example.org",
        "sent": NOW.isoformat(),
        "status": "Actual",
        "msgType": kind,
        "scope": "Public",
        "references": references,
        "info": info,
    }
    publish(broker, "notices/gas", json.dumps(message))


def asked(one: FriendHub, kind: str, title: str = "") -> dict[str, Any]:
    """Return what is asked of a kind, once it is, with its options."""

    def found() -> list[dict[str, Any]]:
        waiting = one.get("/suggestions")
        return [s for s in waiting if s["kind"] == kind and s["asked"] and title in s["title"]]

    until(found, lambda: f"{kind} {title}: {one.get('/suggestions')}; {one.words()}")
    return found()[0]


def approve(one: FriendHub, suggestion: dict[str, Any]) -> None:
    options = suggestion["options"]
    answer = one.call(
        "POST",
        f"/api/v1/suggestions/{suggestion['id']}/decision",
        {
            "version": suggestion["version"],
            "verb": "approve",
            "member": one.household.lower(),
            "option": options[0]["id"] if options else None,
        },
    )
    assert answer["result"] == "done", answer


def meal(one: FriendHub) -> dict[str, Any]:
    (found,) = one.get("/meals")
    return dict(found)


def tables(shop: ProviderProcess) -> list[tuple[str, int]]:
    return [
        (one["state"], one["performance"]["performanceAttributes"]["partySize"])
        for one in shop.orders()
        if one["state"] not in ("quoted", "initialised")
    ]


def calendars(*hubs: FriendHub) -> list[list[tuple[str, str, list[str]]]]:
    return [
        [
            (
                one["state"],
                one["details"]["location"],
                [who["partstat"] for who in one["attendees"]],
            )
            for one in each.get("/activities")
        ]
        for each in hubs
    ]


def test_no_gas_so_dinner_for_those_who_say_yes(tmp_path: Path) -> None:
    registry, catalog = tmp_path / "registry.yaml", tmp_path / "restaurant.yaml"
    shown = (ROOT / "config/demo/catalogues/restaurant.yaml").read_text()
    catalog.write_text(shown.replace("Europe/Berlin", ZONE))
    river = ProviderProcess(tmp_path, catalog, registry, name="river")
    with river, start_mosquitto(tmp_path) as broker:
        ada, ben, cleo = (hub(tmp_path, name, registry, broker) for name in ("Ada", "Ben", "Cleo"))
        write_rules(ada.config, [RULE])
        try:
            for one in (ada, ben, cleo):
                one.start()
            befriend(ada, ben)
            befriend(ada, cleo)
            ada.wait_connected()
            notice(broker, "G1", "Alert")
            proposal = asked(ada, "social_meal")
            assert proposal["options"][0]["provider_name"] == "Table by the River"
            assert "Dinner with Ben and Cleo?" in proposal["body"]
            assert "Gas interruption" in proposal["because"][0]["text"]
            approve(ada, proposal)
            approve(ben, asked(ben, "invitation", "Dinner"))
            ada.kill()
            approve(cleo, asked(cleo, "invitation", "Dinner"))
            ada.start()
            until(lambda: meal(ada)["state"] == "booked", lambda: f"{meal(ada)}; {ada.words()}")
            assert tables(river) == [("confirmed", 3)]
            agreed = [[("confirmed", "Table by the River", ["ACCEPTED", "ACCEPTED"])]] * 3
            until(lambda: calendars(ada, ben, cleo) == agreed, lambda: calendars(ada, ben, cleo))
            uid = meal(ada)["uid"]
            said = {"member": "cleo", "answer": "DECLINED"}
            cleo.call("POST", f"/api/v1/activities/{uid}/answer", said)
            until(lambda: tables(river) == [("confirmed", 2)], lambda: f"{meal(ada)}")
            until(lambda: (meal(ada)["state"], meal(ada)["size"]) == ("booked", 2), ada.words)
            notice(broker, "G2", "Cancel", f"gas@example.org,G1,{NOW.isoformat()}")
            question = asked(ada, "social_meal", "Call Dinner off?")
            assert "is gone" in question["body"]
            assert tables(river) == [("confirmed", 2)], "nothing is undone before somebody says so"
            approve(ada, question)
            until(lambda: tables(river) == [("cancelled", 2)], lambda: f"{meal(ada)}")
            until(lambda: calendars(ada, ben) == [[], []], ada.words)
            assert meal(ada)["state"] == "cancelled"
            until(lambda: ada.get("/suggestions") == [], ada.words)
        finally:
            for one in (ada, ben, cleo):
                one.stop()
