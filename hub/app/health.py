"""How the hub is, for /healthz and /metrics: nothing in it is private."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from hub.app.watch import Watch
from hub.domain.backups import BackupState
from hub.ports import Clock
from hub.store.views import Views
from hub.worker.pump import Pump
from hub.worker.writer import Writer


class Connection(Protocol):
    """The MQTT connection, as far as health goes."""

    @property
    def connected(self) -> bool:
        """Tell whether the broker is there."""
        ...


class Beside(Protocol):
    """A Home Assistant beside the hub, as far as health goes."""

    @property
    def connected(self) -> bool | None:
        """Tell whether it is there, None where none is set."""
        ...


class Health:
    """Called, it says how the parts are. ``ok`` holds while the broker is there."""

    def __init__(
        self,
        writer: Writer,
        pump: Pump,
        views: Views,
        watch: Watch,
        clock: Clock,
        *,
        backup: Callable[[], BackupState],
    ) -> None:
        """``link`` and ``assistant`` are given once there are such."""
        self._writer = writer
        self._pump = pump
        self._views = views
        self._watch = watch
        self._clock = clock
        self._backup = backup
        self._since = clock.now()
        self.link: Connection | None = None
        self.assistant: Beside | None = None

    def __call__(self) -> Mapping[str, object]:
        """Return the figures; ``…_total`` grow from the start of the process."""
        connected = self.link is not None and self.link.connected
        backup = self._backup()
        beside = self.assistant.connected if self.assistant is not None else None
        return {
            "ok": connected,
            "mqtt_connected": connected,
            **({} if beside is None else {"homeassistant_connected": beside}),
            "uptime_seconds": round((self._clock.now() - self._since).total_seconds(), 3),
            "messages_total": self._writer.messages,
            "transactions_total": self._writer.batches,
            "faults_total": self._writer.parked,
            "effects_sent_total": self._pump.sent,
            "effects_failed_total": self._pump.failed,
            "waiting_to_write": self._writer.waiting,
            "waiting_to_send": self._pump.waiting,
            "config_problems": len(self._watch.problems),
            "backup_ok": backup.ok,
            **({} if backup.made is None else {"backup_made_timestamp": backup.made}),
            **self._views.counts(),
        }
