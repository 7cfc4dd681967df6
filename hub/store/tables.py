"""The tables. The hot path writes them with SQLAlchemy Core (``Table.__table__``).

Instants are UTC, kept as microseconds since 1970 (an integer compares and indexes well, and cannot
lose its zone). Whole entities are JSON in ``body``; what is searched for has a column of its own.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, text
from sqlmodel import Field, SQLModel

from hub.store import crc
from hub.store import peertables as peertables
from hub.store import ruletables as ruletables

HEAD = "0024"
"""The migration this code expects (``hub/store/migrations``)."""


def core(model: type[SQLModel]) -> Table:
    """Return the Core table behind a model."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


class InboxMqtt(SQLModel, table=True):
    """The last message committed under each MQTT packet id of the present session.

    A packet id is reused, so it identifies nothing alone; but the broker redelivers an
    unacknowledged message under the same id (MQTT 5, 4.4), and this row tells whether the message
    redelivered is the one that was committed. 65,535 rows at most, never pruned.
    """

    __tablename__ = "inbox_mqtt"
    mid: int = Field(primary_key=True)
    key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class Inbox(SQLModel, table=True):
    """Keys of messages that name themselves: native ids, CAP identities, Beckn callbacks."""

    __tablename__ = "inbox"
    key: str = Field(primary_key=True)
    received_at: int = Field(index=True)


class Stock(SQLModel, table=True):
    """The present level of each pantry item, in the item's unit."""

    __tablename__ = "stock"
    item: str = Field(primary_key=True)
    quantity: float
    unit: str
    at: int
    source: str
    expected: float = 0.0


class StockHistory(SQLModel, table=True):
    """The last level of each item in each quarter of an hour; old ones go by housekeeping.

    ``quarter`` counts quarters of an hour since 1970: a scale that reports each second must not
    fill an SD card.
    """

    __tablename__ = "stock_history"
    item: str = Field(primary_key=True)
    quarter: int = Field(primary_key=True)
    quantity: float


class EntityState(SQLModel, table=True):
    """The present state of each entity; ``value`` and ``attributes`` are JSON."""

    __tablename__ = "entity_state"
    entity: str = Field(primary_key=True)
    value: str
    unit: str | None = None
    attributes: str = "{}"
    available: bool = True
    at: int


class AnnouncementRow(SQLModel, table=True):
    """Raw announcements, replayed at start so that the device book is whole again."""

    __tablename__ = "announcement"
    source: str = Field(primary_key=True)
    payload: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    at: int


class NoticeRow(SQLModel, table=True):
    """The notices on the board, by their CAP identity."""

    __tablename__ = "notice"
    ref: str = Field(primary_key=True)
    body: str
    expires: int | None = Field(default=None, index=True)


class SuggestionRow(SQLModel, table=True):
    """Suggestions; the partial unique index holds *one open suggestion a cause*."""

    __tablename__ = "suggestion"
    __table_args__ = (
        Index(
            "suggestion_one_open",
            "key",
            unique=True,
            sqlite_where=text("state IN ('proposed', 'approved')"),
        ),
        Index("suggestion_created", "created_at"),
    )
    id: str = Field(primary_key=True)
    key: str
    state: str = Field(index=True)
    created_at: int
    body: str


class OrderRow(SQLModel, table=True):
    """The household's side of orders."""

    __tablename__ = "orders"
    id: str = Field(primary_key=True)
    transaction_id: str = Field(unique=True)
    suggestion_id: str = Field(index=True)
    state: str = Field(index=True)
    created_at: int = Field(index=True)
    body: str


class OfferedSlots(SQLModel, table=True):
    """The delivery slots a provider offered for an order, as JSON."""

    __tablename__ = "offered_slots"
    order_id: str = Field(primary_key=True)
    body: str


class ActivityRow(SQLModel, table=True):
    """Activities by ``Activity.key``, also cancelled ones and ones cancelled before they came.

    ``start`` is that of the first occurrence; where it is not known, when it was cancelled.
    """

    __tablename__ = "activity"
    id: str = Field(primary_key=True)
    uid: str
    sequence: int
    state: str = Field(index=True)
    start: int = Field(index=True)
    body: str


class MealRow(SQLModel, table=True):
    """Meals with friends, also those that are over; ``uid`` is the activity's, "" before it."""

    __tablename__ = "meal"
    id: str = Field(primary_key=True)
    uid: str
    state: str = Field(index=True)
    start: int = Field(index=True)
    body: str


