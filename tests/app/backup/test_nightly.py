"""The nightly backup: once a day, late when it was missed, told when it fails."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyrage
import pytest

from hub.app.backup.make import NAME
from hub.app.backup.nightly import Nightly, last_due
from hub.domain.backups import BackupState
from hub.keyfiles.convert import lock_all
from hub.settings import BackupSettings, MemberSettings, NtfySettings, Settings
from hub.store.tx import Tx
from tests.app.backup.conftest import Home
from tests.support.household import TurnedClock
from tests.support.hubprocess import SETTINGS, write_config

KEY = pyrage.x25519.Identity.generate()


def _plain(backup: dict[str, object]) -> dict[str, object]:
    return {key: one if isinstance(one, int) else str(one) for key, one in backup.items()}


class Running:
    """As much of a home as the backup looks at."""

    def __init__(self, home: Home, **backup: object) -> None:
        self._house = home.house
        self.settings = Settings.model_validate(
            {"home": {"timezone": "Europe/Berlin"}, "backup": _plain(backup)}
        )

    def adults(self) -> tuple[str, ...]:
        return ("ana",)

    def member(self, member_id: str) -> MemberSettings:
        return MemberSettings(id=member_id, name="Ana", ntfy=NtfySettings(topic="ana-topic"))

    pushed = frozenset[str]()

    async def do(self, step: Callable[[Tx], BackupState]) -> BackupState:
        return self._house.do(step)


def nightly(home: Home, clock: TurnedClock, **backup: object) -> Nightly:
    write_config(home.config, settings={"backup": _plain(backup)})
    running = Running(home, **backup)
    return Nightly(running, home.config, home.data, clock, running.do)  # type: ignore[arg-type]


def made(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir() if NAME.fullmatch(file.name))


def test_the_last_time_it_was_due() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    now = datetime(2026, 11, 25, 2, 59, tzinfo=berlin)
    assert last_due(now, 3) == datetime(2026, 11, 24, 3, tzinfo=berlin)
    assert last_due(now + timedelta(minutes=1), 3) == datetime(2026, 11, 25, 3, tzinfo=berlin)


def test_when_it_is_due(home: Home, tmp_path: Path) -> None:
    clock = TurnedClock(datetime(2026, 11, 25, 1, tzinfo=UTC))
    idle = Running(home)
    assert not Nightly(idle, home.config, home.data, clock, idle.do).due()  # type: ignore[arg-type]
    looked = nightly(home, clock, to=tmp_path / "to")
    assert looked.due(), "there is none yet"
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "commonhearth-20261125T003000Z.age").touch()
    assert not looked.due()
    clock.turn(minutes=59)
    assert not looked.due(), "02:59 in Berlin"
    clock.turn(minutes=1)
    assert looked.due(), "03:00 in Berlin"


async def test_it_is_made_by_a_process_and_the_oldest_goes(
    home: Home, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "to"
    folder.mkdir()
    for day in range(1, 5):
        (folder / f"commonhearth-2020010{day}T030000Z.age").touch()
    clock = TurnedClock(datetime.now(UTC))
    looked = nightly(home, clock, to=folder, keep=3, recipient=KEY.to_public())
    caplog.set_level(logging.INFO)
    # The process opens locked keys by what this one has opened; nobody is there to be asked.
    lock_all(home.data, "correct horse battery", "")
    await looked.look()
    assert "read back and compared" in caplog.text
    names = made(folder)
    assert names[:2] == ["commonhearth-20200103T030000Z.age", "commonhearth-20200104T030000Z.age"]
    assert len(names) == 3
    assert pyrage.decrypt((folder / names[2]).read_bytes(), [KEY])
    assert not looked.due()
    again = nightly(home, clock, to=folder, keep=3, recipient=KEY.to_public())
    await again.begin()
    assert again.state == looked.state
    assert again.state.made is not None


async def test_a_failure_is_told_in_one_line_and_tried_again(
    home: Home, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder, clock = tmp_path / "to", TurnedClock(datetime.now(UTC))
    folder.mkdir()
    looked = nightly(home, clock, to=folder, passphrase_file=tmp_path / "gone")
    await looked.look()
    (record,) = caplog.records
    assert record.getMessage() == (
        f"the nightly backup failed: {tmp_path / 'gone'}: No such file or directory"
    )
    assert list(folder.iterdir()) == []
    assert not looked.due()
    assert not looked.state.ok
    assert looked.state.reason == f"{tmp_path / 'gone'}: No such file or directory"
    clock.turn(hours=1)
    assert looked.due()


async def test_a_folder_that_is_not_mounted_is_told(
    home: Home, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    looked = nightly(
        home, TurnedClock(datetime.now(UTC)), to=tmp_path / "disk", recipient=KEY.to_public()
    )
    await looked.look()
    assert f"{tmp_path / 'disk'}: expected a folder" in caplog.text
    assert not (tmp_path / "disk").exists()


def test_settings_default_to_no_backup() -> None:
    assert BackupSettings() == Settings.model_validate(SETTINGS).backup
    assert BackupSettings().to is None
