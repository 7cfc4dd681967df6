"""Sentences about the day: activities and answers, conflicts and ways out, rides, meals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from hub.domain.activities import Activity, Message, Proposal
from hub.domain.conflicts import Conflict, Resolution, Unresolvable
from hub.domain.itip import Outcome
from hub.domain.mealactions import AskHousehold
from hub.domain.meals import Cost, SocialMeal, bill_shares, shopping
from hub.domain.offers import Window
from hub.domain.rides import RideChange
from hub.domain.sharing import Sharing
from hub.domain.wording import listed, window_text

_OFF = {
    "gas": "the gas is off",
    "water": "the water is off",
    "electricity": "the power is off",
    "heating": "the heating is off",
    "internet": "the internet is off",
}


def moment_text(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Say an instant: ``today 18:00``, ``Sat 28 Nov 09:00``."""
    local = moment.astimezone(zone)
    days = (local.date() - now.astimezone(zone).date()).days
    day = {0: "today", 1: "tomorrow"}.get(days, f"{local:%a} {local.day} {local:%b}")
    return f"{day} {local:%H:%M}"


def span_text(window: Window, zone: ZoneInfo, now: datetime) -> str:
    """Say a span, also one over midnight: ``today 22:00 to tomorrow 01:00``."""
    start, end = window.start.astimezone(zone), window.end.astimezone(zone)
    if start.date() == end.date():
        return window_text(window, zone, now)
    return f"{moment_text(start, zone, now)} to {moment_text(end, zone, now)}"


# -- activities --------------------------------------------------------------------------------


def activity_line(activity: Activity, zone: ZoneInfo, now: datetime) -> str:
    """Say what, when and where in a line: ``Fishing, today 10:00-13:00, Mill Lake``."""
    details = activity.details
    often = repeats_text(details.recurrence) if details.recurrence else ""
    parts = [details.summary, span_text(details.window, zone, now), often, details.location]
    return ", ".join(part for part in parts if part)


def who_comes(activity: Activity) -> str:
    """Say who comes: ``Ben and Cleo come, Dan does not, Eva has not answered.``"""
    groups: dict[str, list[str]] = {}
    for one in activity.attendees:
        name = one.name or one.address.partition(":")[2]
        groups.setdefault(one.partstat, []).append(name)
    said = []
    for partstat, singular, plural in (
        ("ACCEPTED", "comes", "come"),
        ("TENTATIVE", "may come", "may come"),
        ("DECLINED", "does not", "do not"),
        ("NEEDS-ACTION", "has not answered", "have not answered"),
    ):
        names = groups.get(partstat)
        if names:
            said.append(f"{listed(names)} {singular if len(names) == 1 else plural}")
    return f"{', '.join(said)}." if said else "Nobody was invited."


def proposal_text(activity: Activity, proposal: Proposal, zone: ZoneInfo, now: datetime) -> str:
    """Say another time that was proposed, and whose proposal it is."""
    by = activity.attendee(proposal.by)
    who = (by.name if by else "") or proposal.by.partition(":")[2]
    when = span_text(proposal.window, zone, now)
    words = f" “{proposal.comment}”" if proposal.comment else ""
    return f"{who} proposes {when} for {activity.details.summary}.{words}"


def outcome_text(outcome: Outcome, sender: str) -> str:
    """Say what a message of ``sender`` came to; empty where nobody needs to know."""
    what = "an activity"
    if isinstance(outcome.now_is, Activity):
        what = outcome.now_is.details.summary
    words = {
        "invited": f"{sender} invites you to {what}.",
        "changed": f"{sender} changed {what}.",
        "cancelled": f"{sender} cancelled {what}.",
        "answered": f"{sender} answered about {what}.",
        "countered": f"{sender} proposes another time for {what}.",
        "counter_declined": f"{sender} stays with the time of {what}.",
        "late": f"{sender} would come to {what} after all",
        "refused": f"A message of {sender} was refused",
    }.get(outcome.verdict, "")
    if words and not words.endswith("."):
        words += f": {outcome.reason}."
    return f"{words} Please answer anew." if outcome.anew else words


def mail_words(
    activity: Activity, message: Message, household: str, zone: ZoneInfo
) -> tuple[str, str]:
    """Return the subject and the text of an invitation by mail, for whoever reads no calendars."""
    details = activity.details
    start = details.window.start.astimezone(zone)
    off = message.method == "CANCEL"
    subject = f"{'Cancelled' if off else 'Invitation'}: {details.summary}"
    lines = [
        f"{household} cancelled {details.summary}."
        if off
        else f"{household} invites you to {details.summary}.",
        "",
        f"When: {start:%A} {start.day} {start:%B %Y}, {window_of(details.window, zone)}",
    ]
    if details.recurrence:
        lines.append(f"Repeats: {repeats_text(details.recurrence)}")
    if details.location:
        lines.append(f"Where: {details.location}")
    if message.comment:
        lines += ["", message.comment]
    if not off:
        if details.description:
            lines += ["", details.description]
        if details.answer_by is not None:
            until = details.answer_by.astimezone(zone)
            lines += ["", f"Please answer by {until:%A} {until.day} {until:%B}, {until:%H:%M}."]
        lines += ["", "Your mail program can answer by itself; a reply in words will do, too."]
    return subject, "\n".join(lines) + "\n"


