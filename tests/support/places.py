"""Folders on real servers: asyncssh's SFTP server and WsgiDAV, each in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
from cheroot import wsgi
from wsgidav.wsgidav_app import WsgiDAVApp

PASSWORD = "canary place-5d0c"


@dataclass
class Served:
    """A folder, and the address at which it is served."""

    folder: Path
    address: str
    host_key: str = ""
    key_file: Path | None = None


class _Login(asyncssh.SSHServer):
    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("ada", PASSWORD)


@contextmanager
def sftp(folder: Path, keys: Path, port: int = 0, host: Any = None) -> Iterator[Served]:
    """Serve a folder over SFTP to ada, by PASSWORD or by the key made in ``keys``."""
    folder.mkdir(exist_ok=True)
    host = host or asyncssh.generate_private_key("ssh-ed25519")
    own = asyncssh.generate_private_key("ssh-ed25519")
    file = keys / "ada_ed25519"
    own.write_private_key(str(file))
    (keys / "authorized").write_bytes(own.export_public_key())
    loop = asyncio.new_event_loop()
    ready: list[int] = []
    up = threading.Event()
    over = asyncio.Event()

    async def serve() -> None:
        server = await asyncssh.create_server(
            _Login,
            "127.0.0.1",
            port,
            server_host_keys=[host],
            authorized_client_keys=str(keys / "authorized"),
            sftp_factory=lambda chan: asyncssh.SFTPServer(chan, chroot=str(folder.parent)),
        )
        ready.append(server.get_port())
        up.set()
        await over.wait()
        server.close()
        await server.wait_closed()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    up.wait()
    try:
        yield Served(
            folder,
            f"sftp://ada@127.0.0.1:{ready[0]}/{folder.name}",
            host.get_fingerprint(),
            file,
        )
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


@contextmanager
def webdav(folder: Path) -> Iterator[Served]:
    """Serve a folder over WebDAV to ada, by PASSWORD."""
    folder.mkdir(exist_ok=True)
    app = WsgiDAVApp(
        {
            "provider_mapping": {"/dav": str(folder.parent)},
            "simple_dc": {"user_mapping": {"*": {"ada": {"password": PASSWORD}}}},
            "http_authenticator": {"accept_basic": True, "accept_digest": False},
            "verbose": 0,
            "logging": {"enable": False},
        }
    )
    server = wsgi.Server(("127.0.0.1", 0), app)
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        port = server.bind_addr[1]
        yield Served(folder, f"webdav://ada@127.0.0.1:{port}/dav/{folder.name}")
    finally:
        server.stop()
        thread.join()
