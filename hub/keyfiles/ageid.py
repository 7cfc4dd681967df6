"""Secrets of 32 bytes as age writes them."""

from __future__ import annotations

_HRP = "age-secret-key-"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def age_identity(secret: bytes) -> str:
    """Return an X25519 private key of 32 bytes as age has it: ``AGE-SECRET-KEY-1…``."""
    return bech32(_HRP, secret).upper()


def bech32(hrp: str, data: bytes) -> str:
    """Return bytes in Bech32 (BIP 173), without its bound of 90 characters, as age has them."""
    bits = int.from_bytes(data, "big") << (-len(data) * 8 % 5)
    count = -(-len(data) * 8 // 5)
    words = [(bits >> 5 * at) & 31 for at in reversed(range(count))]
    spread = [ord(char) >> 5 for char in hrp] + [0] + [ord(char) & 31 for char in hrp]
    sum_ = _polymod([*spread, *words, 0, 0, 0, 0, 0, 0]) ^ 1
    check = [(sum_ >> 5 * at) & 31 for at in reversed(range(6))]
    return f"{hrp}1" + "".join(_BECH32[word] for word in words + check)


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for at, part in enumerate(_GENERATOR):
            check ^= part if (top >> at) & 1 else 0
    return check
