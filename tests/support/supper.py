"""A household, its friends and a restaurant, in one process: an evening from the notice on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hub.app.invitations import IcsInvitations
from hub.domain import hosting
from hub.domain.activities import Activity, Details, PartStat, Person, Planned
from hub.domain.meals import SocialMeal
from hub.domain.offers import Window
from hub.domain.suggestions import Suggestion
from hub.flow import befriend
from hub.flow.activities import organize
from hub.flow.activities.keep import keep, known
from hub.flow.activities.receive import take_in
from hub.flow.activities.write import ITIP, post
from hub.flow.busytimes import HANDLERS, busy_lost, own_busy
from hub.flow.meals import follow, table
from hub.flow.meals.propose import PURPOSE
from hub.flow.peerout import PeerHooks
from hub.store.tx import Tx
from tests.flow.test_notices import alert
from tests.flow.test_peers import Side, befriended
from tests.support.household import SETTINGS, Household, TurnedClock, make_home, same
from tests.support.shops import CATALOGUES, Shop, Street

GAS = """
id: no_gas
name: No gas tonight
when:
  notice: {service: gas}
propose:
  kind: social_meal
  title: No gas - eat together?
  people: 1
  MORE
"""
RIVER = (CATALOGUES / "restaurant.yaml").read_text()
LETTERS = "abcdefgh"


class Supper:
    """Ada, who has the notice and the restaurants, and friends who share her clock."""

    def __init__(
        self,
        folder: Path,
        *friends: str,
        restaurants: Sequence[str] = (RIVER,),
        rule: str = "",
        rules: str = "",
        **settings: Any,
    ) -> None:
        self.clock = TurnedClock()
        self.folder = folder
        text = GAS.replace("MORE", rule) if not rules else rules
        home = {**SETTINGS["home"], "phone": "+49 30 1", "name": "Ada"}
        ready = {"beckn": {"collect_seconds": 5}, "home": home, **settings}
        self.ada = self._side("a", "Ada", text, ready)
        self.friends = {
            name: self._side(letter, name, "rules: []", {})
            for letter, name in zip(LETTERS[1:], friends, strict=False)
        }
        for friend in self.friends.values():
            befriended(self.ada, friend, token=friend.card.id[:22].ljust(22, "x"))
        shops = [Shop(folder, text, f"river{n}") for n, text in enumerate(restaurants)]
        self.street = Street(self.ada.house, *shops)
        self.shops = shops
        self.off: set[str] = set()
        self.kills: Callable[[], bool] = lambda: False

    def _side(self, letter: str, name: str, rules: str, settings: dict[str, Any]) -> Side:
        home = make_home(settings=settings, rules=rules)
        house = Household(self.folder / f"{letter}.db", home, self.clock)
        side = Side(house, letter, name)
        side.hooks = PeerHooks({ITIP: take_in, **HANDLERS}, own_busy, busy_lost)
        home.invitations = IcsInvitations()
        home.own = Person(befriend.default_address(side.card.id), name)
        home.follows = (follow.HOOKS,)
        home.surveyed = {PURPOSE: table.surveyed}
        return side

    @property
    def house(self) -> Household:
        return self.ada.house

    @property
    def meal(self) -> SocialMeal:
        """Return the one meal there is or was."""
        (found,) = self.house.views.meals(limit=10)
        return found

    def close(self) -> None:
        self.street.close()
        for side in (self.ada, *self.friends.values()):
            side.house.close()

    def restart(self) -> None:
        """Have Ada's hub killed and started again."""
        self.house.restart()

    # -- what happens by itself ---------------------------------------------------------------

    def pass_on(self) -> None:
        """Carry what waits between the hubs that are on."""
        for name, friend in self.friends.items():
            if name not in self.off:
                while self.ada.waiting(friend) or friend.waiting(self.ada):
                    self.ada.deliver(friend)
                    friend.deliver(self.ada)

    def run(self, **by: float) -> None:
        """Turn the clock; then all that follows, everywhere."""
        self.clock.turn(**by)
        for _ in range(20):
            for side in (self.ada, *self.friends.values()):
                side.house.tick()
            self.pass_on()
            if self.kills():
                self.restart()
            self.street.run()
            if not self._busy():
                return
        raise AssertionError("it never comes to rest")

    def _busy(self) -> bool:
        sides = (self.ada, *self.friends.values())
        return any(side.house.due() for side in sides) or any(
            self.ada.waiting(friend) or friend.waiting(self.ada)
            for name, friend in self.friends.items()
            if name not in self.off
        )

    # -- what people do -----------------------------------------------------------------------

    def alert(self, identifier: str = "A1", **facts: Any) -> None:
        alert(self.house, identifier, **facts)

    def call_alert_off(self) -> None:
        sent = "2026-11-24T12:00:00+00:00"
        self.alert("A2", msgType="Cancel", references=f"gas@example.org,A1,{sent}")

    def fishing(self) -> Activity:
        """Have all friends say yes to going fishing with Ada this afternoon."""
        start = self.clock.now().replace(hour=13)
        window = Window(start, start.replace(hour=15))
        details = Details(window, "Europe/Berlin", "Fishing")
        ids = [self.ada.contact(friend).id for friend in self.friends.values()]
        home = self.house.home
        made = self.house.do(lambda tx: organize.create(tx, home, details, ids, "ana", "web"))
        self.pass_on()
        for friend in self.friends.values():
            friend.house.decide("approve")
        self.pass_on()
        return made

    def propose(self, **facts: Any) -> Suggestion:
        """Have the notice come, and everything be asked that a proposal is made of."""
        self.alert(**facts)
        self.run()
        self.run(seconds=6)
        (asked,) = self.house.open()
        return asked

    def answer(self, name: str, verb: str) -> None:
        """Have a friend answer the invitation that waits for them."""
        side = self.friends[name]
        (asked,) = [one for one in side.house.open() if one.kind == "invitation"]
        assert side.house.decide(verb, asked).result == "done"

    def again(self, name: str, partstat: PartStat, uid: str = "") -> None:
        """Have a friend say something else than before, on paper that knows no deadline."""
        side = self.friends[name]

        def said(tx: Tx) -> None:
            activity = known(tx, side.house.home, uid or self.meal.uid).activity
            open_ = replace(activity, details=replace(activity.details, answer_by=None))
            own = side.house.home.own
            assert own is not None
            done = hosting.answer(open_, own.address, partstat, tx.now)
            keep(tx, side.house.home, Planned(done.activity))
            post(tx, side.house.home, done)

        side.house.do(said)

    def allow(self, name: str) -> None:
        """Have a friend let Ada see when they are busy."""
        side = self.friends[name]
        side.house.do(lambda tx: befriend.limit(tx, side.contact(self.ada).id, "busy"))

    def busy(self, name: str, start: int, end: int) -> None:
        """Give a friend something to do between two hours (UTC)."""
        side, day = self.friends[name], self.clock.now().replace(minute=0)
        window = Window(day.replace(hour=start), day.replace(hour=end))
        details = Details(window, "Europe/Berlin", "A secret")
        home = side.house.home
        side.house.do(lambda tx: organize.create(tx, home, details, [], "ana", "web"))

    def settle(self, *coming: str, **facts: Any) -> None:
        """Have it proposed, approved, and answered by all: these come."""
        self.house.decide("approve", self.propose(**facts))
        self.run()
        for name in self.friends:
            self.answer(name, "approve" if name in coming else "decline")
        self.run()

    # -- looking ------------------------------------------------------------------------------

    def questions(self) -> list[Suggestion]:
        """Return what is asked about the meal besides its proposal."""
        return [one for one in self.house.open() if one.key.startswith("meal:")]

    def activity(self, side: Side) -> Activity:
        planned = side.house.do(lambda tx: tx.activity(self.meal.uid))
        assert planned is not None
        return planned.activity

    def tables(self) -> list[tuple[str, int]]:
        """Return the tables that restaurants keep: state and party."""
        return [
            (sale.state, sale.table.party_size)
            for shop in self.shops
            for sale in shop.sales("confirmed", "in_progress", "cancelled", "completed")
            if sale.table is not None
        ]

    def whole(self) -> None:
        """Assert that memory and database agree."""
        same(self.house.house, self.house.load())
