"""The household that is measured: everything the benchmarks know of config files and topics."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice

from benchmarks.harness import Bench, Hub, free_port

STOCK_TOPIC = "commonhearth/v1/scales/stock"
EVENT_TOPIC = "bench/button"
PHONE = "bench"
_RULES_A_FILE = 1000


def start_hub(
    bench: Bench,
    name: str,
    *,
    items: Iterable[str] = (),
    rules: Iterable[str] = (),
    patience: float = 30,
) -> Hub:
    """Write a config folder with these pantry items and rules and start a hub on it."""
    config = bench.folder / name
    (config / "rules").mkdir(parents=True)
    port = free_port()
    (config / "hub.yaml").write_text(
        json.dumps(
            {
                "mqtt": {"url": f"mqtt://127.0.0.1:{bench.broker}", "flood_rate": 0},
                "http": {"port": port},
                "members": [
                    {
                        "id": "me",
                        "name": "Me",
                        "ntfy": {"url": f"http://127.0.0.1:{bench.phone}", "topic": PHONE},
                    }
                ],
                "log": {"level": "warning"},
            },
            indent=1,
        )
    )
    pantry = [f'  {i}: {{"unit": "l", "par": 0.5}}\n' for i in items]
    (config / "pantry.yaml").write_text("items:\n" + "".join(pantry) if pantry else "")
    # A file may hold a megabyte and a rule file its share of it.
    for number, part in enumerate(batched(rules, _RULES_A_FILE)):
        (config / "rules" / f"bench-{number:03}.yaml").write_text("rules:\n" + "".join(part))
    announce_button(bench)
    return Hub(bench, config, port, patience=patience)


def batched(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    """Yield the texts in lists of ``size`` at most."""
    rest = iter(texts)
    while part := list(islice(rest, size)):
        yield part


def announce_button(bench: Bench) -> None:
    """Announce a button as Home Assistant discovery does, retained."""
    config = {
        "name": "Button",
        "unique_id": "button",
        "object_id": "button",
        "state_topic": EVENT_TOPIC,
        "event_types": ["pressed"],
    }
    bench.retain("homeassistant/event/button/config", json.dumps(config))


def stock(item: str, quantity: float) -> str:
    """Return a stock message of the native contract."""
    return f'{{"item":"{item}","quantity":{quantity:.3f},"unit":"l"}}'


def pressed(number: int) -> str:
    """Return a message that says a button was pressed; ``number`` makes each one its own."""
    return f'{{"event_type":"pressed","n":{number}}}'


def notify_below_par(item: str) -> str:
    """Return a rule that notifies when ``item`` is below par."""
    return _rule(f"below_{item.replace('-', '_')}", {"stock_below_par": {"item": item}})


def notify_on_event(
    rule: str, condition: str | None = None, *, entity: str = "event.button"
) -> str:
    """Return a rule that notifies of each press, or of those for which the condition holds."""
    trigger = {"device_event": {"entity": entity}}
    return _rule(rule, trigger, condition)


def notify_on_other(number: int) -> str:
    """Return a rule about something of its own, of which no message tells."""
    return _rule(f"other_{number}", {"state": {"entity": f"sensor.other_{number}", "above": 5}})


def _rule(identity: str, when: object, condition: str | None = None) -> str:
    rule = {"id": identity, "name": identity, "when": when}
    if condition:
        rule["if"] = condition
    propose = {"kind": "notify"}
    return f"- {json.dumps({**rule, 'propose': propose, 'quiet_hours': 'off'})}\n"
