"""What makes the pages an app on a phone: manifest, service worker, and the page without a hub."""

from __future__ import annotations

import json

from aiohttp import web

from hub.web.gate import public
from hub.web.site import render, site_of


@public
async def manifest(request: web.Request) -> web.Response:
    """Answer the web app manifest (https://www.w3.org/TR/appmanifest/).

    It is fetched without cookies, so it tells no name of the household.
    """
    files = site_of(request).files

    def icon(name: str, size: str, purpose: str) -> dict[str, str]:
        kind = files[name].content_type
        return {
            "src": f"/static/{name}?v={files[name].stamp}",
            "sizes": size,
            "type": kind,
            "purpose": purpose,
        }

    body = {
        "id": "/",
        "name": "Commonhearth",
        "short_name": "Hearth",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f5f3ee",
        "theme_color": "#1f6b58",
        "icons": [
            icon("hearth.svg", "any", "any"),
            icon("icon-192.png", "192x192", "any"),
            icon("icon-512.png", "512x512", "any"),
            icon("icon-maskable.png", "512x512", "maskable"),
        ],
    }
    return web.Response(
        body=json.dumps(body).encode(),
        content_type="application/manifest+json",
        headers={"Cache-Control": "no-cache"},
    )


@public
async def worker(request: web.Request) -> web.Response:
    """Answer the service worker, from the root so that it may see to every page."""
    return web.Response(
        body=site_of(request).files["worker.js"].body,
        content_type="text/javascript",
        charset="utf-8",
        headers={"Cache-Control": "no-cache"},
    )


@public
async def offline(request: web.Request) -> web.Response:
    """Show what a phone shows of a page it has not kept while the hub cannot be reached."""
    return render(request, "offline.html", headers={"Cache-Control": "no-cache"})
