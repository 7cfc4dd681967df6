"""The tables of contacts and of what is said between hubs. Instants as in ``hub.store.tables``."""

from __future__ import annotations

from sqlmodel import Field, SQLModel


class ContactRow(SQLModel, table=True):
    """Contacts, also removed ones; ``peer`` is the hub's id, "" for a friend without one."""

    __tablename__ = "contact"
    id: str = Field(primary_key=True)
    peer: str = Field(index=True)
    state: str
    body: str


class PeerRow(SQLModel, table=True):
    """Other hubs: keys, how they are reached, and the numbers of the next messages."""

    __tablename__ = "peer"
    id: str = Field(primary_key=True)
    body: str


class PeerOut(SQLModel, table=True):
    """Messages that a contact's hub has not acknowledged. ``sent_at`` is when a relay or the hub
    took one that it has not acknowledged, 0 before."""

    __tablename__ = "peer_out"
    peer: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    jti: str
    type: str
    body: str
    created_at: int
    expires: int
    sent_at: int = 0


class PeerIn(SQLModel, table=True):
    """Messages that wait for one that is missing before them."""

    __tablename__ = "peer_in"
    peer: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    body: str


class PeerInvitation(SQLModel, table=True):
    """One-time tokens of links that make a contact, hashed; ``used_by`` is the hub that came."""

    __tablename__ = "peer_invitation"
    hash: str = Field(primary_key=True)
    expires_at: int
    used_by: str = ""


class PeerWish(SQLModel, table=True):
    """What the command line asks of the running hub; ``outcome`` is JSON once it was done."""

    __tablename__ = "peer_wish"
    id: str = Field(primary_key=True)
    at: int
    verb: str
    body: str
    outcome: str | None = None


class WitnessRow(SQLModel, table=True):
    """What is between us and another hub as witnesses of each other's logs; it outlives the
    contact, or ending an acquaintance would make a rewritten log new."""

    __tablename__ = "witness"
    peer: str = Field(primary_key=True)
    body: str


class CosignatureRow(SQLModel, table=True):
    """What others signed of our log: their signature line of the checkpoint of ``size``, and the
    public key it is by. ``at`` is in it too, in whole seconds."""

    __tablename__ = "cosignature"
    peer: str = Field(primary_key=True)
    size: int = Field(primary_key=True)
    at: int
    key: str
    line: str


class SheetRow(SQLModel, table=True):
    """Sheets of recovery words: ``given`` to a hub, or ``kept`` for it (``side``)."""

    __tablename__ = "recovery_sheet"
    peer: str = Field(primary_key=True)
    side: str = Field(primary_key=True)
    body: str


class SignedTalk(SQLModel, table=True):
    """Messages about activities as they were signed (``jws``), both ways, for a third person.

    ``uid`` is the activity's, ``key`` the public key that signed, base64url.
    """

    __tablename__ = "signed_talk"
    id: str = Field(primary_key=True)
    uid: str = Field(index=True)
    at: int = Field(index=True)
    key: str
    jws: str
