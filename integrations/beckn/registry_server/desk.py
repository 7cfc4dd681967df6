"""What a registry decides: who may enter what, and when it is shown."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

from integrations.beckn.errors import BecknError, RegistryError
from integrations.beckn.keys import read_encryption_key
from integrations.beckn.reading import Node, parse
from integrations.beckn.registry.entry import Entry, Rotation, key_bytes
from integrations.beckn.registry.rows import read_rotation, read_row
from integrations.beckn.registry_server.store import Key, Request, Store
from integrations.beckn.signature import verify

LONGEST_LIFE = timedelta(days=2 * 366)
"""A key that claims to be good for longer is refused."""

USUAL_LIFE = timedelta(days=365)
"""How long a key is good that does not say."""

OVERLAP = timedelta(hours=24)
"""How long an old key stays good beside the one that follows it: messages are under way."""

PATIENCE = timedelta(minutes=10)
"""How long a challenge may stay unanswered."""

MOST_WAITING = 1000
"""Open challenges; further requests are told to come again."""

Admission = Literal["open", "ask"]


class Desk:
    """Takes requests to be entered, judges answers, and writes who may be shown.

    A participant's name belongs to its first key: whatever comes later must be signed by its
    latest one, and a new key must be vouched for by that one and agree itself.
    """

    def __init__(self, store: Store, *, admission: Admission, match_hosts: bool) -> None:
        """Let in everybody who answers (``open``) or whom a person admits as well (``ask``).

        With ``match_hosts``, an address must lie in the domain its participant is named after;
        names in ``.local`` have none.
        """
        self._store = store
        self._admission = admission
        self._match_hosts = match_hosts

    def take(self, authorization: str, body: bytes, now: datetime) -> Request:
        """Keep a request to be entered, and return it; the same one again changes nothing.

        Raises SignatureError for what the participant did not sign, BecknError or RegistryError
        for a field that is wrong.
        """
        document = parse(body)
        entry, rotation = self._read(document, now)
        nonce = document.uuid("nonce")
        known = self._store.keys(entry.subscriber_id)

        def key_of(subscriber_id: str, key_id: str) -> bytes | None:
            if subscriber_id != entry.subscriber_id:
                return None
            if known:
                return _public(known[-1]) if known[-1].key_id == key_id else None
            return entry.public_key if entry.unique_key_id == key_id else None

        verify(authorization, body, key_of, now)
        self._judge_key(entry, rotation, known)
        with self._store.step():
            if self._store.waiting() >= MOST_WAITING:
                raise BecknError("too many requests wait here: come again later", status=503)
            signer = known[-1].key_id if known else entry.unique_key_id
            self._store.ask(
                entry.subscriber_id, nonce, signer, body.decode(), secrets.token_hex(16), now
            )
            return self._store.requests(entry.subscriber_id)[0]

    def answer(self, seq: int, text: str, now: datetime) -> bool:
        """Judge the answer to a challenge and, if it is right, show the participant.

        False when it is wrong or too late. RegistryError when the request does not fit any more.
        """
        with self._store.step():
            request = self._store.request(seq)
            if request is None or request.state == "refused":
                return False
            if request.state != "open":
                return True
            if now > request.created_at + PATIENCE:
                self._store.settle(seq, "refused", "the challenge was not answered in time")
                return False
            if not hmac.compare_digest(text.encode(), request.challenge.encode()):
                self._store.settle(seq, "refused", "the answer to the challenge was wrong")
                return False
            if self._admission == "ask" and not self._store.admitted(request.subscriber_id):
                self._store.settle(seq, "answered", "a person of the registry has to admit it")
                return True
            self._enter(request, now)
            return True

    def admit(self, subscriber_id: str, now: datetime) -> bool:
        """Let a participant in; False when none of that name waits (it is let in when it comes)."""
        with self._store.step():
            self._store.admit(subscriber_id)
            waiting = [one for one in self._store.answered() if one.subscriber_id == subscriber_id]
            for request in waiting:
                self._enter(request, now)
            return bool(waiting)

    def entry_of(self, request: Request) -> Entry:
        """Return what a request asked to enter."""
        return self._read(parse(request.body.encode()), request.created_at)[0]

    def _enter(self, request: Request, now: datetime) -> None:
        document = parse(request.body.encode())
        entry, rotation = self._read(document, request.created_at)
        known = self._store.keys(entry.subscriber_id)
        try:
            # Another request may have been faster since this one was signed.
            if known and known[-1].key_id not in (request.signer_key_id, entry.unique_key_id):
                raise RegistryError("it was signed by a key that another has followed")
            self._judge_key(entry, rotation, known)
        except RegistryError as error:
            self._store.settle(request.seq, "refused", str(error))
            return
        new = entry.unique_key_id not in {key.key_id for key in known}
        self._store.put(entry, rotation if new else None, now)
        if new and rotation is not None:
            starts = max(now, entry.valid_from or now)
            self._store.end_key(entry.subscriber_id, rotation.old_key_id, starts + OVERLAP)
        self._store.settle(request.seq, "done")

    def _read(self, document: Node, now: datetime) -> tuple[Entry, Rotation | None]:
        entry = read_row(document, version="1.1.1")
        if entry is None:
            raise BecknError("type: expected BAP (buys) or BPP (sells); version: 2.0.0 or 1.1.1")
        if not entry.domains:
            raise BecknError("domain: expected what is traded, such as grocery")
        read_encryption_key(document.text("encr_public_key"))
        start = entry.valid_from or now
        end = entry.valid_until or start + USUAL_LIFE
        if not start < end <= now + LONGEST_LIFE or end <= now:
            raise BecknError(
                f"valid_until: expected after valid_from and now, within {LONGEST_LIFE.days} days"
            )
        self._check_host(entry)
        rotation = (
            read_rotation(document.node("rotation"), entry.subscriber_id)
            if document.has("rotation")
            else None
        )
        return replace(entry, valid_from=start, valid_until=end), rotation

    def _check_host(self, entry: Entry) -> None:
        host = (urlsplit(entry.uri).hostname or "").casefold()
        domain = entry.subscriber_id.split(":")[0].split("/")[0].casefold()
        if not self._match_hosts or domain.endswith(".local"):
            return
        if host != domain and not host.endswith(f".{domain}"):
            raise BecknError(f"url: expected an address in the domain {domain}")

    def _judge_key(self, entry: Entry, rotation: Rotation | None, known: list[Key]) -> None:
        if not known:
            return
        latest = known[-1]
        if entry.unique_key_id == latest.key_id:
            if entry.signing_public_key != latest.signing_public_key:
                raise RegistryError("key_id: a name is never given to a second key")
            return
        if entry.unique_key_id in {key.key_id for key in known}:
            raise RegistryError("key_id: another key has followed this one")
        if rotation is None:
            raise RegistryError("rotation: expected the old key's signature for the new one")
        if (
            rotation.old_key_id != latest.key_id
            or rotation.new_key_id != entry.unique_key_id
            or rotation.new_public_key != entry.signing_public_key
            or not rotation.proves(_public(latest))
        ):
            raise RegistryError(f"rotation: expected proof that this key follows {latest.key_id}")


def _public(key: Key) -> bytes:
    return key_bytes(key.signing_public_key)
