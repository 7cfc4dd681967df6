"""The API of what the household keeps (pantry.yaml) and where it looks for shops (hub.yaml).

As the page of the first start has it: one item at a time, comments in the files are kept. What was
read bears an ``ETag``; sent back as ``If-Match`` it refuses where somebody changed it since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiohttp import web
from pydantic import Field

from hub.domain.values import dataclass
from hub.web.beginning import KeptItem, Place
from hub.web.files import Stale
from hub.web.homeapi import said, say
from hub.web.operations import Answer, Input, Operation, known, read_body, wanted_tags
from hub.web.site import site_of
from hub.web.textapi import sound
from hub.web.welcomeforms import pantry_changes, shop_changes


@dataclass(frozen=True, slots=True)
class ShopsView:
    """Where providers are found: a file of theirs ("" for none), and registries' addresses."""

    file: str
    registries: Sequence[str]


class ItemBody(Input):
    """An item of the pantry as it is to be; amounts in its unit, "" for none."""

    name: str = Field(min_length=1, max_length=80)
    unit: str = Field(default="pc", min_length=1, max_length=20, description="e.g. l, kg, pc")
    par: str = Field(default="", max_length=20, description="what should be there at least")
    target: str = Field(default="", max_length=20, description="what an order fills it up to")


class ShopsBody(Input):
    """Where to look for shops besides."""

    shops: str = Field(
        max_length=300,
        description="a registry's address (http…) to add, or the file to use instead; empty: none",
    )


async def _items(request: web.Request) -> Answer:
    items, tag = site_of(request).backend.beginning.pantry()
    return Answer(items, tag=tag)


async def _add(request: web.Request) -> Answer:
    body = await read_body(request, ItemBody)
    before, tag = site_of(request).backend.beginning.pantry()
    form = {f"{key}:{len(before)}": value for key, value in body.model_dump().items()}
    await _keep(request, tag, pantry_changes(form, before))
    made = {one.id for one in site_of(request).backend.beginning.pantry()[0]}
    return _item(request, *(made - {one.id for one in before}))


async def _set(request: web.Request) -> Answer:
    body = await read_body(request, ItemBody)
    item, tag = _found(request)
    form = {f"{key}:0": value for key, value in body.model_dump().items()}
    await _keep(request, tag, pantry_changes({**form, "id:0": item.id}, [item]))
    return _item(request, item.id)


async def _remove(request: web.Request) -> Answer:
    item, tag = _found(request)
    await _keep(request, tag, {("items", item.id): None})
    return Answer(item, tag=site_of(request).backend.beginning.pantry()[1])


async def _keep(request: web.Request, tag: str, changes: Mapping[Place, object]) -> None:
    tags = wanted_tags(request)
    if tags is not None and tag not in tags:
        raise Stale("pantry.yaml")
    if changes:
        sound(await site_of(request).backend.beginning.keep(tag, changes))


def _found(request: web.Request) -> tuple[KeptItem, str]:
    items, tag = site_of(request).backend.beginning.pantry()
    wanted = request.match_info["item"]
    return known(next((one for one in items if one.id == wanted), None), "item"), tag


def _item(request: web.Request, wanted: str) -> Answer:
    items, tag = site_of(request).backend.beginning.pantry()
    return Answer(known(next((one for one in items if one.id == wanted), None), "item"), tag=tag)


async def _shops(request: web.Request) -> Answer:
    beckn, tag = site_of(request).backend.settings.beckn, said(request, "beckn")[1]
    return Answer(
        ShopsView(str(beckn.registry or ""), [one.url for one in beckn.registries]), tag=tag
    )


async def _set_shops(request: web.Request) -> Answer:
    body = await read_body(request, ShopsBody)
    beckn, (_, tag) = site_of(request).backend.settings.beckn, said(request, "beckn")
    urls = [one.url for one in beckn.registries]
    await say(
        request, "beckn", tag, shop_changes(body.model_dump(), str(beckn.registry or ""), urls)
    )
    return await _shops(request)


KEEPING: tuple[Operation, ...] = (
    Operation(
        "GET", "/items", "listItems", "List what pantry.yaml says is kept", "configure",
        _items, KeptItem, many=True, conflicts=True, tagged=True,
    ),
    Operation(
        "POST", "/items", "addItem", "Add an item to pantry.yaml", "configure",
        _add, KeptItem, body=ItemBody, conflicts=True, tagged=True,
    ),
    Operation(
        "PUT", "/items/{item}", "setItem", "Say in pantry.yaml what an item is", "configure",
        _set, KeptItem, body=ItemBody, errors=(404,), conflicts=True, tagged=True,
    ),
    Operation(
        "DELETE", "/items/{item}", "removeItem",
        "Take an item out of pantry.yaml, unless a rule or a device names it", "configure",
        _remove, KeptItem, errors=(400, 404), conflicts=True, tagged=True,
    ),
    Operation(
        "GET", "/shops", "getShops", "Read where providers are found", "configure",
        _shops, ShopsView, conflicts=True, tagged=True,
    ),
    Operation(
        "PUT", "/shops", "setShops",
        "Say in hub.yaml where providers are found besides, or from which file", "configure",
        _set_shops, ShopsView, body=ShopsBody, conflicts=True, tagged=True,
    ),
)  # fmt: skip
