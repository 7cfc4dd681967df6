"""Which keys act for the household stands in its log, however they came."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.app.logins import new_login
from hub.flow.keyring import note_keys
from hub.store import keyring, tables
from hub.store.erase import erase_member
from hub.store.logins import Logins
from hub.store.sums import summed
from tests.support.household import Household, make_home

PASSKEY = tables.core(tables.PasskeyRow)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Household]:
    made = Household(tmp_path / "hub.db", make_home())
    yield made
    made.close()


def enrol(house: Household, key: bytes = b"public half", member: str = "ana") -> None:
    """Slip a passkey in, as whoever can write the database may."""
    row = summed(
        PASSKEY, id=key.hex(), member=member, name="Ana's phone", rp_id="localhost",
        credential=key, public_key=key, sign_count=0, created_at=1, used_at=0, copied_at=0,
    )  # fmt: skip
    house.do(lambda tx: tx.connection.execute(PASSKEY.insert().values(**row)))


def said(house: Household) -> list[tuple[str, str, Any]]:
    with house.engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT kind, subject, body FROM ledger WHERE kind LIKE 'key_%' ORDER BY \"index\""
        )
        return [(row[0], row[1], json.loads(row[2])["facts"]) for row in rows]


def look(house: Household) -> int:
    return int(house.do(note_keys))


def test_what_came_and_went_is_entered_once(house: Household) -> None:
    assert look(house) == 0
    enrol(house)
    logins = Logins(house.engine)
    logins.add(new_login("shelf", "device")[0], house.clock.now())
    assert look(house) == 2
    assert look(house) == 0
    assert [(kind, facts["kind"]) for kind, _, facts in said(house)] == [
        ("key_added", "passkey"),
        ("key_added", "login"),
    ]
    assert logins.revoke("shelf")
    assert look(house) == 1
    (_, _, (kind, subject, _)) = said(house)
    assert (kind, subject) == ("key_removed", said(house)[1][1])
    with house.engine.connect() as connection:
        ((held, entry),) = keyring.noted(connection).values()
        assert (held.member, held.name, entry) == ("ana", "Ana's phone", 0)
        assert keyring.present(connection) == [held]


def test_another_password_of_the_same_name_is_another_key(house: Household) -> None:
    logins = Logins(house.engine)
    for _ in range(2):
        logins.add(new_login("shelf", "device")[0], house.clock.now())
        assert look(house) in (1, 2)
        logins.revoke("shelf")
    assert [kind for kind, _, _ in said(house)] == ["key_added", "key_added", "key_removed"]


def test_nobody_is_named_in_clear_and_who_is_erased_is_gone(house: Household) -> None:
    enrol(house)
    look(house)
    ((_, _, facts),) = said(house)
    assert facts.keys() == {"kind", "private"}
    assert "ana" not in json.dumps(facts).casefold()
    house.do(lambda tx: erase_member(tx, "ana", "Ana"))
    with house.engine.connect() as connection:
        assert keyring.noted(connection) == {}
        left = connection.exec_driver_sql("SELECT count(*) FROM opening").scalar()
    assert left == 0
    assert look(house) == 0
