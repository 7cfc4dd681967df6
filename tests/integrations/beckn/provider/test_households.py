"""A provider countersigns a household's log that grew, and finds one that was rewritten."""

import json
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from hub.domain.consent import Grant
from hub.domain.effects import TellMember
from hub.domain.money import money
from hub.domain.orders import Line
from hub.flow import providerwitness
from hub.flow.providerlog import Seller, begin_anew
from hub.keyfiles.ledgerkey import LedgerKey
from hub.ledger.checkpoint import open_checkpoint
from hub.ledger.note import Note, VerifierKey
from hub.store.consents import disclosures
from hub.store.tx import Entry
from hub.store.witness import WitnessStore
from integrations.beckn.errors import BecknError
from integrations.beckn.provider import households
from tests.integrations.beckn.provider.test_ledger import SHOP
from tests.support.household import Household, make_home

OURS = LedgerKey("hub.example/ledger", b"h" * 32)
THEIRS = LedgerKey("shop.example/ledger", b"s" * 32)
SELLER = Seller("shop.example", "The Shop")


class Side:
    """A household that exchanges checkpoints with the shop."""

    def __init__(self, shop, file):
        self.shop, self.file = shop, file
        self.house = Household(file, make_home())
        self.house.home.log_key = OURS
        self.house.house.sign = OURS.sign
        self.house.clock.at = shop.now

    def happen(self, count=1, what="noted"):
        for number in range(count):
            self.house.do(lambda tx, n=number: tx.append(Entry(what, f"thing {n}", {"n": n})))
        self.house.do(lambda tx: tx.sign_log())

    def exchange(self, dealt=None, owed=None):
        """Ask until there is nothing more to say; return what came of each answer."""
        came = []
        while len(came) < 3:
            home = self.house.home
            body = self.house.do(
                lambda tx, h=home, o=owed: providerwitness.ask(tx, h, SELLER, dealt, o)
            )
            if body is None:
                break
            said = json.loads(body)
            answer = self.shop.store.step(
                lambda s=said: self.shop.store.households.shown(
                    "hub", s["log"], s["growth"], self.house.clock.at
                )
            )
            taken = self.house.do(
                lambda tx, h=home, a=answer: providerwitness.answered(tx, h, SELLER, a)
            )
            came.append(taken.kind)
            if taken.kind not in ("again", "owed"):
                break
            owed = taken.size
        return came

    def later(self, **about):
        self.house.clock.at += timedelta(**about)

    @property
    def state(self):
        with self.house.engine.connect() as connection:
            return WitnessStore(connection).witness(SELLER.peer)

    def told(self):
        effects = [row.effect for row in self.house.outbox()]
        return [one.body for one in effects if isinstance(one, TellMember) and one.member == "ana"]

    def put_back(self, file):
        """Return the household as an older copy of its database has it."""
        made = Side(self.shop, file)
        made.house.clock.at = self.house.clock.at + timedelta(days=2)
        return made

    def copy(self, to):
        with closing(sqlite3.connect(self.file)) as now, closing(sqlite3.connect(to)) as copy:
            now.backup(copy)
        return to


@pytest.fixture
def shop(till):
    made = till(SHOP, THEIRS)
    slot = made.ask("discover").catalogs[0].slots[0]
    made.order(lines=(Line("milk", "", 1, money(0, "EUR")),), slot=slot)
    return made


@pytest.fixture
def sides(shop, tmp_path):
    made = []

    def opened(file=tmp_path / "hub.db", of=None):
        made.append(Side(shop, file) if of is None else of.put_back(file))
        return made[-1]

    yield opened
    for one in made:
        one.house.close()


def held(shop):
    return shop.store.households.held("hub")


def test_growth_is_countersigned_and_both_hold_what_the_other_can_check(sides, shop):
    side = sides()
    side.happen(3)
    assert side.exchange() == ["signed"]
    side.happen(4)
    assert side.exchange() == [], "once a day is enough where nothing was ordered"
    assert side.exchange(dealt=side.house.clock.at + timedelta(minutes=1)) == ["signed"]
    side.happen(300)
    side.later(days=1)
    assert side.exchange() == ["signed"]
    with side.house.engine.connect() as connection:
        store = WitnessStore(connection)
        (line,) = store.of_size(side.state.size)
        note = Note.parse(store.checkpoint(side.state.size)[1])
        assert [one.fields for one in disclosures(connection)] == [("log",)] * 3
    ours, theirs = VerifierKey.parse(OURS.verifier), VerifierKey.parse(THEIRS.witness)
    assert open_checkpoint(f"{note}{line.line}\n", ours, witnesses=[theirs]).cosignatures
    assert open_checkpoint(held(shop).note, ours).checkpoint.size == side.state.size
    assert (side.told(), held(shop).fault) == ([], "")


