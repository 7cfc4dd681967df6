"""What a rule says when it fires: the words members read, and what is to be ordered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hub.domain.events import (
    ActivityChange,
    ActivityChanged,
    DeviceEventOccurred,
    StateChanged,
    StockChanged,
    TimerFired,
)
from hub.domain.notices import Notice
from hub.domain.proposals import Firing
from hub.domain.stock import PantryItem
from hub.domain.tongue import date_text, later, phrase, weekday_text
from hub.domain.values import dataclass
from hub.domain.wording import listed
from rules.build import PLACEHOLDER
from rules.index import CompiledRule
from rules.language import GroceryOrder
from rules.occasion import Occasion
from rules.times import duration_text, quiet_until
from rules.view import View

_STEP = Decimal("0.001")
_MAX_VALUE = 200
_CHANGED: dict[ActivityChange, str] = {
    "planned": later("{what} ({begins}) was planned"),
    "invited": later("{what} ({begins}) was invited"),
    "accepted": later("{what} ({begins}) was accepted"),
    "answered": later("{what} ({begins}) was answered"),
    "moved": later("{what} ({begins}) was moved"),
    "cancelled": later("{what} ({begins}) was cancelled"),
}


@dataclass(frozen=True, slots=True)
class Lack:
    """An item to buy: ``have`` (with what is expected, None when not known) and ``need``."""

    item: PantryItem
    have: Decimal | None
    expected: Decimal
    need: Decimal

    @property
    def sentence(self) -> str:
        """Say it: ``Milk is down to 0.4 l (par 1 l)``."""
        name, unit = self.item.name, self.item.unit
        if self.have is None:
            return phrase("How much {name} there is is not known", name=name)
        there = self.have - self.expected
        text = (
            phrase("{name} is down to {number} {unit}", name=name, number=number(there), unit=unit)
            if there > 0
            else phrase("{name} is used up", name=name)
        )
        notes = []
        if self.item.par is not None:
            notes.append(phrase("par {number} {unit}", number=number(self.item.par), unit=unit))
        if self.expected > 0:
            notes.append(
                phrase("{number} {unit} is on order", number=number(self.expected), unit=unit)
            )
        return f"{text} ({', '.join(notes)})" if notes else text


def number(value: float | Decimal) -> str:
    """Write an amount without needless zeros, to a thousandth: ``0.4``, ``12``, ``1.25``."""
    amount = Decimal(str(value)).quantize(_STEP, rounding=ROUND_HALF_UP).normalize()
    return f"{amount:f}" if amount else "0"


def cause(one: CompiledRule, occasion: Occasion) -> tuple[str, str]:
    """Return what a firing would be about and the key of its cause.

    Two notices about one service are two causes.
    """
    if one.key:
        return one.about, one.key
    notice = occasion.notice
    if notice is not None:
        service = notice.service or "notice"
        return service, f"{one.id}:{service}:{notice.sender},{notice.identifier}"
    if isinstance(occasion.event, ActivityChanged):
        return occasion.event.activity, f"{one.id}:{occasion.event.activity}"
    subject = getattr(occasion.event, "item", one.subject)
    return subject, f"{one.id}:{subject}"


def lacks(one: CompiledRule, order: GroceryOrder, occasion: Occasion) -> list[Lack]:
    """Return what an order is for. Items that are stocked, or on order already, are left out."""
    view = occasion.view
    stocked = isinstance(occasion.event, StockChanged)
    cause = occasion.event.item if isinstance(occasion.event, StockChanged) else ""
    if not isinstance(order.items, str):
        found = [_lack(view, item, order, one.below, certain=False) for item in order.items]
        return [lack for lack in found if lack is not None]
    wanted = [
        item.id for item in view.items() if (stocked and item.id == cause) or _below_par(view, item)
    ]
    limits = [one.below if item == cause else None for item in wanted]
    found = [
        _lack(view, item, order, limit, certain=True)
        for item, limit in zip(wanted, limits, strict=True)
    ]
    return [lack for lack in found if lack is not None]


def _below_par(view: View, item: PantryItem) -> bool:
    level = view.stock(item.id)
    if level is None or item.par is None:
        return False
    return level.quantity + level.expected < float(item.par)


def _lack(
    view: View, item: str, order: GroceryOrder, below: float | None, *, certain: bool
) -> Lack | None:
    """Return how much of an item is lacking; None when nothing is, or nobody said how much."""
    kept, level = view.item(item), view.stock(item)
    if kept is None or (certain and level is None):
        return None
    expected = Decimal(str(level.expected)) if level else Decimal(0)
    have = Decimal(str(level.quantity)) + expected if level else None
    wanted = _wanted(kept, order, below)
    if wanted is None:
        return None
    need = (wanted - (have or 0)).quantize(_STEP, rounding=ROUND_HALF_UP)
    return Lack(kept, have, expected, need) if need > 0 else None


def _wanted(item: PantryItem, order: GroceryOrder, below: float | None) -> Decimal | None:
    if isinstance(order.up_to, float):
        return Decimal(str(order.up_to))
    if order.up_to == "target" and item.target is not None:
        return item.target
    par = item.par if item.par is not None else Decimal(str(below)) if below else None
    if par is None:
        return None
    return par * 2 if order.up_to == "target" else par


def firing(
    one: CompiledRule, occasion: Occasion, subject: str, key: str, wanted: list[Lack]
) -> Firing:
    """Put a firing into words, with whom to ask and when."""
    propose = one.rule.propose
    title, because = _story(one, occasion, wanted)
    facts = _facts(one, occasion, wanted)
    body = ". ".join(because) + "." if because else ""
    params: dict[str, Any] = propose.model_dump(
        exclude={"kind", "title", "message", "up_to"}, exclude_none=True
    )
    if isinstance(propose, GroceryOrder):
        params["items"] = [
            {"item": lack.item.id, "quantity": str(lack.need), "unit": lack.item.unit}
            for lack in wanted
        ]
    quiet = one.rule.quiet_hours or occasion.view.quiet_hours
    return Firing(
        rule_id=one.id,
        rule_version=one.version,
        rule_text=one.text,
        kind=propose.kind,
        subject=subject,
        cause_key=key,
        title=_filled(propose.title, facts) or title,
        body=_filled(propose.message, facts) or body,
        params=params,
        because=tuple(because),
        ask=one.members,
        at=occasion.now,
        cooldown=one.cooldown,
        expires_after=one.expires_after,
        ask_at=None if quiet == "off" else quiet_until(quiet, occasion.now, occasion.view.zone),
        urgent=one.rule.quiet_hours == "off",
        escalate=one.escalate,
    )


def _filled(template: str | None, facts: Mapping[str, str]) -> str:
    """Fill in ``{word}``: looked up only, so that no text can reach into objects."""
    if template is None:
        return ""
    return PLACEHOLDER.sub(lambda match: facts.get(match[1], match[0])[:_MAX_VALUE], template)


def _story(one: CompiledRule, occasion: Occasion, wanted: list[Lack]) -> tuple[str, list[str]]:
    """Return a title and the reasons, in words with quantities."""
    event, name = occasion.event, one.rule.name
    if isinstance(event, StockChanged):
        because = [lack.sentence for lack in wanted] or [_level(occasion, event)]
        if one.trigger == "runs_out_within" and (left := occasion.hours_left()) is not None:
            item = _name(occasion, event.item)
            because.append(
                phrase(
                    "{item} lasts about {number} h more", item=item, number=number(round(left, 1))
                )
            )
        low = [lack.item.name for lack in wanted] or [_name(occasion, event.item)]
        if len(low) == 1:
            return phrase("{item} is running low", item=low[0]), because
        return phrase("{items} are running low", items=listed(low)), because
    if (notice := occasion.notice) is not None:
        return notice.headline[:_MAX_VALUE] or name, [_notice_text(notice, occasion)]
    if isinstance(event, StateChanged):
        return name, [
            phrase("{entity} is {value}", entity=event.entity, value=_value(event.current))
        ]
    if isinstance(event, DeviceEventOccurred):
        return name, [
            phrase(
                "{entity} reported {event_type}",
                entity=event.entity,
                event_type=event.event_type[:_MAX_VALUE],
            )
        ]
    if isinstance(event, ActivityChanged):
        what, begins = event.summary[:_MAX_VALUE], _moment(event.start, occasion.view.zone)
        return what, [phrase(_CHANGED[event.change], what=what, begins=begins)]
    if one.trigger == "state":
        state = _value(occasion.view.state(one.subject))
        return name, [
            phrase(
                "{subject} has been {state} for {duration}",
                subject=one.subject,
                state=state,
                duration=duration_text(one.hold),
            )
        ]
    local = occasion.now.astimezone(occasion.view.zone)
    because = [lack.sentence for lack in wanted]
    return name, because or [
        phrase("It is {time} on {day}", time=f"{local:%H:%M}", day=weekday_text(local.date()))
    ]


def _name(occasion: Occasion, item: str) -> str:
    kept = occasion.view.item(item)
    return kept.name if kept else item


def _level(occasion: Occasion, event: StockChanged) -> str:
    par = (
        phrase(" (par {number} {unit})", number=number(occasion.par), unit=event.unit)
        if occasion.par is not None
        else ""
    )
    return phrase(
        "{name} is down to {number} {unit}{par}",
        name=_name(occasion, event.item),
        number=number(event.current),
        unit=event.unit,
        par=par,
    )


def _value(state: object) -> str:
    if isinstance(state, float):
        return number(state)
    return phrase("not known") if state is None else str(state)[:_MAX_VALUE]


def _moment(at: datetime | None, zone: ZoneInfo) -> str:
    if at is None:
        return phrase("further notice")
    local = at.astimezone(zone)
    return f"{date_text(local.date())} {local:%H:%M}"


def _notice_text(notice: Notice, occasion: Occasion) -> str:
    zone = occasion.view.zone
    what = (notice.event or notice.headline)[:_MAX_VALUE]
    begins, ends = _moment(notice.effective_from, zone), _moment(notice.expires, zone)
    return phrase("{what}, from {begins} until {ends}", what=what, begins=begins, ends=ends)


def _facts(one: CompiledRule, occasion: Occasion, wanted: list[Lack]) -> dict[str, str]:
    """Return what may stand in braces, as text."""
    event, view, zone = occasion.event, occasion.view, occasion.view.zone
    facts = {"items": listed([lack.item.name for lack in wanted]), "for": duration_text(one.hold)}
    if isinstance(event, StockChanged):
        kept = view.item(event.item)
        amounts = {
            "quantity": event.current,
            "expected": occasion.expected,
            "par": occasion.par,
            "target": kept.target if kept else None,
            "hours_left": occasion.hours_left(),
        }
        for word, amount in amounts.items():
            facts[word] = phrase("unknown") if amount is None else number(amount)
        facts |= {"item": event.item, "name": _name(occasion, event.item), "unit": event.unit}
    if (notice := occasion.notice) is not None:
        facts |= {
            "service": notice.service or "",
            "headline": notice.headline,
            "event": notice.event,
            "begins": _moment(notice.effective_from, zone),
            "ends": _moment(notice.expires, zone),
        }
    if isinstance(event, DeviceEventOccurred):
        facts |= {"entity": event.entity, "event_type": event.event_type}
    if isinstance(event, StateChanged):
        facts |= {"state": _value(event.current), "previous": _value(event.previous)}
        facts["entity"] = event.entity
    if isinstance(event, ActivityChanged):
        facts |= {"activity": event.summary, "change": event.change, "place": event.location}
        facts |= {"begins": _moment(event.start, zone), "ends": _moment(event.end, zone)}
    if isinstance(event, TimerFired):
        local = occasion.now.astimezone(zone)
        facts |= {"date": local.date().isoformat(), "time": f"{local:%H:%M}"}
        if one.trigger == "state":
            state = _value(view.state(one.subject))
            facts |= {"entity": one.subject, "state": state, "previous": "unknown"}
    return facts
