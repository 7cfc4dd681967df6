"""What the buttons under a question are, wherever they are shown: one token a member and verb."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hub.domain.homeassistant import action_id
from hub.domain.suggestions import VERBS, Suggestion, Verb
from hub.domain.tokens import ActionToken, sign

_VERSIONS = 20
"""How many earlier versions of a question a late tap is looked up among."""


def token_for(suggestion: Suggestion, member: str, verb: Verb) -> ActionToken:
    """Return what a member's button stands for: approving takes the first offer."""
    best = suggestion.best
    option = best.id if best is not None and verb == "approve" else None
    return ActionToken(suggestion.id, suggestion.version, verb, member, suggestion.deadline, option)


def spends(suggestion: Suggestion, verb: Verb) -> bool:
    """Tell whether a button costs money."""
    best = suggestion.best
    return verb == "approve" and best is not None and best.total.amount > 0


def pressed(
    action: str, suggestions: Iterable[Suggestion], members: Iterable[str], secret: bytes
) -> ActionToken | None:
    """Return what a button in the Home Assistant app stands for, None for one that is not ours.

    The button itself tells nothing: it is looked for among those that were shown, with earlier
    versions of each question, so that a late tap meets what has become of it.
    """
    people = tuple(members)
    for suggestion in suggestions:
        for member in people:
            for token in _shown(suggestion, member):
                if action_id(sign(token, secret)) == action:
                    return token
    return None


def _shown(suggestion: Suggestion, member: str) -> Iterator[ActionToken]:
    offers = (None, *(option.id for option in suggestion.options))
    for version in range(suggestion.version, max(0, suggestion.version - _VERSIONS), -1):
        for verb in VERBS:
            for option in offers if verb == "approve" else (None,):
                yield ActionToken(suggestion.id, version, verb, member, suggestion.deadline, option)
