"""Having a running hub do something about its contacts, from another process.

The hub is the only one that writes; others leave a wish in its database and look for the outcome.
"""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from hub.ports import Clock
from hub.store.peers import PeerStore, Wish

PATIENCE = 15.0
"""Seconds that an answer is awaited."""

_POLL = 0.1


class WishError(Exception):
    """The hub refused, or did not answer; the text says so in one line."""


def ask(
    engine: Engine,
    data: Path,
    clock: Clock,
    verb: str,
    words: dict[str, Any],
    *,
    must_run: bool = False,
) -> dict[str, Any]:
    """Have the hub of ``data``, whose database is ``engine``, do something; return what came of it.

    Where it does not run, it does it when it next does: ``{"later": True}``; with ``must_run``
    that is refused. Raises WishError.
    """
    wish = Wish(uuid.uuid4().hex, verb, words)
    runs = _runs(data)
    if must_run and not runs:
        raise WishError("the hub does not run; start it first (`run_hub.py run`)")
    with engine.connect().execution_options(immediate=True) as connection:
        PeerStore(connection).wish(wish, clock.now())
        connection.commit()
    end = time.monotonic() + PATIENCE
    while runs and time.monotonic() < end:
        with engine.connect() as connection:
            found = PeerStore(connection).wish_of(wish.id)
        if found is not None and found.outcome is not None:
            with engine.connect().execution_options(immediate=True) as connection:
                PeerStore(connection).forget_wish(wish.id)
                connection.commit()
            if "error" in found.outcome:
                raise WishError(str(found.outcome["error"]))
            return found.outcome
        time.sleep(_POLL)
    if must_run:
        raise WishError("the hub did not answer in time; its log may say why")
    return {"later": True}


def _runs(data: Path) -> bool:
    """Tell whether the hub that last took the data folder is alive; to try the lock would hold it
    just when a hub may be starting."""
    try:
        os.kill(int((data / "hub.lock").read_text()), 0)
    except (OSError, ValueError):
        return False
    return True
