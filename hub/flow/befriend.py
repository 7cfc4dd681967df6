"""How two households become contacts, what a contact may do, and how it ends.

One side makes an invitation, a member of the other accepts it, a member of the first confirms:
both have agreed, each on their own hub. Only then is anything shown or told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from hub.domain.activities import ActivityError, address
from hub.domain.contacts import MOST_ADDRESSES, Contact, Sight
from hub.domain.effects import SendPeerMessage
from hub.domain.peers import (
    Card,
    Invitation,
    Peer,
    PeerError,
    PeerMessage,
    Receipt,
    Refusal,
    card_digest,
    channel_of,
    checked_url,
    token_hash,
)
from hub.flow.home import Home
from hub.flow.peerbusy import answer_busy
from hub.flow.peerout import PeerHooks, put_out, refuse
from hub.flow.tell import tag_of, tell
from hub.store.peers import PeerStore
from hub.store.tx import Entry, Tx

MOST_INVITATIONS = 100
MOST_CONTACTS = 500
GOODBYE_KEEPS = timedelta(days=3)


# -- what members do ---------------------------------------------------------------------------


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
    contact = _new(tx, store, card)
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
    store, contact, peer = _both(tx, contact_id)
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


def mute(tx: Tx, contact_id: str, muted: bool = True) -> Contact:
    """Have nobody asked about what a contact sends, or again. PeerError: no such contact."""
    return _changed(tx, contact_id, "contact_muted" if muted else "contact_unmuted", muted=muted)


def limit(tx: Tx, contact_id: str, sees: Sight) -> Contact:
    """Say what a contact may see: ``nothing`` or ``busy``. PeerError: no such contact."""
    return _changed(tx, contact_id, "contact_limited", sees=sees)


def remove(tx: Tx, contact_id: str) -> Contact:
    """End an acquaintance: nothing of theirs is taken any more. PeerError: no such contact."""
    store, contact, peer = _both(tx, contact_id)
    gone = contact.moved("removed", muted=True, sees="nothing")
    store.save_contact(gone)
    if peer is not None:
        store.forget_talk(peer.id)
        peer = replace(peer, awaiting="", token="")
        store.save_peer(peer)
        put_out(tx, peer, "goodbye", {}, keeps=GOODBYE_KEEPS)
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
    body = f"{reason}. Ask for a new link."
    _tell(tx, home, contact, f"{contact.name} did not become a contact", body, cause)


# -- what other hubs do ------------------------------------------------------------------------


def hello(tx: Tx, home: Home, message: PeerMessage) -> Receipt | Refusal:
    """Take a household in that came with an invitation's token; members are asked to confirm.

    The token is spent on the hub that brought it first; that one may repeat itself.
    """
    store, card = PeerStore(tx.connection), message.card
    token = message.body.get("token")
    if card is None or not isinstance(token, str) or card.id != message.sender:
        return refuse(tx, message, "hello: expected a card and an invitation's token", status=400)
    used_by = store.invitation(token_hash(token), tx.now)
    if used_by is None:
        return refuse(tx, message, "there is no such invitation, or it has expired")
    if used_by and used_by != card.id:
        return refuse(tx, message, "the invitation was used by another household already")
    if message.channel != channel_of(token):
        return refuse(tx, message, "the invitation is not that of the message")
    peer = store.peer(card.id)
    if used_by and peer is not None and peer.channel == message.channel:
        return Receipt(peer.next_in - 1, re=message.id)
    if used_by:
        return refuse(tx, message, "the invitation was used already")
    try:
        contact = _new(tx, store, card)
    except PeerError as error:
        return refuse(tx, message, str(error))
    store.use_invitation(token_hash(token), card.id)
    store.save_peer(
        Peer(
            card.id,
            contact.id,
            card.url,
            card.via,
            card.key,
            message.channel,
            awaiting="us",
            heard_at=tx.now,
        )
    )
    cause = tx.append(Entry("contact_offered", contact.id, {"hub": card.id}))
    body = "Confirm it, or remove it, on the page of contacts or with `contact confirm`."
    _tell(tx, home, contact, f"{contact.name} would like to be a contact", body, cause)
    return Receipt(0, re=message.id)


def _welcome(tx: Tx, home: Home, hooks: PeerHooks, contact: Contact, message: PeerMessage) -> None:
    store, contact, peer = _both(tx, contact.id)
    if contact.state != "offered" or peer is None or peer.awaiting != "them":
        raise PeerError("welcome: nothing was asked")
    known = contact.moved("known", since=tx.now, addresses=_addresses(store, message, contact))
    store.save_contact(known)
    store.save_peer(replace(_moved(peer, message), awaiting="", token=""))
    cause = tx.append(Entry("contact_confirmed", contact.id, {"hub": peer.id}))
    _tell(tx, home, known, f"{known.name} is a contact now", "They have confirmed.", cause)


def _card(tx: Tx, home: Home, hooks: PeerHooks, contact: Contact, message: PeerMessage) -> None:
    """Their address has changed. A name stays as members know it: a new one could mislead."""
    store, contact, peer = _both(tx, contact.id)
    if contact.state != "known" or peer is None:
        raise PeerError("card: nobody here has agreed to be its contact yet")
    store.save_contact(replace(contact, addresses=_addresses(store, message, contact)))
    store.save_peer(_moved(peer, message))


def _goodbye(tx: Tx, home: Home, hooks: PeerHooks, contact: Contact, message: PeerMessage) -> None:
    store = PeerStore(tx.connection)
    store.save_contact(contact.moved("removed", muted=True, sees="nothing"))
    waiting = store.out_count(message.sender)
    store.forget_talk(message.sender)
    facts = {"by": "them", "undelivered": waiting}
    cause = tx.append(Entry("contact_removed", contact.id, facts))
    body = f"{waiting} messages to them were not delivered." if waiting else ""
    _tell(tx, home, contact, f"{contact.name} is no contact any more", body, cause)


def _busy(tx: Tx, home: Home, hooks: PeerHooks, contact: Contact, message: PeerMessage) -> None:
    answer_busy(tx, home, hooks.busy, contact, message)


Own = Callable[[Tx, Home, PeerHooks, Contact, PeerMessage], None]
OWN: dict[str, Own] = {
    "welcome": _welcome,
    "card": _card,
    "goodbye": _goodbye,
    "freebusy": _busy,
}
"""Messages that are about the acquaintance itself, or answered at once."""


# -- what they share ---------------------------------------------------------------------------


def card_body(own: Card) -> dict[str, object]:
    """Return our card as contacts are told it."""
    return {"name": own.name, "url": own.url, "via": own.via, "addresses": list(own.addresses)}


def default_address(hub_id: str) -> str:
    """Return the calendar address of a household that has told none: its hub's id."""
    return f"urn:commonhearth:{hub_id}"


