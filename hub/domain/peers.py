"""What the hubs of friends say to one another, and how two of them become contacts (pure).

A hub is known by its *id*: a digest of the key it was first made with, so that nobody can claim
another's. How messages are signed and encrypted is ``integrations.peers``' matter.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Literal
from urllib.parse import urlsplit

from hub.domain.values import dataclass

Via = Literal["https", "relay"]
"""How a hub is reached: itself, or by a relay that keeps messages until it comes for them."""

Awaiting = Literal["", "us", "them"]
"""Whose agreement a new contact waits for: a member's here, or one of theirs."""

SCHEME = "web+commonhearth"
"""A scheme that a web page may open links of (HTML, ``registerProtocolHandler``)."""

KEEPS = timedelta(days=14)
"""How long a message is tried to be delivered."""
GRACE = timedelta(days=30)
"""How long a key that was followed by another is still believed; longer than KEEPS."""
INVITATION_LASTS = timedelta(days=3)
CLOCKS_DIFFER = timedelta(minutes=5)
WINDOW = 64
"""How many messages may wait for one that is missing before them."""
MOST_OUT = 1000
"""Messages that may wait to be delivered to one contact."""
BIGGEST_BODY = 128 * 1024
"""Bytes of a message's body as JSON."""
LONGEST_REASON = 200

_ID = re.compile(r"[a-z2-7]{32}")
_KEY = re.compile(r"[A-Za-z0-9_-]{43}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22,64}")
_TYPE = re.compile(r"[a-z][a-z0-9-]{0,39}")
_LONGEST_LINK = 2000


class PeerError(ValueError):
    """Something another hub or a person got wrong: one line that says what was expected."""


@dataclass(frozen=True, slots=True)
class PeerKey:
    """The public half of a hub's keys: 32 bytes each, base64url without padding (RFC 8037).

    ``sign`` is Ed25519 and proves who speaks; ``seal`` is X25519 and is encrypted to.
    """

    sign: str
    seal: str

    def __post_init__(self) -> None:
        """Refuse what is no key (PeerError)."""
        if not (_KEY.fullmatch(self.sign) and _KEY.fullmatch(self.seal)):
            raise PeerError("key: expected 32 bytes in base64url")

    @property
    def kid(self) -> str:
        """Return the RFC 7638 thumbprint of the signing key, which names the pair."""
        return base64.urlsafe_b64encode(_thumb(self.sign)).rstrip(b"=").decode()


def _thumb(sign: str) -> bytes:
    return sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{sign}"}}'.encode()).digest()


def id_of(first: PeerKey) -> str:
    """Return the id of the hub that was made with this key: 160 bits of its digest, in base32."""
    return base64.b32encode(_thumb(first.sign)[:20]).decode().lower()


@dataclass(frozen=True, slots=True)
class Card:
    """What a hub says of itself: who it is, how it is reached, for whom it speaks.

    ``url`` is its own address, or the one a relay keeps for it. ``addresses`` are the household's
    calendar addresses.
    """

    id: str
    name: str
    url: str
    key: PeerKey
    via: Via = "https"
    addresses: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a card that nobody could use (PeerError)."""
        if not _ID.fullmatch(self.id):
            raise PeerError("id: expected a hub's id, 32 letters and digits")
        clean = " ".join("".join(c if c.isprintable() else " " for c in self.name).split())[:80]
        object.__setattr__(self, "name", clean or "A household")
        object.__setattr__(self, "url", checked_url(self.url))
        if self.via not in ("https", "relay"):
            raise PeerError("via: expected https or relay")


def checked_url(url: str) -> str:
    """Return a hub's address without a slash at its end; PeerError when it is none."""
    try:
        parts = urlsplit(url)
        fine = (
            len(url) <= 300
            and url.isascii()
            and url.isprintable()
            and " " not in url
            and parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and not (parts.username or parts.password or parts.query or parts.fragment)
            and (parts.port is None or parts.port > 0)
        )
    except ValueError:
        fine = False
    if not fine:
        raise PeerError(f"url: expected https://host[:port][/path], got {url!r:.100}")
    return url.rstrip("/")


@dataclass(frozen=True, slots=True)
class Peer:
    """Another hub as we know it, and where the two conversations with it stand.

    ``channel`` names this acquaintance: what was said in an earlier one counts no more.
    ``next_out`` and ``next_in`` are the numbers of the next message each way. ``previous`` is
    still believed until ``previous_until``. ``token`` introduces us until they have agreed.
    ``told`` is the digest of our card as they know it.
    """

    id: str
    contact: str
    url: str
    via: Via
    key: PeerKey
    channel: str
    awaiting: Awaiting = ""
    previous: PeerKey | None = None
    previous_until: datetime | None = None
    next_out: int = 1
    next_in: int = 1
    token: str = field(default="", repr=False)
    told: str = ""
    heard_at: datetime | None = None
    duplicates: int = 0
    refused: int = 0

    def key_named(self, kid: str, now: datetime) -> PeerKey | None:
        """Return the key of that name, while it is believed."""
        if kid == self.key.kid:
            return self.key
        old, until = self.previous, self.previous_until
        if old is not None and until is not None and old.kid == kid and now < until:
            return old
        return None


