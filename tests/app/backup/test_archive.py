"""The inside of a backup is believed in nothing: names, sizes and hashes are held against it."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.app.backup.archive import (
    MANIFEST,
    Manifest,
    Member,
    describe,
    read_archive,
    write_archive,
)
from hub.app.backup.errors import BackupError

GOOD = {"data/hub.sqlite": b"database", "data/secrets/a": b"key", "config/hub.yaml": b"home: {}"}


def manifest(contents: dict[str, bytes], **changes: Any) -> dict[str, Any]:
    return {
        "format": "commonhearth-backup/1",
        "made_at": "2026-11-25T03:00:00+00:00",
        "household": "hub.example/ledger",
        "counts": {"entries": 3},
        "log": {"root": "00"},
        "files": {
            name: {
                "size": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
                "private": True,
            }
            for name, content in contents.items()
        },
    } | changes


def pack(target: Path, said: object, members: list[tarfile.TarInfo | tuple[str, bytes]]) -> Path:
    with tarfile.open(target, "w") as archive:
        raw = said if isinstance(said, bytes) else json.dumps(said).encode()
        for member in [(MANIFEST, raw), *members]:
            if isinstance(member, tuple):
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                archive.addfile(info, io.BytesIO(member[1]))
            else:
                archive.addfile(member)
    return target


def refused(tmp_path: Path, file: Path) -> str:
    (tmp_path / "into").mkdir()
    with pytest.raises(BackupError) as caught:
        read_archive(file, tmp_path / "into")
    (line,) = str(caught.value).splitlines()
    assert not list(tmp_path.rglob("escaped*"))
    return line


def test_what_was_written_is_read(tmp_path: Path) -> None:
    files = {}
    for name, content in GOOD.items():
        files[name] = tmp_path / "from" / name
        files[name].parent.mkdir(parents=True, exist_ok=True)
        files[name].write_bytes(content)
    members = {name: describe(file, private=True) for name, file in files.items()}
    made = Manifest("2026-11-25T03:00:00+00:00", "h", {"entries": 1}, {"root": "00"}, members)
    write_archive(tmp_path / "a.tar", made, files)
    (tmp_path / "into").mkdir()
    assert read_archive(tmp_path / "a.tar", tmp_path / "into") == made
    for name, content in GOOD.items():
        assert (tmp_path / "into" / name).read_bytes() == content
    assert members["data/secrets/a"] == Member(3, hashlib.sha256(b"key").hexdigest(), True)


@pytest.mark.parametrize(
    "name",
    [
        "../escaped",
        "data/../../escaped",
        "/tmp/escaped",
        "data//escaped",
        "data/./escaped",
        "other/escaped",
        "escaped",
        "data/",
        "data/a\nb",
        "data/a\x00b",
        "data/" + "x" * 500,
        "",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    said = manifest({name: b"x"})
    line = refused(tmp_path, pack(tmp_path / "a.tar", said, [("data/a", b"x")]))
    assert "which is none of a household's" in line
    assert not list((tmp_path / "into").rglob("*"))


def links() -> list[tarfile.TarInfo]:
    found = []
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
        info = tarfile.TarInfo("data/hub.sqlite")
        info.type, info.linkname = kind, "../../escaped"
        found.append(info)
    folder = tarfile.TarInfo("data/hub.sqlite")
    folder.type = tarfile.DIRTYPE
    return [*found, folder]


@pytest.mark.parametrize("info", links(), ids=lambda info: repr(info.type))
def test_only_plain_files_are_written(tmp_path: Path, info: tarfile.TarInfo) -> None:
    said = manifest({"data/hub.sqlite": b""})
    assert "does not name" in refused(tmp_path, pack(tmp_path / "a.tar", said, [info]))


def test_what_is_not_named_or_comes_twice_is_refused(tmp_path: Path) -> None:
    one = ("data/hub.sqlite", b"x")
    said = manifest({"data/hub.sqlite": b"x"})
    assert "does not name" in refused(tmp_path, pack(tmp_path / "a.tar", said, [one, one]))


@pytest.mark.parametrize(
    ("members", "line"),
    [
        ([("data/hub.sqlite", b"y")], "its hash differs"),
        ([("data/hub.sqlite", b"xx")], "it has 2 bytes, 1 are named"),
        ([], "which is not in it"),
    ],
)
def test_what_differs_is_named(tmp_path: Path, members: list[Any], line: str) -> None:
    said = manifest({"data/hub.sqlite": b"x"})
    assert line in refused(tmp_path, pack(tmp_path / "a.tar", said, members))


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (b"", "does not begin"),
        (b"[]", "does not begin"),
        (b"{}", "does not begin"),
        (b"[" * 100_000, "does not begin"),
        (manifest({}, format="commonhearth-backup/9"), "of the format"),
        (manifest({}, counts={"entries": "many"}), "does not begin"),
        (manifest({}, files={"data/a": {"size": -1, "sha256": "", "private": True}}), "impossible"),
        (manifest({}, files={"data/a": {"size": 1 << 60, "sha256": "", "private": 1}}), "impossib"),
        (
            manifest({}, files={"data/a": {"size": 60 << 30, "sha256": "", "private": True}}),
            "bytes are needed",
        ),
        (manifest({f"data/{number}": b"" for number in range(10_001)}), "more than 10000"),
    ],
)
def test_a_manifest_that_cannot_be(tmp_path: Path, said: object, line: str) -> None:
    if "needed" in line:
        import shutil

        if shutil.disk_usage(tmp_path).free > 60 << 30:
            line = "not in it"
    assert line in refused(tmp_path, pack(tmp_path / "a.tar", said, []))


def test_a_sparse_file_is_no_plain_file(tmp_path: Path) -> None:
    info = tarfile.TarInfo("data/hub.sqlite")
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
    said = manifest({"data/hub.sqlite": b""})
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        raw = json.dumps(said).encode()
        first = tarfile.TarInfo(MANIFEST)
        first.size = len(raw)
        archive.addfile(first, io.BytesIO(raw))
        info.size = 512
        archive.addfile(info, io.BytesIO(b"1\n0\n1000000000000\n".ljust(512, b"\0")))
    assert refused(tmp_path, tmp_path / "a.tar")


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_any_damage_is_refused_or_harmless(tmp_path_factory: Any, data: st.DataObject) -> None:
    tmp_path: Path = tmp_path_factory.mktemp("f")
    file = pack(tmp_path / "a.tar", manifest(GOOD), list(GOOD.items()))
    raw = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    file.write_bytes(
        raw[: data.draw(st.integers(0, len(raw)))] if data.draw(st.booleans()) else raw
    )
    (tmp_path / "into").mkdir()
    found = None
    with contextlib.suppress(BackupError):
        found = read_archive(file, tmp_path / "into")
    for name, member in found.files.items() if found else ():
        content = (tmp_path / "into" / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == member.sha256
    assert {one.name for one in tmp_path.iterdir()} == {"a.tar", "into"}
