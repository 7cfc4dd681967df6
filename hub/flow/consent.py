"""What members do about consent: take a grant back, say never, have what was told erased."""

from __future__ import annotations

from hub.domain.consent import ERASE, Disclosed, Erasure, Grant
from hub.domain.decisions import ADULTS_ONLY, DecisionResult
from hub.domain.orders import Order, OrderAnswer
from hub.domain.tongue import phrase
from hub.flow.forgetting import answered, ask_contact
from hub.flow.gate import give, told_fields
from hub.flow.home import Home
from hub.flow.placing import fail
from hub.flow.requests import request
from hub.store.consents import disclosures
from hub.store.tx import Entry, Tx

_NOT_BOUND = ("quoted", "initialised")


def revoke(tx: Tx, home: Home, grant_id: str, member_id: str) -> DecisionResult:
    """Take a consent back: nothing more leaves under it, and who was told is asked to erase it.

    An order that is not confirmed yet cannot go on without it and ends. One that is confirmed goes
    on: its provider knows already.
    """
    if not home.decides(member_id):
        return DecisionResult("refused", phrase(ADULTS_ONLY))
    grant = tx.house.grants.get(grant_id)
    if grant is None:
        return DecisionResult("unknown", phrase("There is no such consent (any more)."))
    revoked = grant.revoked(member_id, tx.now)
    facts = {"to": grant.recipient, "fields": list(grant.fields), "member": member_id}
    tx.save_grant(revoked, Entry("revoked", grant.id, facts))
    for order in list(tx.house.orders.values()):
        if order.provider.subscriber_id == grant.recipient and grant.about in ("", order.id):
            waiting = order.pending in ("init", "confirm") or order.state == "initialised"
            if order.state in _NOT_BOUND and waiting:
                fail(tx, home, order, phrase("the consent to what it must know was taken back"))
    asked = erase(tx, home, grant.recipient, member_id, grant)
    told = (
        phrase(" {called} is asked to erase what it was told.", called=grant.called)
        if asked
        else ""
    )
    return DecisionResult(
        "done",
        phrase("Taken back: {called} is told nothing more.{told}", called=grant.called, told=told),
    )


def never(tx: Tx, home: Home, order: Order, member_id: str) -> Grant | None:
    """Say that a provider is never to be told what its orders need: its offers end here.

    Returns the refusal, None where there is nothing that it would be told.
    """
    fields = told_fields(home, order)
    if not fields:
        return None
    return give(
        tx,
        Grant(
            tx.new_id(),
            fields,
            order.provider.subscriber_id,
            order.provider_name,
            "order",
            member_id,
            tx.now,
            never=True,
            because=order.suggestion_id,
        ),
    )


def erase(
    tx: Tx, home: Home, recipient: str, member_id: str, grant: Grant | None = None
) -> list[Disclosed]:
    """Ask a provider to erase what it was told (under one grant); return what was asked for.

    One message an order, however many told something. What was asked for and not answered,
    or erased, is not asked for anew.
    """
    asked: list[Disclosed] = []
    by_order: dict[str, str] = {}
    for told in disclosures(tx.connection, recipient=recipient):
        if told.purpose != "order" or not told.askable:
            continue
        if grant is not None and grant.id not in told.grants:
            continue
        order = tx.order(told.about)
        if order is None or order.order_id is None:
            continue
        if order.id not in by_order:
            by_order[order.id] = tx.new_id()
            request(tx, home, order, "support", reason=ERASE, named=by_order[order.id])
            tx.append(Entry("erasure_asked", order.id, {"member": member_id, "to": recipient}))
        wanted = Erasure(tx.now, member_id, by_order[order.id])
        asked.append(tx.save_erasure(told, wanted))
    return asked


def ask_to_erase(tx: Tx, home: Home, recipient: str, member_id: str) -> DecisionResult:
    """Have a member's wish that a provider or a contact erase what it was told sent, or say why
    not."""
    if not home.decides(member_id):
        return DecisionResult("refused", phrase(ADULTS_ONLY))
    if recipient.startswith("contact:"):
        return ask_contact(tx, home, recipient, member_id)
    asked = erase(tx, home, recipient, member_id)
    if not asked:
        return DecisionResult("repeated", phrase("There is nothing (more) to ask for."))
    return DecisionResult(
        "done", phrase("{called} is asked to erase what it was told.", called=asked[0].called)
    )


def erasure_answered(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> bool:
    """Record what a provider says to a request to erase; False where the answer is to another."""
    contact = answer.support
    ways = [contact.text, contact.email, contact.phone, contact.url] if contact else []
    words = answer.error.message if answer.error else "; ".join(way for way in ways if way)
    provider = order.provider.subscriber_id
    return answered(tx, provider, order.id, answer.message_id, words or "noted")
