"""Instants, spans and amounts as people say them, in the household's zone and their language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from gettext import NullTranslations
from zoneinfo import ZoneInfo

from hub.domain.authority import Authority
from hub.domain.money import Money
from hub.domain.offers import Domain
from hub.domain.orders import OrderState, Window
from hub.domain.suggestions import Disclosure, SuggestionState
from hub.domain.tongue import capital, dated
from hub.domain.values import dataclass
from hub.web.i18n import N_, translations

SUGGESTION_STATES: dict[SuggestionState, str] = {
    "proposed": N_("waits for an answer"),
    "approved": N_("approved"),
    "declined": N_("declined"),
    "expired": N_("expired"),
    "superseded": N_("replaced by a newer one"),
    "carried_out": N_("done"),
    "failed": N_("failed"),
}

ORDER_STATES: dict[OrderState, str] = {
    "drafted": N_("asking for a price"),
    "quoted": N_("priced"),
    "initialised": N_("being placed"),
    "confirmed": N_("confirmed"),
    "in_progress": N_("on its way"),
    "completed": N_("delivered"),
    "cancelled": N_("cancelled"),
    "failed": N_("failed"),
}

WISHED: tuple[Domain, ...] = ("ride", "restaurant")
WISH_STATES: dict[OrderState, str] = {
    "in_progress": N_("under way"),
    "completed": N_("done"),
}
"""What is otherwise of a ride or a table."""

ORDER_ROAD: tuple[OrderState, ...] = (
    "drafted",
    "quoted",
    "initialised",
    "confirmed",
    "in_progress",
    "completed",
)
"""The states of an order that goes well, in order."""

DISCLOSED = {
    "name": N_("name"),
    "address": N_("address"),
    "area_code": N_("area code"),
    "gps": N_("position on the map"),
    "phone": N_("phone"),
    "email": N_("e-mail"),
    "area": N_("about where the home is"),
    "items": N_("what is wanted"),
    "window": N_("when"),
    "people": N_("how many people"),
    "diet": N_("diet"),
    "words": N_("what a member wrote"),
    "activity": N_("an activity"),
    "busy": N_("busy times"),
    "presence": N_("who is at home"),
    "card": N_("how this hub is reached"),
    "sheet": N_("a sheet of the recovery words"),
}
"""What a provider may be told, as members read it."""

PURPOSES = {
    "offer": N_("for an offer"),
    "order": N_("for an order"),
    "friends": N_("among friends"),
}
"""What something is told for, as members read it."""

CAP = {
    "Actual": N_("Actual"),
    "Exercise": N_("Exercise"),
    "System": N_("System"),
    "Test": N_("Test"),
    "Draft": N_("Draft"),
    "Extreme": N_("Extreme"),
    "Severe": N_("Severe"),
    "Moderate": N_("Moderate"),
    "Minor": N_("Minor"),
    "Immediate": N_("Immediate"),
    "Expected": N_("Expected"),
    "Future": N_("Future"),
    "Past": N_("Past"),
    "Observed": N_("Observed"),
    "Likely": N_("Likely"),
    "Possible": N_("Possible"),
    "Unlikely": N_("Unlikely"),
    "Unknown": N_("Unknown"),
}
"""CAP 1.2's words (section 3.2) for status, severity, urgency and certainty."""

