"""The key by which push services know the hub (VAPID, RFC 8292)."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hub.keyfiles.files import SecretsError, read, write

if TYPE_CHECKING:
    from py_vapid import Vapid02

LASTS = timedelta(hours=12)
"""How long a signature is used; RFC 8292, 2 allows 24 hours at most."""


class KeyFileError(Exception):
    """The key file is damaged; the text names it and says what to do."""


class VapidKey:
    """A P-256 key pair kept in one file (PEM, mode 0600), made at first use.

    Browsers subscribe for this key and for no other, so it is never made anew unasked.
    """

    def __init__(self, file: Path) -> None:
        """Keep it in ``file``."""
        self._file = file
        self._key: Vapid02 | None = None
        self._signed: dict[str, tuple[datetime, str]] = {}

    @property
    def public(self) -> str:
        """Return ``applicationServerKey``: the public point in base64url.

        Raises KeyFileError when the file is not what was written.
        """
        from cryptography.hazmat.primitives import serialization

        point = self._loaded().public_key.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return urlsafe_b64encode(point).rstrip(b"=").decode()

    def authorization(self, endpoint: str, contact: str, now: datetime) -> str:
        """Return the Authorization header for an endpoint (RFC 8292, 3).

        ``contact`` is whom the push service may write to, ``mailto:…`` or ``https://…``.
        """
        parts = urlsplit(endpoint)
        origin = f"{parts.scheme}://{parts.netloc}"
        found = self._signed.get(origin)
        if found is not None and found[0] > now:
            return found[1]
        claims = {"aud": origin, "sub": contact, "exp": int((now + LASTS).timestamp())}
        header: str = self._loaded().sign(claims)["Authorization"]
        if len(self._signed) > 16:
            self._signed.clear()
        self._signed[origin] = (now + LASTS / 2, header)
        return header

    def _loaded(self) -> Vapid02:
        if self._key is None:
            if not self._file.exists():
                self._make()
            self._key = self._read()
        return self._key

    def _read(self) -> Vapid02:
        from py_vapid import Vapid02, VapidException

        try:
            return Vapid02.from_pem(read(self._file))
        except SecretsError as error:
            raise KeyFileError(str(error)) from None
        except (ValueError, TypeError, VapidException):
            raise KeyFileError(
                f"{self._file}: expected a P-256 key in PEM; delete it to make a new one (browsers "
                "then have to be allowed to notify again)"
            ) from None

    def _make(self) -> None:
        from py_vapid import Vapid02

        made = Vapid02()
        made.generate_keys()
        write(self._file, made.private_pem())
