"""Households that invite one another: what tests do with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from hub.app.invitations import IcsInvitations
from hub.domain.activities import Activity, Details, Person, Planned
from hub.domain.effects import TellMember
from hub.domain.offers import Window
from hub.domain.suggestions import Suggestion
from hub.flow import befriend
from hub.flow.activities import organize
from hub.flow.activities.lost import itip_lost
from hub.flow.activities.receive import take_in
from hub.flow.activities.write import ITIP
from hub.flow.peerout import PeerHooks, each_told
from tests.flow.test_peers import Side, befriended
from tests.support.household import NOON, Household, make_home

START = NOON + timedelta(days=2)
FISHING = Details(Window(START, START + timedelta(hours=3)), "Europe/Berlin", "Fishing")


def friends(folder: Path, *names: str) -> list[Side]:
    """Make households of which the first knows the others."""
    made = []
    for name in names:
        letter = name[0].lower()
        side = Side(Household(folder / f"{letter}.db", make_home()), letter, name)
        side.hooks = PeerHooks({ITIP: take_in}, lost=each_told(side.hooks.lost, itip_lost))
        side.house.home.invitations = IcsInvitations()
        side.house.home.own = Person(befriend.default_address(side.card.id), name)
        made.append(side)
    for index, guest in enumerate(made[1:]):
        befriended(made[0], guest, f"{index}" * 22)
    return made


def pass_on(one: Side, *others: Side) -> None:
    """Carry what waits to and fro until nothing does."""
    while any(one.waiting(other) or other.waiting(one) for other in others):
        for other in others:
            one.deliver(other)
            other.deliver(one)


def turn(*sides: Side, **by: float) -> None:
    """Let time go by for all of them."""
    for side in sides:
        side.house.tick(**by)


def invited(ada: Side, guests: Sequence[Side], details: Details = FISHING) -> Activity:
    """Have Ada invite them, and deliver it."""
    ids = [ada.contact(guest).id for guest in guests]
    home = ada.house.home
    made = ada.house.do(lambda tx: organize.create(tx, home, details, ids, "ana", "web"))
    pass_on(ada, *guests)
    return made


def planned(side: Side, key: str) -> Planned:
    found = side.house.do(lambda tx: tx.activity(key))
    assert found is not None
    return found


def kept(side: Side, key: str) -> Activity:
    return planned(side, key).activity


def partstats(side: Side, key: str) -> dict[str, str]:
    """Return what each guest has said, by the name Ada knows them by."""
    return {one.name: one.partstat for one in kept(side, key).attendees}


def open_one(side: Side, kind: str) -> Suggestion:
    (found,) = (one for one in side.house.open() if one.kind == kind)
    return found


def told(side: Side) -> list[str]:
    """Return what waits to be told to the first member, oldest first."""
    rows = [one.effect for one in side.house.outbox()]
    return [one.body for one in rows if isinstance(one, TellMember) and one.member == "ana"]