def test_an_answer_that_was_lost_is_made_up_for(sides, shop):
    side = sides()
    side.happen(2)
    body = json.loads(
        side.house.do(lambda tx: providerwitness.ask(tx, side.house.home, SELLER, None))
    )
    shop.store.step(
        lambda: shop.store.households.shown("hub", body["log"], body["growth"], shop.now)
    )
    assert side.state.size == 0, "the household died before it read the answer"
    side.happen(5)
    assert side.exchange() == [], "it waits for the answer for a while"
    side.later(hours=3)
    assert side.exchange() == ["again", "signed"]
    assert side.state.size == held(shop).size
    assert (side.state.fault, held(shop).fault) == ("", "")


def test_a_log_that_was_put_back_is_found_by_both_and_begun_anew_by_the_provider(
    sides, shop, tmp_path
):
    side = sides()
    side.happen(2)
    side.exchange()
    old = side.copy(tmp_path / "old.db")
    side.happen(20)
    side.later(days=1)
    assert side.exchange() == ["signed"]
    back = sides(old, of=side)
    back.happen(1)
    assert back.exchange() == ["differs"]
    assert "went back from" in held(shop).fault
    (words,) = back.told()
    assert "The Shop holds" in words
    assert "put back to an earlier state" in words
    assert (back.state.ours, len(back.state.evidence)) == (True, 2)
    result = back.house.do(lambda tx: begin_anew(tx, back.house.home, SELLER.id, "ana"))
    assert "the provider has to begin anew" in result.message
    evidence = held(shop).evidence
    assert len([line for line in evidence.splitlines() if line.startswith("\u2014")]) == 2
    with closing(sqlite3.connect(shop.path)) as db, db:
        assert households.begin_anew(db, "hub")
        assert not households.begin_anew(db, "stranger")
    back.later(days=2)
    assert back.exchange()[-1] == "signed"
    assert (back.state.fault, held(shop).fault) == ("", "")
    assert held(shop).evidence == evidence, "what was found stays known"


def test_a_log_that_was_rewritten_is_not_countersigned(sides, shop, tmp_path):
    side = sides()
    side.happen(2)
    side.exchange()
    old = side.copy(tmp_path / "old.db")
    side.happen(3)
    side.later(days=1)
    side.exchange()
    before = held(shop)
    other = sides(old, of=side)
    other.happen(40, "invented")
    assert other.exchange() == ["owed", "differs"]
    assert "was rewritten" in held(shop).fault
    assert (held(shop).note, held(shop).size) == (before.note, before.size)
    assert len(other.told()) == 1
    assert "not the ones here" in other.told()[0]
    side.happen(1)
    side.later(days=3)
    assert side.exchange() == ["signed"], "the true log goes on"
    assert held(shop).fault == ""


def test_strangers_other_keys_and_what_is_no_checkpoint_are_refused(sides, shop):
    side = sides()
    side.happen(2)
    side.exchange()
    taken_in = shop.store.households.shown
    key = OURS.verifier
    assert "refused" in taken_in("nobody", key, "old 0\n\n", shop.now)
    with pytest.raises(BecknError, match="growth: "):
        taken_in("hub", key, "nonsense", shop.now)
    other = LedgerKey("hub.example/ledger", b"x" * 32)
    note = other.sign(9, b"r" * 32)
    assert "have" in taken_in("hub", other.verifier, f"old 0\n\n{note}", shop.now)
    assert "signed by another key" in held(shop).fault


@pytest.mark.parametrize("why", ["settings", "never"])
def test_nothing_is_told_where_it_may_not_be(sides, why):
    side = sides()
    side.happen(2)
    home = side.house.home
    if why == "settings":
        beckn = home.settings.beckn.model_copy(update={"countersign": False})
        home.settings = home.settings.model_copy(update={"beckn": beckn})
    else:
        never = Grant(
            "g1", ("log",), SELLER.id, SELLER.name, "order", "ana", side.house.clock.at, never=True
        )
        side.house.do(lambda tx: tx.save_grant(never))
    assert side.exchange() == []
    with side.house.engine.connect() as connection:
        assert disclosures(connection) == []
    assert side.state.asked == 0
