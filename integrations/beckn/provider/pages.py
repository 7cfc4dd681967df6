"""The provider's own page and API, and the link by which a buyer follows an order."""

from __future__ import annotations

import re
from datetime import datetime

from aiohttp import web

from hub.domain.geo import read_gps
from hub.domain.orders import OrderAnswer
from integrations.beckn import contracts, grocery
from integrations.beckn.contracts import Execution
from integrations.beckn.errors import BecknError
from integrations.beckn.provider import page
from integrations.beckn.provider.books import Books
from integrations.beckn.provider.care import Care
from integrations.beckn.provider.changes import Changes
from integrations.beckn.provider.desk import Desk
from integrations.beckn.provider.door import COOKIE, Door
from integrations.beckn.provider.sale import Sale

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
SHOWN = 200
"""Orders on the page, the newest first."""


class Pages:
    """``/desk`` for people, ``/orders`` for programs, ``/track/…`` for buyers."""

    def __init__(self, door: Door, desk: Desk, books: Books, url: str) -> None:
        """Show what is in ``books``; changes go through ``desk``."""
        self._door, self._desk, self._books = door, desk, books
        self._care = Care(books, url)

    def all(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/desk", self._show),
            web.get("/desk/in", self._sign_in),
            web.post("/desk/in", self._signed_in),
            web.get("/orders", self._orders),
            web.get("/orders/{id}", self._order),
            web.post("/orders/{id}/{verb}", self._act),
            web.post("/vehicles/{id}/position", self._move),
            web.get("/track/{secret}", self._track),
        ]

    # -- for the provider --------------------------------------------------------------------

    async def _show(self, http: web.Request) -> web.Response:
        try:
            self._door.let_in(http)
        except web.HTTPForbidden:
            raise web.HTTPSeeOther("/desk/in") from None
        rows = await self._desk.step(self._rows)
        return _html(page.desk(self._books.listing.shop.name, rows, self._door.form_key))

    async def _sign_in(self, _: web.Request) -> web.Response:
        return _html(page.sign_in(self._books.listing.shop.name))

    async def _signed_in(self, http: web.Request) -> web.Response:
        token = str((await http.post()).get("token", ""))
        if not self._door.knows(token.strip()):
            raise web.HTTPForbidden(text="that is not the token\n")
        answer = web.HTTPSeeOther("/desk")
        answer.set_cookie(
            COOKIE, self._door.cookie, httponly=True, samesite="Strict", secure=http.secure
        )
        raise answer

    def _rows(self) -> list[page.Row]:
        return [self._row(sale) for sale in self._books.store.newest(SHOWN)]

    def _row(self, sale: Sale) -> page.Row:
        road, notes = self._books.trade.road(sale), self._books.store.notes
        rating = notes.rating(sale.id)
        return page.Row(
            sale,
            verbs=[step.verb for step in road.ahead(sale.fulfillment_state)] if sale.live else [],
            can_cancel=sale.live,
            complaints=notes.complaints(sale.id),
            stars=rating.stars if rating else None,
            zone=self._books.listing.shop.timezone,
        )

    async def _orders(self, http: web.Request) -> web.Response:
        self._door.let_in(http)
        sales = await self._desk.step(self._books.store.sales)
        return web.json_response({"orders": [shown(sale) for sale in sales]}, headers=_HEADERS)

    async def _order(self, http: web.Request) -> web.Response:
        self._door.let_in(http)
        order_id = http.match_info["id"]
        sale = await self._desk.step(lambda: self._books.store.sale_by_id(order_id))
        if sale is None:
            raise web.HTTPNotFound(text="there is no order of that id\n")
        return web.json_response(shown(sale), headers=_HEADERS)

    async def _act(self, http: web.Request) -> web.Response:
        fields = await self._door.let_act(http)
        verb, reason = http.match_info["verb"], _line(fields.get("reason", ""))
        slot_id = _line(fields.get("slot_id", ""))

        def change(changes: Changes, sale: Sale, now: datetime) -> tuple[Sale, OrderAnswer]:
            if verb == "cancel":
                return changes.withdraw(sale, reason, now)
            if verb == "move":
                return changes.put_off(sale, slot_id, reason, now)
            return changes.advance(sale, verb, now)

        try:
            sale = await self._desk.change(http.match_info["id"], change)
        except BecknError as error:
            status = web.HTTPNotFound if error.status == 404 else web.HTTPConflict
            raise status(text=f"{error}\n") from error
        if http.content_type == "application/json":
            return web.json_response(shown(sale), headers=_HEADERS)
        raise web.HTTPSeeOther("/desk")

    async def _move(self, http: web.Request) -> web.Response:
        """Take the position of a vehicle; ``delivery`` is a grocer's."""
        fields = await self._door.let_act(http)
        vehicle, gps = http.match_info["id"], fields.get("gps", "")
        if vehicle not in {"delivery", *(one.id for one in self._books.listing.file.vehicles)}:
            raise web.HTTPNotFound(text="there is no vehicle of that id\n")
        try:
            read_gps(gps)
        except ValueError as error:
            raise web.HTTPBadRequest(text=f"gps: {error}\n") from error
        notes = self._books.store.notes
        await self._desk.step(lambda: notes.move(vehicle, gps, self._desk.clock.now()))
        return web.json_response({"gps": gps}, headers=_HEADERS)

    # -- for the buyer -----------------------------------------------------------------------

    async def _track(self, http: web.Request) -> web.Response:
        """Show where an order is to whoever has its link, and nothing else of it."""
        secret, now = http.match_info["secret"], self._desk.clock.now()
        sale = await self._desk.step(lambda: self._books.store.sale_by_secret(secret))
        if sale is None:
            raise web.HTTPNotFound(text="there is nothing to follow here\n")
        found = await self._desk.step(lambda: self._care.tracking(sale, now))
        told = {
            "state": sale.state,
            "fulfillment_state": sale.fulfillment_state,
            "active": found.active,
            "gps": found.gps,
            "at": grocery.instant(found.at) if found.at else None,
            "eta": grocery.instant(found.eta) if found.eta else None,
        }
        if "text/html" in http.headers.get("Accept", ""):
            return _html(page.track(self._books.listing.shop.name, told))
        return web.json_response(told, headers=_HEADERS)


def shown(sale: Sale) -> grocery.Json:
    """Return a sale as programs of the provider see it."""
    execution = Execution(sale.domain, sale.ride, sale.table)
    performance = contracts.write_performance(sale.slot, "", len(sale.lines), execution)
    return {
        "id": sale.id,
        "buyer": sale.sender,
        "transaction_id": sale.transaction_id,
        "domain": sale.domain,
        "state": sale.state,
        "fulfillment_state": sale.fulfillment_state,
        "lines": [
            {"item_id": line.item_id, "name": line.name, "count": line.count} for line in sale.lines
        ],
        "total": grocery.write_money(sale.quote.total),
        "slot": grocery.write_slot(sale.slot) if sale.slot else None,
        "performance": performance[0] if performance else None,
        "deliver_to": contracts.write_party(sale.party)[0] if sale.party else None,
        "reason": sale.reason,
        "created_at": grocery.instant(sale.created_at),
        "updated_at": grocery.instant(sale.updated_at),
    }


def _line(text: str) -> str:
    return _CONTROL.sub(" ", text).strip()[:300]


def _html(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/html", headers=_HEADERS)
