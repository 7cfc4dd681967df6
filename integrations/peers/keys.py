"""The household's own keys towards its friends: made when first needed, kept, and followed."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

from hub.domain.peers import GRACE, PeerError, PeerKey, id_of
from hub.domain.values import dataclass
from hub.keyfiles.files import SecretsError, read, write
from integrations.peers.jose import b64, look_into, sign, unb64, verify

KEY_FILE = "peer-key.json"
FOLLOWS = "commonhearth-key+jws"
MOST_STATEMENTS = 16


class KeyFileError(Exception):
    """The key file is damaged or open to others; the text names it and says what to do."""


@dataclass(frozen=True)
class OwnKey:
    """A pair of key pairs out of one secret of 32 bytes; ``until`` is when it ends, if it does."""

    seed: bytes = field(repr=False)
    public: PeerKey
    until: datetime | None = None

    @property
    def seal_seed(self) -> bytes:
        """Return the X25519 private key, derived from the one secret that is kept."""
        return _seal_seed(self.seed)


def _seal_seed(seed: bytes) -> bytes:
    return blake2b(seed, digest_size=32, person=b"hearth-peer-seal").digest()


def make_key(seed: bytes) -> OwnKey:
    """Return the keys of a secret."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    signing = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    sealing = X25519PrivateKey.from_private_bytes(_seal_seed(seed)).public_key()
    return OwnKey(seed, PeerKey(b64(signing), b64(sealing.public_bytes_raw())))


class PeerKeys:
    """Our keys, newest first; the file is made at the first use (mode 0600)."""

    def __init__(self, folder: Path, seed: bytes | None = None) -> None:
        """Keep them in ``folder``/peer-key.json; ``seed`` is what they are made of, else chance."""
        self._seed = seed
        self._path = folder / KEY_FILE
        self._keys: tuple[OwnKey, ...] = ()
        self._first: PeerKey | None = None
        self.statements: tuple[str, ...] = ()
        """How each key named the next, oldest first: what proves the present one."""

    @property
    def exists(self) -> bool:
        """Tell whether they were made already."""
        return self._path.exists()

    @property
    def current(self) -> OwnKey:
        """Return the key we sign with. Raises KeyFileError."""
        self._load()
        return self._keys[0]

    @property
    def first(self) -> PeerKey:
        """Return the key we were made with, of which our id is the digest."""
        self._load()
        assert self._first is not None, "loaded"
        return self._first

    @property
    def id(self) -> str:
        """Return our id. Raises KeyFileError."""
        return id_of(self.first)

    def opening(self, kid: str, now: datetime) -> OwnKey | None:
        """Return the key of that name while what is encrypted to it is still opened."""
        self._load()
        for key in self._keys:
            if key.public.kid == kid and (key.until is None or now < key.until):
                return key
        return None

    def rotate(self, now: datetime) -> PeerKey:
        """Put a new key in the place of the present one, which signs for it and ends after GRACE.

        Raises KeyFileError.
        """
        old = self.current
        new = make_key(os.urandom(32))
        facts = {"sub": self.id, "iat": int(now.timestamp())}
        payload = json.dumps({**facts, "sign": new.public.sign, "seal": new.public.seal})
        statement = sign(payload.encode(), old.seed, old.public, FOLLOWS)
        kept = [OwnKey(old.seed, old.public, now + GRACE)]
        kept += [key for key in self._keys[1:] if key.until is not None and now < key.until]
        self._keys = (new, *kept)
        self.statements = (*self.statements, statement)
        self._write()
        return new.public

    def _load(self) -> None:
        if self._keys:
            return
        if not self._path.exists():
            self._make()
        path = self._path
        try:
            kept = json.loads(read(path))
            keys = tuple(_read(one) for one in kept["keys"])
            first = PeerKey(**kept["first"])
            statements = tuple(str(one) for one in kept["statements"])
        except SecretsError as error:
            raise KeyFileError(str(error)) from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise KeyFileError(f"{path}: expected the keys made at first use: {error}") from error
        if not keys or keys[0].until is not None:
            raise KeyFileError(f"{path}: expected a key that is in use")
        self._keys, self._first, self.statements = keys, first, statements

    def _make(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # The command line and the hub may both be the first: one of them makes it.
        with (self._path.parent / ".peer-key.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self._path.exists():
                made = make_key(self._seed or os.urandom(32))
                self._keys, self._first = (made,), made.public
                self._write()
        self._keys = ()

    def _write(self) -> None:
        assert self._first is not None, "there are keys"
        kept = {
            "first": {"sign": self._first.sign, "seal": self._first.seal},
            "keys": [_kept(key) for key in self._keys],
            "statements": list(self.statements),
        }
        write(self._path, json.dumps(kept))


def _kept(key: OwnKey) -> dict[str, str | None]:
    until = None if key.until is None else key.until.isoformat()
    public = key.public
    return {"seed": b64(key.seed), "sign": public.sign, "seal": public.seal, "until": until}


def _read(kept: dict[str, str | None]) -> OwnKey:
    seed = unb64(str(kept["seed"]))
    if len(seed) != 32:
        raise ValueError("seed: expected 32 bytes")
    until = kept["until"]
    public = PeerKey(str(kept["sign"]), str(kept["seal"]))
    return OwnKey(seed, public, datetime.fromisoformat(until) if until else None)


def follow(statements: Sequence[str], hub_id: str, start: PeerKey, wanted: str) -> PeerKey | None:
    """Return the key named ``wanted``, to which statements lead from ``start`` one after another.

    Each is signed by the key before it. None when they do not lead there. PeerError for a
    statement that is false.
    """
    key, left = start, list(statements[-MOST_STATEMENTS:])
    while left:
        token = left.pop(0)
        kid, payload = look_into(token, FOLLOWS)
        if kid != key.kid:
            continue
        verify(token, key)
        try:
            said = json.loads(payload)
            fine = said["sub"] == hub_id
            key = PeerKey(str(said["sign"]), str(said["seal"]))
        except (ValueError, KeyError, TypeError) as error:
            raise PeerError(f"keys: expected what names the next key: {error}") from None
        if not fine:
            raise PeerError("keys: it names the next key of another hub")
        if key.kid == wanted:
            return key
    return None
