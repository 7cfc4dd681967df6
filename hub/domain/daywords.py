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
from hub.domain.tongue import capital, later, long_date, near_text, phrase
from hub.domain.wording import comma, listed, window_text

_OFF = {
    "gas": later("the gas is off"),
    "water": later("the water is off"),
    "electricity": later("the power is off"),
    "heating": later("the heating is off"),
    "internet": later("the internet is off"),
}
_COMES = (
    ("ACCEPTED", later("{names} comes"), later("{names} come")),
    ("TENTATIVE", later("{names} may come"), later("{names} may come")),
    ("DECLINED", later("{names} does not"), later("{names} do not")),
    ("NEEDS-ACTION", later("{names} has not answered"), later("{names} have not answered")),
)
_OUTCOMES = {
    "invited": later("{sender} invites you to {what}."),
    "changed": later("{sender} changed {what}."),
    "cancelled": later("{sender} cancelled {what}."),
    "answered": later("{sender} answered about {what}."),
    "countered": later("{sender} proposes another time for {what}."),
    "counter_declined": later("{sender} stays with the time of {what}."),
    "late": later("{sender} would come to {what} after all"),
    "refused": later("A message of {sender} was refused"),
}
_DOES = {
    "keep": later("Nothing has to be done."),
    "reschedule": later("Move the ride with it?"),
    "replace": later("Order another ride and cancel this one?"),
    "cancel": later("Cancel the ride?"),
    "tell": later("Call the driver."),
}
_QUESTIONS = {
    "let_in": later(
        "{who} would come to {title} after all, though the time to answer is over. Ask for room"
        " for {with_late}?"
    ),
    "nobody_comes": later("Nobody has time for {title} any more. Cancel the table? {cost}"),
    "no_room": later(
        "The table stays for {size}, but you are {party}: {reason}. Keep it, or call {title} off?"
        " {cost}"
    ),
    "other_table": later("There is no table for {title}: {reason}. Look for another?"),
    "keep_or_cancel": later(
        "{title} was planned for a reason that is gone: {reason}. Keep it, or call it off? {cost}"
    ),
    "costs_more": later("Calling {title} off has its price by now. {cost} Do it all the same?"),
}
_EVERY = {
    "DAILY": (later("every day"), later("every {often} days")),
    "WEEKLY": (later("every week"), later("every {often} weeks")),
    "MONTHLY": (later("every month"), later("every {often} months")),
    "YEARLY": (later("every year"), later("every {often} years")),
    "": (later("every time"), later("every {often} times")),
}


