"""API tokens as the API lists, makes and revokes them (``hub.web.tokens``)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from hub.domain.scopes import MOST_TOKENS, SCOPES, Scope, TokenError, check_name
from hub.ports import Clock
from hub.store.access import Access, NameTaken
from hub.web.tokens import TokenView


class HubTokens:
    """The pages' ``Tokens`` over the hub's database."""

    def __init__(self, access: Access, clock: Clock) -> None:
        """Use the hub's database and its clock."""
        self.access = access
        self._clock = clock

    def known(self) -> Sequence[TokenView]:
        """Return every token, by name."""
        return [
            TokenView(one.name, [scope for scope in SCOPES if scope in one.scopes], one.created_at)
            for one in self.access.tokens()
        ]

    def make(self, name: str, scopes: Collection[Scope]) -> str:
        """Make a token; return it, shown this once. Raises TokenError."""
        check_name(name)
        if len(self.access.tokens()) >= MOST_TOKENS:
            raise TokenError(f"there are {MOST_TOKENS} tokens; revoke one that is not used")
        try:
            return self.access.create_token(name, frozenset(scopes), self._clock.now())
        except NameTaken as taken:
            raise TokenError(str(taken)) from None

    def revoke(self, name: str) -> bool:
        """Take a token back; False when there is none of that name."""
        return self.access.revoke_token(name)
