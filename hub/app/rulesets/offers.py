"""Signed sets as they come in: from an address, or as a file that was handed over."""

from __future__ import annotations

from datetime import datetime

from hub.app.rulesets.check import read_set
from hub.domain.rulesets import Offered
from integrations.rulesets.seal import open_set
from integrations.rulesets.web import checked_url, fetch


def offer_of(document: bytes, url: str, local: bool, now: datetime) -> Offered:
    """Return a set that can be looked at. SetError where it is none, or its signature is wrong."""
    opened = open_set(document)
    published = read_set(opened.payload)
    return Offered(
        opened.digest,
        published.id,
        published.version,
        opened.key,
        document.decode(),
        url,
        local,
        now,
    )


async def fetched(url: str, now: datetime, *, local: bool | None = None) -> Offered:
    """Fetch a set from an address; ``local`` False keeps to the internet. SetError."""
    address = checked_url(url)
    # What was public when a person typed it is not to be found in the home's network later.
    found = await fetch(address, local=local)
    return offer_of(found.body, address, found.local, now)
