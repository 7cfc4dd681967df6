"""The way to the JSON API, which is loaded when somebody first asks it.

A Pi holds what is loaded as long as the hub runs, asked or not: the operations with what they take
and return are 1 MiB.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, NoReturn

from aiohttp import web

BASE = "/api/v1"


class ApiResource(web.AbstractResource):
    """All addresses below ``BASE``. Looked through, it loads and lists the routes there are."""

    @cached_property
    def _router(self) -> web.UrlDispatcher:
        from hub.web import api, openapi

        router = web.UrlDispatcher()
        router.add_routes([web.get(f"{BASE}/openapi.json", openapi.show), *api.routes()])
        router.freeze()
        return router

    @property
    def canonical(self) -> str:
        """Return where it begins."""
        return BASE

    async def resolve(
        self, request: web.Request
    ) -> tuple[web.UrlMappingMatchInfo | None, set[str]]:
        """Return the operation that a request is for, or that there is none."""
        found = await self._router.resolve(request)
        refused = found.http_exception
        methods = refused.allowed_methods if isinstance(refused, web.HTTPMethodNotAllowed) else ()
        return found, set(methods)

    def __iter__(self) -> Iterator[web.AbstractRoute]:
        return iter(self._router.routes())

    def __len__(self) -> int:
        return len(self._router.routes())

    def raw_match(self, path: str) -> bool:
        """Tell that no single address is this."""
        return False

    def url_for(self, **kwargs: str) -> NoReturn:
        """Refuse: it is many addresses."""
        raise NotImplementedError

    def add_prefix(self, prefix: str) -> None:
        """Refuse: the API lies where its document says."""
        raise NotImplementedError

    def get_info(self) -> Any:
        """Return where it begins."""
        return {"prefix": BASE}
