"""Every way in: what right input looks like there, and by which exceptions wrong is refused."""

from __future__ import annotations

import base64
import hashlib
import json
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from hub.domain.orders import Subscriber

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
TRANSACTION = "0e0f7a8e-58a4-4c3c-9f0a-0c9c8c8f1a11"
BPP = Subscriber("shop.example", "http://127.0.0.1:9/beckn")


@dataclass(frozen=True)
class Door:
    """``enter`` takes input; it may raise ``refuses`` and nothing else."""

    samples: Sequence[bytes]
    enter: Callable[[bytes], object]
    refuses: tuple[type[Exception], ...] = ()


def _mqtt() -> Door:
    from hub.app.plugins import device_book
    from hub.settings import Settings

    book = device_book(Settings.model_validate({"home": {"name": "Home"}}))
    light = {
        "name": "Milk", "unique_id": "m", "state_topic": "fridge/milk", "unit_of_measurement": "l",
        "value_template": "{{ value_json.milk }}", "expire_after": 60,
        "device": {"identifiers": ["f"], "name": "Fridge"},
        "availability": [{"topic": "fridge/up", "value_template": "{{ value }}"}],
    }  # fmt: skip
    device = {
        "dev": {"ids": "f2", "name": "Fridge"}, "o": {"name": "x"}, "~": "fridge2",
        "cmps": {"a": {"p": "sensor", "uniq_id": "a", "stat_t": "~/a", "val_tpl": "{{value}}"}},
    }  # fmt: skip
    alert = (ROOT / "tests/fuzz/alert.xml").read_bytes()
    said = (
        ("homeassistant/sensor/milk/config", json.dumps(light).encode()),
        ("homeassistant/device/f2/config", json.dumps(device).encode()),
        ("fridge/milk", b'{"milk": 0.4}'),
        ("fridge2/a", b'{"b": [1.5]}'),
        ("commonhearth/v1/scale/stock", b'{"item":"milk","quantity":0.2,"unit":"l","id":"low"}'),
        ("commonhearth/v1/door/door", b'{"open": true, "at": "2026-11-25T12:00:00Z"}'),
        ("commonhearth/v1/gun/scan", b'{"code": "4006381333931", "count": 1}'),
        ("notices/gas", alert),
    )

    def enter(raw: bytes) -> None:
        topic, _, payload = raw.partition(b"\n")
        found = book.decode(topic.decode("utf-8", "replace"), payload, NOW)
        # ``decode`` keeps a convention's own fault from others, and says so: there is to be none.
        for item in found.items:
            reason = str(getattr(item, "reason", ""))
            assert " failed on it: " not in reason, reason

    return Door([topic.encode() + b"\n" + payload for topic, payload in said], enter)


def _beckn(version: str) -> Door:
    from integrations.beckn.errors import BecknError
    from integrations.beckn.reading import parse
    from integrations.beckn.wire import wire_of

    wire = wire_of(version)
    samples = [
        file.read_bytes()
        for file in sorted((ROOT / "tests/integrations/beckn/samples").glob("*.json"))
    ]
    samples += _said(wire)

    def enter(raw: bytes) -> None:
        document = parse(raw)
        wire.read_context(document)
        for read in (lambda: wire.read_answer(document, BPP), lambda: wire.read_request(document)):
            try:
                read()
            except BecknError:
                continue

    return Door([one for one in samples if len(one) < 60_000], enter, (BecknError,))


