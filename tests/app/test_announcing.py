"""Only what others can reach is announced, and nothing of the household unless it says so."""

from hub.app.announcing import services
from hub.settings import Settings

OPEN = {"http": {"host": "0.0.0.0"}, "mqtt": {"bind": "0.0.0.0"}, "home": {"name": "Müllers"}}


def _said(settings: dict[str, object]) -> list[tuple[str, str, int]]:
    found = services(Settings.model_validate(settings), 8480, 1883)
    return [(one.kind, one.name, one.port) for one in found]


def test_what_is_announced() -> None:
    assert _said(OPEN) == []
    assert _said({"mdns": {"announce": True}}) == []
    assert _said({**OPEN, "mdns": {"announce": True}}) == [
        ("_commonhearth._tcp", "Commonhearth", 8480),
        ("_http._tcp", "Commonhearth", 8480),
        ("_mqtt._tcp", "Commonhearth", 1883),
    ]
    named = {**OPEN, "mqtt": {"url": "mqtt://elsewhere"}, "mdns": {"announce": True, "name": True}}
    assert _said(named) == [
        ("_commonhearth._tcp", "Müllers", 8480),
        ("_http._tcp", "Müllers", 8480),
    ]
