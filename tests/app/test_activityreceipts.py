"""A receipt of an activity: what both hubs signed, checked by a third; no byte may change."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub.app.activityreceipts import check, make
from hub.app.receipts import ReceiptError
from hub.domain.peers import PeerMessage
from hub.keyfiles.ledgerkey import LedgerKey
from hub.store.talk import Signed, keep_signed
from hub.store.tx import Entry
from integrations.peers.envelope import seal, signed_as, unseal
from integrations.peers.keys import PeerKeys
from tests.support.household import NOON, Household, make_home

ICS = (
    "BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\nUID:fish\\,7\r\n @ada\r\nSEQUENCE:0\r\n"
    "SUMMARY:Fishing\r\nATTENDEE;PARTSTAT={answer}:mailto:ben@x.example\r\nEND:VEVENT\r\n"
    "END:VCALENDAR\r\n"
)
UID = "fish,7@ada"
CHANGES = 400


def message(keys: PeerKeys, name: str, method: str, answer: str) -> PeerMessage:
    body = {"ics": ICS.format(method=method, answer=answer)}
    until = NOON + timedelta(days=1)
    return PeerMessage(keys.id, "itip", name, "channel", 1, body, NOON, until)


@pytest.fixture(scope="module")
def receipt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bytes]:
    folder = tmp_path_factory.mktemp("receipt")
    ada, ben = PeerKeys(folder / "ada"), PeerKeys(folder / "ben")
    house = Household(folder / "hub.db", make_home())
    key = LedgerKey("ada.example/ledger", b"a" * 32)
    house.house.sign = key.sign
    talk = [
        (ada, ben, message(ada, "1", "REQUEST", "NEEDS-ACTION")),
        (ben, ada, message(ben, "2", "REPLY", "ACCEPTED")),
    ]
    for keys, to, one in talk:
        signed = Signed(signed_as(keys, to.id, one), keys.current.public.sign)
        house.do(lambda tx, n=one.id, s=signed: keep_signed(tx.connection, n, UID, tx.now, s))
    house.do(lambda tx: tx.append(Entry("activity_invited", UID, {"member": "ana"})))
    yield make(house.engine, key, UID).encode()
    house.close()


def test_a_third_person_sees_who_asked_and_who_said_yes(receipt: bytes) -> None:
    found = check(receipt)
    assert found.faults == ()
    assert found.both
    assert [line.split(":")[0] for line in found.holds[:2]] == [
        "REQUEST Fishing",
        "REPLY Fishing ACCEPTED",
    ]
    assert "activity_invited" in found.holds[2]


def test_any_changed_byte_is_found(receipt: bytes) -> None:
    chosen, true = random.Random(7515), json.loads(receipt)
    for _ in range(CHANGES):
        place = chosen.randrange(len(receipt))
        changed = bytearray(receipt)
        changed[place] ^= 1 << chosen.randrange(7)
        try:
            found = check(bytes(changed))
        except ReceiptError:
            continue
        # A changed space between the parts of JSON says the same.
        assert found.faults or json.loads(bytes(changed)) == true, place


def test_a_message_about_another_activity_or_one_sided_is_not_enough(receipt: bytes) -> None:
    said = json.loads(receipt)
    other = json.dumps({**said, "activity": {"uid": "dinner"}}).encode()
    assert [one for one in check(other).faults if "another activity" in one]
    alone = json.dumps({**said, "messages": said["messages"][:1]}).encode()
    assert not check(alone).both
    for wrong in (b"{}", b"x", json.dumps({**said, "kind": "order"}).encode()):
        with pytest.raises(ReceiptError, match="no receipt"):
            check(wrong)


def test_what_came_is_kept_as_it_was_signed(tmp_path: Path) -> None:
    ada, ben = PeerKeys(tmp_path / "ada"), PeerKeys(tmp_path / "ben")
    from hub.domain.peers import Peer

    known = Peer(ada.id, "c", "http://a.example", "https", ada.current.public, "channel")
    sent = message(ada, "1", "REQUEST", "NEEDS-ACTION")
    raw = seal(ada, ben.id, ben.current.public, sent)
    came = unseal(ben, lambda who: known if who == ada.id else None, raw, NOON)
    assert came.signed == signed_as(ada, ben.id, sent)
    assert came.signer == ada.current.public


def test_nothing_signed_is_said(tmp_path: Path) -> None:
    house = Household(tmp_path / "hub.db", make_home())
    with pytest.raises(ReceiptError, match="nothing was signed about activity x"):
        make(house.engine, LedgerKey("a/ledger", b"a" * 32), "x")
    house.close()
