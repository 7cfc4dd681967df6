"""How a registry says no, and to whom it listens at all."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from aiohttp import web

from hub.domain.rate import Rate
from integrations.beckn.errors import BecknError, RegistryError, SignatureError

BIGGEST_BODY = 32 * 1024
"""Bytes of a request."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def guarded(handler: Handler, rate: Rate) -> Handler:
    """Return ``handler`` with a bound on how often one address may ask, and its errors in words."""

    async def answer(http: web.Request) -> web.StreamResponse:
        if not rate.allow(http.remote or "", time.monotonic()):
            return refuse(429, "too many requests: wait a moment")
        try:
            return await handler(http)
        except SignatureError as error:
            return refuse(401, str(error))
        except RegistryError as error:
            return refuse(409, str(error))
        except BecknError as error:
            return refuse(error.status, str(error))
        except web.HTTPRequestEntityTooLarge:
            return refuse(413, f"a request must be smaller than {BIGGEST_BODY} bytes")

    return answer


def refuse(status: int, message: str) -> web.Response:
    """Answer in one line what was wrong (Beckn's ``Error``)."""
    return web.json_response(
        {
            "message": {"ack": {"status": "NACK"}},
            "error": {"code": str(status), "message": message},
        },
        status=status,
    )
