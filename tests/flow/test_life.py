"""A suggestion's life under any sequence of what members, grocers, scales and the clock do."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from hub.domain.orders import ORDER_LIFE
from hub.domain.suggestions import SUGGESTION_LIFE
from hub.flow.dispatch import gave_up, order_wanted, uncertain
from hub.store.tables import SuggestionRow
from tests.support.household import Household, Market, later, make_home, refusal, same

OPEN = ("proposed", "approved")


class Life(RuleBasedStateMachine):
    """Random days of a household; what must hold is looked at after each step."""

    folder: Path

    @initialize()
    def begin(self) -> None:
        Life.number = getattr(Life, "number", 0) + 1
        self.household = Household(self.folder / f"{Life.number}.db", make_home())
        self.market = Market(self.household)
        self.closed: dict[str, str] = {}
        self.confirms: dict[str, str] = {}
        self.old: list[object] = []
        self.answers: list[object] = []
        # Begin where it becomes interesting: two offers, and members are asked.
        self.household.level("milk", 0.4)
        self.market.offers()

    def teardown(self) -> None:
        if hasattr(self, "household"):
            self.household.close()

    @rule(item=st.sampled_from(["milk", "eggs"]), quantity=st.sampled_from([0.2, 0.4, 3, 9]))
    def level(self, item: str, quantity: float) -> None:
        self.household.level(item, quantity)

    @rule(minutes=st.sampled_from([0, 0.2, 0.5, 0.5, 6, 61, 241, 1500]))
    def time(self, minutes: float) -> None:
        self.household.tick(minutes=minutes)

    @rule(
        verb=st.sampled_from(["approve", "approve", "approve", "decline", "later"]),
        member=st.sampled_from(["ana", "ana", "ben", "kim"]),
        which=st.integers(0, 3),
        pieces=st.sampled_from([None, None, None, 0, 2]),
        stale=st.sampled_from([False, False, True]),
        token=st.sampled_from([None, "t1", "t2"]),
    )
    def decide(self, verb, member, which, pieces, stale, token) -> None:
        known = [*self.household.open(), *(self.old if stale else [])]
        if not known:
            return
        suggestion = known[which % len(known)]
        facts = {}
        if suggestion.options:
            option = suggestion.options[which % len(suggestion.options)]
            facts["option"] = option.id
            if pieces is not None and option.lines:
                facts["counts"] = {option.lines[0].item_id: pieces}
        if token:
            facts["token_id"] = f"{token}:{suggestion.id}:{suggestion.version}"
        self.old.append(suggestion)
        result = self.household.decide(verb, suggestion, member=member, **facts)
        assert result.message
        if member == "kim":
            assert result.result not in ("done", "changed")

    @rule(times=st.integers(1, 4))
    def deliver_well(self, times: int) -> None:
        for _ in range(times):
            self._deliver(0, "well")

    @rule(
        which=st.integers(0, 9),
        how=st.sampled_from(["dearer", "refused", "lost", "doubt", "undone"]),
    )
    def deliver(self, which: int, how: str) -> None:
        self._deliver(which, how)

    def _deliver(self, which: int, how: str) -> None:
        rows = [row for row in self.household.outbox() if row.key.startswith("beckn")]
        if not rows:
            return
        row = rows[which % len(rows)]
        effect, house = row.effect, self.household
        request = effect.request
        house.do(lambda tx: tx.done(row.id))
        if not order_wanted(house.house, effect):
            return
        self._sent(request)
        if how == "lost":
            return
        if how == "doubt" and request.action == "confirm":
            house.do(lambda tx: uncertain(tx, house.home, effect))
            return
        if how == "undone":
            house.do(lambda tx: gave_up(tx, house.home, effect, "no route"))
            return
        answer = self.market.reply(request)
        if how == "refused":
            empty = {"quote": None, "catalogs": (), "state": None, "order_id": None}
            answer = self.market.reply(request, error=refusal(), **empty)
        elif how == "dearer" and answer.quote is not None:
            answer = later(answer, "99.00")
        self.answers.append(answer)
        house.answer(answer)

    def _sent(self, request) -> None:
        if request.action != "confirm":
            return
        order = self.household.house.orders[
            self.household.house.by_transaction[request.transaction_id]
        ]
        assert order.approved_total is not None
        assert request.quote.total.amount <= order.approved_total.amount
        # One order is confirmed under one message id, however often it is sent.
        known = self.confirms.setdefault(request.transaction_id, request.message_id)
        assert known == request.message_id

    @rule(which=st.integers(0, 30))
    def redeliver(self, which: int) -> None:
        if self.answers:
            before = self.household.ledger()
            self.household.answer(self.answers[which % len(self.answers)])
            assert self.household.ledger() == before

    @rule(really=st.sampled_from([True, False, False, False]))
    def restart(self, really: bool) -> None:
        if really:
            self.household.restart()

    @invariant()
    def one_open_a_cause(self) -> None:
        if not hasattr(self, "household"):
            return
        rows = self.household.rows(SuggestionRow)
        causes = Counter(row.key for row in rows if row.state in OPEN)
        assert all(count == 1 for count in causes.values())
        assert set(causes) == set(self.household.house.open_keys)
        for row in rows:
            if row.id in self.closed:
                assert row.state == self.closed[row.id]
            elif SUGGESTION_LIFE.ended(row.state):
                self.closed[row.id] = row.state

    @invariant()
    def orders_serve_a_suggestion_and_cost_what_was_agreed(self) -> None:
        if not hasattr(self, "household"):
            return
        house = self.household
        for order in house.house.orders.values():
            assert not ORDER_LIFE.ended(order.state)
            suggestion = house.suggestion(order.suggestion_id)
            if order.state in ("confirmed", "in_progress"):
                assert order.quote.total.amount <= order.approved_total.amount
                assert suggestion.state == "carried_out"
            else:
                assert suggestion.state in OPEN
        bound = Counter(
            order.suggestion_id
            for order in house.views.orders(limit=1_000)
            if order.state in ("initialised", "confirmed", "in_progress", "completed")
        )
        assert all(count == 1 for count in bound.values())

    @invariant()
    def memory_is_the_database(self) -> None:
        if hasattr(self, "household"):
            same(self.household.house, self.household.load())

    @invariant()
    def nothing_was_parked(self) -> None:
        if hasattr(self, "household"):
            assert self.household.views.parked(10) == []

    @invariant()
    def what_is_open_ends_by_itself(self) -> None:
        if not hasattr(self, "household"):
            return
        timers = self.household.house.timers
        for suggestion in self.household.open():
            if suggestion.open:
                assert ("deadline", suggestion.id, "") in timers
            else:
                orders = self.household.house.orders.values()
                chosen = [o for o in orders if o.suggestion_id == suggestion.id and o.pending]
                assert any(key[:2] == ("patience", o.id) for o in chosen for key in timers)


def test_a_suggestions_life(tmp_path: Path) -> None:
    Life.folder = tmp_path
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=15,
            stateful_step_count=40,
            deadline=None,
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )
