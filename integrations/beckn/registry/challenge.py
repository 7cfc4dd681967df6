"""The registry's riddle: who can read it holds the encryption key and answers at the address.

Beckn v1.1.1 (``/on_subscribe``) leaves the cipher open; networks use what ONDC documents: AES-256
in ECB mode with PKCS#7 padding, under the secret that X25519 gives the two of them.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from integrations.beckn.errors import RegistryError
from integrations.beckn.keys import Identity

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.modes import ECB

LONGEST = 4096
"""Characters of an encrypted challenge."""


def encrypt(text: str, identity: Identity, their_public_key: str) -> str:
    """Return ``text`` in base64 for the holder of that key. RegistryError for an unusable key."""
    from cryptography.hazmat.primitives.padding import PKCS7

    padder = PKCS7(128).padder()
    padded = padder.update(text.encode()) + padder.finalize()
    encryptor = _cipher(identity.shared_secret(their_public_key)).encryptor()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def decrypt(challenge: str, identity: Identity, their_public_key: str) -> str:
    """Return what was encrypted for us; RegistryError when it was not."""
    from cryptography.hazmat.primitives.padding import PKCS7

    if len(challenge) > LONGEST:
        raise RegistryError(f"a challenge must be shorter than {LONGEST} characters")
    decryptor = _cipher(identity.shared_secret(their_public_key)).decryptor()
    unpadder = PKCS7(128).unpadder()
    try:
        padded = decryptor.update(base64.b64decode(challenge, validate=True))
        padded += decryptor.finalize()
        return (unpadder.update(padded) + unpadder.finalize()).decode()
    except ValueError as error:
        raise RegistryError("the challenge was not encrypted for this key") from error


def _cipher(secret: bytes) -> Cipher[ECB]:
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES256
    from cryptography.hazmat.primitives.ciphers.modes import ECB

    # The networks' choice, not ours; a random word that is used once has no pattern to show.
    return Cipher(AES256(secret), ECB())  # noqa: S305
