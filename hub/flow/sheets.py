"""Sheets of recovery words that contacts' hubs keep: given, kept, shown to who asks in person.

A sheet alone tells nothing of the secret (SLIP-39), so a contact's hub may hold one as it is. A hub
that has lost everything cannot prove who it is: a member of the contact's decides, by looking at
the sheet and reading it to them. The household is told whenever that happens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from hub.domain.contacts import Contact
from hub.domain.peers import PeerError, PeerMessage
from hub.domain.sheets import MOST_SHEETS, TOLD_AGAIN, Given, Kept, are_words
from hub.domain.tongue import phrase
from hub.flow.befriend import both, tell_adults
from hub.flow.home import Home
from hub.flow.peerout import send
from hub.store.peers import PeerStore
from hub.store.sheets import SheetStore
from hub.store.tx import Entry, Tx

_LONGEST = 4096
SHEET, KEPT, SHOWN, DROP = "sheet", "sheet-kept", "sheet-shown", "sheet-drop"


# -- the household whose words they are ----------------------------------------------------------


def give(tx: Tx, contacts: Sequence[str], words: Sequence[str], needed: int) -> list[Given]:
    """Send a set of sheets to contacts, one each; who held one of another set forgets it.

    ``words`` are encrypted, each to the hub that is to keep it: here they lie together.
    PeerError, and nothing sent, when one of them is no contact with a hub.
    """
    store, people = SheetStore(tx.connection), PeerStore(tx.connection)
    batch, made = tx.new_id(), []
    if len(set(contacts)) != len(contacts) or len(contacts) != len(words):
        raise PeerError("expected each contact once")
    for number, (contact_id, text) in enumerate(zip(contacts, words, strict=True), 1):
        _, contact, peer = both(tx, contact_id)
        body = {"batch": batch, "number": number, "needed": needed, "words": text}
        send(tx, contact, SHEET, body)
        assert peer is not None, "it was sent something"
        made.append(Given(peer.id, contact.id, batch, number, needed, tx.now))
        tx.append(Entry("sheet_given", contact.id, {"number": number, "needed": needed}))
    for old in store.given():
        if old.contact not in contacts:
            store.drop(old)
            known = people.contact(old.contact)
            if known is not None and known.state == "known":
                send(tx, known, DROP, {"batch": old.batch})
    for one in made:
        store.save(one)
    tx.sign_log()
    tx.page_changed = True
    return made


def take_kept(tx: Tx, home: Home, contact: Contact, message: PeerMessage) -> None:
    """Note that a contact keeps its sheet, or does not any more."""
    found = _ours(tx, message)
    if found is None:
        return
    refused = message.body.get("refused")
    if isinstance(refused, str) and refused:
        _not_kept(tx, home, contact, found, refused)
        return
    SheetStore(tx.connection).save(replace(found, kept_at=tx.now, refused=""))
    tx.append(Entry("sheet_kept", contact.id, {"number": found.number}))
    tx.page_changed = True


def take_shown(tx: Tx, home: Home, contact: Contact, message: PeerMessage) -> None:
    """Tell the adults that somebody was shown a sheet of theirs: it may not have been them."""
    found = _ours(tx, message)
    if found is None:
        return
    SheetStore(tx.connection).save(replace(found, shown_at=tx.now))
    cause = tx.append(Entry("sheet_shown_there", contact.id, {"number": found.number}))
    if found.shown_at is None or tx.now - found.shown_at > TOLD_AGAIN:
        words = phrase(
            "Somebody at {name} looked at the sheet of your recovery words that is kept there."
            " {needed} sheets together are this household. If none of you asked for it, ask them"
            " why.",
            name=contact.name,
            needed=found.needed,
        )
        tell_adults(tx, home, contact, phrase("Your recovery words were shown"), words, cause)
    tx.page_changed = True


def lost(
    tx: Tx, home: Home, contact: Contact, type_: str, body: Mapping[str, object], reason: str
) -> None:
    """Note that a sheet never arrived (``PeerHooks.lost``)."""
    found = SheetStore(tx.connection).given_to(contact.peer) if type_ == SHEET else None
    if found is not None and found.batch == body.get("batch"):
        _not_kept(tx, home, contact, found, reason)


def _ours(tx: Tx, message: PeerMessage) -> Given | None:
    found = SheetStore(tx.connection).given_to(message.sender)
    return found if found is not None and found.batch == message.body.get("batch") else None


def _not_kept(tx: Tx, home: Home, contact: Contact, found: Given, reason: str) -> None:
    reason = reason[:200]
    SheetStore(tx.connection).save(replace(found, kept_at=None, refused=reason))
    cause = tx.append(Entry("sheet_not_kept", contact.id, {"reason": reason}))
    words = phrase("{reason}. Give sheets anew, to others (`identity share`).", reason=reason)
    tell_adults(
        tx, home, contact, phrase("{name} keeps no recovery sheet", name=contact.name), words, cause
    )


# -- who keeps one -------------------------------------------------------------------------------


def take_sheet(tx: Tx, home: Home, contact: Contact, message: PeerMessage) -> None:
    """Keep a contact's sheet, in the place of one that was kept before; the adults are told."""
    body, store = message.body, SheetStore(tx.connection)
    batch, number, needed = body.get("batch"), body.get("number"), body.get("needed")
    if not isinstance(batch, str) or not 0 < len(batch) <= 64:
        raise PeerError("batch: expected the name of a set of sheets")
    sealed = body.get("words")
    if not _count(number) or not _count(needed) or not isinstance(sealed, str):
        raise PeerError(f"expected a sheet, encrypted, of a set of at most {MOST_SHEETS}")
    if home.open_sheet is None or len(sealed) > _LONGEST:
        raise PeerError("this household keeps no sheets")
    words = home.open_sheet(sealed)
    if not are_words(words):
        raise PeerError("words: expected the 35 words of a sheet")
    before = store.kept_for(message.sender)
    made = Kept(
        message.sender,
        contact.id,
        batch,
        int(str(number)),
        int(str(needed)),
        tx.now,
        words,
    )
    store.save(made)
    cause = tx.append(Entry("sheet_kept_for", contact.id, {"number": made.number}))
    send(tx, contact, KEPT, {"batch": batch})
    if before is None or tx.now - before.at > TOLD_AGAIN:
        said = phrase(
            "{name} gave this hub a sheet of recovery words to keep. Alone it opens nothing."
            " Should they lose their hub they will ask you for it in person.",
            name=contact.name,
        )
        tell_adults(
            tx, home, contact, phrase("A recovery sheet of {name}", name=contact.name), said, cause
        )
    tx.page_changed = True


