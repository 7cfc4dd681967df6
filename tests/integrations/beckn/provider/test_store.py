"""A provider's database: an older one is taken over, and what waits in it is delivered."""

import sqlite3
from datetime import UTC, datetime

from integrations.beckn.provider.store import Callback, Store

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
OLD = """
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY, receiver TEXT NOT NULL, message_id TEXT NOT NULL,
    action TEXT NOT NULL, body BLOB NOT NULL, created_at REAL NOT NULL,
    not_before REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'waiting', error TEXT NOT NULL DEFAULT '',
    UNIQUE (receiver, message_id, action));
INSERT INTO outbox (receiver, message_id, action, body, created_at, not_before)
    VALUES ('hub', 'm1', 'on_select', '{}', 0, 0);
"""


def test_what_waits_in_an_older_outbox_is_version_2(tmp_path):
    db = sqlite3.connect(tmp_path / "p.sqlite")
    db.executescript(OLD)
    db.close()
    store = Store(tmp_path / "p.sqlite")
    store.step(lambda: store.post(Callback("old", "m2", "on_search", b"{}", "1.1.1", "u"), NOW))
    rows = {row.receiver: (row.action, row.version, row.uri) for row in store.due(NOW)[0]}
    store.close()
    assert rows == {"hub": ("on_select", "2.0.0", ""), "old": ("on_search", "1.1.1", "u")}


def test_a_link_that_is_empty_leads_nowhere(tmp_path):
    store = Store(tmp_path / "p.sqlite")
    assert store.sale_by_secret("") is None
    store.close()
