"""``provider ledger``: a provider checks its own log, and whose logs it countersigned."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hub.keyfiles.ledgerkey import ledger_key
from integrations.beckn.provider.store import DATABASE
from tests.cli.support import Run
from tests.integrations.beckn.provider.conftest import Till
from tests.integrations.beckn.provider.test_ledger import MILK, PARTY, SHOP


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return the folder of a shop that has sold something, and countersigned a buyer's log."""
    till = Till(tmp_path, SHOP, ledger_key(tmp_path, "shop.example"))
    slot = till.ask("discover").catalogs[0].slots[0]
    till.order(lines=MILK, slot=slot, party=PARTY)
    till.store.close()
    assert till.path == tmp_path / DATABASE
    with closing(sqlite3.connect(till.path)) as db, db:
        db.execute(
            "INSERT INTO household_log (sender, key, note, size, at, fault)"
            " VALUES ('elm.example', 'k', 'n', 12, 1764244800, 'it was rewritten')"
        )
    return tmp_path


def test_the_log_is_whole_until_something_is_changed(data: Path, run: Run) -> None:
    told = run("provider", "ledger", "verify", "--data", data)
    assert told.code == 0, told
    assert "1 entries, 1 checkpoints, 1 orders; 1 entries are signed: the log is whole." in told.out
    found = run("provider", "ledger", "verify", "--data", data, "--json").json
    assert (found["whole"], found["entries"], found["orders"], found["faults"]) == (True, 1, 1, [])
    with closing(sqlite3.connect(data / DATABASE)) as db, db:
        db.execute("UPDATE ledger SET body = replace(body, 'confirmed', 'cancelled')")
    told = run("provider", "ledger", "verify", "--data", data)
    assert told.code == 1
    assert "entry 0" in told.out
    assert run("provider", "ledger", "verify", "--data", data, "--json").json["whole"] is False


def test_its_key_is_given_and_another_one_proves_nothing(data: Path, run: Run) -> None:
    key = run("provider", "ledger", "key", "--data", data).out.strip()
    assert key.startswith("shop.example/ledger+")
    whole = run("provider", "ledger", "verify", "--data", data, "--key", key)
    assert whole.code == 0
    (data / "other").mkdir()
    other = ledger_key(data / "other", "shop.example").verifier
    assert run("provider", "ledger", "verify", "--data", data, "--key", other).code == 1


def test_buyers_whose_logs_are_countersigned(data: Path, run: Run) -> None:
    told = run("provider", "ledger", "households", "--data", data)
    assert all(word in told.out for word in ("1 logs", "elm.example", "12", "it was rewritten"))
    (one,) = run("provider", "ledger", "households", "--data", data, "--json").json
    assert (one["sender"], one["size"], one["fault"]) == ("elm.example", 12, "it was rewritten")
    unknown = run("provider", "ledger", "households", "--data", data, "--anew", "oak.example")
    assert "no log of theirs was countersigned here" in unknown.refused(1)
    run("provider", "ledger", "households", "--data", data, "--anew", "elm.example")
    (one,) = run("provider", "ledger", "households", "--data", data, "--json").json
    assert (one["size"], one["fault"]) == (0, "")


@pytest.mark.parametrize("command", ["verify", "households"])
def test_a_folder_without_a_provider_is_named(tmp_path: Path, run: Run, command: str) -> None:
    told = run("provider", "ledger", command, "--data", tmp_path / "nowhere")
    assert "no provider has run here yet" in told.refused(1)


def test_a_file_that_is_no_database_is_named(tmp_path: Path, run: Run) -> None:
    (tmp_path / DATABASE).write_bytes(b"nothing of the kind" * 100)
    ledger_key(tmp_path, "shop.example")
    told = run("provider", "ledger", "verify", "--data", tmp_path)
    assert "expected a provider's database" in told.refused(1)
