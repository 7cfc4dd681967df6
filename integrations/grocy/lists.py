"""Grocy's shopping lists over its REST API: what stands open, and ticking it off.

Source of the format: Grocy's own description (``/api/openapi/specification``, 4.6): generic
interactions with ``objects``, ``system/db-changed-time``, and the header ``GROCY-API-KEY``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from hub.domain.shopping import LONGEST, MOST_ITEMS, ListItem
from hub.domain.sizes import UNITS
from hub.ports import DeliveryError

if TYPE_CHECKING:
    from aiohttp import ClientSession

LISTS = "grocy."
"""Before the numbers of its lists, where they stand beside Home Assistant's."""
TIMEOUT = 30.0
"""Seconds for one answer in all."""
MOST_BYTES = 8 * 1024 * 1024
"""Of one answer: some thousands of products with their descriptions."""
_MOST_PACKS = 99


class GrocyLists:
    """The lists of one Grocy (``hub.ports.ShoppingLists``). All of it raises DeliveryError.

    Ticked off is marked as done, not deleted: Grocy itself puts what is missing on the list again
    once it stands there no more, although it is on its way.
    """

    def __init__(self, url: str, key: str) -> None:
        """``url`` is where Grocy's pages are, ``key`` one of its API keys. Asks nothing yet."""
        self._url = url.rstrip("/")
        self._key = key

    async def changed_at(self) -> str:
        """Return when Grocy's data last changed, in its own words: other words, another state."""
        async with self._session() as session:
            answer = await self._get(session, "system/db-changed-time")
        told = answer.get("changed_time") if isinstance(answer, Mapping) else None
        return str(told or "")[:100]

    async def read(self, todo: str) -> Sequence[ListItem]:
        """Return what stands open on a list, its amount in words: ``500 g Flour``, ``2 x Rice``."""
        number = _number(todo)
        async with self._session() as session:
            rows = await self._objects(session, "shopping_list")
            products = await self._objects(session, "products")
            units = await self._objects(session, "quantity_units")
        mine = [
            row
            for row in rows
            # A row from before Grocy had several lists names none: the first.
            if _id(row.get("shopping_list_id") or 1) == number and not _done(row)
        ]
        known = {_id(one.get("id")): one for one in products}
        names = {_id(one.get("id")): _text(one.get("name")) for one in units}
        return list(_items(todo, mine[:MOST_ITEMS], known, names))

    async def complete(self, todo: str, text: str, uid: str) -> None:
        """Tick an item off where it stands as it was bought; twice is as once.

        One that was changed since is left: it is a wish that nobody has answered yet.
        """
        if any(one.uid == uid and one.text == text for one in await self.read(todo)):
            async with self._session() as session:
                await self._ask(session, "PUT", f"objects/shopping_list/{uid}", {"done": 1})

    def _session(self) -> ClientSession:
        import aiohttp

        headers = {"GROCY-API-KEY": self._key, "Accept": "application/json"}
        return aiohttp.ClientSession(
            headers=headers, timeout=aiohttp.ClientTimeout(total=TIMEOUT), trust_env=False
        )

    async def _objects(self, session: ClientSession, entity: str) -> list[Mapping[str, Any]]:
        found = await self._get(session, f"objects/{entity}")
        if not isinstance(found, list):
            raise DeliveryError(f"grocy: expected a list of {entity} from its API", retry=False)
        return [one for one in found if isinstance(one, Mapping)]

    async def _get(self, session: ClientSession, path: str) -> object:
        body = await self._ask(session, "GET", path)
        try:
            return await asyncio.to_thread(json.loads, body)
        except (ValueError, RecursionError):
            raise DeliveryError(
                f"grocy: expected JSON at {self._url}/api/{path}; check grocy.url", retry=False
            ) from None

    async def _ask(
        self, session: ClientSession, method: str, path: str, data: object = None
    ) -> bytes:
        import aiohttp

        address = f"{self._url}/api/{path}"
        try:
            # The key goes nowhere but to the address that the household wrote down.
            async with session.request(
                method, address, json=data, allow_redirects=False
            ) as response:
                body = bytearray()
                async for chunk in response.content.iter_chunked(64 * 1024):
                    body += chunk
                    if len(body) > MOST_BYTES:
                        most = MOST_BYTES // (1024 * 1024)
                        raise DeliveryError(
                            f"grocy: expected at most {most} MiB at {address}", retry=False
                        )
                status = response.status
        except aiohttp.ClientConnectorError as error:
            raise DeliveryError(f"grocy cannot be reached: {error.os_error}") from error
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            why = type(error).__name__
            raise DeliveryError(f"grocy did not answer as it should: {why}") from error
        if status in (401, 403):
            raise DeliveryError(
                f"grocy answered {status}: check the key in grocy.key_file", retry=False
            )
        if 300 <= status < 400:
            raise DeliveryError(
                f"grocy answered {status}: it is elsewhere; check grocy.url", retry=False
            )
        if status >= 400:
            told = f" ({reason})" if (reason := _reason(body)) else ""
            raise DeliveryError(
                f"grocy answered {status} at {address}{told}",
                retry=status >= 500 or status in (400, 408, 429),
            )
        return bytes(body)


def _items(
    todo: str,
    rows: Sequence[Mapping[str, Any]],
    products: Mapping[int, Mapping[str, Any]],
    units: Mapping[int, str],
) -> Iterator[ListItem]:
    for row in rows:
        product = products.get(_id(row.get("product_id")), {})
        name = _text(product.get("name")) or _text(row.get("note"))
        uid = _id(row.get("id"))
        if name and uid:
            unit = units.get(_id(product.get("qu_id_stock")), "")
            words = _in_words(_amount(row.get("amount")), unit, name)
            yield ListItem(todo, str(uid), words[:LONGEST])


def _in_words(amount: Decimal, unit: str, name: str) -> str:
    """Say so much of something as ``hub.domain.shopping`` reads it.

    Grocy counts in the product's stock unit. A unit that measures nothing (pack, bottle) is packs.
    """
    if unit.casefold() in UNITS:
        return f"{amount.normalize():f} {unit} {name}"
    packs = min(int(amount.to_integral_value(ROUND_CEILING)), _MOST_PACKS)
    return f"{packs} x {name}" if packs > 1 else name


def _amount(value: object) -> Decimal:
    """Return an amount to three places; one that is none, or not more than nothing, is 1."""
    try:
        amount = Decimal(str(value)).quantize(Decimal("0.001"))
    except InvalidOperation:
        return Decimal(1)
    return amount if 0 < amount <= 999_999 else Decimal(1)


def _number(todo: str) -> int:
    return _id(todo.removeprefix(LISTS))


def _id(value: object) -> int:
    """Return a row's number, which Grocy writes as one or as text; 0 for none."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _done(row: Mapping[str, Any]) -> bool:
    return str(row.get("done") or 0) != "0"


def _text(value: object) -> str:
    return " ".join(value.split())[:LONGEST] if isinstance(value, str) else ""


def _reason(body: bytes | bytearray) -> str:
    """Return what Grocy says went wrong, in one short line; "" when it says nothing."""
    try:
        told = json.loads(body[:10_000])
    except (ValueError, RecursionError):
        return ""
    return _text(told.get("error_message"))[:120] if isinstance(told, Mapping) else ""
