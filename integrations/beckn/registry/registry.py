"""One view of all registries: the household's file, those on the network, and what is pinned."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from hub.clock import SYSTEM
from integrations.beckn.errors import RegistryError
from integrations.beckn.keys import Identity
from integrations.beckn.registry.entry import Entry, Role, Source, key_bytes
from integrations.beckn.registry.file import FileRegistry
from integrations.beckn.registry.keep import Answer, Keep, KeyChange
from integrations.beckn.registry.remote import RemoteRegistry
from integrations.beckn.registry.trust import Trust

log = logging.getLogger(__name__)

TTL = timedelta(hours=1)
"""How long an answer of a registry is not asked for again."""

STALE = timedelta(days=7)
"""How long an answer is believed while its registry cannot be reached."""

AGAIN = timedelta(seconds=10)
"""How soon a participant is asked for again whose key was not found."""

SOON = timedelta(seconds=1)
"""How soon where no registry could be asked."""

MOST_QUESTIONS = 20
"""Questions about strangers within ``AGAIN``: whoever writes to us cannot make us flood others."""

SEARCH = timedelta(minutes=5)
"""How long a search is not made again."""

MOST_FOUND = 2000
"""Participants remembered of one search."""

KEEP_FILE = "beckn-registry.sqlite"


class Registry:
    """Who is registered, and with which keys.

    What the file says counts first, then the registries in the order given. Reading
    (``entries``, ``find``, ``public_key_of``) never waits; ``refresh`` and ``discover`` ask the
    network and fill what is read. A participant that was pinned keeps the keys it was pinned with:
    another key is refused, and told to ``on_change``, unless the old key signed for the new one
    (``Rotation``) or a person agrees (``agree``).
    """

    def __init__(
        self,
        path: Path | None,
        *,
        sources: Sequence[Source] = (),
        identity: Identity | None = None,
        data: Path | None = None,
        ttl: timedelta = TTL,
        now: Callable[[], datetime] = SYSTEM.now,
        on_change: Callable[[KeyChange], None] | None = None,
    ) -> None:
        """Read ``path`` at first use (None: no file) and ask ``sources`` when told to.

        ``data`` is the folder where answers and pins are kept; None keeps them in memory only.
        """
        self._file = FileRegistry(path)
        self._remotes = [RemoteRegistry(source, identity, now=now) for source in sources]
        self._kept = Keep(None if data is None else data / KEEP_FILE, now)
        self._ttl = ttl
        self._now = now
        self._trust = Trust(self._kept, on_change)
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._missed: dict[str, datetime] = {}
        self._away: set[str] = set()
        self._searched: dict[tuple[str, Role], datetime] = {}

    def follow(self, identity: Identity) -> None:
        """Ask registries as another key of ours from now on."""
        for remote in self._remotes:
            remote.follow(identity)

    def use(self, path: Path | None) -> bool:
        """Read another file from now on (None: none); False where it is the one in use."""
        if path == self._file.path:
            return False
        self._file = FileRegistry(path)
        return True

    # -- reading, which never waits ------------------------------------------------------------

    def entries(self) -> tuple[Entry, ...]:
        """Return who is registered now, as far as known here."""
        listed = self._file.entries()
        if not self._kept.answers and not self._kept.pins:
            return listed
        by_file = {entry.subscriber_id for entry in listed}
        now = self._now()
        found = [
            entry
            for subscriber_id in self._kept.answers
            if subscriber_id not in by_file
            for entry in self._answered(subscriber_id, now)
        ]
        return tuple(entry for entry in (*listed, *found) if self._trust.allows(entry))

    def find(
        self, subscriber_id: str, *, role: Role | None = None, version: str | None = None
    ) -> Entry | None:
        """Return the participant of that id (and role, and version), or None."""
        for entry in self._of(subscriber_id):
            if role in (None, entry.role) and version in (None, entry.version):
                return entry
        return None

    def public_key_of(self, subscriber_id: str, unique_key_id: str) -> bytes | None:
        """Return a participant's public key by its name, or None where it is not to be believed."""
        known = self._of(subscriber_id)
        for entry in known:
            if entry.unique_key_id == unique_key_id:
                return entry.public_key
        for remote in self._remotes:
            source = remote.source
            # A registry is believed about itself, but takes nobody's name.
            own = not known and subscriber_id not in self._kept.pins
            if own and (source.subscriber_id, source.unique_key_id) == (
                subscriber_id,
                unique_key_id,
            ):
                return key_bytes(source.signing_public_key) or None
        return None

    def changes(self) -> tuple[KeyChange, ...]:
        """Return the keys that are refused until a person agrees."""
        return tuple(sorted(self._kept.changes, key=lambda one: one.subscriber_id))

    # -- asking --------------------------------------------------------------------------------

    async def refresh(self, subscriber_id: str, unique_key_id: str = "") -> None:
        """Ask the registries for a participant, unless what is known is fresh. Never raises.

        To be called before a signature of ``unique_key_id`` is checked: a key that is not known
        is asked for even where the rest is fresh, but not more often than each ``AGAIN``.
        """
        if not self._remotes or not self._due(subscriber_id, unique_key_id):
            return
        task = self._asking.get(subscriber_id)
        if task is None:
            if not self._may_ask(subscriber_id):
                log.warning("too many unknown participants: %s is not looked up", subscriber_id)
                return
            task = asyncio.create_task(self._ask(subscriber_id, unique_key_id))
            self._asking[subscriber_id] = task
            task.add_done_callback(lambda _: self._asking.pop(subscriber_id, None))
        await asyncio.shield(task)

    def unsure(self, subscriber_id: str) -> bool:
        """Tell whether a registry could not be asked about who is not known: ask again soon."""
        return subscriber_id in self._away

    async def discover(self, domain: str, role: Role = "BPP") -> tuple[Entry, ...]:
        """Ask all registries at once who takes part in ``domain``; return all that are known.

        A registry that does not answer is said and left out; what it said before counts. The same
        is not asked again within ``SEARCH``.
        """
        at = self._searched.get((domain, role))
        if at is None or not at <= self._now() < at + SEARCH:
            await self._search(domain, role)
        return tuple(
            entry for entry in self.entries() if entry.role == role and domain in entry.domains
        )

    async def _search(self, domain: str, role: Role) -> None:
        answers = await asyncio.gather(
            *(self._discover(remote, domain, role) for remote in self._remotes)
        )
        now = self._now()
        learnt: dict[str, Answer] = {}
        for rank, found in enumerate(answers):
            url = self._remotes[rank].source.url
            for entry in (found or ())[:MOST_FOUND]:
                name = entry.subscriber_id
                known = learnt.get(name) or self._kept.answers.get(name)
                if known is None or self._rank(known, now) > rank:
                    learnt[name] = Answer(url, (entry,), now)
                elif known.source == url:
                    # Only one of its roles was asked for: the rest stays, and gets no younger.
                    entries = _put(known.entries, entry)
                    learnt[name] = Answer(url, entries, known.asked_at)
        self._kept.learn(learnt)
        if all(found is not None for found in answers):
            self._searched[domain, role] = now

    async def close(self) -> None:
        """Close connections and the file of what is remembered."""
        for task in list(self._asking.values()):
            task.cancel()
        for remote in self._remotes:
            await remote.close()
        self._kept.close()

    # -- pinning -------------------------------------------------------------------------------

    def pin(self, subscriber_id: str) -> None:
        """Trust the keys of ``subscriber_id`` that are known now, and no others unvouched.

        Raises RegistryError when none is known.
        """
        known = self._of(subscriber_id)
        if not known:
            raise RegistryError(f"{subscriber_id} is not in the registry: there is nothing to pin")
        for entry in known:
            self._kept.pin(subscriber_id, entry.unique_key_id, entry.signing_public_key, "seen")

    def pin_key(self, subscriber_id: str, unique_key_id: str, public_key: str) -> None:
        """Trust a key that a person brought: from a QR code, a letter. Raises RegistryError."""
        if not key_bytes(public_key):
            raise RegistryError("expected the base64 of an Ed25519 public key (32 bytes)")
        self._kept.pin(subscriber_id, unique_key_id, public_key, "person")

    def agree(self, subscriber_id: str, unique_key_id: str) -> None:
        """Trust a changed key because a person said so. RegistryError when none such waits."""
        self._trust.agree(subscriber_id, unique_key_id)

    def unpin(self, subscriber_id: str) -> None:
        """Trust whatever key the registries name for ``subscriber_id`` again."""
        self._kept.unpin(subscriber_id)

    # -- within --------------------------------------------------------------------------------

    def _of(self, subscriber_id: str) -> tuple[Entry, ...]:
        now = self._now()
        listed = [one for one in self._file.entries() if one.subscriber_id == subscriber_id]
        known = listed or self._answered(subscriber_id, now)
        return tuple(one for one in known if one.good(now) and self._trust.allows(one))

    def _answered(self, subscriber_id: str, now: datetime) -> Sequence[Entry]:
        answer = self._kept.answers.get(subscriber_id)
        if answer is None or answer.asked_at + STALE < now:
            return ()
        return [entry for entry in answer.entries if entry.good(now)]

    def _due(self, subscriber_id: str, unique_key_id: str) -> bool:
        listed = [one for one in self._file.entries() if one.subscriber_id == subscriber_id]
        if listed:
            return False
        now = self._now()
        answer = self._kept.answers.get(subscriber_id)
        if answer is not None and now < answer.asked_at + self._ttl:
            keys = {entry.unique_key_id for entry in self._answered(subscriber_id, now)}
            if keys and (not unique_key_id or unique_key_id in keys):
                return False
        missed = self._missed.get(subscriber_id)
        again = SOON if subscriber_id in self._away else AGAIN
        return missed is None or not missed <= now < missed + again

    def _may_ask(self, subscriber_id: str) -> bool:
        if subscriber_id in self._kept.answers or subscriber_id in self._kept.pins:
            return True
        now = self._now()
        self._missed = {who: at for who, at in self._missed.items() if at <= now < at + AGAIN}
        self._away &= self._missed.keys()
        strangers = sum(1 for who in self._missed if who not in self._kept.answers)
        return strangers + len(self._asking) < MOST_QUESTIONS

    async def _ask(self, subscriber_id: str, unique_key_id: str) -> None:
        self._missed[subscriber_id] = self._now()
        self._away.discard(subscriber_id)
        known = self._kept.answers.get(subscriber_id)
        for remote in self._remotes:
            url = remote.source.url
            try:
                found = await remote.lookup(subscriber_id, unique_key_id)
            except RegistryError as error:
                log.warning("%s", error)
                self._away.add(subscriber_id)
                if known is not None and known.source == url:
                    # What this registry said counts more than what a later one says.
                    return
                continue
            if found:
                self._away.discard(subscriber_id)
                if not unique_key_id or unique_key_id in {one.unique_key_id for one in found}:
                    self._missed.pop(subscriber_id, None)
                if remote.source.form == "dedi" and known is not None and known.source == url:
                    # It was asked for one key: the others it told before are no less true.
                    keys = {one.unique_key_id for one in found}
                    found += tuple(one for one in known.entries if one.unique_key_id not in keys)
                self._learn(subscriber_id, url, found, self._now())
                return
            if known is not None and known.source == url:
                self._learn(subscriber_id, url, (), self._now())
                return
        await self._introduced()

    async def _introduced(self) -> None:
        """Whom no registry lists may be a registry that challenges somebody."""
        for remote in self._remotes:
            try:
                await remote.introduce()
            except RegistryError as error:
                log.warning("%s", error)

    def _learn(
        self, subscriber_id: str, source: str, entries: tuple[Entry, ...], now: datetime
    ) -> None:
        self._kept.learn({subscriber_id: Answer(source, entries, now)})

    def _rank(self, answer: Answer, now: datetime) -> int:
        """Return which registry said it: the first one counts most, an old answer nothing."""
        urls = [remote.source.url for remote in self._remotes]
        fresh = answer.asked_at + STALE >= now and answer.source in urls
        return urls.index(answer.source) if fresh else len(urls)

    @staticmethod
    async def _discover(
        remote: RemoteRegistry, domain: str, role: Role
    ) -> tuple[Entry, ...] | None:
        try:
            return await remote.discover(domain, role)
        except RegistryError as error:
            log.warning("%s", error)
            return None


def _put(entries: tuple[Entry, ...], entry: Entry) -> tuple[Entry, ...]:
    def part(one: Entry) -> tuple[str, str, str]:
        return one.unique_key_id, one.role, one.version

    kept = []
    for one in entries:
        if part(one) != part(entry):
            kept.append(one)
        elif one.signing_public_key == entry.signing_public_key:
            domains = tuple(dict.fromkeys(one.domains + entry.domains))
            entry = replace(entry, domains=domains)
    return (*kept, entry)
