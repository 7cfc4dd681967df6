"""Sentences for members: amounts, windows and offers in words, in the household's zone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from hub.domain.money import Money
from hub.domain.offers import RideWish
from hub.domain.orders import Change, Line, Order, Window
from hub.domain.suggestions import Option, Suggestion
from hub.domain.tongue import later, near_text, phrase

_AND, _OR = later("{names} and {last}"), later("{names} or {last}")


def listed(names: Sequence[str]) -> str:
    """Join names as people do: ``milk, eggs and butter``."""
    return _joined(names, _AND)


def listed_or(names: Sequence[str]) -> str:
    """Join what is lacking: ``milk, eggs or butter``."""
    return _joined(names, _OR)


def listed_fields(names: Iterable[str]) -> str:
    """Join what of the household a provider is told: ``name, address and area code``."""
    return listed([phrase(name.replace("_", " ")) for name in names])


def _joined(names: Sequence[str], form: str) -> str:
    if len(names) < 2:
        return "".join(names)
    return phrase(form, names=comma(names[:-1]), last=names[-1])


def comma(names: Sequence[str]) -> str:
    """Join names by commas."""
    return phrase(", ").join(names)


def basket(lines: Sequence[Line]) -> str:
    """Say what is in a basket: ``2 × Milk 1 l, 1 × Eggs``."""
    return comma([f"{line.count} × {line.name}" for line in lines])


def window_text(window: Window, zone: ZoneInfo, now: datetime) -> str:
    """Say a window: ``today 18:00-20:00``, ``Sat 28 Nov 09:00-11:00``."""
    start, end = window.start.astimezone(zone), window.end.astimezone(zone)
    day = near_text(start.date(), now.astimezone(zone).date())
    return f"{day} {start:%H:%M}-{end:%H:%M}"


def time_text(
    window: Window,
    zone: ZoneInfo,
    now: datetime,
    ride: RideWish | None = None,
) -> str:
    """Say a window; of a ride when one leaves and is there: ``leaves today 10:15, there 10:45``."""
    if ride is None:
        return window_text(window, zone, now)
    start, _, end = window_text(window, zone, now).rpartition("-")
    return phrase("leaves {start}, there {end}", start=start, end=end)


def placed_text(order: Order, total: Money | None, zone: ZoneInfo, now: datetime) -> str:
    """Say that an order stands: who, what, when and for how much."""
    slot = order.slot
    when = f", {time_text(slot.window, zone, now, order.ride)}" if slot else ""
    free = total is None or not total.amount
    if order.ride is not None:
        to = (
            phrase(" to {address}", address=order.ride.end.address)
            if order.ride.end.address
            else ""
        )
        return phrase(
            "A ride with {provider_name}{to} is ordered for {total}{when}.",
            provider_name=order.provider_name,
            to=to,
            total=total,
            when=when,
        )
    if order.table is not None:
        price = "" if free else phrase(", for a deposit of {total}", total=total)
        return phrase(
            "{provider_name} keeps a table for {party_size}{when}{price}.",
            provider_name=order.provider_name,
            party_size=order.table.party_size,
            when=when,
            price=price,
        )
    return phrase(
        "Ordered at {provider_name} for {total}{when}.",
        provider_name=order.provider_name,
        total=total,
        when=when,
    )


def order_at(order: Order) -> str:
    """Call an order: ``the order at Green Valley``, ``the ride with Mara``."""
    if order.ride is not None:
        return phrase("the ride with {provider_name}", provider_name=order.provider_name)
    if order.table is not None:
        return phrase("the table at {provider_name}", provider_name=order.provider_name)
    return phrase("the order at {provider_name}", provider_name=order.provider_name)


def waits_text(order: Order) -> str:
    """Say that nothing can be done about an order until its provider has answered."""
    return phrase("{name} has not answered yet; please wait a moment.", name=order.provider_name)


def brought_text(order: Order) -> str:
    """Say that an order has come, so that nothing of it can be changed any more."""
    return phrase("{name} has brought it already.", name=order.provider_name)


def asked_text(order: Order) -> str:
    """Say that a provider is asked what another time costs."""
    return phrase("{name} is asked what moving it costs.", name=order.provider_name)


def moving_text(
    order: Order, change: Change, window: Window, fee: Money, zone: ZoneInfo, now: datetime
) -> tuple[str, str]:
    """Ask whether a change to ``window`` is worth its fee: a title and a sentence."""
    when = time_text(window, zone, now, change.ride or order.ride)
    if order.ride is not None:
        return phrase("Move {order_at}?", order_at=order_at(order)), phrase(
            "It {when}. Moving it costs {fee}.", when=when, fee=fee
        )
    if change.table is not None:
        size = change.table.party_size
        return phrase("Change {order_at}?", order_at=order_at(order)), phrase(
            "It would be for {size}, {when}. That costs {fee}.", size=size, when=when, fee=fee
        )
    if order.table is not None:
        return phrase("Move {order_at}?", order_at=order_at(order)), phrase(
            "It would be {when}. Moving it costs {fee}.", when=when, fee=fee
        )
    title = phrase("Move the delivery of {provider_name}?", provider_name=order.provider_name)
    return title, phrase("It would come {when}. Moving it costs {fee}.", when=when, fee=fee)


def moved_text(order: Order, zone: ZoneInfo, now: datetime) -> str:
    """Say when an order comes that was moved, and for how many."""
    when = time_text(order.slot.window, zone, now, order.ride) if order.slot else phrase("later")
    if order.ride is not None:
        return phrase(
            "The ride with {provider_name} now {when}", provider_name=order.provider_name, when=when
        )
    if order.table is not None:
        return phrase(
            "{provider_name} now keeps a table for {party_size}, {when}",
            provider_name=order.provider_name,
            party_size=order.table.party_size,
            when=when,
        )
    return phrase("{provider_name} now comes {when}", provider_name=order.provider_name, when=when)


def offer(option: Option, zone: ZoneInfo, now: datetime) -> str:
    """Say one option in a line: who, what, how much, when."""
    parts = [option.provider_name]
    if option.lines:
        parts = [f"{option.provider_name}: {_what(option)}", _price(option)]
    elif option.total.amount:
        parts.append(str(option.total))
    if option.window is not None:
        parts.append(time_text(option.window, zone, now, option.ride))
    if option.note:
        parts.append(option.note)
    parts += [reason for reason in option.because if reason not in option.note]
    if option.over:
        parts.append(phrase("not to be ordered: {over}", over=option.over))
    return ", ".join(parts)


def _what(option: Option) -> str:
    names = ", ".join(line.name for line in option.lines)
    if option.table is not None:
        return phrase(
            "a table for {party_size} ({names})", party_size=option.table.party_size, names=names
        )
    return names if option.ride is not None else basket(option.lines)


def _price(option: Option) -> str:
    if option.table is None:
        return str(option.total)
    return (
        phrase("{total} deposit", total=option.total)
        if option.total.amount
        else phrase("no deposit")
    )


def question(suggestion: Suggestion, zone: ZoneInfo, now: datetime) -> str:
    """Say what a member is asked: the reason, and each offer on a line of its own.

    About a change of an order the reason says it all: when it comes then, and what that costs.
    """
    changing = suggestion.kind in ("move_delivery", "cancel_order") and suggestion.body
    options = () if changing else suggestion.options
    lines = [offer(option, zone, now) for option in options]
    if suggestion.then:
        lines.append(
            phrase("Home Assistant: {then}", then=listed([call.words for call in suggestion.then]))
        )
    return "\n".join(line for line in (suggestion.body, *lines) if line)
