"""Friends' households ask one another to erase what they were told, and say what came of it.

What is over is erased at once; an activity that is still to happen stays until it was, or nobody
would know of it any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from hub.domain.consent import ERASED, Disclosed, Erasure
from hub.domain.contacts import Contact
from hub.domain.decisions import DecisionResult
from hub.domain.peers import PeerError, PeerMessage
from hub.domain.tongue import phrase
from hub.flow.home import Home
from hub.flow.peerout import send
from hub.store.consents import disclosures
from hub.store.friendserase import erase_contact
from hub.store.peers import PeerStore
from hub.store.sheets import SheetStore
from hub.store.tx import Entry, Tx

ERASE, ANSWER = "erase", "erase-answer"
MOST_ASKED = 10
"""How often a day one contact may ask: each time all it told is looked through."""
_DAY = timedelta(days=1)
_LONGEST = 300
_HOUSEHOLD = "household"
_NO_ANSWER = "asked when the friendship ended: its hub can no longer answer"


def ask_contact(tx: Tx, home: Home, recipient: str, member_id: str) -> DecisionResult:
    """Have a member's wish that a contact's household erase what it was told sent, or say why not.

    ``recipient`` is ``contact:`` and its id, as in ``Disclosed``.
    """
    contact = PeerStore(tx.connection).contact(recipient.partition(":")[2])
    told = _unanswered(tx, recipient)
    if contact is None or not told:
        return DecisionResult("repeated", phrase("There is nothing (more) to ask for."))
    try:
        name = send(tx, contact, ERASE, {"until": tx.now.isoformat()})
    except PeerError as error:
        return DecisionResult("refused", phrase("{error}: ask them yourself.", error=error))
    _asked(tx, told, Erasure(tx.now, member_id, name))
    tx.append(Entry("erasure_asked", contact.id, {"member": member_id, "to": recipient}))
    message = phrase("{called} is asked to erase what it was told.", called=contact.name)
    return DecisionResult("done", message)


def ask_leaving(tx: Tx, contact: Contact, goodbye: str) -> None:
    """Note that a friendship's end (the message ``goodbye``) asks to erase what was told in it."""
    said = Erasure(tx.now, _HOUSEHOLD, goodbye, _NO_ANSWER, tx.now)
    _asked(tx, _unanswered(tx, f"contact:{contact.id}"), said)


def take_erase(tx: Tx, home: Home, contact: Contact, message: PeerMessage) -> None:
    """Erase what a contact told and is over, and answer (``PeerHooks.handlers``)."""
    if tx.count("erased_for_contact", contact.id, tx.now - _DAY) >= MOST_ASKED:
        raise PeerError(f"erase: asked {MOST_ASKED} times today; ask again tomorrow")
    until = min(_instant(message.body.get("until")), tx.now)
    send(tx, contact, ANSWER, {"request": message.id, "answer": erase_told(tx, contact, until)})


def erase_told(tx: Tx, contact: Contact, until: datetime) -> str:
    """Erase what a contact told until an instant and is over; return what it is answered."""
    done, kept = erase_contact(tx, contact, until)
    tx.append(Entry("erased_for_contact", contact.id, {"counts": done, "kept": kept}))
    tx.page_changed = True
    sheet = contact.peer and SheetStore(tx.connection).kept_for(contact.peer)
    if not kept:
        return f"{ERASED}, but for the recovery sheet you gave to be kept" if sheet else ERASED
    ones = "one activity" if kept == 1 else f"{kept} activities"
    return f"{ones} still to happen kept until then, the rest erased"


def take_answer(tx: Tx, home: Home, contact: Contact, message: PeerMessage) -> None:
    """Record what a contact's household says to a request to erase; one nobody made is refused."""
    request, words = message.body.get("request"), message.body.get("answer")
    if not isinstance(request, str) or not isinstance(words, str) or not words:
        raise PeerError("request, answer: expected the id of what was asked, and text")
    if not answered(tx, f"contact:{contact.id}", contact.id, request, words):
        raise PeerError("request: nothing was asked by this id")


def erase_lost(
    tx: Tx, home: Home, contact: Contact, type_: str, body: Mapping[str, object], reason: str
) -> None:
    """Note that a request never reached a contact (``PeerHooks.lost``): it may be made again."""
    if type_ == ERASE:
        for told in disclosures(tx.connection, recipient=f"contact:{contact.id}"):
            if told.erasure is not None and told.erasure.answered_at is None:
                answer = f"not asked: {reason}"[:_LONGEST]
                tx.save_erasure(told, replace(told.erasure, answer=answer, answered_at=tx.now))


def _unanswered(tx: Tx, recipient: str) -> list[Disclosed]:
    return [told for told in disclosures(tx.connection, recipient=recipient) if told.askable]


def _asked(tx: Tx, those: list[Disclosed], wanted: Erasure) -> None:
    for told in those:
        tx.save_erasure(told, wanted)
    tx.page_changed = True


def answered(tx: Tx, recipient: str, about: str, request: str, words: str) -> bool:
    """Record what a recipient says to a request to erase; False where it was not asked by this id.

    ``about`` is the order or the contact that the ledger's entry is about.
    """
    said = words[:_LONGEST]
    found = False
    for told in disclosures(tx.connection, recipient=recipient):
        if told.erasure is not None and told.erasure.message_id == request:
            tx.save_erasure(told, replace(told.erasure, answer=said, answered_at=tx.now))
            found = True
    if found:
        tx.append(Entry("erasure_answered", about, {"reason": said}))
        tx.page_changed = True
    return found


def _instant(said: object) -> datetime:
    try:
        found = datetime.fromisoformat(str(said))
        if found.tzinfo is not None:
            return found
    except ValueError:
        pass
    raise PeerError(f"until: expected an instant with its zone, got {said!r:.60}")


HANDLERS = {ERASE: take_erase, ANSWER: take_answer}
