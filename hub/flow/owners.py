"""Who owns what was wished for, and is told what became of it (``hub/flow/belonging.py``)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from hub.flow.belonging import News
from hub.flow.home import Home
from hub.flow.meals import table as meals
from hub.flow.rides import news as rides
from hub.store.tx import Tx

Owner = Callable[[Tx, Home, str, News, str], None]
"""``(tx, home, key, news, id)``: ``key`` is what follows the owner's name in ``about``, ``id`` the
order's (with ``ended`` the suggestion's). Called in a transaction of its own, once or again: an
owner looks at how things stand, and does nothing the second time."""

OWNERS: Mapping[str, Owner] = {"meal": meals.news, "ride": rides.news}
"""By the owner's name. A new owner enters itself here."""

log = logging.getLogger(__name__)


def told(tx: Tx, home: Home, name: str, subject: str, due: datetime) -> None:
    """Have an owner look at what became of its wish (a timer)."""
    owner, _, key = name.partition(":")
    news, _, identity = subject.partition(":")
    known = OWNERS.get(owner)
    if known is None:
        log.warning("nobody owns %s", name)
        return
    known(tx, home, key, news, identity)  # type: ignore[arg-type]
