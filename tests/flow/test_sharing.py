"""Two households share a ride to what both go to: offered, taken, paid in parts, undone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.app.invitations import IcsInvitations
from hub.domain.activities import Details, Person
from hub.domain.effects import TellMember
from hub.domain.offers import Window
from hub.domain.orders import Order
from hub.domain.peers import Receipt, id_of
from hub.domain.suggestions import Suggestion
from hub.flow import befriend
from hub.flow.activities import organize
from hub.flow.activities.keep import keep
from hub.flow.activities.receive import take_in
from hub.flow.activities.write import ITIP
from hub.flow.agenda import agenda_of
from hub.flow.peerout import PeerHooks, send
from hub.flow.rides import news as rides
from tests.flow.activities.households import pass_on
from tests.flow.test_peers import Side, befriended, key
from tests.support.household import NOON, Household, make_home, same
from tests.support.shops import CATALOGUES, WELL_KNOWN, Shop, Street

START = NOON + timedelta(hours=6)
FISHING = Details(
    Window(START, START + timedelta(hours=2)),
    "Europe/Berlin",
    "Fishing",
    location="Mill Lake",
    gps="52.4700,13.4400",
)
ON_THE_WAY = {**WELL_KNOWN, "name": "Ben", "address": "Brückenstr. 2", "gps": "52.5030,13.4400"}
ASIDE = {**WELL_KNOWN, "name": "Ben", "address": "Waldweg 9", "gps": "52.4600,13.2500"}


@dataclass
class Friends:
    """Ada, whose ride it is, and Ben; they take a driver between them."""

    ada: Side
    ben: Side
    streets: tuple[Street, Street]

    def run(self) -> None:
        """Carry everything everywhere until nothing moves."""
        while True:
            for street in self.streets:
                street.run()
            if not (self.ada.waiting(self.ben) or self.ben.waiting(self.ada)):
                return
            pass_on(self.ada, self.ben)

    def step(self) -> bool:
        """Carry one message, if one waits or something else is to be done."""
        for one, other in ((self.ada, self.ben), (self.ben, self.ada)):
            if waiting := one.waiting(other):
                one.told(other, other.take(waiting[0]))
                return True
        return any(street.busy() for street in self.streets)

    def asked(self, side: Side, title: str) -> Suggestion:
        found = [one for one in side.house.open() if one.open and title in one.title]
        assert len(found) == 1, [one.title for one in side.house.open()]
        return found[0]

    def yes(self, side: Side, title: str) -> Suggestion:
        asked = self.asked(side, title)
        result = side.house.decide("approve", asked)
        assert result.result == "done", result
        self.run()
        return asked

    def ride(self, side: Side) -> Order | None:
        found = [
            one
            for one in side.house.house.orders.values()
            if one.about.startswith("ride:there:") and one.state == "confirmed"
        ]
        assert len(found) <= 1
        return found[0] if found else None

    def told(self, side: Side) -> str:
        rows = [row.effect for row in side.house.outbox()]
        return "\n".join(one.body for one in rows if isinstance(one, TellMember))

    def go_fishing(self) -> str:
        """Have Ada invite Ben, and both have their own ride offered."""
        home, guest = self.ada.house.home, self.ada.contact(self.ben).id
        made = self.ada.house.do(
            lambda tx: organize.create(tx, home, FISHING, [guest], "ana", "web")
        )
        self.run()
        self.yes(self.ben, "invites you to Fishing")
        return made.key

    def shared(self) -> str:
        """Have them share Ada's ride."""
        key = self.go_fishing()
        self.yes(self.ada, "A ride to Fishing")
        self.yes(self.ada, "Offer Ben seats")
        self.yes(self.ben, "Share Ada's ride")
        self.yes(self.ada, "Move the ride")
        return key


def side(folder: Path, letter: str, home: dict[str, Any]) -> Side:
    rides_once = {"way_back": False}
    known = make_home(settings={"home": home, "rides": rides_once})
    house = Household(folder / f"{letter}.db", known)
    made = Side(house, letter, home["name"])
    made.hooks = PeerHooks({ITIP: take_in, **rides.HANDLERS})
    house.home.invitations = IcsInvitations()
    house.home.own = Person(befriend.default_address(made.card.id), home["name"])
    house.home.follows = (rides.HOOKS,)
    return made


@pytest.fixture
def friends(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Friends]:
    shop = Shop(tmp_path, (CATALOGUES / "driver.yaml").read_text(), "driver")
    lives = getattr(request, "param", ON_THE_WAY)
    letters = sorted("ab", key=lambda one: id_of(key(one)))
    ada = side(tmp_path, letters[0], {**WELL_KNOWN, "name": "Ada"})
    ben = side(tmp_path, letters[1], lives)
    made = Friends(ada, ben, (Street(ada.house, shop), Street(ben.house, shop)))
    befriended(ada, ben)
    yield made
    shop.store.close()
    ada.house.close()
    ben.house.close()