def moment_text(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Say an instant: ``today 18:00``, ``Sat 28 Nov 09:00``."""
    local = moment.astimezone(zone)
    day = near_text(local.date(), now.astimezone(zone).date())
    return f"{day} {local:%H:%M}"


def span_text(window: Window, zone: ZoneInfo, now: datetime) -> str:
    """Say a span, also one over midnight: ``today 22:00 to tomorrow 01:00``."""
    start, end = window.start.astimezone(zone), window.end.astimezone(zone)
    if start.date() == end.date():
        return window_text(window, zone, now)
    return phrase(
        "{start} to {end}", start=moment_text(start, zone, now), end=moment_text(end, zone, now)
    )


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
    for partstat, singular, plural in _COMES:
        names = groups.get(partstat)
        if names:
            said.append(phrase(singular if len(names) == 1 else plural, names=listed(names)))
    return phrase("{said}.", said=comma(said)) if said else phrase("Nobody was invited.")


def proposal_text(activity: Activity, proposal: Proposal, zone: ZoneInfo, now: datetime) -> str:
    """Say another time that was proposed, and whose proposal it is."""
    by = activity.attendee(proposal.by)
    who = (by.name if by else "") or proposal.by.partition(":")[2]
    when = span_text(proposal.window, zone, now)
    words = f" “{proposal.comment}”" if proposal.comment else ""
    return phrase(
        "{who} proposes {when} for {summary}.{words}",
        who=who,
        when=when,
        summary=activity.details.summary,
        words=words,
    )


def outcome_text(outcome: Outcome, sender: str) -> str:
    """Say what a message of ``sender`` came to; empty where nobody needs to know."""
    what = phrase("an activity")
    if isinstance(outcome.now_is, Activity):
        what = outcome.now_is.details.summary
    words = phrase(_OUTCOMES.get(outcome.verdict, ""), sender=sender, what=what)
    if words and not words.endswith("."):
        words += f": {outcome.reason}."
    return phrase("{words} Please answer anew.", words=words) if outcome.anew else words


def mail_words(
    activity: Activity, message: Message, household: str, zone: ZoneInfo
) -> tuple[str, str]:
    """Return the subject and the text of an invitation by mail, for whoever reads no calendars."""
    details = activity.details
    start = details.window.start.astimezone(zone)
    off = message.method == "CANCEL"
    if off:
        subject = phrase("Cancelled: {summary}", summary=details.summary)
    else:
        subject = phrase("Invitation: {summary}", summary=details.summary)
    said = _OUTCOMES["cancelled" if off else "invited"]
    lines = [
        phrase(said, sender=household, what=details.summary),
        "",
        phrase(
            "When: {day} {year}, {window}",
            day=long_date(start.date()),
            year=start.year,
            window=window_of(details.window, zone),
        ),
    ]
    if details.recurrence:
        lines.append(phrase("Repeats: {repeats}", repeats=repeats_text(details.recurrence)))
    if details.location:
        lines.append(phrase("Where: {location}", location=details.location))
    if message.comment:
        lines += ["", message.comment]
    if not off:
        if details.description:
            lines += ["", details.description]
        if details.answer_by is not None:
            until = details.answer_by.astimezone(zone)
            lines += [
                "",
                phrase(
                    "Please answer by {day}, {time}.",
                    day=long_date(until.date()),
                    time=f"{until:%H:%M}",
                ),
            ]
        lines += [
            "",
            phrase("Your mail program can answer by itself; a reply in words will do, too."),
        ]
    return subject, "\n".join(lines) + "\n"


def window_of(window: Window, zone: ZoneInfo) -> str:
    """Say from when to when by the clock: ``10:00-13:00 (CET)``, with the day where it differs."""
    start, end = window.start.astimezone(zone), window.end.astimezone(zone)
    day = "" if start.date() == end.date() else f"{long_date(end.date())} "
    return f"{start:%H:%M}-{day}{end:%H:%M} ({start:%Z})"


def repeats_text(rule: str) -> str:
    """Say how often something repeats: ``every week``, ``every 2 months, 5 times``."""
    parts = dict(part.partition("=")[::2] for part in rule.split(";"))
    once, several = _EVERY.get(parts.get("FREQ", ""), _EVERY[""])
    often = parts.get("INTERVAL", "1")
    said = phrase(once) if often == "1" else phrase(several, often=often)
    if "COUNT" in parts:
        said += phrase(", {count} times", count=parts["COUNT"])
    if "UNTIL" in parts:
        until = parts["UNTIL"]
        said += phrase(", until {day}", day=f"{until[:4]}-{until[4:6]}-{until[6:8]}")
    return said


# -- conflicts ---------------------------------------------------------------------------------


def conflict_text(conflict: Conflict, zone: ZoneInfo, now: datetime) -> str:
    """Say what does not go together, and when."""
    title, against = conflict.block.title, conflict.against
    when = span_text(conflict.overlap, zone, now)
    if conflict.kind == "nobody_home" or against is None:
        delivery = span_text(conflict.block.window, zone, now)
        return phrase(
            "Nobody is at home for {title} ({delivery}): the house is empty {when}.",
            title=title,
            delivery=delivery,
            when=when,
        )
    if conflict.kind == "double_booked":
        return phrase(
            "{title} and {other} are at the same time: {when}.",
            title=title,
            other=against.title,
            when=when,
        )
    off = phrase(_OFF[against.stops]) if against.stops is not None else against.title
    if conflict.kind == "frozen_goods":
        return phrase(
            "{title} brings freezer goods while {off}: {when}.", title=title, off=off, when=when
        )
    return phrase("{title} is planned while {off}: {when}.", title=title, off=off, when=when)


def way_out(result: Resolution | Unresolvable, zone: ZoneInfo, now: datetime) -> str:
    """Say the way out that is proposed, with its fee, or why there is none."""
    if isinstance(result, Unresolvable):
        return phrase("It cannot be resolved: {why}.", why=result.why)
    slot = result.slot
    fee = phrase(" for {fee}", fee=slot.fee) if slot.fee is not None and slot.fee.amount else ""
    return phrase(
        "Move {title} to {when}{fee}?",
        title=result.moved.title,
        when=span_text(slot.window, zone, now),
        fee=fee,
    )


# -- rides -------------------------------------------------------------------------------------


def ride_change_text(change: RideChange) -> str:
    """Say what is proposed about a ride whose activity changed, with what it costs."""
    text = f"{capital(change.why)}. {phrase(_DOES[change.action])}"
    if change.action in ("keep", "tell"):
        return text
    return f"{text} {cost_text(Cost(change.fee, change.known))}"


def sharing_text(sharing: Sharing, names: Mapping[str, str], own: str) -> str:
    """Say what sharing a ride costs a household and saves it; ``names`` by household."""
    others = listed([names.get(one, one) for one in sorted(sharing.pays) if one != own])
    return phrase(
        "Share the ride with {others}: you pay {pays} and save {saves}; together you save"
        " {saving}.",
        others=others,
        pays=sharing.pays[own],
        saves=sharing.saves[own],
        saving=sharing.saving,
    )


# -- meals -------------------------------------------------------------------------------------


def cost_text(cost: Cost) -> str:
    """Say what undoing something costs."""
    if not cost.possible:
        return phrase("It cannot be cancelled any more.")
    if not cost.known:
        return phrase("What that costs is not known yet.")
    if cost.fee is None or not cost.fee.amount:
        return phrase("That is free.")
    return phrase("That costs {fee}.", fee=cost.fee)


def meal_words(meal: SocialMeal, own: str) -> str:
    """Say what guests have to know of a meal besides when and where; ``own`` is our name."""
    lines = [
        phrase(
            "{title} with {what}.",
            title=meal.title,
            what=listed([own, *(one.name for one in meal.guests)]),
        )
    ]
    if meal.host and meal.state == "inviting":
        lines.append(phrase("{host}, may it be at your home? A yes says so.", host=meal.host))
    buy = shopping(meal.wish.eats, meal.party) if meal.wish and meal.where == "home" else ()
    if buy and meal.state == "booked":
        wants = ", ".join(f"{one.quantity:f} {one.unit} {one.name}" for one in buy)
        lines.append(phrase("To buy for {party}: {wants}.", party=meal.party, wants=wants))
    if meal.bill is not None:
        shares = bill_shares(meal.bill, meal, own)
        parts = ", ".join(f"{name} {share}" for name, share in shares.items())
        lines.append(phrase("It came to {bill}: {parts}.", bill=meal.bill, parts=parts))
    return "\n".join(lines)


def meal_question(ask: AskHousehold, meal: SocialMeal) -> str:
    """Say what members have to decide about a meal, with what it costs."""
    return phrase(
        _QUESTIONS[ask.question],
        who=ask.about.name if ask.about is not None else phrase("Somebody"),
        title=meal.title,
        size=meal.size,
        party=meal.party,
        with_late=meal.party + (ask.about.seats if ask.about else 1),
        reason=ask.reason,
        cost=cost_text(ask.cost) if ask.cost is not None else "",
    )