def _said(wire: Any) -> list[bytes]:
    """Return an order's messages, both ways, as this code writes them."""
    from hub.domain.money import money
    from hub.domain.orders import (
        ACTIONS,
        Agent,
        Catalog,
        CatalogItem,
        ChangeTerms,
        DeliverySlot,
        Line,
        OrderAnswer,
        OrderRequest,
        Party,
        Place,
        Quote,
        Rating,
        RideWish,
        SupportContact,
        TableWish,
        Tracking,
        Want,
        Window,
    )  # fmt: skip
    from integrations.beckn.reading import parse

    slot = DeliverySlot("s-1", Window(NOW, NOW + timedelta(hours=2)), money("2.00", "EUR"))
    line = Line("milk", "Milk 1 l", 2, money("1.20", "EUR"))
    milk = CatalogItem("milk", "Milk 1 l", line.price)
    quote = Quote(money("4.40", "EUR"), valid_until=NOW + timedelta(hours=1))
    lake = RideWish(Place("52.5,13.4"), Place("52.4,13.2"), 2, NOW + timedelta(hours=3))
    terms = ChangeTerms(NOW, money("1.00", "EUR"), NOW + timedelta(hours=1))
    found = []
    for domain in ("grocery", "ride", "restaurant"):
        more: dict[str, Any] = {"ride": lake} if domain == "ride" else {}
        if domain == "restaurant":
            more["table"] = TableWish(4, NOW)
        for action in ACTIONS:
            asked = OrderRequest(
                action, TRANSACTION, TRANSACTION.replace("0", "1"),
                BPP, wants=(Want("milk", "Milk", Decimal(2), "l"),), lines=(line,),
                provider_id="shop", slot=slot, party=Party("Ana", "Lane 1", "10115"),
                quote=quote, order_id="o-1", domain=domain, rating=Rating(4, "good"),
                reason="late", **more,
            )  # fmt: skip
            document = wire.build_request(
                asked,
                bap_id="hub.example",
                bap_uri="http://hub.example/beckn",
                now=NOW,
                domain=domain,
            )
            told = OrderAnswer(
                action, BPP, asked.transaction_id, asked.message_id, NOW,
                catalogs=(Catalog("shop", "Shop", (milk,), (slot,)),),
                lines=(line,), slot=slot, slots=(slot,), quote=quote, order_id="o-1",
                state="confirmed", fulfillment_state="Packed",
                cancellation=terms, rescheduling=terms,
                agent=Agent("Jo", "1", "car", "B-1"), tracking=Tracking("https://x.example", True),
                support=SupportContact("1", "a@x.example"), rating=Rating(4), fee=money("1", "EUR"),
                **more,
            )  # fmt: skip
            context = wire.read_context(parse(json.dumps(document).encode()))
            answer = wire.build_answer(context, told, request_digest=None, now=NOW)
            found += [json.dumps(document).encode(), json.dumps(answer).encode()]
    return found


def _signature() -> Door:
    from integrations.beckn.errors import BecknError
    from integrations.beckn.signature import SignatureError, read

    head = (
        b'Signature keyId="shop.example|key-1|ed25519",algorithm="ed25519",created="1764072000",'
        b'expires="1764072300",headers="(created) (expires) digest",signature="'
        + base64.b64encode(bytes(64))
        + b'"'
    )
    return Door(
        [head],
        lambda raw: read(raw.decode("latin-1")),
        (SignatureError, BecknError),
    )


def _peer() -> Door:
    from hub.domain.peers import PeerMessage
    from integrations.peers.envelope import Unproven, seal, unseal
    from integrations.peers.keys import PeerKeys

    folder = TemporaryDirectory()
    ana, ben = PeerKeys(Path(folder.name) / "a"), PeerKeys(Path(folder.name) / "b")
    message = PeerMessage(
        ana.id, "itip", "m-1", "c" * 32, 1, {"a": 1}, NOW, NOW + timedelta(days=1)
    )
    sealed = seal(ana, ben.id, ben.current.public, message)

    def enter(raw: bytes, _folder: object = folder) -> None:
        unseal(ben, lambda who: None, raw, NOW)

    return Door([sealed], enter, (Unproven,))


def _claims() -> Door:
    """What a contact signs is read as carefully as what a stranger sends."""
    from hub.domain.peers import PeerError
    from integrations.peers import envelope

    said = {
        "iss": "i" * 43, "aud": "a" * 43, "jti": "0e0f7a8e-58a4-4c3c-9f0a-0c9c8c8f1a11", "seq": 1,
        "ch": "c" * 32, "type": "hello", "iat": int(NOW.timestamp()), "body": {"token": "t" * 22},
        "exp": int((NOW + timedelta(days=1)).timestamp()), "base": 0, "keys": ["x"],
        "card": {"id": "i" * 43, "name": "Ana", "url": "http://x.example", "via": "https",
                 "key": {"sign": "a" * 43, "seal": "b" * 43}},
    }  # fmt: skip

    def enter(raw: bytes) -> None:
        claims = envelope._claims(raw)
        for read in (
            lambda: envelope._said_card(claims),
            lambda: envelope._statements(claims),
            lambda: envelope._message(claims, raw, None, None, NOW, "p"),
        ):
            try:
                read()
            except PeerError:
                continue

    return Door([json.dumps(said).encode()], enter, (PeerError,))


