"""A utility that announces an outage over MQTT, as CAP 1.2 in XML or JSON.

``python -m devices.simulators.utility --service gas --in 60 --for 14400 --cancel-after 600``
publishes that the gas will be off from in a minute for four hours, and takes it back in ten.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from xml.sax.saxutils import escape

from hub.domain.values import dataclass

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
PATIENCE_SECONDS = 10.0
_EVENTS = {
    "gas": "Gas outage",
    "water": "Water supply outage",
    "electricity": "Power outage",
    "heating": "Heating outage",
    "internet": "Internet outage",
}


@dataclass(frozen=True, slots=True)
class Outage:
    """A planned outage: ``start`` and ``end`` are aware instants."""

    service: str
    area: str
    start: datetime
    end: datetime
    identifier: str
    sender: str = "notices@utility.example"
    status: str = "Actual"

    def alert(self, sent: datetime) -> dict[str, object]:
        """Return the Alert, by CAP's names."""
        event = _EVENTS[self.service]
        return {
            "identifier": self.identifier,
            "sender": self.sender,
            "sent": _written(sent),
            "status": self.status,
            "msgType": "Alert",
            "scope": "Public",
            "info": {
                "language": "en",
                "category": "Infra",
                "event": event,
                "responseType": "Prepare",
                "urgency": "Expected",
                "severity": "Moderate",
                "certainty": "Likely",
                "eventCode": {"valueName": "service", "value": self.service},
                "effective": _written(sent),
                "onset": _written(self.start),
                "expires": _written(self.end),
                "headline": f"{event} in {self.area}",
                "description": f"Planned work. {event} in {self.area}.",
                "area": {"areaDesc": self.area},
            },
        }

    def cancel(self, announced: datetime, sent: datetime) -> dict[str, object]:
        """Return the Cancel of the Alert that was sent at ``announced``."""
        return {
            "identifier": f"{self.identifier}-cancel",
            "sender": self.sender,
            "sent": _written(sent),
            "status": self.status,
            "msgType": "Cancel",
            "scope": "Public",
            "references": f"{self.sender},{self.identifier},{_written(announced)}",
        }


def as_json(message: dict[str, object]) -> bytes:
    """Write a message in the JSON form."""
    return json.dumps(message, ensure_ascii=False).encode()


def as_xml(message: dict[str, object]) -> bytes:
    """Write a message in XML."""
    body = _elements(message)
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return f'{head}\n<alert xmlns="{NAMESPACE}">{body}</alert>'.encode()


def main(arguments: Sequence[str] | None = None) -> None:
    """Publish the notice, and its end when asked to; exit 1 when the broker cannot be reached."""
    options = _options(arguments)
    from devices.simulators.link import connect
    from hub.clock import clock_from_environment

    clock = clock_from_environment()
    try:
        client = connect(options.url, options.username, options.password)
    except (ConnectionError, ValueError) as error:
        sys.exit(f"utility: {error}")
    write = as_json if options.json else as_xml
    try:
        announced = clock.now()
        start = announced + timedelta(seconds=options.begins_in)
        outage = Outage(
            options.service,
            options.area,
            start,
            start + timedelta(seconds=options.lasts),
            options.identifier or f"outage-{uuid4()}",
            options.sender,
            options.status,
        )
        topic = options.topic or f"notices/{options.service}"
        client.publish(topic, write(outage.alert(announced)), 1).wait_for_publish(PATIENCE_SECONDS)
        if options.cancel_after is not None:
            moment = announced + timedelta(seconds=options.cancel_after)
            while (left := clock.seconds_until(moment)) > 0:
                time.sleep(left)
            ending = outage.cancel(announced, clock.now())
            client.publish(topic, write(ending), 1).wait_for_publish(PATIENCE_SECONDS)
    finally:
        client.disconnect()
        client.loop_stop()


def _written(instant: datetime) -> str:
    # CAP 1.2, 3.2.1: to the second, and +00:00 in the place of Z.
    return instant.astimezone(UTC).isoformat(timespec="seconds")


def _elements(node: dict[str, object]) -> str:
    parts = []
    for name, value in node.items():
        inner = _elements(value) if isinstance(value, dict) else escape(str(value))
        parts.append(f"<{name}>{inner}</{name}>")
    return "".join(parts)


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 366 * 86400:
        raise argparse.ArgumentTypeError("expected seconds, from 0 to a year")
    return value


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="utility", description="A utility that gives notice.")
    parser.add_argument("--url", default="mqtt://127.0.0.1:1883", help="the broker")
    parser.add_argument("--username")
    parser.add_argument("--password")
    parser.add_argument("--topic", help="default: notices/<service>")
    parser.add_argument("--service", choices=sorted(_EVENTS), default="gas")
    parser.add_argument("--area", default="Old Town")
    parser.add_argument("--sender", default="notices@utility.example")
    parser.add_argument("--identifier", help="default: a new one")
    parser.add_argument(
        "--status", choices=("Actual", "Exercise", "Test"), default="Actual", help="CAP status"
    )
    parser.add_argument(
        "--in", dest="begins_in", type=_seconds, default=3600.0, help="seconds until it begins"
    )
    parser.add_argument(
        "--for", dest="lasts", type=_seconds, default=4 * 3600.0, help="seconds it lasts"
    )
    parser.add_argument("--cancel-after", type=_seconds, help="seconds until it is taken back")
    parser.add_argument("--json", action="store_true", help="the JSON form; default: XML")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
