"""When contacts are busy: asked of their hubs, and told to theirs. Nothing is told by default."""

from __future__ import annotations

from datetime import datetime, timedelta

from hub.domain.contacts import FARTHEST, Contact, shown
from hub.domain.offers import Window
from hub.domain.peers import PeerError, PeerMessage
from hub.flow.home import Home
from hub.flow.peerout import Busy, put_out, send
from hub.store.peers import PeerStore
from hub.store.tx import Tx

ASKED = "freebusy"
ANSWERED = "freebusy-answer"
ASKED_KEEPS = timedelta(days=1)


def ask_busy(tx: Tx, contact: Contact, asked: Window) -> str:
    """Ask a contact's hub when it is busy; return the id its answer names as ``request``.

    The answer is a message of type ``freebusy-answer``: see ``busy_in``. PeerError as ``send``.
    """
    body = {"start": asked.start.isoformat(), "end": asked.end.isoformat()}
    return send(tx, contact, ASKED, body, keeps=ASKED_KEEPS)


def answer_busy(tx: Tx, home: Home, busy: Busy, contact: Contact, message: PeerMessage) -> None:
    """Answer a contact that asks: with busy times only where it may see them."""
    asked = _window(message.body)
    told = None
    if contact.state == "known" and contact.sees == "busy":
        own = busy(tx, home, contact, asked)
        told = None if own is None else shown(contact, own, asked)
    peer = PeerStore(tx.connection).peer(message.sender)
    if peer is None or contact.state != "known":
        raise PeerError("nobody here has agreed to be its contact yet")
    body: dict[str, object] = {
        "request": message.id,
        "start": asked.start.isoformat(),
        "end": asked.end.isoformat(),
        "busy": None
        if told is None
        else [[one.start.isoformat(), one.end.isoformat()] for one in told],
    }
    put_out(tx, peer, ANSWERED, body)


def busy_in(message: PeerMessage) -> tuple[str, Window, tuple[Window, ...] | None]:
    """Return what a ``freebusy-answer`` says: to which request, about when, and the busy times.

    None for the times: the household does not tell. PeerError when it says nothing of the kind.
    """
    request, said = message.body.get("request"), message.body.get("busy")
    if not isinstance(request, str):
        raise PeerError("request: expected the id of what was asked")
    asked = _window(message.body)
    if said is None:
        return request, asked, None
    if not isinstance(said, list) or len(said) > 500:
        raise PeerError("busy: expected at most 500 times, or null")
    times = []
    for one in said:
        if not isinstance(one, list) or len(one) != 2:
            raise PeerError("busy: expected pairs of instants")
        times.append(_window({"start": one[0], "end": one[1]}))
    return request, asked, tuple(times)


def _window(body: object) -> Window:
    start, end = (
        (body.get(name) for name in ("start", "end")) if isinstance(body, dict) else ("", "")
    )
    try:
        window = Window(datetime.fromisoformat(str(start)), datetime.fromisoformat(str(end)))
        aware = window.start.tzinfo is not None and window.end.tzinfo is not None
        if aware and window.start < window.end and window.end - window.start <= FARTHEST:
            return window
    except (ValueError, TypeError):
        pass
    raise PeerError(f"start, end: expected two instants, at most {FARTHEST.days} days apart")