def test_a_ride_is_shared_and_what_it_saves_is_split(friends: Friends) -> None:
    friends.go_fishing()
    friends.yes(friends.ada, "A ride to Fishing")
    alone = friends.ride(friends.ada)
    offer = friends.asked(friends.ada, "Offer Ben seats")
    assert "to a kilometre" in offer.body
    friends.yes(friends.ada, "Offer Ben seats")
    asked = friends.asked(friends.ben, "Share Ada's ride to Fishing?")
    assert "You would pay about" in asked.body
    assert "never more than" in asked.body
    assert "Brückenstr. 2" in asked.body
    own = friends.asked(friends.ben, "A ride to Fishing")
    friends.yes(friends.ben, "Share Ada's ride")
    assert friends.ben.house.suggestion(own.id).state == "superseded"
    change = friends.asked(friends.ada, "Move the ride with Mara drives?")
    assert change.body.startswith("Ben would get in too.")
    assert "Share the ride with Ben: you pay" in change.body
    friends.yes(friends.ada, "Move the ride")
    ride = friends.ride(friends.ada)
    assert ride.id == alone.id
    assert (ride.ride.seats, [one.address for one in ride.ride.via]) == (2, ["Brückenstr. 2"])
    assert friends.ride(friends.ben) is None
    assert friends.ben.house.open() == []
    told = friends.told(friends.ben)
    assert "Ada's ride fetches you today" in told
    assert "and save" in told
    assert "Mara, Electric car, 4 seats, B-CH 101E drives." in told
    (ours,) = friends.ada.house.house.activities.values()
    (theirs,) = friends.ben.house.house.activities.values()
    (mine,), (lift,) = ours.shares, theirs.shares
    assert mine.told == lift.told
    assert mine.state == lift.state == "settled"
    assert lift.told[1].amount < lift.alone.amount
    assert ride.quote.total.amount - lift.told[1].amount < alone.quote.total.amount
    assert ride.slot.window.start < lift.told[0] < ride.slot.window.end
    fetched = Window(lift.told[0], ride.slot.window.end)
    blocks = agenda_of(friends.ben.house.house, friends.ben.house.home).during(fetched)
    assert [(one.title, one.window) for one in blocks] == [("Ada's ride", fetched)]


def test_a_shared_ride_is_kept_over_every_restart(friends: Friends) -> None:
    """Both hubs are killed before each step: one ride, shared, and both say the same of it."""
    run = friends.run

    def killed() -> None:
        for _ in range(40):
            for each, street in zip((friends.ada, friends.ben), friends.streets, strict=True):
                each.house.restart()
                each.house.home.follows = (rides.HOOKS,)
                same(each.house.house, each.house.load())
                street.step_once()
            if not friends.step():
                return run()
        raise AssertionError("it never comes to rest")

    friends.run = killed  # type: ignore[method-assign]
    key = friends.shared()
    (mine,) = friends.ada.house.house.activities[key].shares
    (lift,) = friends.ben.house.house.activities[key].shares
    assert mine.told is not None
    assert mine.told == lift.told
    shop = next(iter(friends.streets[0].shops.values()))
    assert len(shop.sales("confirmed")) == 1


def test_a_part_of_town_is_told_before_the_address(friends: Friends) -> None:
    friends.go_fishing()
    friends.yes(friends.ada, "A ride to Fishing")
    friends.ada.house.decide("approve", friends.asked(friends.ada, "Offer Ben seats"))
    friends.streets[0].run()
    (offer,) = friends.ada.waiting(friends.ben)
    assert offer.type == "ride-offer"
    assert offer.body["area"] == "52.53,13.41"
    assert "Lindenstr" not in str(offer.body)
    friends.run()
    friends.ben.house.decide("approve", friends.asked(friends.ben, "Share Ada's ride"))
    friends.streets[1].run()
    (join,) = friends.ben.waiting(friends.ada)
    assert join.body["address"] == "Brückenstr. 2"
    assert join.body["seats"] == 1


def test_the_activity_moves_and_the_shared_ride_with_it(friends: Friends) -> None:
    key = friends.shared()
    before = friends.ben.house.house.activities[key].shares[0].told[0]
    home = friends.ada.house.home
    later = Window(START + timedelta(hours=1), START + timedelta(hours=3))
    moved = replace(FISHING, window=later)
    friends.ada.house.do(lambda tx: organize.change(tx, home, key, moved, "ana", "web"))
    friends.run()
    friends.yes(friends.ben, "Please answer anew")
    (lift,) = friends.ben.house.house.activities[key].shares
    assert lift.told[0] == before + timedelta(hours=1)
    assert friends.ride(friends.ben) is None


def test_who_does_not_come_gets_in_no_more(friends: Friends) -> None:
    key = friends.shared()
    home = friends.ben.house.home
    friends.ben.house.do(lambda tx: say_no(tx, home, key))
    friends.run()
    ride = friends.ride(friends.ada)
    assert (ride.ride.via, ride.ride.seats) == ((), 1)
    assert friends.ada.house.house.activities[key].shares == ()


