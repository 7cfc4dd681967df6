"""Telling and asking members: what goes to their phones, by effects."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from hub.domain.effects import AskMember, ChangeList, TellMember
from hub.domain.suggestions import Suggestion
from hub.flow.home import Home, channels
from hub.store.tx import Entry, Tx

_WORTH_TICKING = timedelta(days=7)
_WORTH_KNOWING = ("approved", "carried_out", "failed")
"""States a member wants to hear of; of the others only the question has to go."""


def tag_of(key: str) -> str:
    """Return the notification tag of a cause: the same cause replaces, it does not stack."""
    return hashlib.blake2b(key.encode(), digest_size=8).hexdigest()


def tell(
    tx: Tx,
    home: Home,
    members: Iterable[str],
    *,
    tag: str,
    title: str,
    body: str,
    cause: int,
    priority: int = 3,
    not_before: datetime | None = None,
    withdraw: bool = False,
) -> None:
    """Tell members something that needs no answer. ``cause`` is its ledger index, which makes
    the effect's key; an earlier notification with the same ``tag`` is replaced. With
    ``not_before`` it waits (quiet hours); with ``withdraw`` the question is taken back."""
    for member_id in members:
        member = home.member(member_id)
        if member is None:
            continue
        for channel in channels(member, home.pushed):
            tx.emit(
                TellMember(tag, title, body, member_id, channel, priority, withdraw),
                key=f"tell:{cause}:{member_id}:{channel}",
                subject=tag,
                not_before=not_before,
            )


def ask(tx: Tx, home: Home, suggestion: Suggestion) -> Suggestion:
    """Ask about the present version of a suggestion, or wait until its ``not_before``."""
    if suggestion.not_before is not None and suggestion.not_before > tx.now:
        tx.set_timer("ask", suggestion.id, "", suggestion.not_before)
        tx.save(suggestion)
        return suggestion
    tx.set_timer("ask", suggestion.id, "", None)
    asked = replace(suggestion, asked=True, not_before=None)
    tx.save(
        asked,
        Entry("asked", asked.id, {"members": list(asked.ask), "version": asked.version}),
    )
    for member_id in asked.ask:
        member = home.member(member_id)
        for channel in channels(member, home.pushed) if member else ():
            tx.emit(
                AskMember(asked.id, asked.version, member_id, channel),
                key=f"ask:{asked.id}:{asked.version}:{member_id}:{channel}",
                subject=tag_of(asked.key),
                expires=asked.deadline,
            )
    _note(tx, home, asked, "add", f"note:{asked.id}:{asked.version}")
    return asked


def _note(
    tx: Tx, home: Home, suggestion: Suggestion, verb: Literal["add", "complete"], key: str
) -> None:
    """Note a suggestion on the list that the household keeps for them, or tick it off there."""
    todo = home.settings.homeassistant.note_list
    if todo is not None:
        tx.emit(
            ChangeList(todo, verb, suggestion.title, about=suggestion.id),
            key=key,
            subject=todo,
            expires=suggestion.deadline if verb == "add" else tx.now + _WORTH_TICKING,
        )


def tell_outcome(tx: Tx, home: Home, suggestion: Suggestion, cause: int) -> None:
    """Replace the notification of a suggestion that was asked by what came of it.

    That it failed is told also where nobody was asked: somebody may have to go shopping.
    """
    if suggestion.asked and not suggestion.open:
        _note(tx, home, suggestion, "complete", f"noted:{suggestion.id}:{cause}")
    if suggestion.asked or suggestion.state == "failed":
        body = suggestion.outcome
        if not suggestion.asked:
            body = f"{suggestion.body}\n{body}".strip()
        tell(
            tx,
            home,
            suggestion.ask,
            tag=tag_of(suggestion.key),
            title=suggestion.title,
            body=body,
            cause=cause,
            not_before=None if suggestion.asked else suggestion.not_before,
            withdraw=suggestion.asked and suggestion.state not in _WORTH_KNOWING,
        )