class CalendarRow(SQLModel, table=True):
    """Calendars kept elsewhere, as they were read last."""

    __tablename__ = "calendar"
    name: str = Field(primary_key=True)
    body: str


class SurveyRow(SQLModel, table=True):
    """Questions to contacts when they are busy, until all have answered or it is too late."""

    __tablename__ = "survey"
    id: str = Field(primary_key=True)
    body: str


class PlanRow(SQLModel, table=True):
    """Absences and meals cooked at home that are not over; ``end`` is when they are."""

    __tablename__ = "plan"
    id: str = Field(primary_key=True)
    end: int = Field(index=True)
    body: str


class CaseRow(SQLModel, table=True):
    """Conflicts in the agenda, by the block that would be moved, and what is done about them."""

    __tablename__ = "conflict_case"
    id: str = Field(primary_key=True)
    body: str


class OutboxRow(SQLModel, table=True):
    """Effects that are still to be done. A row is deleted in the step that records its success.

    ``state``: ``waiting``, ``leased`` (about to be sent, and not to be sent blindly again) or
    ``dead`` (given up, kept to be read).
    """

    __tablename__ = "outbox"
    id: int | None = Field(default=None, primary_key=True)
    kind: str
    key: str = Field(unique=True)
    subject: str = Field(index=True)
    body: str
    state: str = "waiting"
    attempts: int = 0
    not_before: int = 0
    expires: int | None = None
    error: str = ""
    created_at: int


class LedgerRow(SQLModel, table=True):
    """The append-only log; ``leaf`` is the RFC 6962 leaf hash of ``body``.

    What concerns people is sealed in ``body``: see ``OpeningRow``.
    """

    __tablename__ = "ledger"
    index: int = Field(primary_key=True)
    at: int
    kind: str = Field(index=True)
    subject: str = Field(index=True)
    body: str
    leaf: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class CheckpointRow(SQLModel, table=True):
    """Signed sizes and roots of the log; ``note`` is what others get (C2SP tlog-checkpoint).

    ``roots`` are those of the full subtrees at that size, 32 bytes each, largest first: from them
    the log grows on without being read again.
    """

    __tablename__ = "checkpoint"
    size: int = Field(primary_key=True)
    note: str
    roots: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class OpeningRow(SQLModel, table=True):
    """What opens a sealed fact of an entry: deleted to erase it, and the log stays as it is.

    ``value`` is JSON; ``of`` is the member it is about, "" where it is about none alone.
    """

    __tablename__ = "opening"
    entry: int = Field(primary_key=True)
    place: int = Field(primary_key=True)
    of: str = Field(index=True)
    salt: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    value: str


class GrantRow(SQLModel, table=True):
    """Members' consents: what may be told to whom. ``recipient`` and ``state`` are the body's."""

    __tablename__ = "consent"
    id: str = Field(primary_key=True)
    recipient: str = Field(index=True)
    state: str = Field(index=True)
    body: str


class DisclosedRow(SQLModel, table=True):
    """What leaves the home: one row a message. ``at``, ``recipient``, ``about`` are the body's.

    Its bytes' hash and when they were sent are not in the body: see ``SentRow``.
    """

    __tablename__ = "disclosure"
    id: str = Field(primary_key=True)
    at: int = Field(index=True)
    recipient: str = Field(index=True)
    about: str
    body: str


class SentRow(SQLModel, table=True):
    """Messages that left: SHA-256 (hex) of the bytes, by the message's id.

    Apart from ``DisclosedRow``, so that what a message told need not be read and written anew.
    """

    __tablename__ = "sent_message"
    id: str = Field(primary_key=True)
    at: int
    digest: str


class SignedRow(SQLModel, table=True):
    """Signed messages of an order, byte by byte: what both sides said, for a third person.

    ``key`` is the signer's public key as the registry had it then, ``ack`` the answer at once.
    """

    __tablename__ = "signed_message"
    id: str = Field(primary_key=True)
    order_id: str = Field(index=True)
    at: int = Field(index=True)
    direction: str
    action: str
    signer: str
    authorization: str
    key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    message: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    ack: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class SpentToken(SQLModel, table=True):
    """Action tokens that were used; ``outcome`` is what a second tap is told."""

    __tablename__ = "spent_token"
    id: str = Field(primary_key=True)
    suggestion_id: str
    outcome: str
    at: int = Field(index=True)


class CursorRow(SQLModel, table=True):
    """How far something outside was read, e.g. the id of the last answer over ntfy."""

    __tablename__ = "cursor"
    name: str = Field(primary_key=True)
    value: str


