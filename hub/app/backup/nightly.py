"""The nightly backup: made by a process of its own, so that the hub's memory stays as it is."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from hub.app.backup.names import newest
from hub.domain.backups import BackupState
from hub.flow import backups
from hub.flow.home import Home
from hub.ports import Clock
from hub.store.tx import Tx

log = logging.getLogger(__name__)
_PROGRAM = Path(__file__).resolve().parents[3] / "run_hub.py"
LOOK_SECONDS = 60.0
_AGAIN = timedelta(hours=1)
_LONGEST = 3600.0

Do = Callable[[Callable[[Tx], BackupState]], Awaitable[BackupState]]
"""Takes a step in the writer (``Writer.run``)."""


def last_due(now: datetime, hour: int) -> datetime:
    """Return the newest instant at or before ``now`` that is on the hour, in ``now``'s zone."""
    today = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if today <= now else today - timedelta(days=1)


class Nightly:
    """Makes a backup once a day; one that was missed is made as soon as the hub runs again."""

    def __init__(self, home: Home, config: Path, data: Path, clock: Clock, do: Do) -> None:
        """``home``'s settings say where to, when, and how many are kept."""
        self._home = home
        self._do = do
        self.state = BackupState()
        """How it stands; whole once ``begin`` was called."""
        self._config = config
        self._data = data
        self._clock = clock
        self._not_before: datetime | None = None

    def due(self) -> bool:
        """Tell whether a backup is to be made now."""
        settings, now = self._home.settings.backup, self._clock.now()
        if settings.to is None or (self._not_before is not None and now < self._not_before):
            return False
        made = self.state.made if settings.elsewhere else newest(Path(settings.to))
        return made is None or made < last_due(
            now.astimezone(self._home.settings.home.zone), settings.hour
        )

    async def begin(self) -> None:
        """Read how it stood when the hub ended."""
        self.state = await self._do(backups.standing)

    async def look(self) -> None:
        """Make a backup if one is due; a failure is told, and tried again after an hour."""
        if not self.due():
            return
        self._not_before = self._clock.now() + _AGAIN
        from hub.keyfiles.lock import handed

        with handed(os.environ) as keys:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, str(_PROGRAM), "backup", "--nightly"),
                *("--config", str(self._config.resolve()), "--data", str(self._data.resolve())),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                **keys,
            )
        try:
            said, _ = await asyncio.wait_for(process.communicate(), _LONGEST)
        except TimeoutError:
            said = f"error: it had not ended after {_LONGEST / 60:.0f} minutes".encode()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        line = said.decode(errors="replace").strip().rpartition("\n")[2].removeprefix("error: ")
        if process.returncode:
            log.error("the nightly backup failed: %s", line)
            reason = line or f"it ended with {process.returncode}"
            self.state = await self._do(partial(backups.failed, home=self._home, reason=reason))
        else:
            log.info("%s", line)
            self.state = await self._do(partial(backups.made, home=self._home))
