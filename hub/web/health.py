"""``/healthz`` and ``/metrics``: how the hub is, for supervisors and for Prometheus."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime

from aiohttp import web

from hub.web.callers import bearer_scopes
from hub.web.gate import public
from hub.web.site import session_of, site_of

_PREFIX = "commonhearth_"
_NOT_A_NAME = re.compile(r"[^a-zA-Z0-9_]")


@public
async def healthz(request: web.Request) -> web.Response:
    """Answer 200 while ``health()["ok"]`` holds (or is not said), else 503; with all it says."""
    health = site_of(request).backend.health()
    return web.json_response(
        dict(health),
        status=200 if health.get("ok", True) else 503,
        dumps=lambda value: json.dumps(value, default=_plain),
    )


@public
async def metrics(request: web.Request) -> web.Response:
    """Answer in Prometheus' text format, to a session or to a token with the scope ``read``.

    How often a household is asked and orders is nobody else's business, so this is not public.
    """
    if session_of(request) is None and "read" not in (bearer_scopes(request) or frozenset()):
        raise web.HTTPUnauthorized(
            text="Expected an API token with the scope read.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return web.Response(
        body=exposition(site_of(request).backend.health()).encode(),
        headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
    )


def exposition(health: Mapping[str, object]) -> str:
    """Write what ``health()`` says in Prometheus' text format, version 0.0.4.

    A number or a truth becomes ``commonhearth_<name>``, a counter when its name ends in
    ``_total``; a mapping of numbers one sample for each, labelled ``name``; a text the label
    ``value`` of a sample 1 named ``…_info``. What is none of these is left out.
    """
    lines: list[str] = []
    for key, value in health.items():
        name = _PREFIX + _NOT_A_NAME.sub("_", key)
        samples: list[tuple[str, str]] = []
        if isinstance(value, Mapping):
            samples = [
                (f'{{name="{_escaped(str(label))}"}}', number)
                for label, each in value.items()
                if (number := _number(each)) is not None
            ]
        elif (number := _number(value)) is not None:
            samples = [("", number)]
        elif isinstance(value, str):
            name += "_info"
            samples = [(f'{{value="{_escaped(value)}"}}', "1")]
        if samples:
            lines.append(f"# TYPE {name} {'counter' if name.endswith('_total') else 'gauge'}")
            lines.extend(f"{name}{labels} {number}" for labels, number in samples)
    return "\n".join(lines) + "\n"


def _number(value: object) -> str | None:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, datetime):
        return repr(value.timestamp())
    if isinstance(value, int | float):
        return {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}.get(str(value), repr(value))
    return None


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return dict(value) if isinstance(value, Mapping) else str(value)
