"""How the nightly backup stands, and when members hear of it (pure)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hub.domain.values import dataclass

CURSOR = "backup"
"""Under which name the store keeps it."""
TELL_AGAIN = timedelta(hours=23)
"""At least so long lies between two times that members hear of a failure: once a day."""
LONGEST_REASON = 300
_MORNING, _EVENING = 8, 21


@dataclass(frozen=True, slots=True)
class BackupState:
    """How the nightly backup stands.

    ``made`` is when the newest good one was made. While it fails, ``failing_since`` is when that
    began, ``reason`` the last one in plain words, and ``told`` when members last heard of it.
    """

    made: datetime | None = None
    failing_since: datetime | None = None
    reason: str = ""
    told: datetime | None = None

    @property
    def ok(self) -> bool:
        """Tell whether the last try was good, or none was made."""
        return self.failing_since is None

    def after_failure(self, reason: str, now: datetime) -> tuple[BackupState, bool]:
        """Return the state after a failed try, and whether members are to hear of it now."""
        tell = self.told is None or now - self.told >= TELL_AGAIN
        failed = replace(
            self,
            failing_since=self.failing_since or now,
            reason=reason[:LONGEST_REASON],
            told=now if tell else self.told,
        )
        return failed, tell

    def after_success(self, now: datetime) -> tuple[BackupState, bool]:
        """Return the state after a good one, and whether members heard that it was not."""
        return BackupState(now), self.told is not None


def decent(now: datetime) -> datetime | None:
    """Return when it is time to tell what can wait, in ``now``'s zone; None: now.

    A backup fails at night, and nobody can plug the disk in before the morning.
    """
    if now.hour < _MORNING:
        return now.replace(hour=_MORNING, minute=0, second=0, microsecond=0)
    if now.hour >= _EVENING:
        return (now + timedelta(days=1)).replace(hour=_MORNING, minute=0, second=0, microsecond=0)
    return None