SERVICES = {
    "gas": N_("gas"),
    "water": N_("water"),
    "electricity": N_("electricity"),
    "heating": N_("heating"),
    "internet": N_("internet"),
}
BLOCKS = {
    "activity": N_("activity"),
    "meal": N_("meal"),
    "ride": N_("ride"),
    "delivery": N_("delivery"),
    "notice": N_("notice"),
    "cooking": N_("cooking"),
    "absence": N_("away"),
    "presence": N_("seen"),
}
ROLES = {"adult": N_("adult"), "child": N_("child"), "guest": N_("guest")}
PROPOSALS = {
    "grocery_order": N_("a grocery order"),
    "home_action": N_("something for Home Assistant to do"),
    "notify": N_("a message"),
    "ride": N_("a ride"),
    "social_meal": N_("a meal with friends"),
}
DECIDED = PROPOSALS | {
    "move_delivery": N_("another time for a delivery"),
    "cancel_order": N_("cancelling an order"),
    "change_plan": N_("a change of plan"),
    "table": N_("a table"),
    "share_ride": N_("a shared ride"),
    "invitation": N_("a friend's invitation"),
    "counter": N_("what a friend proposes instead"),
    "late_answer": N_("a friend's late answer"),
}
"""What members decide, as they read it."""
RULE_FIELDS = {
    "name": N_("Name"),
    "if": N_("Only if (a condition)"),
    "enabled": N_("Switched on"),
    "ask": N_("Who is asked"),
    "cooldown": N_("Silent afterwards for"),
    "escalate": N_("Without an answer"),
    "escalate.after": N_("Without an answer for"),
    "escalate.to": N_("these adults are asked as well, one after another"),
    "expires_after": N_("A suggestion lapses after"),
    "quiet_hours": N_("Quiet hours (off: none)"),
    "item": N_("Pantry item"),
    "below": N_("Below"),
    "above": N_("Above"),
    "hours": N_("Within hours"),
    "service": N_("Service"),
    "urgency": N_("At least this urgent"),
    "severity": N_("At least this severe"),
    "ahead": N_("This long ahead"),
    "entity": N_("Entity"),
    "event_type": N_("What it reports"),
    "is": N_("Is"),
    "for": N_("For this long"),
    "cron": N_("At these times"),
    "items": N_("Items"),
    "up_to": N_("Bought up to"),
    "after": N_("Not before"),
    "before": N_("Not after"),
    "circle": N_("Contacts of this circle"),
    "where": N_("Where (out, home or any)"),
    "at": N_("Begins about"),
    "lasts": N_("Lasts"),
    "answer_within": N_("Time to answer"),
    "people": N_("How many of us"),
    "diets": N_("What has to be catered for"),
    "max_km": N_("Not farther than (km)"),
    "title": N_("Title"),
    "message": N_("Message"),
}
"""What a rule's values are called on its form, by the last part of their path."""

_ENGLISH = translations("en")


def duration(seconds: float, say: NullTranslations = _ENGLISH) -> str:
    """Say a span roughly, as people do: ``2 days``, ``5 hours``, ``90 minutes``, ``a moment``."""
    minutes, hours, days = (round(seconds / length) for length in (60, 3600, 86400))
    if minutes < 1:
        return say.gettext("a moment")
    if minutes < 100 and minutes != 60:
        return say.ngettext("%(number)d minute", "%(number)d minutes", minutes) % {
            "number": minutes
        }
    if hours < 48:
        return say.ngettext("%(number)d hour", "%(number)d hours", hours) % {"number": hours}
    return say.ngettext("%(number)d day", "%(number)d days", days) % {"number": days}


def amount(quantity: float | Decimal) -> str:
    """Say a quantity without needless digits: ``1.5``, ``12``."""
    return f"{round(float(quantity), 3):.10g}"


