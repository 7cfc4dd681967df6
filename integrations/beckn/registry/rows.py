"""Participants as registries write them: Beckn v1.1.1's ``Subscription``, and DeDi's records.

Names differ among networks: ``key_id`` is also ``unique_key_id`` or ``ukId``, ``url`` also
``subscriber_url``, and ONDC says ``buyerApp`` for a BAP.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import cast

from integrations.beckn.errors import BecknError, RegistryError
from integrations.beckn.reading import Node
from integrations.beckn.registry.entry import (
    LONGEST_CHAIN,
    VERSIONS,
    Entry,
    Role,
    Rotation,
    Version,
    check_key,
    check_name,
    check_uri,
)

log = logging.getLogger(__name__)

Json = dict[str, object]
_ROLES = {"BAP": "BAP", "BPP": "BPP", "buyerApp": "BAP", "sellerApp": "BPP"}
_ROTATION = ("old_key_id", "new_key_id", "new_public_key", "signature", "own_signature")
_MOST_DOMAINS = 32


def read_rows(rows: Iterable[Node], *, version: Version) -> tuple[Entry, ...]:
    """Return the participants of these rows; one that cannot be read is left out and said.

    ``version`` is what a row without one speaks. Rows that differ only in their domain are one.
    """
    found: dict[tuple[str, ...], Entry] = {}
    for row in rows:
        if (row.maybe_text("status") or "SUBSCRIBED") != "SUBSCRIBED":
            continue
        try:
            entry = read_row(row, version=version)
        except (BecknError, RegistryError) as error:
            log.info("a registry's row is left out: %s", error)
            continue
        if entry is None:
            continue
        key = (
            entry.subscriber_id, entry.unique_key_id, entry.signing_public_key, entry.role,
            entry.version, entry.uri,
        )  # fmt: skip
        known = found.get(key)
        if known is not None:
            entry = replace(known, domains=tuple(dict.fromkeys(known.domains + entry.domains)))
        found[key] = entry
    return tuple(found.values())


def read_row(row: Node, *, version: Version) -> Entry | None:
    """Return one participant, None for a role that neither buys nor sells (a gateway).

    Raises BecknError or RegistryError, which name the field.
    """
    role = _ROLES.get(row.text("type"))
    if role is None:
        return None
    said = row.maybe_text("version")
    if said is not None and said not in VERSIONS:
        return None
    subscriber_id = check_name(row.text("subscriber_id"), row.where("subscriber_id"))
    return Entry(
        subscriber_id=subscriber_id,
        uri=check_uri(_first(row, "url", "subscriber_url"), row.where("url")),
        role=cast(Role, role),
        signing_public_key=check_key(
            row.text("signing_public_key"), row.where("signing_public_key")
        ),
        unique_key_id=check_name(
            _first(row, "key_id", "unique_key_id", "ukId"), row.where("key_id")
        ),
        version=cast(Version, said or version),
        domains=read_domains(row),
        encr_public_key=row.maybe_text("encr_public_key") or "",
        valid_from=row.instant("valid_from") if row.has("valid_from") else None,
        valid_until=row.instant("valid_until") if row.has("valid_until") else None,
        rotations=tuple(
            read_rotation(one, subscriber_id) for one in row.nodes("rotations", LONGEST_CHAIN)
        ),
    )


def read_domains(row: Node) -> tuple[str, ...]:
    """Return the domains of a row: one, or a list (ours)."""
    if isinstance(row.value.get("domain"), list):
        return row.texts("domain", _MOST_DOMAINS)
    domain = row.maybe_text("domain")
    return (domain,) if domain else ()


def read_rotation(row: Node, subscriber_id: str) -> Rotation:
    """Return how one key followed another; BecknError names a missing field."""
    return Rotation(subscriber_id, **{name: row.text(name) for name in _ROTATION})


def write_row(entry: Entry, domain: str | None = None) -> Json:
    """Return a participant as Beckn v1.1.1's ``Subscription``; all its domains if none is named."""
    row: Json = {
        "subscriber_id": entry.subscriber_id,
        "url": entry.uri,
        "type": entry.role,
        "version": entry.version,
        "domain": list(entry.domains) if domain is None else domain,
        "key_id": entry.unique_key_id,
        "signing_public_key": entry.signing_public_key,
    }
    if entry.encr_public_key:
        row["encr_public_key"] = entry.encr_public_key
    for name in ("valid_from", "valid_until"):
        moment = getattr(entry, name)
        if moment is not None:
            row[name] = instant(moment)
    if entry.rotations:
        row["rotations"] = [write_rotation(one) for one in entry.rotations]
    return row


def write_rotation(rotation: Rotation) -> Json:
    """Return how one key followed another."""
    return {name: value for name, value in asdict(rotation).items() if name in _ROTATION}


def instant(moment: datetime) -> str:
    """Return an instant as the registries write it (RFC 3339, UTC, milliseconds)."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _first(row: Node, *names: str) -> str:
    for name in names:
        value = row.maybe_text(name)
        if value:
            return value
    return row.text(names[0])
