"""How a hub enrols: one signed request, one answer that only the hub can read."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

from hub.domain.values import dataclass
from integrations.relay.sealed import is_key, public_half
from integrations.relay.words import Member, RelayError

BIGGEST_REQUEST = 8 * 1024
"""Bytes of a request to be enrolled."""

# It becomes part of an address, and of a signature's header.
_NAME = re.compile(r"[A-Za-z0-9._:~-]{1,255}")

SKEW = timedelta(minutes=5)
"""By how much a hub's clock may differ from the relay's when it enrols."""


@dataclass(frozen=True, slots=True)
class Request:
    """A hub asks to be enrolled, or (``leave``) to be forgotten."""

    claimed: tuple[str, str, str]
    encryption_public_key: str
    at: datetime
    code: str
    leave: bool


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a hub needs to know: its address, its mailbox, the broker, the relay's key."""

    uri: str
    mailbox: str
    broker: str
    relay_public_key: str


def write_request(member: Member, code: str, now: datetime, *, leave: bool = False) -> bytes:
    """Return the body of a request; it is to be signed by the member."""
    return json.dumps(
        {
            "subscriber_id": member.subscriber_id,
            "key_id": member.key_id,
            "signing_public_key": member.signing_public_key,
            "encryption_public_key": public_half(member.encryption_key),
            "at": now.isoformat(),
            "code": code,
            "leave": leave,
        }
    ).encode()


def read_request(body: bytes, now: datetime) -> Request:
    """Read a request; RelayError names the field that is wrong."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RelayError(f"not readable as JSON: {error}"[:200]) from None
    if not isinstance(said, dict):
        raise RelayError("expected a JSON object")
    names = []
    for field in ("subscriber_id", "key_id"):
        value = said.get(field)
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            raise RelayError(f"{field}: expected 1 to 255 letters, digits and . _ : ~ -")
        names.append(value)
    for field in ("signing_public_key", "encryption_public_key"):
        if not is_key(said.get(field)):
            raise RelayError(f"{field}: expected the base64 of 32 bytes")
    try:
        at = datetime.fromisoformat(said["at"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise RelayError("at: expected an instant such as 2026-11-24T18:00:00Z") from None
    if abs(at - now) > SKEW:
        raise RelayError(f"at: more than {SKEW} from now: compare the clocks")
    return Request(
        (names[0], names[1], said["signing_public_key"]),
        said["encryption_public_key"],
        at,
        str(said.get("code") or ""),
        said.get("leave") is True,
    )


def write_enrolment(enrolment: Enrolment) -> bytes:
    """Return an enrolment as JSON: sealed to the hub on its way, kept by it as it is."""
    return json.dumps(
        {
            "uri": enrolment.uri,
            "mailbox": enrolment.mailbox,
            "broker": enrolment.broker,
            "relay_public_key": enrolment.relay_public_key,
        }
    ).encode()


def read_enrolment(text: bytes) -> Enrolment:
    """Read an enrolment; RelayError for anything else."""
    try:
        said = json.loads(text)
        values = [said[name] for name in ("uri", "mailbox", "broker", "relay_public_key")]
    except (ValueError, KeyError, TypeError) as error:
        raise RelayError(f"no enrolment: {error}") from None
    uri, mailbox, broker, key = (str(value) for value in values)
    if not mailbox.isalnum() or not is_key(key) or not uri.startswith(("http://", "https://")):
        raise RelayError("no enrolment: expected uri, mailbox, broker and relay_public_key")
    return Enrolment(uri, mailbox, broker, key)
