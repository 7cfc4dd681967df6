"""What follows an order in v2, both ways: change terms, who comes, tracking, rating, support."""

from __future__ import annotations

from hub.domain.geo import read_gps
from hub.domain.orders import Agent, ChangeTerms, Rating, SupportContact, Tracking
from integrations.beckn.grocery import Json, attributes, instant, write_money
from integrations.beckn.reading import LONGEST_TEXT, Node

WORST, BEST = 1, 5
"""The ends of a rating."""


# -- terms of a change (docs/profiles/reschedule.md) ---------------------------------------------


def write_terms(terms: ChangeTerms | None) -> Json | None:
    """Write what a change costs until when, or None where nothing is known."""
    if terms is None:
        return None
    return {
        name: value
        for name, value in (
            ("freeUntil", instant(terms.free_until) if terms.free_until else None),
            ("fee", write_money(terms.fee) if terms.fee else None),
            ("until", instant(terms.until) if terms.until else None),
            ("possible", True),
        )
        if value is not None
    }


def read_terms(about: Node, name: str) -> ChangeTerms | None:
    """Read the terms at ``name``, or None where the change is not possible or nothing is said."""
    if not about.has(name):
        return None
    terms = about.node(name)
    if terms.value.get("possible") is False:
        return None
    return ChangeTerms(
        terms.instant("freeUntil") if terms.has("freeUntil") else None,
        terms.node("fee").money() if terms.has("fee") else None,
        terms.instant("until") if terms.has("until") else None,
    )


# -- who comes -----------------------------------------------------------------------------------


def write_agent(agent: Agent | None) -> Json | None:
    """Write who comes, for ``performanceAttributes.agent``."""
    if agent is None:
        return None
    named = {"name": agent.name, "telephone": agent.phone, "vehicle": agent.vehicle}
    return {name: value for name, value in (named | {"plate": agent.plate}).items() if value}


def read_agent(about: Node) -> Agent | None:
    """Read who comes, or None where nobody is named."""
    if not about.has("agent"):
        return None
    agent = about.node("agent")
    return Agent(
        agent.text("name"),
        agent.maybe_text("telephone") or None,
        agent.maybe_text("vehicle") or "",
        agent.maybe_text("plate") or "",
    )


# -- tracking ------------------------------------------------------------------------------------


def write_tracking(tracking: Tracking | None, fallback: str) -> Json:
    """Write a ``Tracking``; its schema wants a URL, so ``fallback`` stands in where there is none.

    A request has none yet, and a provider that has nothing to show neither.
    """
    tracking = tracking or Tracking()
    about = attributes(
        "LiveLocation",
        gps=tracking.gps,
        at=instant(tracking.at) if tracking.at else None,
        eta=instant(tracking.eta) if tracking.eta else None,
        noUrl=True if not tracking.url else None,
    )
    return {
        "url": tracking.url or fallback,
        "status": "ACTIVE" if tracking.active else "INACTIVE",
        "trackingAttributes": about,
    }


def read_tracking(message: Node) -> Tracking | None:
    """Read a ``Tracking``; a URL that is not for a browser (http or https) is refused."""
    if not message.has("tracking"):
        return None
    node = message.node("tracking")
    about = node.maybe("trackingAttributes")
    status = node.text("status")
    if status not in ("ACTIVE", "INACTIVE"):
        node.fail("status", "ACTIVE or INACTIVE")
    url = read_url(node, "url") or ""
    return Tracking(
        url="" if about.value.get("noUrl") is True else url,
        active=status == "ACTIVE",
        gps=read_position(about, "gps"),
        at=about.instant("at") if about.has("at") else None,
        eta=about.instant("eta") if about.has("eta") else None,
    )


def read_position(about: Node, name: str) -> str | None:
    """Read ``lat,lon``, or None where there is none."""
    gps = about.maybe_text(name)
    if not gps:
        return None
    try:
        read_gps(gps)
    except ValueError as error:
        about.fail(name, str(error).removeprefix("expected "))
    return gps


def read_url(node: Node, name: str) -> str | None:
    """Read a link that may be shown to a person: nothing that a click could run."""
    url = node.maybe_text(name)
    if url and not url.lower().startswith(("http://", "https://")):
        node.fail(name, "a link that begins with https:// or http://")
    return url or None


# -- rating --------------------------------------------------------------------------------------


def write_rating(rating: Rating | None, order_id: str) -> list[Json]:
    """Write the ``RatingInput`` of an order."""
    if rating is None:
        return []
    written: Json = {
        "target": {"id": order_id, "descriptor": {"code": "ORDER"}},
        "range": {"min": WORST, "max": BEST, "value": rating.stars},
    }
    if rating.text:
        written["feedbackFormSubmission"] = {"data": {"text": rating.text[:LONGEST_TEXT]}}
    return [written]


def read_rating(message: Node, name: str) -> tuple[Rating | None, str | None]:
    """Return the first rating of a message, in stars from 1 to 5, and the id of what it is for."""
    for given in message.nodes(name, 20):
        span = given.node("range")
        stars = span.count("value")
        if not WORST <= stars <= BEST:
            span.fail("value", f"a whole number from {WORST} to {BEST}")
        said = given.maybe("feedbackFormSubmission").maybe("data").maybe_text("text") or ""
        return Rating(stars, said), given.node("target").maybe_text("id") or None
    return None, None


# -- support -------------------------------------------------------------------------------------


def write_support(order_id: str | None, need: str, contact: SupportContact | None) -> Json:
    """Write a ``Support``: what is needed, or how somebody is reached."""
    support: Json = {}
    if order_id:
        support["orderId"] = order_id
    if need:
        support["descriptor"] = {"longDesc": need[:LONGEST_TEXT]}
    if contact is not None:
        support["channels"] = [
            attributes(
                "ContactPoint",
                telephone=contact.phone,
                email=contact.email,
                url=contact.url,
                description=contact.text,
            )
        ]
    return support


def read_support(message: Node) -> tuple[str | None, str, SupportContact | None]:
    """Return the order's id, what is needed, and how somebody is reached, as far as told."""
    support = message.maybe("support")
    need = support.maybe("descriptor").maybe_text("longDesc") or ""
    for channel in support.nodes("channels", 20):
        contact = SupportContact(
            channel.maybe_text("telephone") or None,
            channel.maybe_text("email") or None,
            read_url(channel, "url"),
            channel.maybe_text("description") or "",
        )
        return support.maybe_text("orderId") or None, need, contact
    return support.maybe_text("orderId") or None, need, None
