"""What both sides of an activity signed is kept as it was said: a receipt anybody can check."""

from __future__ import annotations

from collections.abc import Mapping

from hub.domain.peers import PeerMessage
from hub.flow.activities.lost import ours
from hub.flow.home import Home
from hub.store.talk import Signed, keep_signed
from hub.store.tx import Tx


def sent(tx: Tx, home: Home, body: Mapping[str, object], name: str, signed: Signed) -> None:
    """Keep an iTIP message of ours that the other hub (or a relay) has taken."""
    message = ours(home, body)
    if message is not None:
        keep_signed(tx.connection, f"out:{name}", message.uid, tx.now, signed)


def heard(tx: Tx, uid: str, message: PeerMessage) -> None:
    """Keep an iTIP message of a contact that was taken in."""
    if message.signed and message.signer is not None:
        signed = Signed(message.signed, message.signer.sign)
        keep_signed(tx.connection, f"in:{message.sender}:{message.id}", uid, tx.now, signed)
