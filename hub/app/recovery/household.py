"""The household whose words are printed, and the one that is rebuilt from them."""

from __future__ import annotations

from pathlib import Path

from hub.app.firstkeys import make_keys
from hub.app.recovery.root import Root, keep_root, root_of
from hub.app.recovery.words import Recovered, WordsError
from hub.domain.values import dataclass
from hub.keyfiles.files import SecretsError
from integrations.beckn.keys import KEY_FILE as BECKN_KEY
from integrations.beckn.keys import load_or_create
from integrations.peers.keys import KEY_FILE as PEER_KEY
from integrations.peers.keys import PeerKeys, make_key


@dataclass(frozen=True, slots=True)
class Household:
    """Who a household is to others. ``alone``: its keys come of its recovery secret."""

    root: Root
    subscriber_id: str
    beckn_key_id: str
    beckn_key: str
    peer_id: str
    peer_key: str
    rotations: int
    alone: bool


def household(data: Path) -> Household:
    """Return who the household of a data folder is. SecretsError when no hub has run there."""
    folder = data / "secrets"
    if not (folder / BECKN_KEY).exists() or not (folder / PEER_KEY).exists():
        raise SecretsError(f"{data}: no hub has run here yet (expected secrets/{BECKN_KEY} in it)")
    root = root_of(folder)
    identity, peers = load_or_create(folder, kind="hub"), PeerKeys(folder)
    own = identity.seed == root.beckn_seed and identity.unique_key_id == root.beckn_key_id
    alone = own and peers.current.public == peers.first == make_key(root.peer_seed).public
    return Household(
        root,
        identity.subscriber_id,
        identity.unique_key_id,
        identity.public_key,
        peers.id,
        peers.current.public.kid,
        len(peers.statements),
        alone,
    )


def rebuild(data: Path, found: Recovered, subscriber_id: str | None) -> Household:
    """Make a household's keys in an empty data folder, of its words alone.

    What it knew and agreed to is not in words: its log begins anew, under another key. Raises
    WordsError when its keys are not of the words, SecretsError when there are others already.
    """
    if not found.alone:
        raise WordsError(
            "this household's keys were made anew, or before its words: they come back with a "
            "backup only (--backup), which these words open"
        )
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise SecretsError(f"{data}: expected a folder that is missing or empty")
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    keep_root(data / "secrets", found.root)
    make_keys(data / "secrets", subscriber_id)
    made = household(data)
    if not made.alone:
        raise SecretsError(f"{data}: the keys that were made are not those of the words")
    return made