def _link() -> Door:
    from hub.domain.peers import Card, Invitation, PeerError, PeerKey, id_of, read_link

    key = PeerKey("a" * 43, "b" * 43)
    card = Card(id_of(key), "Ana", "http://ana.example:8480", key)
    link = Invitation(card, "t" * 22, NOW).link().encode()
    packed = link.partition(b"/")[2]
    facts = base64.urlsafe_b64decode(packed + b"=" * (-len(packed) % 4))

    def enter(raw: bytes) -> None:
        # What is in a code is bent as well as the code.
        if raw[:1] == b"[":
            raw = link.partition(b"/")[0] + b"/" + base64.urlsafe_b64encode(raw)
        read_link(raw.decode("utf-8", "replace"))

    return Door([link, facts], enter, (PeerError,))


def _itip() -> Door:
    from hub.domain.activities import ActivityError
    from integrations.calendar.read import from_ics

    samples = [(ROOT / "tests/fuzz/invitation.ics").read_bytes()]
    berlin = ZoneInfo("Europe/Berlin")
    return Door(
        samples, lambda raw: from_ics(raw, "mailto:ben@x.example", berlin), (ActivityError,)
    )


def _proof() -> Door:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from hub.ledger.checkpoint import Checkpoint, sign_checkpoint
    from hub.ledger.leaf import LedgerError, canonical, leaf_hash
    from hub.ledger.note import SigningKey
    from hub.ledger.proof import check_growth, check_proof, make_growth, make_proof
    from hub.ledger.tree import TileRoots, root_at

    key = SigningKey("home.example/log", Ed25519PrivateKey.from_private_bytes(bytes(32)))
    entries = [canonical("a", n, f"s:{n}", {"n": n}).encode() for n in range(40)]
    leaves = [leaf_hash(entry) for entry in entries]
    hashes = TileRoots(lambda start, stop: leaves[start:stop])
    note = sign_checkpoint(Checkpoint(key.name, 40, root_at(hashes, 40)), key)
    seen = Checkpoint(key.name, 17, root_at(hashes, 17))
    proof, growth = make_proof(entries[7], 7, hashes, note), make_growth(17, hashes, note)

    def enter(raw: bytes) -> None:
        try:
            proven = check_proof(raw, key.verifier)
        except LedgerError:
            check_growth(raw, seen, key.verifier)
        else:
            # Nothing but an entry of this log is ever proved.
            assert entries[proven.index] == proven.entry

    return Door([proof.encode(), growth.encode()], enter, (LedgerError,))


def _backup() -> Door:
    from hub.app.backup import archive as written
    from hub.app.backup.archive import BackupError, read_archive

    body = b"home: {name: Home}\n"

    manifest = {
        "made_at": NOW.isoformat(), "household": "h", "counts": {"stock": 1}, "log": {},
        "files": {"config/hub.yaml": {"size": len(body), "sha256": hashlib.sha256(body).hexdigest(),
                                      "private": False}},
    }  # fmt: skip
    raw = json.dumps({**manifest, "format": written.FORMAT}).encode()
    sink = BytesIO()
    with tarfile.open(fileobj=sink, mode="w:", format=tarfile.PAX_FORMAT) as tar:
        for name, data in ((written.MANIFEST, raw), ("config/hub.yaml", body)):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, BytesIO(data))

    def enter(raw: bytes) -> None:
        with TemporaryDirectory() as folder:
            file = Path(folder) / "b.tar"
            file.write_bytes(raw)
            inside = Path(folder) / "in"
            inside.mkdir()
            read_archive(file, inside)

    return Door([sink.getvalue()], enter, (BackupError,))


def _action_link() -> Door:
    from hub.domain.tokens import ActionToken, BadToken, sign, verify

    secret = b"s" * 32
    token = ActionToken("sug", 1, "approve", "ada", NOW + timedelta(hours=1), "o")
    right = sign(token, secret).encode()

    def enter(raw: bytes) -> None:
        # Nobody but the hub makes one: what is taken is the very token.
        assert verify(raw.decode("latin-1"), secret, NOW) == token

    return Door([right], enter, (BadToken,))


def _pairing() -> Door:
    from hub.domain.logins import Login, LoginError, checked, rights
    from hub.web.loginpages import read_pairing

    known = Login("fridge", "device", "")

    def enter(raw: bytes) -> None:
        # What gets in becomes lines of the broker's files: one line each, and only its own topics.
        login = checked(Login(read_pairing(raw).name, "device", ""), [known])
        for _, topic in rights(login, [known]):
            assert topic.isprintable()
            assert topic == "homeassistant/status" or login.name in topic.split("/")

    said = ({"code": "12345678", "name": "scale-1"}, {"code": "1234 5678", "name": "bin_2"})
    return Door([json.dumps(one).encode() for one in said], enter, (LoginError,))


