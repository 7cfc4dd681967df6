"""Who goes through the first start at the same time: each is told of the others."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta

from hub.domain.values import dataclass
from hub.web.backend import Session

LASTS = timedelta(minutes=10)
"""So long after its last page somebody counts as being at it."""
_MOST = 32


@dataclass(frozen=True, slots=True)
class Window:
    """A signed-in browser, and the step that it saw last."""

    member: str
    step: str
    at: datetime


class Windows:
    """Remembers browsers by their session; bounded, and forgotten with the process."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._by_session: OrderedDict[str, Window] = OrderedDict()

    def others(self, session: Session, step: str, now: datetime) -> Sequence[Window]:
        """Note where a session is, and return where the others are, the newest last."""
        self._by_session[session.id] = Window(session.member, step, now)
        self._by_session.move_to_end(session.id)
        while len(self._by_session) > _MOST:
            self._by_session.popitem(last=False)
        return [
            one
            for key, one in self._by_session.items()
            if key != session.id and now - one.at < LASTS
        ]

    def left(self, session: Session) -> None:
        """Forget a session: it is through."""
        self._by_session.pop(session.id, None)
