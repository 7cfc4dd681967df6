"""Whom the hub trusts in the net is read late, and is what it would have been."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from hub.cli.authorities import LateAuthorities, authorities_later
from tests.support.certificates import Authority


async def says(context: ssl.SSLContext, server: Authority) -> bytes:
    """Return what a TLS server with a certificate of that authority says."""
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(*server.issue("server"))

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0, ssl=theirs) as listening:
        port = listening.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        found = await reader.read()
        writer.close()
        return found


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    authority = Authority(tmp_path, "trusted")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    return authority


def late() -> ssl.SSLContext:
    usual = ssl.create_default_context
    with authorities_later():
        context = ssl.create_default_context()
    assert ssl.create_default_context is usual
    return context


async def test_authorities_are_read_before_the_first_connection(trusted: Authority) -> None:
    context = late()
    assert isinstance(context, LateAuthorities)
    assert context.get_ca_certs() == []
    assert await says(context, trusted) == b"hello"
    assert len(context.get_ca_certs()) == 1


async def test_who_is_signed_by_nobody_trusted_is_refused(
    trusted: Authority, tmp_path: Path
) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        await says(late(), Authority(tmp_path, "other"))


def test_it_is_as_strict_as_the_usual_one(trusted: Authority) -> None:
    usual, context = ssl.create_default_context(), late()
    for name in ("verify_mode", "verify_flags", "check_hostname", "options", "minimum_version"):
        assert getattr(context, name) == getattr(usual, name), name
    with authorities_later():
        blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        blind.set_default_verify_paths()
    assert blind.get_ca_certs() == []
    blind.set_default_verify_paths()
    assert len(blind.get_ca_certs()) == 1
