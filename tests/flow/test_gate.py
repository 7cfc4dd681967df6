"""What leaves the home: under a grant, written down, and by no other way than the gate."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from hub.domain.consent import ERASE, Erasure, Grant
from hub.domain.contacts import Contact
from hub.domain.offers import Place, RideWish
from hub.domain.orders import Party, SupportContact
from hub.domain.peers import Peer, PeerError, PeerKey
from hub.flow.consent import erase, revoke
from hub.flow.gate import left, ride_told, still_granted
from hub.flow.peerout import put_out
from hub.store.consents import disclosures, grants_given, grants_of
from hub.store.peers import PeerStore
from tests.support.household import CORNER, Household, same

HUB = Path(__file__).parents[2] / "hub"


def read(house: Household, what):
    with house.engine.connect() as connection:
        return what(connection)


def given(house: Household):
    return read(house, grants_given)


def told(house: Household):
    return read(house, disclosures)


@pytest.fixture
def asked(house, market):
    house.level("milk", 0.4)
    return market.offers()


def test_before_anybody_agreed_providers_learn_what_is_wanted_and_no_more(house, asked):
    for one in told(house):
        assert (one.purpose, one.grants) == ("offer", ("hub.yaml",))
        assert set(one.fields) <= {"items", "window"}
    assert all(request.party is None for request in house.requests())
    assert given(house) == []


def test_a_yes_is_consent_to_what_was_shown_for_this_order(house, market, asked):
    option = asked.options[0]
    house.decide("approve")
    (grant,) = given(house)
    assert read(house, lambda there: grants_of(there, [grant.id, "hub.yaml"])) == [grant]
    assert (grant.recipient, grant.given_by, grant.about, grant.because) == (
        CORNER.subscriber_id,
        "ana",
        option.order_id,
        asked.id,
    )
    shown = {one.field for one in option.disclosures}
    assert shown == {"name", "address", "area_code"}
    assert shown <= set(grant.fields)
    (init,) = house.requests("init")
    (row,) = (one for one in told(house) if one.id == init.message_id)
    assert set(row.fields) == {"items", "window", *shown}
    assert (row.grants, row.about) == ((grant.id,), option.order_id)
    same(house.house, house.load())


def test_what_was_granted_once_ends_with_its_order(house, market, asked):
    house.decide("approve")
    market.serve("init")
    market.serve("confirm")
    order = house.order(asked.options[0].order_id)
    assert [one.about for one in house.house.grants.values()] == [order.id]
    house.do(lambda tx: tx.save(order.moved("completed")))
    assert house.house.grants == {}
    same(house.house, house.load())


def test_always_covers_the_next_order_and_is_not_asked_again(house, market, asked):
    house.decide("approve", scope="always")
    (grant,) = given(house)
    assert grant.about == ""
    market.serve("init")
    market.serve("confirm")
    house.send()
    house.tick(hours=7)
    house.level("eggs", 1)
    market.serve("discover")
    market.serve("select")
    second = next(one for one in house.open() if one.open)
    house.decide("approve", second, option=second.options[0].id)
    assert [one.id for one in given(house)] == [grant.id]
    init = house.requests("init")[-1]
    assert init.party.address == "Lindenstr. 5, Berlin"
    same(house.house, house.load())


def test_a_step_that_failed_gave_no_consent_and_took_none_back(house, market, asked):
    house.decide("approve", scope="always")
    order = house.order(asked.options[0].order_id)
    (before,) = house.house.grants_for(order.id)
    more = replace(before, id="more", about=order.id)

    def fails(tx):
        tx.save_grant(more)
        tx.save_grant(before.revoked("ana", tx.now))
        assert tx.house.grants_for(order.id) == (more,)
        raise ValueError("the step")

    with pytest.raises(ValueError, match="the step"):
        house.do(fails)
    assert house.house.grants_for(order.id) == (before,)
    assert house.house.grants_for("another") == (before,)
    same(house.house, house.load())


def test_never_takes_an_offer_away_and_the_provider_is_not_considered_again(house, market, asked):
    assert len(asked.options) == 2
    gone, kept = asked.options
    result = house.decide("decline", option=gone.id, scope="never")
    assert result.result == "changed"
    left = house.suggestion(asked.id)
    assert [one.id for one in left.options] == [kept.id]
    assert left.version == asked.version + 1
    house.decide("decline", left)
    house.send()
    house.tick(hours=7)
    house.level("milk", 0.3)
    again = market.offers()
    assert [one.provider_name for one in again.options] == [kept.provider_name]
    reasons = {one.provider.subscriber_id: one.reason for one in house.views.orders(limit=9)}
    assert "never" in reasons[CORNER.subscriber_id] or reasons[CORNER.subscriber_id] == ""


def test_consent_taken_back_before_the_order_stands_ends_it_and_nothing_leaves(
    house, market, asked
):
    house.decide("approve")
    (grant,) = given(house)
    (init,) = house.requests("init")
    order = house.order(asked.options[0].order_id)
    assert still_granted(house.house, order, init.party, house.clock.now())
    result = house.do(lambda tx: revoke(tx, house.home, grant.id, "ben"))
    assert result.result == "done"
    assert not still_granted(house.house, order, init.party, house.clock.now())
    assert house.order(order.id).state == "failed"
    assert given(house)[0].revoked_by == "ben"
    same(house.house, house.load())
    again = house.do(lambda tx: revoke(tx, house.home, grant.id, "ben"))
    assert again.result == "unknown"


def test_a_child_takes_nothing_back(house, market, asked):
    house.decide("approve")
    (grant,) = given(house)
    result = house.do(lambda tx: revoke(tx, house.home, grant.id, "kim"))
    assert result.result == "refused"
    assert grant.id in house.house.grants


def test_who_was_told_is_asked_to_erase_and_the_answer_is_kept(house, market, asked):
    house.decide("approve", scope="always")
    market.serve("init")
    market.serve("confirm")
    (grant,) = given(house)
    house.send()
    house.do(lambda tx: revoke(tx, house.home, grant.id, "ana"))
    (asking,) = house.requests("support")
    assert asking.reason == ERASE
    pending = [one for one in told(house) if one.erasure is not None]
    assert {one.erasure.message_id for one in pending} == {asking.message_id}
    market.answer(asking, support=SupportContact(text="erased"), order_id=asking.order_id)
    answers = [one.erasure.answer for one in told(house) if one.erasure is not None]
    assert set(answers) == {"erased"}
    house.do(lambda tx: erase(tx, house.home, CORNER.subscriber_id, "ana"))
    assert len(house.requests("support")) == 1


def test_the_bytes_that_left_are_noted(house, asked):
    (first, *_) = told(house)
    house.do(lambda tx: left(tx, first.id, b"bytes"))
    house.do(lambda tx: left(tx, "nobody knows it", b"others"))
    found = {one.id: one.digest for one in told(house)}
    assert found[first.id] == sha256(b"bytes").hexdigest()
    assert sha256(b"others").hexdigest() not in found.values()


def test_what_left_stays_noted_when_more_is_said_of_it_and_not_by_a_step_that_failed(house, asked):
    first, second, *_ = told(house)

    def fails(tx):
        left(tx, second.id, b"not sent")
        raise ValueError("the step")

    def sends(tx):
        left(tx, first.id, b"bytes")
        with pytest.raises(ValueError, match="the step"):
            tx.attempt(lambda: fails(tx))

    house.do(sends)
    wanted = Erasure(house.clock.now(), "ana", "m")
    (sent,) = (one for one in told(house) if one.digest)
    house.do(lambda tx: tx.save_erasure(sent, wanted))
    found = {one.id: one for one in told(house)}
    assert found[first.id] == replace(sent, erasure=wanted)
    assert (sent.id, sent.sent_at) == (first.id, house.clock.now())
    assert found[second.id] == second


def test_a_party_that_no_grant_covers_does_not_go(house, asked):
    order = house.order(asked.options[0].order_id)
    now = house.clock.now()
    assert not still_granted(house.house, order, Party(phone="1"), now)
    grant = Grant(
        "g", ("phone",), CORNER.subscriber_id, "", "order", "ana", now, until=now + timedelta(1)
    )
    house.do(lambda tx: tx.save_grant(grant))
    assert still_granted(house.house, order, Party(phone="1"), now)
    assert not still_granted(house.house, order, Party(phone="1"), now + timedelta(1))


def test_a_ride_is_looked_for_from_about_the_home(house):
    settings = house.home.settings
    home = settings.home.model_copy(update={"gps": "52.520008,13.404954"})
    house.home.settings = settings.model_copy(update={"home": home})
    lake = Place("52.41,13.21", "Wannsee")
    wish = RideWish(Place(home.gps, "Lindenstr. 5"), lake, 2)
    assert ride_told(wish, house.home) == RideWish(Place("52.520,13.405"), lake, 2)


def test_a_message_to_a_contact_is_named_in_the_schema_or_is_not_sent(house):
    peer = Peer("p1", "c1", "http://x.example", "https", PeerKey("a" * 43, "b" * 43), "ch")

    def friend(tx):
        store = PeerStore(tx.connection)
        store.save_contact(Contact("c1", "Ben's", "known", ("mailto:ben@x.example",), "p1"))
        store.save_peer(peer)

    house.do(friend)
    with pytest.raises(PeerError, match="gossip: what it tells is not named"):
        house.do(lambda tx: put_out(tx, peer, "gossip", {"a": 1}))
    message = house.do(lambda tx: put_out(tx, peer, "card", {"a": 1}))
    (row,) = told(house)
    assert (row.id, row.recipient, row.fields) == (message, "contact:c1", ("card",))


# -- no other way ------------------------------------------------------------------------------

ONLY = {
    "Party": {"flow/gate.py"},
    "SendOrderRequest": {"flow/requests.py"},
    "OrderRequest": {"flow/requests.py"},
    "release": {"flow/requests.py"},
    "to_contact": {"flow/peerout.py"},
    "to_guest": {"flow/activities/mail.py"},
    "SendMail": {"flow/activities/mail.py"},
    "disclose": {"flow/gate.py"},
}
"""Who alone may call what makes something leave."""


def test_nobody_builds_what_leaves_but_the_gate():
    found: dict[str, set[str]] = {name: set() for name in ONLY}
    for file in HUB.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in ONLY:
                    found[name].add(file.relative_to(HUB).as_posix())
    assert found == ONLY


def test_only_the_queue_of_a_contact_puts_messages_out():
    callers = set()
    for file in HUB.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            outgoing = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Outgoing"
            if outgoing:
                callers.add(file.relative_to(HUB).as_posix())
    assert callers <= {"flow/peerout.py", "store/peers.py", "app/peering.py"}
