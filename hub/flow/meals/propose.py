"""Proposing a meal: who has time and which tables there are is asked, then the members are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from hub.domain.freebusy import FreeBusy
from hub.domain.limits import is_among
from hub.domain.mealplan import LEAD, US, Sitting, answers_until, choices
from hub.domain.meals import (
    MOST_SEATS,
    Awaited,
    MealGuest,
    MealWish,
    SocialMeal,
)
from hub.domain.money import Money
from hub.domain.notices import Service
from hub.domain.offers import Domain, TableWish, Window
from hub.domain.suggestions import Because, Escalation, Option, Suggestion
from hub.domain.tongue import phrase
from hub.domain.values import dataclass
from hub.domain.wording import listed
from hub.flow.asking import opened
from hub.flow.busytimes import ask_when_free, own_busy
from hub.flow.collect import collect
from hub.flow.ending import end
from hub.flow.home import Home
from hub.flow.meals.keep import about, keep
from hub.flow.tell import ask
from hub.store.peers import PeerStore
from hub.store.tx import Entry, Tx

PURPOSE = "meal"
"""What contacts are asked about their time for (``hub.flow.busytimes``)."""
COOKING: tuple[Service, ...] = ("gas", "electricity", "water")
RESTAURANT: Domain = "restaurant"


@dataclass(frozen=True, slots=True)
class Idea:
    """A meal before it is one: what it is for and who is asked about it.

    ``cause`` is the notice behind it, ``rule`` the rule's id, version and text; ``urgent`` and
    ``escalate`` are its word too.
    """

    key: str
    title: str
    body: str
    because: tuple[Because, ...]
    ask: tuple[str, ...]
    until: datetime
    cause: str = ""
    rule: tuple[str, str, str] = ("", "", "")
    not_before: datetime | None = None
    urgent: bool = False
    escalate: Escalation | None = None


# -- asking around -----------------------------------------------------------------------------


def propose(
    tx: Tx,
    home: Home,
    idea: Idea,
    wish: MealWish,
    guests: tuple[MealGuest, ...],
    people: int | None,
    title: str,
) -> SocialMeal:
    """Keep the idea of a meal, and ask who has time and which restaurant has a table."""
    window = Window(wish.at, wish.at + wish.lasts)
    own = people or min(max(1, len(home.settings.members)), MOST_SEATS)
    meal_id, suggestion_id = tx.new_id(), tx.new_id()
    meal = SocialMeal(
        meal_id,
        idea.key,
        "",
        "proposed",
        title,
        window,
        answers_until(window, wish.answer_within, tx.now),
        own,
        guests,
        cause=idea.cause,
        suggestion_id=suggestion_id,
        wish=wish,
    )
    latest = max(wish.within.end - LEAD, tx.now + timedelta(minutes=5))
    rule_id, rule_version, rule_text = idea.rule
    names = listed([one.name for one in guests])
    body = "\n".join(
        part
        for part in (idea.body, phrase("{title} with {names}?", title=title, names=names))
        if part
    )
    suggestion = Suggestion(
        id=suggestion_id,
        key=idea.key,
        kind="social_meal",
        rule_id=rule_id,
        rule_version=rule_version,
        rule_text=rule_text,
        subject=meal_id,
        title=idea.title,
        body=body,
        state="proposed",
        version=1,
        because=idea.because,
        options=(),
        ask=idea.ask,
        created_at=tx.now,
        deadline=min(idea.until, latest),
        not_before=idea.not_before,
        about=about(meal),
        urgent=idea.urgent,
        escalate=idea.escalate,
    )
    facts: dict[str, object] = {
        "kind": "social_meal",
        "because": [one.ledger_index for one in idea.because if one.ledger_index is not None],
        "key": idea.key,
    }
    opened(tx, suggestion, facts)
    awaited: list[Awaited] = ["busy"]
    if wish.where != "home" and _restaurants(home):
        awaited.append("tables")
    meal = replace(meal, awaited=tuple(awaited))
    entry = Entry("meal_proposed", meal.id, {"guests": len(guests), "key": idea.key})
    keep(tx, home, meal, entry)
    until = tx.now + timedelta(seconds=home.settings.beckn.collect_seconds)
    store = PeerStore(tx.connection)
    asked = [found for one in guests if (found := store.contact(one.contact)) is not None]
    ask_when_free(tx, home, PURPOSE, meal.id, asked, wish.within, until)
    if "tables" in awaited:
        collect(tx, home, suggestion, RESTAURANT, table=table_for(home, meal, meal.most, wish.at))
    return meal


def table_for(home: Home, meal: SocialMeal, party: int, at: datetime) -> TableWish:
    """Return the table that a meal needs: for whom, when, and within whose reach."""
    wish = meal.wish
    homes = [home.settings.home.gps, *(one.gps for one in meal.guests)]
    return TableWish(
        party,
        at.replace(microsecond=0),
        wish.diets if wish is not None else (),
        wish.most_km if wish is not None else None,
        tuple(one for one in homes if one is not None),
    )


def _restaurants(home: Home) -> bool:
    """Tell whether there is a restaurant that this household may ask."""
    never = home.settings.limits.never
    known = home.providers.get(RESTAURANT, ())
    return any(not is_among(never, one.subscriber_id) for one in known)


# -- asking the members ------------------------------------------------------------------------


def all_told(meal: SocialMeal) -> bool:
    """Tell whether a proposal can be put before the members."""
    return meal.state == "proposed" and not meal.awaited


def present(tx: Tx, home: Home, meal: SocialMeal) -> None:
    """Put the times and places before the members, now that who was asked has answered."""
    suggestion = tx.suggestion(meal.suggestion_id)
    if suggestion is None or not suggestion.open or suggestion.asked or meal.wish is None:
        return
    within = meal.wish.within
    told = [FreeBusy(US, within, own_busy(tx, home, None, within))]
    told += [FreeBusy(one.name, within, one.busy) for one in meal.guests]
    tables = {option.id: option for option in suggestion.options if option.order_id}
    found = choices(meal, told, _sittings(tables.values()), cooking=_can_cook(tx, meal.wish.within))
    if not found:
        reason = phrase("Nobody has a table then, and it was to be at a restaurant.")
        end(tx, home, suggestion, "failed", reason)
        return
    nothing = Money(Decimal(0), home.settings.home.currency)
    options = []
    for one in found:
        table = tables.get(one.id)
        if table is not None:
            options.append(replace(table, window=one.window, note=one.note))
            continue
        name = phrase("At {host}'s home", host=one.host) if one.host else phrase("At your home")
        options.append(Option(one.id, "", "", name, (), nothing, one.window, one.note))
    keep(tx, home, replace(meal, choices=found))
    presented = replace(suggestion, options=tuple(options), version=suggestion.version + 1)
    ask(tx, home, presented)


def _sittings(options: Iterable[Option]) -> list[Sitting]:
    return [
        Sitting(one.id, one.provider_name, one.provider_id, one.window, one.total, one.note)
        for one in options
        if one.window is not None
    ]


def _can_cook(tx: Tx, within: Window) -> bool:
    """Tell whether nothing that cooking needs is off here meanwhile."""
    return not any(
        one.service in COOKING
        and not one.cancels
        and one.alarming()
        and one.effective_from < within.end
        and (one.expires is None or one.expires > within.start)
        for one in tx.house.notices.values()
    )
