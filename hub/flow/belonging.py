"""Whose wish an order or suggestion is, and telling its owner that something became of it.

An owner is a part of the flow that wished for something: a ride belongs to an activity, a table to
a meal. ``about`` names it, ``<owner>:<key>``, on the suggestion and on each of its orders. What
happens to them is noted as a timer that is due at once, so the owner looks in a step of its own:
after the commit, over a kill, and apart from what happened.
"""

from __future__ import annotations

from typing import Literal

from hub.store.tx import Tx

News = Literal["booked", "changed", "unchanged", "cancelled", "over", "ended", "collected"]
"""What is told of an order: ``booked`` it is confirmed; ``changed`` its time, size or way is
another; ``unchanged`` a change came to nothing (``order.reason`` says why); ``cancelled`` by
whomever (``order.reason``); ``over`` it is done. Of a suggestion: ``ended`` (see its state), and
``collected`` where its owner puts the offers before the members itself."""

KIND = "about"
"""The kind of the timers that bring the news."""


def note(tx: Tx, about: str, news: News, subject: str) -> None:
    """Have the owner look; ``subject`` is the order's id, or with ``ended`` the suggestion's."""
    if about:
        tx.set_timer(KIND, about, f"{news}:{subject}", tx.now)
