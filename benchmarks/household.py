"""The household that is measured: everything the benchmarks know of config files and topics."""

from __future__ import annotations

import json
from collections.abc import Iterable

from benchmarks.harness import Bench, Hub, free_port

STOCK_TOPIC = "commonhearth/v1/scales/stock"
EVENT_TOPIC = "commonhearth/v1/button/state"
PHONE = "bench"


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
    pantry = [f'- {{"id": "{i}", "name": "{i}", "unit": "l", "par": 0.5}}\n' for i in items]
    (config / "pantry.yaml").write_text("items:\n" + "".join(pantry) if pantry else "items: []\n")
    (config / "devices.yaml").write_text("{}\n")
    text = "".join(rules)
    (config / "rules" / "bench.yaml").write_text(f"rules:\n{text}" if text else "rules: []\n")
    return Hub(bench, config, port, patience=patience)


def stock(item: str, quantity: float) -> str:
    """Return a stock message of the native contract."""
    return f'{{"item":"{item}","quantity":{quantity:.3f},"unit":"l"}}'


def pressed(number: int) -> str:
    """Return a message that says a button was pressed; ``number`` makes each one its own."""
    return f'{{"event_type":"pressed","n":{number}}}'


def notify_below_par(item: str) -> str:
    """Return a rule that notifies when ``item`` is below par."""
    return _rule(f"below-{item}", {"stock_below_par": {"item": item}})


def notify_on_event(
    rule: str, *, entity: str = "button", modulo: tuple[int, int] | None = None
) -> str:
    """Return a rule that notifies of each press, or of those whose number mod m is k."""
    trigger = {"device_event": {"entity": entity}}
    return _rule(rule, trigger, f"event.data.n % {modulo[0]} == {modulo[1]}" if modulo else None)


def _rule(identity: str, when: object, condition: str | None = None) -> str:
    rule = {"id": identity, "name": identity, "when": when}
    if condition:
        rule["if"] = condition
    return f"- {json.dumps({**rule, 'propose': {'notify': {}}, 'cooldown': 0})}\n"
