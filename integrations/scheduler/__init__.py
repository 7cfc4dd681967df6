"""When the hub looks at its clock: APScheduler behind two calls."""

from integrations.scheduler.alarm import Alarm

__all__ = ["Alarm"]
