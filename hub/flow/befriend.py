"""How two households become contacts, what a contact may do, and how it ends: our members' side.

One side makes an invitation, a member of the other accepts it, a member of the first confirms:
both have agreed, each on their own hub. Only then is anything shown or told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hub.domain import contacts
from hub.domain.activities import ActivityError, address
from hub.domain.contacts import MOST_ADDRESSES, Contact, Sight
from hub.domain.effects import SendPeerMessage
from hub.domain.peers import (
    Card,
    Invitation,
    Peer,
    PeerError,
    card_digest,
    channel_of,
)
from hub.domain.tongue import phrase
from hub.flow.forgetting import ask_leaving
from hub.flow.home import Home
from hub.flow.peerout import put_out
from hub.flow.tell import tag_of, tell
from hub.store.peers import PeerStore
from hub.store.sheets import SheetStore
from hub.store.tx import Entry, Tx

MOST_INVITATIONS = 100
MOST_CONTACTS = 500
GOODBYE_KEEPS = timedelta(days=3)


def invite(tx: Tx, hash_: str, expires: datetime) -> None:
    """Keep an invitation by the hash of its token. PeerError when there are too many."""
    if not PeerStore(tx.connection).add_invitation(hash_, expires, tx.now, MOST_INVITATIONS):
        raise PeerError(f"{MOST_INVITATIONS} invitations are open; wait until some have expired")
    tx.append(Entry("contact_invited", hash_[:16], {"expires": expires.isoformat()}))


def accept(tx: Tx, invitation: Invitation, own_id: str) -> Contact:
    """Accept another household's invitation: it is asked to confirm. Returns the new contact.

    Accepting the same link again returns the same contact. Raises PeerError for a link that has
    expired, one of our own, and when there are too many contacts.
    """
    store = PeerStore(tx.connection)
    card, channel = invitation.card, channel_of(invitation.token)
    if card.id == own_id:
        raise PeerError("this is this household's own link; open it on the other one's hub")
    peer = store.peer(card.id)
    known = store.contact_of(card.id)
    if peer is not None and peer.channel == channel and known is not None:
        return known
    if peer is not None and known is not None and card.key not in (peer.key, peer.previous):
        raise PeerError(f"the link says it is of {known.name}, whose key is another one")
    if invitation.expires <= tx.now:
        raise PeerError("the link has expired; ask for a new one")
    contact = new_contact(tx, store, card)
    store.save_peer(
        Peer(
            card.id,
            contact.id,
            card.url,
            card.via,
            card.key,
            channel,
            awaiting="them",
            token=invitation.token,
        )
    )
    tx.append(Entry("contact_accepted", contact.id, {"hub": card.id}))
    effect = SendPeerMessage(card.id, "hello", 0)
    tx.emit(
        effect,
        key=f"peer:{card.id}:{tx.new_id()}",
        subject=f"peer:{card.id}",
        expires=invitation.expires,
    )
    return contact


def confirm(tx: Tx, contact_id: str, own: Card) -> Contact:
    """Agree to a household that came with an invitation of ours; it is told our ``own`` card.

    Raises PeerError when there is none such. A second time changes nothing.
    """
    store, contact, peer = both(tx, contact_id)
    if contact.state == "known":
        return contact
    if peer is None or peer.awaiting != "us":
        raise PeerError(f"{contact.name} has not confirmed yet; nothing is to be done here")
    known = contact.moved("known", since=tx.now)
    store.save_contact(known)
    peer = replace(peer, awaiting="", told=card_digest(own))
    store.save_peer(peer)
    put_out(tx, peer, "welcome", card_body(own))
    tx.append(Entry("contact_confirmed", contact.id, {"hub": peer.id}))
    tx.page_changed = True
    return known


def add_by_mail(tx: Tx, name: str, email: str) -> Contact:
    """Make a contact of a friend without a hub, who is invited by mail.

    Adding the same address again returns the same contact. PeerError, ActivityError.
    """
    store = PeerStore(tx.connection)
    calendar = address(email)
    plain = calendar.removeprefix("mailto:")
    if not calendar.startswith("mailto:") or not plain.isascii() or plain.count("@") != 1:
        raise ActivityError(
            f"email: expected an address such as ben@mail.example, got {email!r:.80}"
        )
    known = store.contacts()
    for one in known:
        if calendar in one.addresses:
            if one.peer:
                raise PeerError(f"{one.name} has this address, and a hub of its own")
            return one
    if len(known) >= MOST_CONTACTS:
        raise PeerError(f"this household has {MOST_CONTACTS} contacts; remove one first")
    clean = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    made = Contact(tx.new_id(), clean, "known", (calendar,), email=plain, since=tx.now)
    store.save_contact(made)
    tx.append(Entry("contact_added", made.id, {"by": "mail"}))
    tx.page_changed = True
    return made


def mute(tx: Tx, contact_id: str, muted: bool = True) -> Contact:
    """Have nobody asked about what a contact sends, or again. PeerError: no such contact."""
    return _changed(tx, contact_id, "contact_muted" if muted else "contact_unmuted", muted=muted)


def limit(tx: Tx, contact_id: str, sees: Sight) -> Contact:
    """Say what a contact may see: ``nothing`` or ``busy``. PeerError: no such contact."""
    return _changed(tx, contact_id, "contact_limited", sees=sees)


def place(tx: Tx, contact_id: str, circles: Sequence[str]) -> Contact:
    """Put a contact into these circles and no others. PeerError: no such contact; ActivityError:
    what cannot be a circle's name."""
    _, contact, _ = both(tx, contact_id)
    placed = contacts.placed(contact, circles)
    return _changed(tx, contact_id, "contact_placed", circles=placed.circles)


