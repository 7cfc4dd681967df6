"""A receipt of an activity: invitation and answers as both hubs signed them, and proofs of the log.

One JSON file of the family of ``hub.app.receipts``, checked offline: messages are compact JWS by
the hubs' own keys, the proofs C2SP tlog-proofs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, select

from hub.app.ledgertools import prove
from hub.app.receipts import FORMAT, Checked, ReceiptError, check_log, read_receipt, these
from hub.domain.activities import key_of, part_of
from hub.domain.peers import PeerError, PeerKey, id_of
from hub.keyfiles.ledgerkey import LedgerKey
from hub.store import tables
from hub.store.talk import signed_about
from integrations.peers.envelope import MESSAGE
from integrations.peers.jose import b64, look_into, unb64, verify

KIND = "activity"
_MOST_PROOFS = 40
_MOST_MESSAGES = 400
_WANTED = re.compile(r"^(METHOD|UID|SEQUENCE|SUMMARY|ATTENDEE)([;:].*)$", re.MULTILINE)
_PARTSTAT = re.compile(r"PARTSTAT=([A-Z-]+)")


def make(engine: Engine, key: LedgerKey, activity: str) -> str:
    """Return the receipt of an activity, by its key or UID. ReceiptError: nothing was signed."""
    part = part_of(activity)
    uid = activity if part is None else part[0]
    with engine.connect() as connection:
        signed = signed_about(connection, uid, _MOST_MESSAGES)
        ledger = tables.core(tables.LedgerRow)
        subjects = {uid, activity} if part is None else {uid, key_of(*part)}
        statement = select(ledger.c["index"]).where(ledger.c.subject.in_(sorted(subjects)))
        found = connection.execute(statement.order_by(ledger.c["index"]).limit(_MOST_PROOFS))
        proved = list(found.scalars())
    if not signed:
        raise ReceiptError(f"nothing was signed about activity {activity} (yet)")
    receipt = {
        "format": FORMAT,
        "kind": KIND,
        "activity": {"uid": uid},
        "messages": [{"jws": one.jws, "key": one.key} for one in signed],
        "log": {
            "key": key.verifier,
            "proofs": [prove(engine, key, index, reveal=True) for index in proved],
        },
    }
    return json.dumps(receipt, indent=1) + "\n"


def check(raw: bytes) -> Checked:
    """Check a receipt of an activity with nothing but itself. ReceiptError when it is none."""
    said = read_receipt(raw)
    activity = said.get("activity")
    if said.get("kind") != KIND or not isinstance(activity, dict):
        raise ReceiptError("this is no receipt of an activity")
    holds: list[str] = []
    faults: list[str] = []
    keys: dict[str, str] = {}
    for number, message in enumerate(these(said, "messages", _MOST_MESSAGES), 1):
        try:
            holds.append(_message(message, str(activity.get("uid")), keys))
        except (PeerError, ReceiptError) as error:
            faults.append(f"message {number}: {error}")
    log_holds, log_faults = check_log(said)
    return Checked((*holds, *log_holds), (*faults, *log_faults), keys)


def _message(message: Any, uid: str, keys: dict[str, str]) -> str:
    if not isinstance(message, dict):
        raise ReceiptError("expected an object")
    token, text = str(message.get("jws", "")), str(message.get("key", ""))
    for part in (*token.split("."), text):
        _canonical(part)
    key = PeerKey(text, text)
    kid, payload = look_into(token, MESSAGE)
    verify(token, key)
    try:
        claims = json.loads(payload)
        signer, ics = str(claims["iss"]), str(claims["body"]["ics"])
        made = datetime.fromtimestamp(int(claims["iat"]), UTC)
    except (ValueError, KeyError, TypeError, OverflowError, OSError, RecursionError):
        raise ReceiptError("what was signed is no message about an activity") from None
    if kid != key.kid or claims.get("type") != "itip":
        raise ReceiptError("what was signed is no message about an activity")
    said = _lines(ics)
    if said.get("UID") != uid:
        raise ReceiptError("what was signed is about another activity")
    name = signer if keys.setdefault(signer, text) == text else f"{signer} (another key)"
    keys[name] = text
    own = "" if id_of(key) == signer else " by a later key"
    answer = _PARTSTAT.search(said.get("ATTENDEE", "")) if said.get("METHOD") != "REQUEST" else None
    what = " ".join(
        (said.get("METHOD", "?"), said.get("SUMMARY", ""), answer.group(1) if answer else "")
    )
    return f"{' '.join(what.split())}: signed by {signer}{own}, {made:%Y-%m-%d %H:%M:%S} UTC"


def _canonical(part: str) -> None:
    """Refuse base64url that could be written in another way: the last bits are nobody's."""
    try:
        raw = unb64(part)
    except ValueError:
        raise ReceiptError("expected base64url") from None
    if b64(raw) != part:
        raise ReceiptError("expected base64url without what means nothing")


def _lines(ics: str) -> Mapping[str, str]:
    """Return what is wanted of an iCalendar text (RFC 5545, section 3.1), the first of each."""
    found: dict[str, str] = {}
    for name, rest in _WANTED.findall(re.sub(r"\r?\n[ \t]", "", ics).replace("\r\n", "\n")):
        text = rest if name == "ATTENDEE" else rest.partition(":")[2]
        found.setdefault(name, re.sub(r"\\([\\,;])", r"\1", text))
    return found