@dataclass(frozen=True, slots=True)
class PeerMessage:
    """One message between hubs, proven and readable.

    ``seq`` counts the messages of a channel from 1; 0 is for what needs no order (``hello``,
    ``receipt``). ``base`` is the lowest number that the sender may still send: what is missing
    below never comes. ``key`` is the sender's newer key when it was proven along with it, ``card``
    goes with ``hello``. ``copy`` names this very copy; a copy is sent once.
    ``signed`` are the bytes as they came (a compact JWS), proven to be by ``signer``.
    """

    sender: str
    type: str
    id: str
    channel: str
    seq: int
    body: Mapping[str, object]
    issued_at: datetime
    expires: datetime
    base: int = 0
    key: PeerKey | None = None
    card: Card | None = None
    copy: str = ""
    signed: str = field(default="", repr=False, compare=False)
    signer: PeerKey | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        """Refuse a type and numbers that cannot be (PeerError)."""
        if not _TYPE.fullmatch(self.type):
            raise PeerError("type: expected a short name in small letters")
        if not 0 <= self.seq < 2**53 or not 0 <= self.base <= max(self.seq, 0):
            raise PeerError("seq, base: expected whole numbers, base not above seq")
        if not 0 < len(self.id) <= 64:
            raise PeerError("jti: expected 1 to 64 characters")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a hub says of messages it was sent, after its commit.

    Everything up to ``upto`` is committed; ``missing`` are numbers it waits for. About the message
    ``re``: ``refused`` says why it was not taken, ``used`` that its number had been used before
    (the sender was restored from a backup, and must count on from ``upto``).
    """

    upto: int
    missing: tuple[int, ...] = ()
    re: str = ""
    refused: str = ""
    used: bool = False


def receipt_of(message: PeerMessage) -> Receipt:
    """Return what a message of type ``receipt`` says; PeerError when it says nothing such."""
    body = message.body
    upto, missing = body.get("upto"), body.get("missing", [])
    if not isinstance(upto, int) or not isinstance(missing, list):
        raise PeerError("receipt: expected upto and missing")
    numbers = tuple(seq for seq in missing[:WINDOW] if isinstance(seq, int))
    about, refused = body.get("re", ""), body.get("refused", "")
    return Receipt(
        upto, numbers, str(about), str(refused)[:LONGEST_REASON], body.get("used") is True
    )


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing of a message is taken; ``status`` is the HTTP status that says so."""

    reason: str
    status: int = 403


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a link or QR code holds. ``token`` makes it good once, until ``expires``."""

    card: Card
    token: str = field(repr=False)
    expires: datetime

    def link(self) -> str:
        """Return it as a link, short enough for a QR code on a terminal."""
        card = self.card
        facts: list[object] = [
            1,
            card.name,
            card.url,
            card.key.sign,
            card.key.seal,
            self.token,
            int(self.expires.timestamp()),
            card.via[0],
        ]
        if card.id != id_of(card.key):
            facts.append(card.id)
        raw = json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode()
        return f"{SCHEME}:contact/{base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}"


def read_link(text: str) -> Invitation:
    """Return what a link of ``Invitation.link`` holds; PeerError for anything else."""
    text = text.strip()
    head, _, packed = text.partition("/")
    if head != f"{SCHEME}:contact" or len(text) > _LONGEST_LINK:
        raise PeerError(f"expected a link that begins with {SCHEME}:contact/")
    try:
        facts = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
        version, name, url, sign, seal, token, expires, via, *rest = facts
        if version != 1:
            raise PeerError("this link is of a newer kind; update this hub")
        key = PeerKey(str(sign), str(seal))
        ways: dict[str, Via] = {"h": "https", "r": "relay"}
        card = Card(str(rest[0]) if rest else id_of(key), str(name), str(url), key, ways[via])
        until = datetime.fromtimestamp(int(expires), UTC)
    except PeerError:
        raise
    except (ValueError, TypeError, KeyError, OverflowError, OSError, binascii.Error) as error:
        raise PeerError("the link is damaged: copy it whole, or scan the code again") from error
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise PeerError("the link is damaged: copy it whole, or scan the code again")
    return Invitation(card, token, until)


def token_hash(token: str) -> str:
    """Return how an invitation's token is kept."""
    return sha256(f"invitation {token}".encode()).hexdigest()


def channel_of(token: str) -> str:
    """Return the name of the acquaintance that an invitation's token begins."""
    return sha256(f"channel {token}".encode()).hexdigest()[:32]


def card_digest(card: Card) -> str:
    """Return what changes when a contact has to be told our card anew."""
    facts = [card.name, card.url, card.via, card.key.kid, sorted(card.addresses)]
    return sha256(json.dumps(facts).encode()).hexdigest()[:32]