def remove(tx: Tx, contact_id: str) -> Contact:
    """End an acquaintance: nothing of theirs is taken any more, and what they were told is to be
    erased there. PeerError: no such contact."""
    store, contact, peer = both(tx, contact_id)
    gone = contact.moved("removed", muted=True, sees="nothing")
    store.save_contact(gone)
    if peer is not None:
        store.forget_talk(peer.id)
        SheetStore(tx.connection).forget(peer.id)
        peer = replace(peer, awaiting="", token="")
        store.save_peer(peer)
        goodbye = put_out(tx, peer, "goodbye", {"erase": True}, keeps=GOODBYE_KEEPS)
        ask_leaving(tx, contact, goodbye)
    tx.append(Entry("contact_removed", contact.id, {"by": "us"}))
    tx.page_changed = True
    return gone


def announce(tx: Tx, own: Card) -> None:
    """Tell contacts our card where they know another: an address or a key has changed."""
    store, digest = PeerStore(tx.connection), card_digest(own)
    for peer in store.peers():
        contact = store.contact(peer.contact)
        if contact is None or contact.state != "known" or peer.told == digest:
            continue
        store.save_peer(replace(peer, told=digest))
        put_out(tx, replace(peer, told=digest), "card", card_body(own))


def gave_up(tx: Tx, home: Home, effect: SendPeerMessage, reason: str) -> None:
    """An introduction was refused, or came too late: say so, and begin nothing."""
    store = PeerStore(tx.connection)
    peer = store.peer(effect.peer)
    contact = store.contact(peer.contact) if peer else None
    if effect.kind != "hello" or peer is None or contact is None or peer.awaiting != "them":
        return
    if contact.state != "offered":
        return
    store.save_contact(contact.moved("removed"))
    store.save_peer(replace(peer, awaiting="", token=""))
    cause = tx.append(Entry("contact_refused", contact.id, {"reason": reason[:300]}))
    body = phrase("{reason}. Ask for a new link.", reason=reason)
    tell_adults(
        tx, home, contact, phrase("{name} did not become a contact", name=contact.name), body, cause
    )


# -- what they share ---------------------------------------------------------------------------


def card_body(own: Card) -> dict[str, object]:
    """Return our card as contacts are told it."""
    return {"name": own.name, "url": own.url, "via": own.via, "addresses": list(own.addresses)}


def default_address(hub_id: str) -> str:
    """Return the calendar address of a household that has told none: its hub's id."""
    return f"urn:commonhearth:{hub_id}"


def both(tx: Tx, contact_id: str) -> tuple[PeerStore, Contact, Peer | None]:
    """Return a contact and the hub it has now. PeerError when there is none (any more)."""
    store = PeerStore(tx.connection)
    contact = store.contact(contact_id)
    if contact is None or contact.state == "removed":
        raise PeerError("there is no such contact (any more)")
    peer = store.peer(contact.peer) if contact.peer else None
    return store, contact, peer if peer is not None and peer.contact == contact.id else None


def _changed(tx: Tx, contact_id: str, entry: str, **changes: object) -> Contact:
    store, contact, _ = both(tx, contact_id)
    changed = replace(contact, **changes)  # type: ignore[arg-type]
    if changed != contact:
        store.save_contact(changed)
        tx.append(Entry(entry, contact.id, {"sees": changed.sees}))
        tx.page_changed = True
    return changed


def new_contact(tx: Tx, store: PeerStore, card: Card) -> Contact:
    """Make a contact of a hub; the one it had before is at an end, and all that was said."""
    if len(store.contacts()) >= MOST_CONTACTS:
        raise PeerError(f"this household has {MOST_CONTACTS} contacts; remove one first")
    old = store.contact_of(card.id)
    if old is not None:
        store.save_contact(old.moved("removed"))
        tx.append(Entry("contact_removed", old.id, {"by": "a new invitation"}))
    store.forget_talk(card.id)
    for name in ("missing", "sent"):
        tx.set_timer("peer", name, card.id, None)
    addresses = free_addresses(store, card.addresses, card.id) or (default_address(card.id),)
    made = Contact(tx.new_id(), card.name, "offered", addresses, peer=card.id, since=tx.now)
    store.save_contact(made)
    tx.page_changed = True
    return made


def free_addresses(store: PeerStore, said: tuple[str, ...], peer_id: str) -> tuple[str, ...]:
    """Return which addresses a hub may speak for: none that another contact has."""
    taken = {a for one in store.contacts() if one.peer != peer_id for a in one.addresses}
    found: list[str] = []
    for text in said[:MOST_ADDRESSES]:
        try:
            one = address(text)
        except ActivityError:
            continue
        if one not in taken and one not in found:
            found.append(one)
    return tuple(found)


def tell_adults(tx: Tx, home: Home, contact: Contact, title: str, body: str, cause: int) -> None:
    """Tell the adults what became of an acquaintance."""
    tag = tag_of(f"contact {contact.peer}")
    tell(tx, home, home.adults(), tag=tag, title=title, body=body, cause=cause)
    tx.page_changed = True
