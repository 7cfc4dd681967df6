"""Where the pages are served, and what is said when they cannot be."""

from __future__ import annotations

import socket

import pytest

from hub.app.listen import ListenError, address, listen


def test_a_free_port_is_taken_and_told() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert address(None, "127.0.0.1", listener) == f"http://127.0.0.1:{port}"
        assert address(None, "0.0.0.0", listener) == f"http://127.0.0.1:{port}"
        assert address("https://hub.example/", "127.0.0.1", listener) == "https://hub.example"
        with pytest.raises(ListenError, match=rf"^http.port: {port} on 127.0.0.1 is taken"):
            listen("127.0.0.1", port)


def test_ipv6_is_written_in_brackets() -> None:
    with listen("::1", 0) as listener:
        port = listener.getsockname()[1]
        assert listener.family == socket.AF_INET6
        assert address(None, "::1", listener) == f"http://[::1]:{port}"
        assert address(None, "::", listener) == f"http://[::1]:{port}"


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_of_another_machine(host: str) -> None:
    with pytest.raises(ListenError, match=r"^http\.host: .* is no address of this machine"):
        listen(host, 0)