@dataclass(frozen=True, slots=True)
class Words:
    """How this household, at this instant, says things. ``now`` is aware."""

    zone: ZoneInfo
    now: datetime
    language: str = "en"

    @property
    def catalogue(self) -> NullTranslations:
        """Return the texts of the language."""
        return translations(self.language)

    def text(self, message: str) -> str:
        """Return a text of the pages in the language."""
        return self.catalogue.gettext(message) if message else ""

    def sentence(self, message: str) -> str:
        """Return a text of the pages with its first letter large."""
        return capital(self.text(message))

    def day(self, day: date) -> str:
        """Say a day: ``today``, ``Sat 28 Nov``; with the year when it is another."""
        today = self.now.astimezone(self.zone).date()
        _ = self.text
        near = {0: _("today"), 1: _("tomorrow"), -1: _("yesterday")}.get((day - today).days)
        return self.dated(day) if near is None else near

    def dated(self, day: date) -> str:
        """Say a day by its date: ``Sat 28 Nov``; with the year when it is another."""
        today = self.now.astimezone(self.zone).date()
        said = dated(day, self.language)
        if day.year == today.year:
            return said
        return f"{day.year}年{said}" if self.language == "zh" else f"{said} {day.year}"

    def month(self, month: date) -> str:
        """Say a month: ``Nov 2026``."""
        if self.language == "zh":
            return f"{month.year}年{month.month}月"
        return f"{month:%b} {month.year}"

    def local(self, instant: datetime) -> str:
        """Say an instant: ``today 18:05``, ``Sat 28 Nov 18:05``; with the year when another."""
        here = instant.astimezone(self.zone)
        return f"{self.day(here.date())} {here:%H:%M}"

    def clock(self, instant: datetime) -> str:
        """Say an instant of a day that is known: ``18:05``."""
        return f"{instant.astimezone(self.zone):%H:%M}"

    def until(self, instant: datetime) -> str:
        """Say a deadline: ``today 21:30, in 5 hours``."""
        left = (instant - self.now).total_seconds()
        known = {"instant": self.local(instant), "span": duration(left, self.catalogue)}
        if left <= 0:
            return self.text("%(instant)s, which is past") % known
        return self.text("%(instant)s, in %(span)s") % known

    def ago(self, instant: datetime) -> str:
        """Say how long ago something was: ``5 minutes ago``, ``just now``."""
        gone = (self.now - instant).total_seconds()
        if gone < 60:
            return self.text("just now")
        return self.text("%(span)s ago") % {"span": duration(gone, self.catalogue)}

    def window(self, window: Window) -> str:
        """Say a delivery window: ``today 18:00-20:00``."""
        start, end = window.start.astimezone(self.zone), window.end.astimezone(self.zone)
        until = f"{end:%H:%M}" if start.date() == end.date() else self.local(window.end)
        return f"{self.local(window.start)}\N{EN DASH}{until}"

    def span(self, window: Window) -> str:
        """Say a span, also one over midnight: ``today 22:00 to tomorrow 01:00``."""
        start, end = window.start.astimezone(self.zone), window.end.astimezone(self.zone)
        if start.date() == end.date():
            return self.window(window)
        return self.text("%(start)s to %(end)s") % {
            "start": self.local(window.start),
            "end": self.local(window.end),
        }

    def day_of(self, instant: datetime) -> str:
        """Say the day of an instant."""
        return self.day(instant.astimezone(self.zone).date())

    def money(self, money: Money) -> str:
        """Say an amount so that it is not broken over lines: ``12.40 EUR``."""
        exponent = money.amount.as_tuple().exponent
        exact = money.amount if exponent != -1 else money.amount.quantize(Decimal("0.01"))
        return f"{exact:f}\N{NO-BREAK SPACE}{money.currency}"

    def amount(self, quantity: float | Decimal) -> str:
        """Say a quantity; see ``amount``."""
        return amount(quantity)

    def lasts(self, hours: float) -> str:
        """Say how long something lasts: ``about 2 days``, ``less than an hour``."""
        if hours < 1:
            return self.text("less than an hour")
        return self.text("about %(span)s") % {"span": duration(hours * 3600, self.catalogue)}

    def suggestion_state(self, state: SuggestionState) -> str:
        """Say a suggestion's state."""
        return self.text(SUGGESTION_STATES[state])

    def order_state(self, state: OrderState, domain: Domain = "grocery") -> str:
        """Say an order's state."""
        said = WISH_STATES.get(state) if domain in WISHED else None
        return self.text(said or ORDER_STATES[state])

    def kind(self, kind: str) -> str:
        """Say what kind of thing takes time."""
        return self.text(BLOCKS.get(kind, kind))

    def field(self, name: str) -> str:
        """Say what of the household a provider is told."""
        return self.text(DISCLOSED.get(name, name.replace("_", " ")))

    def role(self, role: str) -> str:
        """Say a member's role."""
        return self.text(ROLES[role])

    def authority(self, authority: Authority | None) -> str:
        """Say what a member may approve."""
        if authority is None:
            return self.text("You may look; adults decide.")
        kinds = self.text(", ").join(self.text(DECIDED.get(one, one)) for one in authority.kinds)
        what = kinds or self.text("everything")
        if authority.any_sum:
            return self.text("You may approve: %(what)s.") % {"what": what}
        if authority.most is None:
            return self.text("You may approve what costs no money: %(what)s.") % {"what": what}
        facts = {"what": what, "sum": self.money(authority.most)}
        return self.text("You may approve: %(what)s; each for up to %(sum)s.") % facts

    def fields(self, disclosures: Iterable[Disclosure]) -> str:
        """Say what a provider is told."""
        return self.text(", ").join(self.field(one.field) for one in disclosures)

    def names(self, fields: Iterable[str]) -> str:
        """Say which fields are told."""
        return self.text(", ").join(map(self.field, fields))

    def purpose(self, name: str) -> str:
        """Say what something is told for."""
        return self.text(PURPOSES.get(name, name))

    def giver(self, given_by: str, members: Mapping[str, str]) -> str:
        """Say who consented: a member, or a rule that may decide."""
        kind, _, rule = given_by.partition(":")
        if kind == "rule" and rule:
            return self.text("the rule %(rule)s") % {"rule": rule}
        return members.get(given_by, given_by)

    def cap(self, word: str) -> str:
        """Say a word of CAP 1.2."""
        return self.text(CAP.get(word, word))

    def service(self, name: str) -> str:
        """Say what a notice is about."""
        return self.text(SERVICES.get(name, name))

    def proposal(self, kind: str) -> str:
        """Say what a rule proposes."""
        return self.text(PROPOSALS.get(kind, kind.replace("_", " ")))

    def rule_field(self, path: str) -> str:
        """Say what a value of a rule is about."""
        last = path.rpartition(".")[2]
        return self.text(RULE_FIELDS.get(path) or RULE_FIELDS.get(last, last.replace("_", " ")))