def _both(tx: Tx, contact_id: str) -> tuple[PeerStore, Contact, Peer | None]:
    store = PeerStore(tx.connection)
    contact = store.contact(contact_id)
    if contact is None or contact.state == "removed":
        raise PeerError("there is no such contact (any more)")
    peer = store.peer(contact.peer) if contact.peer else None
    return store, contact, peer if peer is not None and peer.contact == contact.id else None


def _changed(tx: Tx, contact_id: str, entry: str, **changes: object) -> Contact:
    store, contact, _ = _both(tx, contact_id)
    changed = replace(contact, **changes)  # type: ignore[arg-type]
    if changed != contact:
        store.save_contact(changed)
        tx.append(Entry(entry, contact.id, {"sees": changed.sees}))
        tx.page_changed = True
    return changed


def _new(tx: Tx, store: PeerStore, card: Card) -> Contact:
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
    addresses = _free(store, card.addresses, card.id) or (default_address(card.id),)
    made = Contact(tx.new_id(), card.name, "offered", addresses, peer=card.id, since=tx.now)
    store.save_contact(made)
    tx.page_changed = True
    return made


def _addresses(store: PeerStore, message: PeerMessage, contact: Contact) -> tuple[str, ...]:
    said = message.body.get("addresses")
    texts = [one for one in said if isinstance(one, str)] if isinstance(said, list) else []
    return _free(store, tuple(texts), message.sender) or contact.addresses


def _free(store: PeerStore, said: tuple[str, ...], peer_id: str) -> tuple[str, ...]:
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


def _moved(peer: Peer, message: PeerMessage) -> Peer:
    url, via = message.body.get("url"), message.body.get("via")
    if not isinstance(url, str):
        return peer
    return replace(peer, url=checked_url(url), via="relay" if via == "relay" else "https")


def _tell(tx: Tx, home: Home, contact: Contact, title: str, body: str, cause: int) -> None:
    tag = tag_of(f"contact {contact.peer}")
    tell(tx, home, home.adults(), tag=tag, title=title, body=body, cause=cause)
    tx.page_changed = True
