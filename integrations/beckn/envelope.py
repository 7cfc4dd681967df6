"""The envelope of a Beckn v2.0.0 LTS message: its schema ``Context``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.beckn.grocery import Json, instant
from integrations.beckn.reading import Node

VERSION = "2.0.0"
DOMAIN = "grocery"


@dataclass(frozen=True, slots=True)
class Context:
    """The envelope of a message; ``action`` as written (``on_select`` for a callback)."""

    action: str
    bap_id: str
    bap_uri: str
    bpp_id: str
    bpp_uri: str
    transaction_id: str
    message_id: str
    timestamp: datetime
    ttl: timedelta = timedelta(seconds=30)

    def expired(self, now: datetime, skew: timedelta) -> bool:
        """Tell whether the message is no longer valid at ``now``."""
        return now > self.timestamp + self.ttl + skew


def read_context(document: Node) -> Context:
    """Read the envelope; BecknError names the field that is wrong."""
    context = document.node("context")
    version = context.text("version")
    if version != VERSION:
        context.fail("version", f"{VERSION}")
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
    )


def write_context(context: Context) -> Json:
    """Return the JSON of an envelope."""
    return {
        "domain": DOMAIN,
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
    }
