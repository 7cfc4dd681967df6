"""The provider's page as HTML: plain, without scripts, readable on a phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from hub.domain.values import dataclass
from integrations.beckn.provider.sale import Sale

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True, slots=True)
class Row:
    """An order on the page: what may be done with it, and what its buyer said."""

    sale: Sale
    verbs: Sequence[str]
    can_cancel: bool
    complaints: Sequence[str]
    stars: int | None
    zone: str

    @property
    def when(self) -> str:
        """Return the window in the provider's own time."""
        if self.sale.slot is None:
            return "no window"
        zone = ZoneInfo(self.zone)
        window = self.sale.slot.window
        start, end = window.start.astimezone(zone), window.end.astimezone(zone)
        return f"{start:%a %d %b %H:%M}–{end:%H:%M}"


_FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ name }}</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 0 auto; padding: 1rem; }
article { border: 1px solid #8888; border-radius: .5rem; padding: .75rem 1rem; margin: 1rem 0; }
h2 { font-size: 1rem; margin: 0; } p, ul { margin: .4rem 0; }
form { display: inline-block; margin: .25rem .25rem 0 0; }
button { font: inherit; min-height: 2.75rem; padding: 0 1rem; }
input { font: inherit; min-height: 2.5rem; }
.bad { color: #b00020; }
@media (prefers-color-scheme: dark) {
  body { background: #111; color: #eee; } .bad { color: #ff8a80; }
}
</style></head><body>
<main>{% block main %}{% endblock %}</main>
</body></html>"""

_DESK = """{% extends "frame" %}{% block main %}
<h1>{{ name }}</h1>
{% for row in rows %}{% set sale = row.sale %}
<article>
<h2>{{ sale.fulfillment_state or sale.state }} · {{ row.when }}</h2>
<ul>{% for line in sale.lines %}<li>{{ line.count }} × {{ line.name }}</li>{% endfor %}</ul>
{% if sale.table %}<p>For {{ sale.table.party_size }} people.</p>{% endif %}
{% if sale.ride %}<p>{{ sale.ride.seats }} people, from
{{ sale.ride.start.address or sale.ride.start.gps }} to
{{ sale.ride.end.address or sale.ride.end.gps }}.</p>{% endif %}
{% if sale.party %}<p>{{ [sale.party.name, sale.party.address, sale.party.area_code,
sale.party.phone] | select | join(", ") }}</p>{% endif %}
<p>{{ sale.quote.total }} · {{ sale.sender }}</p>
{% if sale.reason %}<p>{{ sale.reason }}</p>{% endif %}
{% for words in row.complaints %}<p class="bad">{{ words }}</p>{% endfor %}
{% if row.stars %}<p>Rated {{ row.stars }} of 5.</p>{% endif %}
{% for verb in row.verbs %}
<form method="post" action="/orders/{{ sale.id }}/{{ verb }}">
<input type="hidden" name="key" value="{{ key }}"><button>{{ verb | capitalize }}</button></form>
{% endfor %}
{% if row.can_cancel %}
<form method="post" action="/orders/{{ sale.id }}/cancel">
<input type="hidden" name="key" value="{{ key }}">
<label>Why <input name="reason" maxlength="300" required></label>
<button>Cancel the order</button></form>
{% endif %}
</article>
{% else %}<p>There are no orders yet.</p>{% endfor %}
{% endblock %}"""

_SIGN_IN = """{% extends "frame" %}{% block main %}
<h1>{{ name }}</h1>
<form method="post" action="/desk/in">
<label>Token <input name="token" type="password" autocomplete="current-password" required></label>
<button>Show the orders</button></form>
<p>It is in the file <code>desk-token</code> of the provider's data folder.</p>
{% endblock %}"""

_TRACK = """{% extends "frame" %}{% block main %}
<h1>{{ name }}</h1>
<p>{{ told.fulfillment_state or told.state }}</p>
{% if told.gps %}<p>At {{ told.gps }}, {{ told.at }}.</p>{% endif %}
{% if told.eta %}<p>Expected {{ told.eta }}.</p>{% endif %}
{% endblock %}"""


@cache
def _templates() -> Environment:
    from jinja2 import DictLoader, Environment

    texts = {"frame": _FRAME, "desk": _DESK, "sign_in": _SIGN_IN, "track": _TRACK}
    return Environment(loader=DictLoader(texts), autoescape=True)


def desk(name: str, rows: Sequence[Row], key: str) -> str:
    """Return the page of a provider's orders; ``key`` goes into its forms."""
    return _templates().get_template("desk").render(name=name, rows=rows, key=key)


def sign_in(name: str) -> str:
    """Return the page that asks for the token."""
    return _templates().get_template("sign_in").render(name=name)


def track(name: str, told: Mapping[str, object]) -> str:
    """Return the page on which a buyer sees where an order is."""
    return _templates().get_template("track").render(name=name, told=told)
