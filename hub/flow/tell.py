"""Telling and asking members: what goes to their phones, by effects."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from hub.domain.effects import AskMember, ChangeList, TellMember
from hub.domain.suggestions import Escalation, Suggestion, Turn
from hub.flow.digest import gather
from hub.flow.home import Home, channels
from hub.settings import MemberSettings
from hub.store.tx import Entry, Tx
from rules.times import quiet_until

ESCALATE = "escalate"
"""The timer of a question that nobody has answered."""

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
    answered: bool = False,
    urgent: bool = False,
    minor: bool = False,
) -> None:
    """Tell members something that needs no answer. ``cause`` is its ledger index, which makes
    the effect's key; an earlier notification with the same ``tag`` is replaced. With
    ``not_before`` it waits (quiet hours); with ``withdraw`` the question is taken back.
    ``answered``: it takes a question's place, so it goes where that went. A member's own quiet
    hours hold it, unless it is ``urgent``; ``minor``: it waits for their message of the day."""
    for member_id in members:
        member = home.member(member_id)
        if member is None:
            continue
        if minor and not urgent and member.digest != "off":
            gather(tx, home, member, title, body)
            continue
        wait = None if urgent else quiet_for(home, member, not_before or tx.now)
        for channel in channels(member, home.pushed, news=not answered):
            tx.emit(
                TellMember(tag, title, body, member_id, channel, priority, withdraw),
                key=f"tell:{cause}:{member_id}:{channel}",
                subject=tag,
                not_before=wait or not_before,
            )


def ask(tx: Tx, home: Home, suggestion: Suggestion) -> Suggestion:
    """Ask about the present version of a suggestion, or wait until its ``not_before``."""
    if suggestion.not_before is not None and suggestion.not_before > tx.now:
        tx.set_timer("ask", suggestion.id, "", suggestion.not_before)
        tx.set_timer(ESCALATE, suggestion.id, "", None)
        tx.save(suggestion)
        return suggestion
    tx.set_timer("ask", suggestion.id, "", None)
    asked = _put(tx, home, replace(suggestion, asked=True, not_before=None), suggestion.ask)
    _await_answer(tx, home, asked)
    _note(tx, home, asked, "add", f"note:{asked.id}:{asked.version}")
    return asked


def quiet_for(home: Home, member: MemberSettings, at: datetime) -> datetime | None:
    """Return when a member's own quiet hours that hold at ``at`` end (UTC); None: awake."""
    return quiet_until(member.quiet_hours, at, home.settings.home.zone)


def _put(tx: Tx, home: Home, suggestion: Suggestion, whom: Sequence[str]) -> Suggestion:
    """Ask ``whom``. Who has quiet hours is asked at their end, if it is still open and in time.

    Whether it is still open, and the same, the pump looks before it sends.
    """
    known = {turn.member for turn in suggestion.turns}
    turns = list(suggestion.turns)
    for member_id in whom:
        member = home.member(member_id)
        if member is None:
            continue
        wait = None if suggestion.urgent else quiet_for(home, member, tx.now)
        if wait is not None and wait >= suggestion.deadline:
            # Who is not woken would never be asked.
            wait = None
        if member_id not in known:
            turns.append(Turn(member_id, wait or tx.now))
        for channel in channels(member, home.pushed):
            tx.emit(
                AskMember(suggestion.id, suggestion.version, member_id, channel),
                key=f"ask:{suggestion.id}:{suggestion.version}:{member_id}:{channel}",
                subject=tag_of(suggestion.key),
                not_before=wait,
                expires=suggestion.deadline,
            )
    asked = replace(suggestion, turns=tuple(turns))
    tx.save(asked, Entry("asked", asked.id, {"members": list(whom), "version": asked.version}))
    return asked


def _await_answer(tx: Tx, home: Home, suggestion: Suggestion) -> None:
    """Set the time at which the next adult is asked too, if it is before the deadline.

    A new price does not begin it anew: it is the answer that is awaited.
    """
    key = (ESCALATE, suggestion.id, "")
    plan = _plan(home, suggestion)
    if plan is None or key in tx.house.timers or not suggestion.open:
        return
    at = tx.now + plan.after
    if next_asked(home, suggestion) is not None and at < suggestion.deadline:
        tx.set_timer(*key, at)


def _plan(home: Home, suggestion: Suggestion) -> Escalation | None:
    """Return who is asked next: the rule's word of then, else the home's of now."""
    said = home.settings.home.escalate
    if suggestion.escalate is not None or said is None:
        return suggestion.escalate
    return Escalation(timedelta(minutes=said.after), said.to)


def next_asked(home: Home, suggestion: Suggestion) -> str | None:
    """Return who is asked next about a question without an answer: an adult not asked yet."""
    plan = _plan(home, suggestion)
    named = plan.to if plan is not None else ()
    free = (one for one in named if one not in suggestion.ask and home.decides(one))
    return next(free, None)


def escalate(tx: Tx, home: Home, name: str, subject: str, due: datetime) -> None:
    """Nobody has answered: ask the next adult too. Those asked before are told nothing new."""
    suggestion = tx.suggestion(name)
    if suggestion is None or not suggestion.open or not suggestion.asked:
        return
    if suggestion.not_before is not None or tx.now >= suggestion.deadline:
        return
    who = next_asked(home, suggestion)
    if who is None:
        return
    wider = _put(tx, home, replace(suggestion, ask=(*suggestion.ask, who)), (who,))
    _await_answer(tx, home, wider)


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
            answered=suggestion.asked,
            urgent=suggestion.urgent,
            withdraw=suggestion.asked and suggestion.state not in _WORTH_KNOWING,
        )