class TimerRow(SQLModel, table=True):
    """When something wants to be woken: a rule's clock, a deadline of collecting, a patience."""

    __tablename__ = "timer"
    kind: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    due: int = Field(index=True)


class CooldownRow(SQLModel, table=True):
    """Until when a rule stays silent about a subject."""

    __tablename__ = "cooldown"
    rule_id: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    until: int


class ParkedRow(SQLModel, table=True):
    """Messages that were not understood: the first 1 KiB, and how often the same fault came."""

    __tablename__ = "parked"
    __table_args__ = (Index("parked_fault", "topic", "reason", unique=True),)
    id: int | None = Field(default=None, primary_key=True)
    at: int = Field(index=True)
    topic: str
    reason: str
    where: str = ""
    payload: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    count: int = 1


class WebSession(SQLModel, table=True):
    """Signed-in browsers; only the hash of the cookie's secret is kept."""

    __tablename__ = "web_session"
    hash: str = Field(primary_key=True)
    member: str
    csrf: str
    created_at: int
    expires_at: int


class PushRow(SQLModel, table=True):
    """Browsers that may notify their member (Web Push), each by the sign-in it was made in."""

    __tablename__ = "push_subscription"
    id: str = Field(primary_key=True)
    member: str = Field(index=True)
    endpoint: str
    p256dh: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    auth: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    session: str
    created_at: int


class SignInCode(SQLModel, table=True):
    """One-time sign-in codes, hashed."""

    __tablename__ = "sign_in_code"
    hash: str = Field(primary_key=True)
    member: str
    expires_at: int


class PasskeyRow(SQLModel, table=True):
    """Members' passkeys: the public half, of use to nobody who steals it. 0: not yet."""

    __tablename__ = "passkey"
    id: str = Field(primary_key=True)
    member: str = Field(index=True)
    name: str
    rp_id: str
    credential: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    public_key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sign_count: int
    created_at: int
    used_at: int = 0
    copied_at: int = 0


class PasskeySession(SQLModel, table=True):
    """Which passkey signed a browser in: with it the session ends. ``session`` is its hash."""

    __tablename__ = "passkey_session"
    session: str = Field(primary_key=True)
    passkey: str = Field(index=True)


class CalendarFeed(SQLModel, table=True):
    """Secret addresses of the agenda, hashed: one a member, for a calendar to subscribe to."""

    __tablename__ = "calendar_feed"
    member: str = Field(primary_key=True)
    hash: str = Field(unique=True)
    created_at: int


class ApiToken(SQLModel, table=True):
    """API tokens, hashed; ``scopes`` separated by spaces."""

    __tablename__ = "api_token"
    hash: str = Field(primary_key=True)
    name: str = Field(unique=True)
    scopes: str
    created_at: int


class DeviceLogin(SQLModel, table=True):
    """Devices' own users at the broker; ``hash`` as Mosquitto keeps it, topics are JSON."""

    __tablename__ = "device_login"
    name: str = Field(primary_key=True)
    kind: str
    hash: str
    write: str = "[]"
    read: str = "[]"
    created_at: int


class DeviceRow(SQLModel, table=True):
    """Devices that an adult accepted or refused, or that wait for it; by ``Entity.owner``."""

    __tablename__ = "device"
    owner: str = Field(primary_key=True)
    name: str
    state: str
    at: int


class KeyringRow(SQLModel, table=True):
    """Keys that the log knows to be in force; ``entry`` is the number of the entry they came by."""

    __tablename__ = "keyring"
    print: str = Field(primary_key=True)
    kind: str
    member: str = Field(index=True)
    name: str
    may: str
    entry: int


class PairingRow(SQLModel, table=True):
    """The pairing that is open, if any: its code hashed, and the guesses it still stands."""

    __tablename__ = "pairing"
    id: int = Field(primary_key=True)
    hash: str
    expires_at: int
    guesses: int


class SchemaVersion(SQLModel, table=True):
    """Alembic's own table, written by us for a new database so that Alembic need not load."""

    __tablename__ = "alembic_version"
    version_num: str = Field(primary_key=True, max_length=32)


def _have_checksums() -> None:
    """Give each table whose rows are checked the column for it, as its last."""
    for table in SQLModel.metadata.tables.values():
        if table.name not in crc.PROVED | crc.UNCHECKED | crc.SCHEMA:
            table.append_column(Column(crc.COLUMN, Integer))


_have_checksums()
