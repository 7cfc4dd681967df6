"""The envelope of a Beckn v2.0.0 LTS message: its schema ``Context``."""

from __future__ import annotations

from datetime import datetime, timedelta

from hub.domain.values import dataclass
from integrations.beckn.grocery import Json, instant
from integrations.beckn.reading import Node

VERSION = "2.0.0"
DOMAIN = "grocery"


@dataclass(frozen=True, slots=True)
class Context:
    """The envelope of a message; ``action`` as written (``on_select`` for a callback).

    ``country`` (ISO 3166) and ``city`` (the network's code, e.g. ``std:080``) say where the order
    is to be fulfilled; '' where that is not said. ``domain`` is the network's word. ``preview``
    asks what a change would come to (``try``, which v2's text for ``update`` and ``cancel`` names
    and its schema leaves out).
    """

    action: str
    bap_id: str
    bap_uri: str
    bpp_id: str
    bpp_uri: str
    transaction_id: str
    message_id: str
    timestamp: datetime
    ttl: timedelta = timedelta(seconds=30)
    domain: str = DOMAIN
    country: str = ""
    city: str = ""
    preview: bool = False

    def expired(self, now: datetime, skew: timedelta) -> bool:
        """Tell whether the message is no longer valid at ``now``."""
        return now > self.timestamp + self.ttl + skew


def read_context(document: Node) -> Context:
    """Read the envelope; BecknError names the field that is wrong."""
    context = document.node("context")
    version = context.text("version")
    if version != VERSION:
        context.fail("version", f"{VERSION}")
    tried = context.value.get("try")
    if tried is not None and not isinstance(tried, bool):
        context.fail("try", "true or false")
    return Context(
        action=context.text("action"),
        bap_id=context.text("bapId"),
        bap_uri=context.text("bapUri"),
        bpp_id=context.text("bppId"),
        bpp_uri=context.text("bppUri"),
        transaction_id=context.uuid("transactionId"),
        message_id=context.uuid("messageId"),
        timestamp=context.instant("timestamp"),
        ttl=context.duration("ttl", timedelta(seconds=30)),
        domain=context.maybe_text("domain") or DOMAIN,
        country=context.maybe("location").maybe("country").maybe_text("code") or "",
        city=context.maybe("location").maybe("city").maybe_text("code") or "",
        preview=tried is True,
    )


def write_context(context: Context) -> Json:
    """Return the JSON of an envelope."""
    return {
        "domain": context.domain,
        **write_location(context),
        "action": context.action,
        "version": VERSION,
        "bapId": context.bap_id,
        "bapUri": context.bap_uri,
        "bppId": context.bpp_id,
        "bppUri": context.bpp_uri,
        "transactionId": context.transaction_id,
        "messageId": context.message_id,
        "timestamp": instant(context.timestamp),
        "ttl": f"PT{int(context.ttl.total_seconds())}S",
        **({"try": True} if context.preview else {}),
    }


def write_location(context: Context) -> Json:
    """Return the ``location`` of an envelope, where one is said: both versions write it alike."""
    codes = {"country": context.country, "city": context.city}
    location = {name: {"code": code} for name, code in codes.items() if code}
    return {"location": location} if location else {}
