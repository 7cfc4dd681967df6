"""Rows of contacts and of what is said between hubs, over one connection.

They are few and rarely touched, so they are read when needed and not kept in memory. A step uses
``PeerStore(tx.connection)``; whoever only looks uses a connection of their own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Row, Table, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from hub.domain.contacts import Contact
from hub.domain.peers import Peer, PeerMessage
from hub.domain.values import dataclass
from hub.store import peertables, tables
from hub.store.codec import dump, instant, load, micros
from hub.store.sums import sum_anew, summed


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that its receiver has not acknowledged; ``sent`` tells that it is on its way."""

    peer: str
    seq: int
    id: str
    type: str
    body: dict[str, object]
    created_at: datetime
    expires: datetime
    sent: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asked for; ``body`` are its words."""

    id: str
    verb: str
    body: dict[str, Any]
    outcome: dict[str, Any] | None = None


_CONTACT, _PEER = tables.core(peertables.ContactRow), tables.core(peertables.PeerRow)
_OUT, _IN = tables.core(peertables.PeerOut), tables.core(peertables.PeerIn)
_INBOX = tables.core(tables.Inbox)
_INVITATION, _WISH = tables.core(peertables.PeerInvitation), tables.core(peertables.PeerWish)


class PeerStore:
    """Reads and writes of one connection; who opened it commits."""

    def __init__(self, connection: Connection) -> None:
        self._do = connection.execute
        self._connection = connection

    # -- contacts and hubs --------------------------------------------------------------------

    def contact(self, contact_id: str) -> Contact | None:
        """Return a contact, also a removed one."""
        body = self._do(select(_CONTACT.c.body).where(_CONTACT.c.id == contact_id)).scalar()
        return None if body is None else load(Contact, body)

    def contacts(self, *, removed: bool = False) -> list[Contact]:
        """Return contacts by name; the removed ones only when asked for."""
        statement = select(_CONTACT.c.body)
        if not removed:
            statement = statement.where(_CONTACT.c.state != "removed")
        found = [load(Contact, body) for body in self._do(statement).scalars()]
        return sorted(found, key=lambda one: (one.name.casefold(), one.id))

    def contact_of(self, peer_id: str) -> Contact | None:
        """Return the contact that a hub belongs to, None when it was removed or never was one."""
        statement = select(_CONTACT.c.body).where(
            _CONTACT.c.peer == peer_id, _CONTACT.c.state != "removed"
        )
        body = self._do(statement).scalar()
        return None if body is None else load(Contact, body)

    def save_contact(self, contact: Contact) -> None:
        """Keep a contact as it is now."""
        self._put(
            _CONTACT, id=contact.id, peer=contact.peer, state=contact.state, body=dump(contact)
        )

    def peer(self, peer_id: str) -> Peer | None:
        """Return a hub, also of a contact that was removed."""
        body = self._do(select(_PEER.c.body).where(_PEER.c.id == peer_id)).scalar()
        return None if body is None else load(Peer, body)

    def peers(self) -> list[Peer]:
        """Return every hub that is known or was."""
        return [load(Peer, body) for body in self._do(select(_PEER.c.body)).scalars()]

    def any(self) -> bool:
        """Tell whether there are hubs or invitations at all."""
        either = select(_PEER.c.id).union_all(select(_INVITATION.c.hash)).limit(1)
        return self._do(either).first() is not None

    def save_peer(self, peer: Peer) -> None:
        """Keep what is known of a hub."""
        self._put(_PEER, id=peer.id, body=dump(peer))

    def _put(self, table: Table, **values: object) -> None:
        row = summed(table, **values)
        new = insert_or(table).values(**row)
        keys = {column.name for column in table.primary_key.columns}
        changed = {name: value for name, value in row.items() if name not in keys}
        self._do(
            new.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changed)
        )

    # -- outgoing -----------------------------------------------------------------------------

    def put_out(self, row: Outgoing) -> None:
        """Keep a message until it is acknowledged."""
        self._do(
            insert(_OUT).values(
                summed(
                    _OUT,
                    peer=row.peer,
                    seq=row.seq,
                    jti=row.id,
                    type=row.type,
                    body=orjson.dumps(row.body).decode(),
                    created_at=micros(row.created_at),
                    expires=micros(row.expires),
                    sent_at=0,
                )
            )
        )

    def outgoing(self, peer_id: str) -> list[Outgoing]:
        """Return what a hub has not acknowledged, in order."""
        statement = select(_OUT).where(_OUT.c.peer == peer_id).order_by(_OUT.c.seq)
        return [_outgoing(row) for row in self._do(statement)]

    def next_unsent(self, peer_id: str) -> tuple[Outgoing, int] | None:
        """Return the first message that is not on its way, and the lowest number that is still
        kept (an envelope's ``base``)."""
        mine = _OUT.c.peer == peer_id
        statement = select(_OUT).where(mine, _OUT.c.sent_at == 0)
        row = self._do(statement.order_by(_OUT.c.seq).limit(1)).first()
        if row is None:
            return None
        base = self._do(select(func.min(_OUT.c.seq)).where(mine)).scalar()
        return _outgoing(row), int(base or row.seq)

    def out_count(self, peer_id: str) -> int:
        """Return how many messages wait for a hub."""
        statement = select(func.count()).select_from(_OUT).where(_OUT.c.peer == peer_id)
        return self._do(statement).scalar() or 0

    def acknowledged(self, peer_id: str, upto: int) -> None:
        """Forget messages that the other hub has committed."""
        self._do(delete(_OUT).where(_OUT.c.peer == peer_id, _OUT.c.seq <= upto))

    def drop_out(self, peer_id: str, seq: int) -> None:
        """Forget one message."""
        self._do(delete(_OUT).where(_OUT.c.peer == peer_id, _OUT.c.seq == seq))

    def expired_out(self, peer_id: str, now: datetime) -> list[Outgoing]:
        """Forget, and return, messages whose time is over."""
        over = (_OUT.c.peer == peer_id, _OUT.c.expires <= micros(now))
        found = [_outgoing(row) for row in self._do(select(_OUT).where(*over).order_by(_OUT.c.seq))]
        if found:
            self._do(delete(_OUT).where(*over))
        return found

    def mark_sent(self, peer_id: str, seq: int, now: datetime) -> None:
        """Note that a message is on its way, and who carries it has said so."""
        here = (_OUT.c.peer == peer_id, _OUT.c.seq == seq)
        self._do(update(_OUT).where(*here).values(sent_at=micros(now)))

    def send_again(self, peer_id: str, seqs: tuple[int, ...] | None, before: datetime) -> int:
        """Have messages sent again: these numbers, or (None) all sent before an instant.

        Returns how many there are.
        """
        wanted = [_OUT.c.peer == peer_id, _OUT.c.sent_at > 0]
        if seqs is None:
            wanted.append(_OUT.c.sent_at <= micros(before))
        else:
            wanted.append(_OUT.c.seq.in_(seqs))
        return self._do(update(_OUT).where(*wanted).values(sent_at=0)).rowcount

    def renumber(self, peer_id: str, start: int) -> int:
        """Count what waits anew, from ``start``; return the number after the last."""
        rows = self.outgoing(peer_id)
        self._do(delete(_OUT).where(_OUT.c.peer == peer_id))
        for seq, row in enumerate(rows, start):
            self.put_out(
                Outgoing(
                    peer_id, seq, row.id, row.type, row.body, row.created_at, row.expires, False
                )
            )
        return start + len(rows)

    # -- incoming -----------------------------------------------------------------------------

    def hold(self, message: PeerMessage) -> None:
        """Keep a message until those before it have come."""
        self._put(_IN, peer=message.sender, seq=message.seq, body=dump(message))

    def held(self, peer_id: str) -> list[int]:
        """Return the numbers of the messages that wait, in order."""
        statement = select(_IN.c.seq).where(_IN.c.peer == peer_id).order_by(_IN.c.seq)
        return list(self._do(statement).scalars())

    def take_held(self, peer_id: str, seq: int) -> PeerMessage | None:
        """Return a message that waited, and keep it no more."""
        here = (_IN.c.peer == peer_id, _IN.c.seq == seq)
        body = self._do(select(_IN.c.body).where(*here)).scalar()
        if body is None:
            return None
        self._do(delete(_IN).where(*here))
        return load(PeerMessage, body)

    def forget_held(self, peer_id: str, before: int) -> None:
        """Forget messages that waited and whose turn is over."""
        self._do(delete(_IN).where(_IN.c.peer == peer_id, _IN.c.seq < before))

    def seen(self, key: str) -> bool:
        """Tell whether a message that names itself so was committed (``Tx.first_time``)."""
        return self._do(select(_INBOX.c.key).where(_INBOX.c.key == key)).first() is not None

    def forget_talk(self, peer_id: str) -> None:
        """Forget all that waits, both ways."""
        self._do(delete(_OUT).where(_OUT.c.peer == peer_id))
        self._do(delete(_IN).where(_IN.c.peer == peer_id))

    # -- invitations --------------------------------------------------------------------------

    def add_invitation(self, hash_: str, expires: datetime, now: datetime, most: int) -> bool:
        """Keep an invitation; old ones go. False when there are ``most`` already."""
        self._do(delete(_INVITATION).where(_INVITATION.c.expires_at <= micros(now)))
        count = self._do(select(func.count()).select_from(_INVITATION)).scalar() or 0
        if count >= most:
            return False
        self._put(_INVITATION, hash=hash_, expires_at=micros(expires), used_by="")
        return True

    def invitation(self, hash_: str, now: datetime) -> str | None:
        """Return by which hub an invitation was used ("": by none); None when there is none."""
        statement = select(_INVITATION.c.used_by).where(
            _INVITATION.c.hash == hash_, _INVITATION.c.expires_at > micros(now)
        )
        return self._do(statement).scalar()

    def use_invitation(self, hash_: str, peer_id: str) -> None:
        """Note which hub used an invitation."""
        here = _INVITATION.c.hash == hash_
        self._do(update(_INVITATION).where(here).values(used_by=peer_id))
        sum_anew(self._connection, _INVITATION, here)

    # -- wishes -------------------------------------------------------------------------------

    def wish(self, wish: Wish, now: datetime) -> None:
        """Ask the hub for something."""
        body = orjson.dumps(wish.body).decode()
        self._do(insert(_WISH).values(id=wish.id, at=micros(now), verb=wish.verb, body=body))

    def wishes(self, *, most: int = 100) -> list[Wish]:
        """Return what was asked for and not done, in order."""
        statement = select(_WISH).where(_WISH.c.outcome.is_(None)).order_by(_WISH.c.at, _WISH.c.id)
        return [_wish(row) for row in self._do(statement.limit(most))]

    def wish_of(self, wish_id: str) -> Wish | None:
        """Return a wish, with its outcome once it has one."""
        row = self._do(select(_WISH).where(_WISH.c.id == wish_id)).first()
        return None if row is None else _wish(row)

    def fulfil(self, wish_id: str, outcome: dict[str, Any]) -> None:
        """Say what came of a wish."""
        text = orjson.dumps(outcome).decode()
        self._do(update(_WISH).where(_WISH.c.id == wish_id).values(outcome=text))

    def forget_wish(self, wish_id: str) -> None:
        """Forget a wish whose outcome was read, or that is taken back."""
        self._do(delete(_WISH).where(_WISH.c.id == wish_id))

    def forget_wishes(self, before: datetime) -> None:
        """Forget outcomes that nobody came for."""
        old = (_WISH.c.outcome.is_not(None), _WISH.c.at < micros(before))
        self._do(delete(_WISH).where(*old))


def _outgoing(row: Row[Any]) -> Outgoing:
    return Outgoing(
        row.peer,
        row.seq,
        row.jti,
        row.type,
        orjson.loads(row.body),
        instant(row.created_at),
        instant(row.expires),
        row.sent_at > 0,
    )


def _wish(row: Row[Any]) -> Wish:
    outcome = None if row.outcome is None else orjson.loads(row.outcome)
    return Wish(row.id, row.verb, orjson.loads(row.body), outcome)
