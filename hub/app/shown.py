"""What of the household is shown in Home Assistant, as it is now."""

from __future__ import annotations

from collections.abc import Callable

from hub.app.buttons import token_for
from hub.app.standing import Standing
from hub.domain.orders import Order
from hub.domain.suggestions import Suggestion, Verb
from hub.domain.tokens import sign
from hub.domain.wording import question
from hub.flow.home import Home
from hub.flow.press import why_not
from hub.ports import Clock
from hub.store.house import House
from integrations.homeassistant.entities import Delivery, Level, Pending, Shown

_COMING = ("confirmed", "in_progress")


class Snapshot:
    """Called, it says what is to be seen. Of what may be decided it reads what is committed."""

    def __init__(
        self,
        home: Home,
        house: House,
        standing: Standing,
        clock: Clock,
        *,
        secret: bytes,
        page: Callable[[], str],
    ) -> None:
        """``secret`` signs what buttons send; ``page`` is where the hub's pages are."""
        self._home = home
        self._house = house
        self._standing = standing
        self._clock = clock
        self._secret = secret
        self._page = page

    def __call__(self) -> Shown:
        """Return what is to be seen now."""
        asked = [one for one in self._standing.suggestions.values() if one.open and one.asked]
        asked.sort(key=lambda one: (one.created_at, one.id), reverse=True)
        return Shown(
            [self._pending(one) for one in asked],
            self._levels(),
            self._delivery(),
            buttons=self._home.settings.homeassistant.press.member is not None,
            page=self._page(),
        )

    def _pending(self, suggestion: Suggestion) -> Pending:
        zone, now = self._home.settings.home.zone, self._clock.now()
        best = suggestion.best
        what: dict[str, object] = {
            "suggestion": suggestion.id,
            "version": suggestion.version,
            "kind": suggestion.kind,
            "title": suggestion.title,
            "message": question(suggestion, zone, now),
            "deadline": suggestion.deadline.isoformat(),
            "link": f"{self._page()}/suggestions/{suggestion.id}",
        }
        if best is not None:
            what |= {"provider": best.provider_name, "total": str(best.total)}
        refused = why_not(self._home, suggestion, "approve", best.id if best else None)
        if refused and self._home.settings.homeassistant.press.member is not None:
            what["approve_here"] = refused
        return Pending(
            what,
            self._payload(suggestion, "approve"),
            self._payload(suggestion, "decline"),
        )

    def _payload(self, suggestion: Suggestion, verb: Verb) -> str:
        """Return what a button sends, "" where it may not give this answer."""
        member = self._home.settings.homeassistant.press.member
        if member is None:
            return ""
        token = token_for(suggestion, member, verb)
        refused = why_not(self._home, suggestion, verb, token.option)
        return "" if refused else sign(token, self._secret)

    def _levels(self) -> list[Level]:
        levels = []
        for item in list(self._home.pantry.values()):
            level = self._house.stock.get(item.id)
            facts: dict[str, object] = {
                "par": None if item.par is None else float(item.par),
                "target": None if item.target is None else float(item.target),
                "expected": level.expected if level else 0.0,
                "since": level.at.isoformat() if level else None,
            }
            levels.append(
                Level(item.id, item.name, item.unit, level.quantity if level else None, facts)
            )
        return levels

    def _delivery(self) -> Delivery | None:
        now = self._clock.now()
        coming = [
            (order.slot.window.start, order)
            for order in self._standing.orders.values()
            if order.state in _COMING
            and order.domain == "grocery"
            and order.slot is not None
            and order.slot.window.end > now
        ]
        if not coming:
            return None
        start, order = min(coming, key=lambda one: (one[0], one[1].id))
        return Delivery(start, _facts(order))


def _facts(order: Order) -> dict[str, object]:
    return {
        "order": order.id,
        "provider": order.provider_name,
        "state": order.state,
        "until": order.slot.window.end.isoformat() if order.slot else None,
        "items": [f"{line.count} × {line.name}" for line in order.lines],
        "total": str(order.quote.total) if order.quote else None,
    }
