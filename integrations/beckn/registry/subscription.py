"""Taking part in a network: entering a registry, answering its challenge, changing the key."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from aiohttp import web

from hub.clock import SYSTEM
from integrations.beckn.errors import BecknError, RegistryError, SignatureError
from integrations.beckn.keys import Identity, adopt, successor
from integrations.beckn.reading import parse
from integrations.beckn.registry import challenge
from integrations.beckn.registry.entry import Entry, Rotation, Source, key_bytes
from integrations.beckn.registry.remote import NotMember, RemoteRegistry
from integrations.beckn.registry.rows import write_rotation, write_row
from integrations.beckn.signature import verify

log = logging.getLogger(__name__)

LIFE = timedelta(days=365)
"""How long a key is entered for."""

RENEW = timedelta(days=30)
"""How long before its end an entry is made anew."""

PATIENCE = timedelta(minutes=10)
"""How long a challenge is awaited and answered after we subscribed."""

_BIGGEST_CHALLENGE = 16 * 1024
_WAITS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class Subscription:
    """One participant's entry in one registry (Beckn v1.1.1's ``/subscribe``; ours alike)."""

    def __init__(
        self,
        source: Source,
        identity: Identity,
        *,
        now: Callable[[], datetime] = SYSTEM.now,
    ) -> None:
        """Enter ``identity`` in ``source``; where that names no keys, the registry is asked once.

        A registry whose key is not in the settings is believed at first sight: give
        ``Source.signing_public_key`` and ``encr_public_key`` where it publishes them.
        """
        self.source = source
        self.identity = identity
        self._now = now
        self._remote = RemoteRegistry(source, identity, now=now)
        self._until: datetime | None = None
        self._following: Identity | None = None
        self._busy = asyncio.Lock()

    async def close(self) -> None:
        """Close the connections."""
        await self._remote.close()

    async def ensure(self, entry: Entry, *, patience: timedelta = PATIENCE) -> None:
        """Return once the registry shows ``entry`` as it is, subscribing where it does not.

        Raises RegistryError when it refuses, cannot be asked, or does not show it in time.
        """
        async with self._busy:
            if await self._shows(entry, self._now() + RENEW):
                return
            await self.subscribe(entry)
            await self._until_shown(entry, patience)

    async def subscribe(self, entry: Entry, rotation: Rotation | None = None) -> None:
        """Ask to be entered; the registry's challenge comes to ``entry.uri``/on_subscribe."""
        await self._remote.introduce()
        self.source = self._remote.source
        now = self._now()
        owner = self._following if rotation and self._following else self.identity
        dated = replace(
            entry,
            signing_public_key=owner.public_key,
            unique_key_id=owner.unique_key_id,
            encr_public_key=owner.encryption_public_key,
            valid_from=entry.valid_from or now,
            valid_until=entry.valid_until or now + LIFE,
            rotations=(),
        )
        body = {**write_row(dated), "nonce": str(uuid.uuid4())}
        if len(dated.domains) == 1:
            body["domain"] = dated.domains[0]
        if rotation is not None:
            body["rotation"] = write_rotation(rotation)
        self._until = now + PATIENCE
        status, answer = await self._remote.post(
            "/subscribe", json.dumps(body).encode(), signer=self.identity
        )
        if status not in (200, 202):
            raise RegistryError(f"the registry {self.source.url} refused: {_reason(answer)}")

    async def rotate(
        self, folder: Path, entries: Sequence[Entry], *, patience: timedelta = PATIENCE
    ) -> Identity:
        """Give the participant a new key that the present one vouches for; return it.

        The new key is kept in ``folder`` before the registry hears of it, and takes the old one's
        place once the registry shows it: a crash at any point is made good by calling it again.
        """
        following = successor(folder, self.identity)
        await self.follow(following, entries, patience=patience)
        adopt(folder)
        return following

    async def follow(
        self, following: Identity, entries: Sequence[Entry], *, patience: timedelta = PATIENCE
    ) -> None:
        """Have the registry show a key that the present one vouches for, in place of that one.

        Raises RegistryError when it refuses, cannot be asked, or does not show it in time; then,
        and after a crash, call it again.
        """
        async with self._busy:
            await self._follow(following, entries, patience)

    async def _follow(
        self, following: Identity, entries: Sequence[Entry], patience: timedelta
    ) -> None:
        self._following = following
        same = following.unique_key_id == self.identity.unique_key_id
        rotation = None if same else vouch(self.identity, following)
        for entry in entries:
            new = replace(
                entry,
                signing_public_key=following.public_key,
                unique_key_id=following.unique_key_id,
                encr_public_key=following.encryption_public_key,
            )
            if not await self._shows(new, self._now()):
                await self.subscribe(new, rotation)
                await self._until_shown(new, patience)
            # From here on the registry takes the new key's word only.
            self.identity = following
        self._remote.follow(following)
        self._following = None

    async def on_subscribe(self, authorization: str, body: bytes, received_at: datetime) -> str:
        """Return the answer to a registry's challenge.

        Raises SignatureError when the registry did not sign it and its key is known, BecknError
        for what is no challenge or was not asked for.
        """
        now = self._now()
        if self._until is None or now > self._until:
            raise BecknError("no subscription was asked for", status=409)
        if self.source.signing_public_key:
            key = key_bytes(self.source.signing_public_key)
            signer = verify(authorization, body, lambda who, _: key, received_at)
            if self.source.subscriber_id not in ("", signer):
                raise SignatureError(f"{signer} is not the registry that was asked")
        riddle = parse(body).value.get("challenge")
        if not isinstance(riddle, str):
            raise BecknError("challenge: expected text")
        for identity in filter(None, (self._following, self.identity)):
            try:
                return challenge.decrypt(riddle, identity, self.source.encr_public_key)
            except RegistryError as error:
                problem = error
        raise BecknError(str(problem))

    async def answer(self, text: str) -> None:
        """Hand an answer in afterwards: where the challenge came over a relay. RegistryError."""
        body = json.dumps({"subscriber_id": self.identity.subscriber_id, "answer": text}).encode()
        status, told = await self._remote.post("/on_subscribe/answer", body, signer=self.identity)
        if status != 200:
            raise RegistryError(f"the registry {self.source.url} refused: {_reason(told)}")

    async def take(self, authorization: str, body: bytes, received_at: datetime) -> None:
        """Answer a challenge that a relay kept for us; what is none is said and dropped."""
        try:
            await self.answer(await self.on_subscribe(authorization, body, received_at))
        except (RegistryError, SignatureError, BecknError) as error:
            log.warning("a challenge of %s is not answered: %s", self.source.url, error)

    def route(self, path: str) -> web.RouteDef:
        """Return the route at which challenges come in: ``/on_subscribe`` below our address."""
        return web.post(path, self._challenged)

    async def _challenged(self, http: web.Request) -> web.Response:
        if (http.content_length or 0) > _BIGGEST_CHALLENGE:
            raise web.HTTPRequestEntityTooLarge(_BIGGEST_CHALLENGE, http.content_length or 0)
        body = await http.read()
        header = http.headers.get("Authorization", "")
        try:
            return web.json_response({"answer": await self.on_subscribe(header, body, self._now())})
        except (SignatureError, BecknError) as error:
            log.warning("a challenge at %s is not answered: %s", http.path, error)
            status = error.status if isinstance(error, BecknError) else 401
            return web.json_response({"error": {"message": str(error)}}, status=status)

    async def _shows(self, entry: Entry, until: datetime) -> bool:
        try:
            found = await self._remote.lookup(entry.subscriber_id, entry.unique_key_id)
        except NotMember:
            return False
        for one in found:
            if (
                (one.uri, one.role, one.version) == (entry.uri, entry.role, entry.version)
                and one.unique_key_id == entry.unique_key_id
                and one.signing_public_key == entry.signing_public_key
                and set(entry.domains) <= set(one.domains)
                and (one.valid_until is None or one.valid_until > until)
            ):
                return True
        return False

    async def _until_shown(self, entry: Entry, patience: timedelta) -> None:
        deadline = asyncio.get_running_loop().time() + patience.total_seconds()
        waits = iter(_WAITS)
        pause = 0.0
        while not await self._shows(entry, self._now()):
            if asyncio.get_running_loop().time() > deadline:
                raise RegistryError(
                    f"the registry {self.source.url} does not show {entry.subscriber_id}:"
                    f" {await self._why(entry.subscriber_id)}"
                )
            pause = next(waits, pause)
            await asyncio.sleep(pause)

    async def _why(self, subscriber_id: str) -> str:
        try:
            told = await self._remote.get(f"/subscribe/{subscriber_id}")
            reason = told.maybe_text("reason") if told is not None else None
        except (RegistryError, BecknError):
            reason = None
        return reason or "can it reach /on_subscribe at the address that was given?"


def vouch(old: Identity, new: Identity) -> Rotation:
    """Return the proof that ``new`` follows ``old``, signed by both."""
    bare = Rotation(old.subscriber_id, old.unique_key_id, new.unique_key_id, new.public_key, "", "")
    statement = bare.statement()
    return replace(
        bare,
        signature=base64.b64encode(old.sign(statement)).decode(),
        own_signature=base64.b64encode(new.sign(statement)).decode(),
    )


def _reason(answer: bytes) -> str:
    try:
        document = parse(answer)
        return document.maybe("error").maybe_text("message") or answer[:200].decode()
    except (BecknError, UnicodeDecodeError):
        return answer[:200].decode(errors="replace")
