"""What became of the nightly backup: noted; adults hear when it fails, and when it is mended."""

from __future__ import annotations

from datetime import UTC, datetime

from hub.domain.backups import CURSOR, BackupState, decent
from hub.domain.tongue import phrase
from hub.flow.home import Home
from hub.flow.tell import tag_of, tell
from hub.store.codec import dump, load
from hub.store.tx import Entry, Tx

_TAG = tag_of("nightly backup")


def standing(tx: Tx) -> BackupState:
    """Return how the nightly backup stands."""
    kept = tx.cursor(CURSOR)
    return load(BackupState, kept) if kept else BackupState()


def failed(tx: Tx, home: Home, reason: str) -> BackupState:
    """Note that a try failed; the adults hear why, once a day while it lasts."""
    state, news = standing(tx).after_failure(reason, tx.now)
    if news:
        cause = tx.append(Entry("backup_failed", "backup", {"reason": state.reason}))
        since = (
            phrase("The last good one is of {day}.", day=_day(home, state.made))
            if state.made
            else ""
        )
        body = f"{state.reason}\n{since or phrase('There is none yet.')}"
        _tell(tx, home, phrase("The nightly backup failed"), body, cause)
    _keep(tx, state)
    return state


def made(tx: Tx, home: Home) -> BackupState:
    """Note that a backup was made; whoever heard that it failed hears that it is mended."""
    state, news = standing(tx).after_success(tx.now)
    cause = tx.append(Entry("backup_made", "backup", {}))
    if news:
        _tell(
            tx,
            home,
            phrase("The nightly backup works again"),
            phrase("One was made and read back."),
            cause,
        )
    _keep(tx, state)
    return state


def _tell(tx: Tx, home: Home, title: str, body: str, cause: int) -> None:
    later = decent(tx.now.astimezone(home.settings.home.zone))
    tell(
        tx,
        home,
        home.adults(),
        tag=_TAG,
        title=title,
        body=body,
        cause=cause,
        not_before=later.astimezone(UTC) if later is not None else None,
    )


def _keep(tx: Tx, state: BackupState) -> None:
    tx.set_cursor(CURSOR, dump(state))
    tx.page_changed = True


def _day(home: Home, at: datetime) -> str:
    return f"{at.astimezone(home.settings.home.zone):%Y-%m-%d %H:%M}"
