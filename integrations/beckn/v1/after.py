"""What follows an order in version 1, both ways: ``Tracking``, ``Support`` and ``Rating``."""

from __future__ import annotations

from hub.domain.orders import Rating, SupportContact, Tracking
from integrations.beckn.errors import RATING_INVALID, BecknError
from integrations.beckn.grocery import Json, instant
from integrations.beckn.reading import Node
from integrations.beckn.v1.values import (
    ident,
    read_instant,
    read_position,
    read_tag,
    with_tags,
    write_tags,
)


def write_tracking(tracking: Tracking) -> Json:
    """Write where it is: the position as of its time, and a link for people."""
    document: Json = {"status": "active" if tracking.active else "inactive"}
    if tracking.url:
        document["url"] = tracking.url
    if tracking.gps is not None:
        document["location"] = {"gps": tracking.gps}
    moment = instant(tracking.at) if tracking.at else None
    eta = instant(tracking.eta) if tracking.eta else None
    return with_tags(document, write_tags("position", {"at": moment, "eta": eta}))


def read_tracking(message: Node) -> Tracking:
    """Read where it is; BecknError for a link that is none for a browser."""
    node = message.node("tracking")
    status = (node.maybe_text("status") or "").casefold()
    if status not in ("active", "inactive"):
        node.fail("status", "active or inactive")
    location, tag = node.maybe("location"), read_tag(node, "position")
    at = read_instant(tag, "at") or read_instant(location, "updated_at")
    return Tracking(
        url=read_link(node, "url") or "",
        active=status == "active",
        gps=read_position(location),
        at=at or read_instant(location.maybe("time")),
        eta=read_instant(tag, "eta"),
    )


def read_link(node: Node, name: str) -> str | None:
    """Read a link that may be shown to a person: nothing that a click could run."""
    url = node.maybe_text(name)
    if url and not url.casefold().startswith(("https://", "http://")):
        node.fail(name, "a link that begins with https:// or http://")
    return url or None


def write_support(contact: SupportContact, order_id: str) -> Json:
    """Write how a person is reached about an order."""
    known = {"phone": contact.phone, "email": contact.email, "url": contact.url}
    document: Json = {name: value for name, value in known.items() if value}
    if order_id:
        document["ref_id"] = order_id
    return with_tags(document, write_tags("support", {"text": contact.text or None}))


def read_support(message: Node) -> SupportContact:
    """Read how a person is reached."""
    node = message.node("support")
    return SupportContact(
        phone=node.maybe_text("phone") or None,
        email=node.maybe_text("email") or None,
        url=read_link(node, "url"),
        text=read_tag(node, "support").maybe_text("text") or "",
    )


def write_rating(rating: Rating, order_id: str) -> list[Json]:
    """Write a rating of a whole order."""
    document = {"rating_category": "Order", "id": order_id, "value": str(rating.stars)}
    return [with_tags(document, write_tags("feedback", {"text": rating.text or None}))]


def read_rating(message: Node) -> tuple[Rating | None, str | None]:
    """Read a rating from 1 to 5 and the id of what it is for; the mobility networks' form too."""
    given = list(message.nodes("ratings", 20)) or [message]
    node = given[0]
    if not node.has("value"):
        return None, None
    stars = node.number("value")
    if stars != stars.to_integral_value() or not 1 <= stars <= 5:
        raise BecknError(f"{node.where('value')}: expected 1 to 5", RATING_INVALID)
    text = read_tag(node, "feedback").maybe_text("text") or ""
    return Rating(int(stars), text), ident(node) if node.has("id") else None
