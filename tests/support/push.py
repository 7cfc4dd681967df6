"""A push service and a browser's keys, as RFC 8030, 8291 and 8292 describe them."""

from __future__ import annotations

import json
import os
import re
import ssl
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.domain.push import PushSubscription
from tests.support.certificates import Authority


def b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


def _hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


@dataclass
class Browser:
    """The keys a browser keeps to itself, and how it reads what it is sent."""

    endpoint: str
    member: str = "ada"
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def subscription(self) -> PushSubscription:
        return PushSubscription(self.member, self.endpoint, self.p256dh, self.auth)

    @property
    def p256dh(self) -> bytes:
        return point(self.key.public_key())

    def read(self, body: bytes) -> bytes:
        """Decrypt one aes128gcm record (RFC 8188, 2; RFC 8291, 3.4)."""
        salt, size, length = body[:16], *struct.unpack(">IB", body[16:21])
        sender, record = body[21 : 21 + length], body[21 + length :]
        assert length == 65
        assert len(record) <= size
        shared = self.key.exchange(
            ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        )
        info = b"WebPush: info\0" + self.p256dh + sender
        secret = _hkdf(self.auth, shared, info, 32)
        key = _hkdf(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
        nonce = _hkdf(salt, secret, b"Content-Encoding: nonce\0", 12)
        padded = AESGCM(key).decrypt(nonce, record, None).rstrip(b"\0")
        assert padded[-1:] == b"\2"
        return padded[:-1]


@dataclass(frozen=True)
class Pushed:
    """One message a push service took."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class PushService:
    """Takes what a push service takes; ``answers`` are given instead, one each."""

    url: str = ""
    key: str = ""
    taken: list[Pushed] = field(default_factory=list)
    claims: list[dict[str, object]] = field(default_factory=list)
    answers: dict[str, list[web.Response]] = field(default_factory=dict)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if len(body) > 4096:
            return web.Response(status=413, text="too large")
        self.claims.append(self._judge(request))
        if self.answers.get(request.path):
            return self.answers[request.path].pop(0)
        self.taken.append(Pushed(request.path, dict(request.headers), body))
        return web.Response(status=201, headers={"Location": f"{self.url}/message/1"})

    def _judge(self, request: web.Request) -> dict[str, object]:
        """RFC 8030, 5.2 and 5.4; RFC 8292, 2 and 3."""
        assert int(request.headers["TTL"]) >= 0
        assert request.headers["Content-Encoding"] == "aes128gcm"
        assert request.headers["Urgency"] in ("very-low", "low", "normal", "high")
        assert re.fullmatch(r"[-_A-Za-z0-9]{1,32}", request.headers["Topic"])
        scheme, _, rest = request.headers["Authorization"].partition(" ")
        assert scheme == "vapid"
        given = dict(one.strip().split("=", 1) for one in rest.split(","))
        assert not self.key or given["k"] == self.key
        head, body, signature = given["t"].split(".")
        assert json.loads(unb64(head))["alg"] == "ES256"
        raw = unb64(signature)
        der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(given["k"])).verify(
            der, f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA256())
        )
        claims: dict[str, object] = json.loads(unb64(body))
        assert claims["aud"] == self.url
        return claims


@asynccontextmanager
async def push_service(folder: Path) -> AsyncIterator[tuple[PushService, Path]]:
    """Run one over TLS; also return the certificates to trust."""
    authority = Authority(folder, "push")
    cert, key = authority.issue("push-service")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    found = PushService()
    app = web.Application()
    app.router.add_post("/{name}", found.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    found.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield found, authority.file
    finally:
        await runner.cleanup()
