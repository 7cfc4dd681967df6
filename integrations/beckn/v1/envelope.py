"""The envelope of version 1's messages: the schema ``Context``."""

from __future__ import annotations

import re
from datetime import timedelta

from integrations.beckn.envelope import Context, write_location
from integrations.beckn.grocery import Json, instant
from integrations.beckn.reading import Node
from integrations.beckn.v1.codes import VERSION
from integrations.beckn.v1.values import read_duration, write_duration

_VERSION = re.compile(r"\d{1,2}(\.\d{1,3}){0,3}")
_LONGEST_ID = 100


def read_context(document: Node) -> Context:
    """Read the envelope; BecknError names the field that is wrong.

    A ``search`` may be for everybody: then it names no provider. ``core_version``, ``country`` and
    ``city`` are ONDC's places for what the specification has in ``version`` and ``location``.
    """
    context = document.node("context")
    name = "version" if context.has("version") else "core_version"
    if not _VERSION.fullmatch(context.text(name)):
        context.fail(name, f"a version such as {VERSION}")
    action = context.text("action")
    anybody = action == "search"
    country, city = read_place(context)
    return Context(
        action=action,
        bap_id=context.text("bap_id"),
        bap_uri=context.text("bap_uri"),
        bpp_id=(context.maybe_text("bpp_id") or "") if anybody else context.text("bpp_id"),
        bpp_uri=(context.maybe_text("bpp_uri") or "") if anybody else context.text("bpp_uri"),
        transaction_id=_id(context, "transaction_id"),
        message_id=_id(context, "message_id"),
        timestamp=context.instant("timestamp"),
        ttl=read_duration(context, "ttl") or timedelta(seconds=30),
        domain=context.text("domain"),
        country=country,
        city=city,
    )


def read_place(context: Node) -> tuple[str, str]:
    """Return the codes of country and city, '' for what is not said."""
    return _place(context, "country"), _place(context, "city")


def write_context(context: Context) -> Json:
    """Return the JSON of an envelope."""
    return {
        "domain": context.domain,
        **write_location(context),
        "action": context.action,
        "version": VERSION,
        "bap_id": context.bap_id,
        "bap_uri": context.bap_uri,
        "bpp_id": context.bpp_id,
        "bpp_uri": context.bpp_uri,
        "transaction_id": context.transaction_id,
        "message_id": context.message_id,
        "timestamp": instant(context.timestamp),
        "ttl": write_duration(context.ttl),
    }


def _place(context: Node, name: str) -> str:
    value = context.value.get(name)
    if isinstance(value, str):
        return context.maybe_text(name) or ""
    return context.maybe("location").maybe(name).maybe_text("code") or ""


def _id(context: Node, name: str) -> str:
    # The specification says UUID; networks send other ids too, and an id is only ever compared.
    text = context.text(name)
    return text if len(text) <= _LONGEST_ID else context.fail(name, "a UUID")
