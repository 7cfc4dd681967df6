"""Addresses of places for backups, as people write them."""

from __future__ import annotations

import pytest

from hub.domain.places import PlaceAddress, is_place, read_place


def test_what_an_address_says() -> None:
    assert read_place("sftp://ada@nas/back%20ups") == PlaceAddress(
        "sftp", "ada", "nas", 22, "/back ups"
    )
    assert read_place("sftp://ada@nas:2222/~/backups").path == "backups"
    assert read_place("sftp://ada@nas/~/").path == "."
    assert read_place("webdavs://a%40b@cloud.example/dav/a%20b").http == (
        "https://cloud.example/dav/a%20b"
    )
    assert read_place("webdavs://a%40b@cloud.example/dav").user == "a@b"
    assert read_place("webdav://nas:8080/x").http == "http://nas:8080/x"
    assert read_place("https://[::1]:8443/x").http == "https://[::1]:8443/x"
    assert not is_place("/mnt/usb")
    assert not is_place("C:/backups")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ftp://nas/x", "not ftp://"),
        ("http://nas/x", "not http://"),
        ("sftp://ada:canary@nas/x", "backup.password_file"),
        ("sftp://nas/x", "expected a user"),
        ("sftp://ada@/x", "expected sftp://user@host/path"),
        ("webdavs://nas/x?canary=1", "expected webdavs://user@host/path"),
        ("sftp://ada@nas:99999/x", "expected sftp://"),
        ("sftp://[canary/x", "expected sftp://"),
    ],
)
def test_what_is_none_is_told_without_repeating_it(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        read_place(text)
    assert "canary" not in str(caught.value)
