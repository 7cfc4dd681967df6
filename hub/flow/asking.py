"""A question put to members: kept with its deadline, told to the ledger, and asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from hub.domain.suggestions import Because, Kind, Option, Suggestion
from hub.flow.home import Home
from hub.flow.tell import ask
from hub.store.tx import Entry, Tx


def posed(
    tx: Tx,
    home: Home,
    kind: Kind,
    *,
    key: str,
    subject: str,
    title: str,
    body: str,
    because: tuple[Because, ...],
    deadline: datetime,
    options: tuple[Option, ...] = (),
    whom: Sequence[str] = (),
    not_before: datetime | None = None,
    about: str = "",
) -> Suggestion:
    """Return a question that no rule led to, for ``whom``: for all adults where nobody is named."""
    return Suggestion(
        id=tx.new_id(),
        key=key,
        kind=kind,
        rule_id="",
        rule_version="",
        rule_text="",
        subject=subject,
        title=title,
        body=body,
        state="proposed",
        version=1,
        because=because,
        options=options,
        ask=tuple(whom) or home.adults(),
        created_at=tx.now,
        deadline=deadline,
        not_before=not_before,
        about=about,
    )


def opened(tx: Tx, suggestion: Suggestion, facts: Mapping[str, object]) -> None:
    """Keep a suggestion that is open now, until its deadline; ``facts`` are for the ledger.

    Where a rule led to it the entry names the rule, its version and the SHA-256 of its text: what
    the suggestion shows as the rule of that time can be held against the log.
    """
    if suggestion.rule_id:
        facts = {
            **facts,
            "rule": suggestion.rule_id,
            "rule_version": suggestion.rule_version,
            "rule_sha256": sha256(suggestion.rule_text.encode()).hexdigest(),
        }
    tx.save(suggestion, Entry("suggested", suggestion.id, facts))
    tx.set_timer("deadline", suggestion.id, "", suggestion.deadline)


def put(tx: Tx, home: Home, suggestion: Suggestion, facts: Mapping[str, object]) -> Suggestion:
    """Open a suggestion and ask about it; return it as it is then."""
    opened(tx, suggestion, facts)
    return ask(tx, home, suggestion)
