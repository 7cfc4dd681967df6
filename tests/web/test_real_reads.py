"""What the pages read of the database, and how YAML is changed: the real side of the protocol."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert

from hub.app.yamledit import REMOVE, EditError, change
from hub.domain.yamltext import load
from hub.store import tables
from hub.store.codec import dump, micros
from hub.store.database import open_database
from hub.store.views import Views
from tests.web.fake_backend import NOW, FakeBackend


@pytest.fixture
def views(tmp_path: Path, backend: FakeBackend) -> Views:
    engine = open_database(tmp_path / "hub.sqlite")
    with engine.begin() as connection:
        for number, (kind, subject, facts) in enumerate(
            (
                ("stock_changed", "milk", {}),
                ("told", "binary_sensor.door", {"rule": "fridge_open"}),
                ("stock_changed", "eggs", {}),
            )
        ):
            body = json.dumps({"at": 0, "facts": facts, "kind": kind, "subject": subject})
            row = {"index": number, "at": micros(NOW) + number, "kind": kind, "subject": subject}
            connection.execute(
                insert(tables.core(tables.LedgerRow)).values(**row, body=body, leaf=b"")
            )
        done = backend.all_orders["ord-3"]
        for order in (done, replace(done, id="no", transaction_id="t", state="cancelled")):
            connection.execute(
                insert(tables.core(tables.OrderRow)).values(
                    id=order.id,
                    transaction_id=order.transaction_id,
                    suggestion_id=order.suggestion_id,
                    state=order.state,
                    created_at=micros(NOW),
                    body=dump(order),
                )
            )
        connection.execute(
            insert(tables.core(tables.SuggestionRow)).values(
                id="s", key="groceries:@pantry", state="declined", created_at=micros(NOW), body="{}"
            )
        )
    return Views(engine)


def test_the_ledger_is_read_from_its_end(views: Views) -> None:
    assert [e.index for e in views.newest(before=None, limit=2, subject=None)] == [2, 1]
    assert [e.index for e in views.newest(before=1, limit=9, subject=None)] == [0]
    assert [e.index for e in views.newest(before=None, limit=9, subject="milk")] == [0]


def test_when_rules_fired_last(views: Views) -> None:
    assert set(views.fired()) == {"groceries", "fridge_open"}
    assert views.fired()["groceries"] == NOW


def test_what_counts_as_spent(views: Views) -> None:
    assert views.spent(NOW) == [(NOW, "Green Corner", "8.27", "EUR")]
    assert views.spent(NOW.replace(year=2027)) == []


@pytest.mark.parametrize(
    "value", ["off", "0815", "18:00", "null", "a: b # c", "牛奶\n", "", "{x", "- y"]
)
def test_any_text_survives_being_written(value: str) -> None:
    text = "# head\na:\n  b: old  # why\n  c: [1, 2]\n"
    after = change(text, "f.yaml", {("a", "b"): value, ("new", "deep"): value})
    assert load(after, "f.yaml").data == {"a": {"b": value, "c": [1, 2]}, "new": {"deep": value}}
    assert after.startswith("# head\n")


def test_comments_of_what_is_removed_stay() -> None:
    text = "a:\n  b: 1\n  # about c\n  c: 2\n"
    assert "# about c" in change(text, "f.yaml", {("a", "c"): REMOVE})
    assert "# about c" in change(text, "f.yaml", {("a",): REMOVE})


@pytest.mark.parametrize("text", ["a: [", "a: &x 1\nb: *x\n", "a: 1\na: 2\n"])
def test_what_cannot_be_read_is_not_changed(text: str) -> None:
    with pytest.raises(EditError):
        change(text, "f.yaml", {("a",): 3})


def test_a_path_through_a_value_is_refused() -> None:
    with pytest.raises(EditError):
        change("a: 1\n", "f.yaml", {("a", "b"): 2})