def _rules() -> Door:
    from rules.ruleset import RuleSet

    samples = [file.read_bytes() for file in sorted((ROOT / "config/rules").glob("*.yaml"))]

    def enter(raw: bytes) -> None:
        RuleSet.build([("rules.yaml", raw.decode("utf-8", "replace"))])

    return Door(samples, enter)


def _rule_set() -> Door:
    from hub.app.rulesets.check import read_set
    from hub.app.rulesets.offers import offer_of
    from hub.app.rulesets.publish import packed
    from hub.domain.rulesets import SetError
    from integrations.rulesets.seal import seal

    payload = packed(ROOT / "docs" / "examples" / "elm-street")
    signed = seal(payload, bytes(range(32))).encode()

    def enter(raw: bytes) -> None:
        if raw.startswith(b"{"):
            read_set(raw)
        else:
            offer_of(raw, "", False, NOW)

    return Door([signed, payload.encode()], enter, (SetError,))


def _words() -> Door:
    from hub.app.recovery.root import Root
    from hub.app.recovery.words import WordsError, combine, fitting, make_sheets, read_sheet

    secret = bytes(range(32))
    one = make_sheets(Root(secret), alone=True)
    some = make_sheets(Root(secret), alone=False, shares=3, threshold=2)
    typed = ["\n".join(f"{n}. {word}" for n, word in enumerate(one[0].words, 1))]
    typed += ["\n\n".join(" ".join(sheet.words) for sheet in some[:2])]
    typed += [" ".join(one[0].words), " ".join(some[2].words) + "\n\n" + " ".join(some[0].words)]

    def enter(raw: bytes) -> None:
        sheets: list[Any] = []
        # An empty line is between two sheets, as a person types one after the other.
        for text in raw.decode("utf-8", "replace").split("\n\n"):
            sheet = read_sheet(text)
            fitting(sheet, sheets)
            sheets.append(sheet)
        # No words but those that were printed are ever a household, and never another one.
        assert combine(sheets).root == Root(secret)

    return Door([text.encode() for text in typed], enter, (WordsError,))


def _sheet() -> Door:
    """What a contact's hub gives to keep: whoever made it wanted it to be more than words."""
    from hub.app.recovery.words import SHEET_WORDS
    from hub.app.sheets import HubSheets
    from hub.domain.peers import PeerError
    from hub.domain.sheets import are_words
    from integrations.peers.jose import encrypt
    from integrations.peers.keys import PeerKeys

    folder = TemporaryDirectory()
    keys = PeerKeys(Path(folder.name))
    unused: Any = None
    clock: Any = SimpleNamespace(now=lambda: NOW)
    desk = HubSheets(Path(folder.name), keys, unused, unused, clock)
    key = keys.current.public
    words = " ".join(["academic"] * SHEET_WORDS)
    right = encrypt(words, key, "commonhearth-sheet")

    def enter(raw: bytes, _folder: object = folder) -> None:
        # What is inside is bent as well as what it is encrypted in.
        sealed = raw if raw[:1] in (b"{", b"e") else encrypt(raw, key, "commonhearth-sheet")
        # JSON may hold halves of a character, which no bytes are.
        text = desk.opened(sealed.decode("utf-8", "surrogateescape"))
        if are_words(text):
            assert len(text) < 9 * SHEET_WORDS
            assert all(one.isascii() and one.islower() for one in text.split(" "))

    return Door([right, words.encode()], enter, (PeerError,))


_MAKERS: dict[str, Callable[[], Door]] = {
    "rule set": _rule_set,
    "mqtt": _mqtt,
    "beckn-2.0.0": lambda: _beckn("2.0.0"),
    "beckn-1.1.1": lambda: _beckn("1.1.1"),
    "signature": _signature,
    "peer": _peer,
    "peer-claims": _claims,
    "contact-link": _link,
    "itip": _itip,
    "proof": _proof,
    "backup": _backup,
    "action-link": _action_link,
    "pairing": _pairing,
    "rules": _rules,
    "words": _words,
    "sheet": _sheet,
}
DOORS = tuple(_MAKERS)


@cache
def door(name: str) -> Door:
    """Return a door by its name; made once."""
    return _MAKERS[name]()