def say_no(tx: Any, home: Any, key: str) -> None:
    planned = tx.house.activities[key]
    own = replace(planned.activity.attendee(home.own.address), partstat="DECLINED")
    keep(tx, home, replace(planned, what=planned.activity.with_attendee(own), going=()))


def test_when_it_is_called_off_everybody_is_told(friends: Friends) -> None:
    key = friends.shared()
    home = friends.ada.house.home
    friends.ada.house.do(lambda tx: organize.cancel(tx, home, key, "ana", "web"))
    friends.run()
    assert friends.ride(friends.ada) is None
    assert friends.ben.house.open() == []
    assert friends.ride(friends.ben) is None


def test_a_shared_ride_that_its_driver_cancels_leaves_nobody_standing(friends: Friends) -> None:
    friends.shared()
    shop = next(iter(friends.streets[0].shops.values()))
    shop.step(friends.ada.house, shop.counter.changes.withdraw, "the car broke down")
    friends.run()
    assert "does not take you along: the ride is cancelled" in friends.told(friends.ben)
    assert friends.asked(friends.ben, "A ride to Fishing").open


def test_a_no_to_the_new_price_leaves_both_with_their_own(friends: Friends) -> None:
    friends.go_fishing()
    friends.yes(friends.ada, "A ride to Fishing")
    friends.yes(friends.ada, "Offer Ben seats")
    friends.yes(friends.ben, "Share Ada's ride")
    friends.ada.house.decide("decline", friends.asked(friends.ada, "Move the ride"))
    friends.run()
    assert friends.ride(friends.ada).ride.via == ()
    assert friends.asked(friends.ben, "A ride to Fishing").open
    assert [one.shares for one in friends.ben.house.house.activities.values()] == [()]


def test_a_friend_who_is_off_is_not_waited_for(friends: Friends) -> None:
    friends.go_fishing()
    friends.yes(friends.ada, "A ride to Fishing")
    friends.yes(friends.ada, "Offer Ben seats")
    friends.ben.house.decide("approve", friends.asked(friends.ben, "Share Ada's ride"))
    friends.streets[1].run()
    friends.ben.house.tick(minutes=31)
    friends.streets[1].run()
    assert friends.asked(friends.ben, "A ride to Fishing").open


def test_an_own_ride_goes_once_the_shared_one_is_arranged(friends: Friends) -> None:
    friends.go_fishing()
    friends.yes(friends.ben, "A ride to Fishing")
    friends.yes(friends.ada, "A ride to Fishing")
    # Ben was quicker and has the car: the hub looks again, and there is a van.
    again = friends.asked(friends.ada, "A ride to Fishing")
    assert again.options[0].lines[0].name == "Van, 7 seats"
    friends.yes(friends.ada, "A ride to Fishing")
    friends.yes(friends.ada, "Offer Ben seats")
    assert "Your own ride is cancelled" in friends.asked(friends.ben, "Share Ada's ride").body
    friends.yes(friends.ben, "Share Ada's ride")
    assert friends.ride(friends.ben) is not None, "not before theirs is arranged"
    friends.yes(friends.ada, "Move the ride")
    assert friends.ride(friends.ben) is None


@pytest.mark.parametrize("friends", [ASIDE], indirect=True)
def test_nobody_is_driven_around_for_it(friends: Friends) -> None:
    friends.go_fishing()
    friends.yes(friends.ada, "A ride to Fishing")
    friends.yes(friends.ada, "Offer Ben seats")
    assert not [one for one in friends.ben.house.open() if one.kind == "share_ride"]


@pytest.mark.parametrize(
    ("type_", "body", "why"),
    [
        ("ride-offer", {}, "activity: expected text"),
        ("ride-offer", {"activity": "nothing"}, "not known here"),
        ("ride-offer", {"area": "here"}, "expected lat,lon"),
        ("ride-offer", {"area": "52.5,13.4", "fare": "5 USD"}, "fare: expected more than nothing"),
        ("ride-offer", {"area": "52.5,13.4", "fare": "5 EUR", "leave": "soon"}, "leave: expected"),
        ("ride-shared", {}, "we did not ask for a seat"),
        ("ride-join", {"seats": 99}, "nothing was offered"),
    ],
)
def test_what_makes_no_sense_is_refused(
    friends: Friends, type_: str, body: dict[str, object], why: str
) -> None:
    key = friends.go_fishing()
    known: dict[str, object] = {"activity": key, "fare": "5.00 EUR"}
    if not body and type_ == "ride-offer":
        known = {}
    to = friends.ada.contact(friends.ben)
    friends.ada.house.do(lambda tx: send(tx, to, type_, {**known, **body}))
    (message,) = friends.ada.waiting(friends.ben)
    receipt = friends.ben.take(message)
    assert isinstance(receipt, Receipt)
    assert why in receipt.refused
    assert not [one for one in friends.ben.house.open() if one.kind == "share_ride"]
