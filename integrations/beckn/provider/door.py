"""Who may see a provider's orders: this machine, and whoever has the token."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

COOKIE = "desk"
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")


def load_or_make_token(path: Path) -> str:
    """Return the token of a file only its owner may read; it is made where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24) + "\n")
    except FileExistsError:
        pass
    return path.read_text(encoding="utf-8").strip()


class Door:
    """Lets the provider in, and keeps other pages from acting in the provider's browser."""

    def __init__(self, token: str) -> None:
        """Open to ``token``; an empty one would open to all and is refused (ValueError)."""
        if len(token) < 16:
            raise ValueError("expected a token of at least 16 characters")
        self._token = token

    @property
    def form_key(self) -> str:
        """Return what a form of ours carries: other sites' pages cannot know it."""
        return hmac.new(self._token.encode(), b"form", hashlib.sha256).hexdigest()

    @property
    def cookie(self) -> str:
        """Return what a browser keeps in place of the token."""
        return hmac.new(self._token.encode(), b"cookie", hashlib.sha256).hexdigest()

    def knows(self, token: str) -> bool:
        """Tell whether this is the token."""
        return hmac.compare_digest(token.encode(), self._token.encode())

    def let_in(self, http: web.Request) -> None:
        """Raise HTTPForbidden for strangers: orders say where people live."""
        if not (self._bears_token(http) or _from_here(http)):
            raise web.HTTPForbidden(
                text="orders are shown on this machine, or to whoever has the token\n"
            )

    async def let_act(self, http: web.Request) -> dict[str, str]:
        """Return the fields of a form or JSON body; HTTPForbidden for strangers and for forgeries.

        A browser sends another site's form here with our cookie, and from this machine: so a form
        must carry our key, and JSON must come with its content type, which forms cannot have.
        """
        self.let_in(http)
        if http.content_type == "application/json":
            try:
                body = await http.json()
            except ValueError as error:
                raise web.HTTPBadRequest(text="expected a JSON object\n") from error
            if not isinstance(body, dict):
                raise web.HTTPBadRequest(text="expected a JSON object\n")
            return {str(name): str(value)[:1000] for name, value in body.items()}
        form = {name: str(value)[:1000] for name, value in (await http.post()).items()}
        if not hmac.compare_digest(form.pop("key", "").encode(), self.form_key.encode()):
            raise web.HTTPForbidden(text="expected a form of the provider's own page, or JSON\n")
        return form

    def _bears_token(self, http: web.Request) -> bool:
        scheme, _, given = http.headers.get("Authorization", "").partition(" ")
        if scheme.casefold() == "bearer" and self.knows(given.strip()):
            return True
        kept = http.cookies.get(COOKIE, "")
        return hmac.compare_digest(kept.encode(), self.cookie.encode())


def _from_here(http: web.Request) -> bool:
    """Tell whether a request comes from this machine, under a name of this machine.

    A proxy here speaks for others, and a foreign name that leads here (DNS rebinding) for a page.
    """
    if any(name in http.headers for name in _FORWARDED):
        return False
    return _is_here(http.remote or "") and _is_here(urlsplit(f"//{http.host}").hostname or "")


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
