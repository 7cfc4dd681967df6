"""Who may act for the household stands in its log: each key of a member, a device, a program.

Keys are made and taken back by short writes of their own, also by the command line. This compares
what there is with what the log knows, and enters the difference; so a key that somebody slipped in
is seen by all who read the log, and one that was ever in force cannot be denied.
"""

from __future__ import annotations

from hub.domain.keyring import HeldKey, came_and_went
from hub.store import keyring
from hub.store.tx import Entry, Tx


def note_keys(tx: Tx) -> int:
    """Enter which keys came and went since this was done last; return how many."""
    known = keyring.noted(tx.connection)
    held = {name: one for name, (one, _) in known.items()}
    came, went = came_and_went(held, keyring.present(tx.connection))
    for one in came:
        keyring.note(tx.connection, one, tx.append(_entry("key_added", one)))
    for one in went:
        tx.append(_entry("key_removed", one))
        keyring.forget(tx.connection, one.print)
    if came or went:
        tx.sign_log()
        tx.page_changed = True
    return len(came) + len(went)


def _entry(kind: str, key: HeldKey) -> Entry:
    facts: dict[str, object] = {"kind": key.kind, "title": key.name}
    if key.may:
        facts["may"] = key.may
    if key.member:
        facts["member"] = key.member
    return Entry(kind, key.print, facts)
