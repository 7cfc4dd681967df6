"""Pinned participants: which of the keys that registries name for them are believed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from integrations.beckn.errors import RegistryError
from integrations.beckn.registry.entry import LONGEST_CHAIN, Entry, key_bytes
from integrations.beckn.registry.keep import Keep, KeyChange

log = logging.getLogger(__name__)


class Trust:
    """Holds participants to the keys they were pinned with."""

    def __init__(self, kept: Keep, on_change: Callable[[KeyChange], None] | None) -> None:
        """Read and write the pins in ``kept``; ``on_change`` is told once of each refused key."""
        self._kept = kept
        self._on_change = on_change

    def allows(self, entry: Entry) -> bool:
        """Tell whether the key of ``entry`` may be believed: it always may of whom is not pinned.

        A key that the pinned one signed for is pinned as well; any other is refused and told.
        """
        pins = self._kept.pins.get(entry.subscriber_id)
        if not pins or pins.get(entry.unique_key_id) == entry.signing_public_key:
            return True
        if self._kept.reread():
            return self.allows(entry)
        if _vouched(entry, pins):
            log.info("%s: its key changed, and the old key vouches for it", entry.subscriber_id)
            self._kept.pin(
                entry.subscriber_id, entry.unique_key_id, entry.signing_public_key, "rotation"
            )
            return True
        change = KeyChange(entry.subscriber_id, entry.unique_key_id, entry.signing_public_key)
        if self._kept.change(change):
            log.warning(
                "%s shows another key (%s) than the one it is known by: refused until a person"
                " agrees",
                change.subscriber_id,
                change.unique_key_id,
            )
            if self._on_change is not None:
                self._on_change(change)
        return False

    def agree(self, subscriber_id: str, unique_key_id: str) -> None:
        """Trust a changed key because a person said so. RegistryError when none such waits."""
        for change in self._kept.changes:
            if (change.subscriber_id, change.unique_key_id) == (subscriber_id, unique_key_id):
                self._kept.pin(subscriber_id, unique_key_id, change.public_key, "person")
                return
        raise RegistryError(f"{subscriber_id} shows no changed key named {unique_key_id}")


def _vouched(entry: Entry, pins: Mapping[str, str]) -> bool:
    trusted = dict(pins)
    if entry.unique_key_id in trusted:
        # A name is never given to a second key.
        return False
    for step in entry.rotations[:LONGEST_CHAIN]:
        old = trusted.get(step.old_key_id)
        if step.subscriber_id != entry.subscriber_id or old is None:
            continue
        if step.new_key_id not in trusted and step.proves(key_bytes(old)):
            trusted[step.new_key_id] = step.new_public_key
    return trusted.get(entry.unique_key_id) == entry.signing_public_key
