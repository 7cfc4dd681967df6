"""The keys of a first start, made beside it: what makes them would stay in memory for ever.

A hub that signs nothing yet needs no library that signs, which is a tenth of its memory. At each
later start the keys are there already and nothing happens here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.app.recovery.root import ROOT_FILE, root_of
from hub.keyfiles.ledgerkey import LEDGER_KEY, ledger_key
from integrations.beckn.keys import KEY_FILE as BECKN_KEY
from integrations.beckn.keys import load_or_create
from integrations.peers.keys import KEY_FILE as PEER_KEY
from integrations.peers.keys import PeerKeys

_KEYS = (BECKN_KEY, PEER_KEY, LEDGER_KEY, ROOT_FILE)


@contextmanager
def make_aside(folder: Path, subscriber_id: str | None) -> Iterator[None]:
    """Have missing keys made in a child process while something else is done within.

    It must be entered before the process has threads. Whatever the child could not do, the hub
    does itself, and tells what is wrong.
    """
    if all((folder / name).exists() for name in _KEYS):
        yield
        return
    child = os.fork()
    if child == 0:
        _make_and_end(folder, subscriber_id)
    try:
        yield
    finally:
        os.waitpid(child, 0)


def make_keys(folder: Path, subscriber_id: str | None) -> None:
    """Make the keys that are missing; those towards others are of the household's recovery secret.

    The log's key is not: a log that was lost is another log, and says so by another key. Raises
    SecretsError, RegistryError, KeyFileError.
    """
    root = root_of(folder)
    made_of = (root.beckn_seed, root.beckn_key_id)
    identity = load_or_create(folder, kind="hub", subscriber_id=subscriber_id, made_of=made_of)
    PeerKeys(folder, root.peer_seed).first  # noqa: B018 - made at the first look
    ledger_key(folder, identity.subscriber_id)


def _make_and_end(folder: Path, subscriber_id: str | None) -> None:
    try:
        make_keys(folder, subscriber_id)
    finally:
        # Nothing of the parent's is ended or written twice.
        os._exit(0)