def take_drop(tx: Tx, home: Home, contact: Contact, message: PeerMessage) -> None:
    """Forget a contact's sheet: they gave others."""
    store = SheetStore(tx.connection)
    found = store.kept_for(message.sender)
    if found is not None and found.batch == message.body.get("batch"):
        store.drop(found)
        tx.append(Entry("sheet_dropped", contact.id, {"by": "them"}))
        tx.page_changed = True


def show(tx: Tx, contact_id: str) -> Kept:
    """Return the sheet that is kept for a contact, to be read to them; they are told of it.

    PeerError: there is none.
    """
    contact, found = _kept_for(tx, contact_id)
    shown = replace(found, shown_at=tx.now)
    SheetStore(tx.connection).save(shown)
    tx.append(Entry("sheet_shown", contact.id, {"number": found.number}))
    tx.sign_log()
    send(tx, contact, SHOWN, {"batch": found.batch})
    tx.page_changed = True
    return shown


def stop_keeping(tx: Tx, contact_id: str) -> Contact:
    """Forget the sheet that is kept for a contact; they are told. PeerError: there is none."""
    contact, found = _kept_for(tx, contact_id)
    SheetStore(tx.connection).drop(found)
    tx.append(Entry("sheet_dropped", contact.id, {"by": "us"}))
    send(
        tx,
        contact,
        KEPT,
        {"batch": found.batch, "refused": phrase("they no longer want to keep it")},
    )
    tx.page_changed = True
    return contact


def _kept_for(tx: Tx, contact_id: str) -> tuple[Contact, Kept]:
    _, contact, peer = both(tx, contact_id)
    found = SheetStore(tx.connection).kept_for(peer.id) if peer is not None else None
    if found is None:
        raise PeerError(f"no sheet of recovery words is kept for {contact.name}")
    return contact, found


def _count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_SHEETS


HANDLERS: Mapping[str, Callable[[Tx, Home, Contact, PeerMessage], None]] = {
    SHEET: take_sheet,
    KEPT: take_kept,
    SHOWN: take_shown,
    DROP: take_drop,
}
"""What contacts' hubs say about sheets (``PeerHooks.handlers``)."""