def window_of(window: Window, zone: ZoneInfo) -> str:
    """Say from when to when by the clock: ``10:00-13:00 (CET)``, with the day where it differs."""
    start, end = window.start.astimezone(zone), window.end.astimezone(zone)
    day = "" if start.date() == end.date() else f"{end:%A} {end.day} {end:%B} "
    return f"{start:%H:%M}-{day}{end:%H:%M} ({start:%Z})"


def repeats_text(rule: str) -> str:
    """Say how often something repeats: ``every week``, ``every 2 months, 5 times``."""
    parts = dict(part.partition("=")[::2] for part in rule.split(";"))
    unit = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
    name, often = unit.get(parts.get("FREQ", ""), "time"), parts.get("INTERVAL", "1")
    said = f"every {name}" if often == "1" else f"every {often} {name}s"
    if "COUNT" in parts:
        said += f", {parts['COUNT']} times"
    if "UNTIL" in parts:
        until = parts["UNTIL"]
        said += f", until {until[:4]}-{until[4:6]}-{until[6:8]}"
    return said


# -- conflicts ---------------------------------------------------------------------------------


def conflict_text(conflict: Conflict, zone: ZoneInfo, now: datetime) -> str:
    """Say what does not go together, and when."""
    title, against = conflict.block.title, conflict.against
    when = span_text(conflict.overlap, zone, now)
    if conflict.kind == "nobody_home" or against is None:
        delivery = span_text(conflict.block.window, zone, now)
        return f"Nobody is at home for {title} ({delivery}): the house is empty {when}."
    if conflict.kind == "double_booked":
        return f"{title} and {against.title} are at the same time: {when}."
    off = _OFF[against.stops] if against.stops is not None else against.title
    if conflict.kind == "frozen_goods":
        return f"{title} brings freezer goods while {off}: {when}."
    return f"{title} is planned while {off}: {when}."


def way_out(result: Resolution | Unresolvable, zone: ZoneInfo, now: datetime) -> str:
    """Say the way out that is proposed, with its fee, or why there is none."""
    if isinstance(result, Unresolvable):
        return f"It cannot be resolved: {result.why}."
    slot = result.slot
    fee = f" for {slot.fee}" if slot.fee is not None and slot.fee.amount else ""
    return f"Move {result.moved.title} to {span_text(slot.window, zone, now)}{fee}?"


# -- rides -------------------------------------------------------------------------------------


def ride_change_text(change: RideChange) -> str:
    """Say what is proposed about a ride whose activity changed, with what it costs."""
    does = {
        "keep": "Nothing has to be done.",
        "reschedule": "Move the ride with it?",
        "replace": "Order another ride and cancel this one?",
        "cancel": "Cancel the ride?",
        "tell": "Call the driver.",
    }[change.action]
    text = f"{change.why[:1].upper()}{change.why[1:]}. {does}"
    if change.action in ("keep", "tell"):
        return text
    return f"{text} {cost_text(Cost(change.fee, change.known))}"


def sharing_text(sharing: Sharing, names: Mapping[str, str], own: str) -> str:
    """Say what sharing a ride costs a household and saves it; ``names`` by household."""
    others = listed([names.get(one, one) for one in sorted(sharing.pays) if one != own])
    return (
        f"Share the ride with {others}: you pay {sharing.pays[own]} and save"
        f" {sharing.saves[own]}; together you save {sharing.saving}."
    )


# -- meals -------------------------------------------------------------------------------------


def cost_text(cost: Cost) -> str:
    """Say what undoing something costs."""
    if not cost.possible:
        return "It cannot be cancelled any more."
    if not cost.known:
        return "What that costs is not known yet."
    if cost.fee is None or not cost.fee.amount:
        return "That is free."
    return f"That costs {cost.fee}."


def meal_words(meal: SocialMeal, own: str) -> str:
    """Say what guests have to know of a meal besides when and where; ``own`` is our name."""
    lines = [f"{meal.title} with {listed([own, *(one.name for one in meal.guests)])}."]
    if meal.host and meal.state == "inviting":
        lines.append(f"{meal.host}, may it be at your home? A yes says so.")
    buy = shopping(meal.wish.eats, meal.party) if meal.wish and meal.where == "home" else ()
    if buy and meal.state == "booked":
        wants = ", ".join(f"{one.quantity:f} {one.unit} {one.name}" for one in buy)
        lines.append(f"To buy for {meal.party}: {wants}.")
    if meal.bill is not None:
        shares = bill_shares(meal.bill, meal, own)
        parts = ", ".join(f"{name} {share}" for name, share in shares.items())
        lines.append(f"It came to {meal.bill}: {parts}.")
    return "\n".join(lines)


def meal_question(ask: AskHousehold, meal: SocialMeal) -> str:
    """Say what members have to decide about a meal, with what it costs."""
    who = ask.about.name if ask.about is not None else "Somebody"
    cost = cost_text(ask.cost) if ask.cost is not None else ""
    return {
        "let_in": f"{who} would come to {meal.title} after all, though the time to answer is over."
        f" Ask for room for {meal.party + (ask.about.seats if ask.about else 1)}?",
        "nobody_comes": f"Nobody has time for {meal.title} any more. Cancel the table? {cost}",
        "no_room": f"The table stays for {meal.size}, but you are {meal.party}: {ask.reason}."
        f" Keep it, or call {meal.title} off? {cost}",
        "other_table": f"There is no table for {meal.title}: {ask.reason}. Look for another?",
        "keep_or_cancel": f"{meal.title} was planned for a reason that is gone: {ask.reason}."
        f" Keep it, or call it off? {cost}",
        "costs_more": f"Calling {meal.title} off has its price by now. {cost} Do it all the same?",
    }[ask.question]
