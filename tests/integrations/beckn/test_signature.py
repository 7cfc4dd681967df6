"""Signatures against the form the specification prints, and everything that must not pass."""

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.beckn.errors import SignatureError
from integrations.beckn.keys import Identity
from integrations.beckn.signature import (
    LONGEST_LIFE,
    SKEW,
    countersign,
    digest,
    read,
    sign,
    verify,
    verify_countersigned,
)

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
US = Identity("hub.example.org", "key-1", bytes(range(32)))
THEM = Identity("shop.example.org", "key-9", bytes(32))
BODY = b'{"context":{}}'

# The pattern of the schema `Signature` in Beckn v2.0.0 LTS.
FORM = re.compile(
    r'^Signature keyId="[^|"]+\|[^|"]+\|[^"]+",algorithm="[^"]+",created="\d+",expires="\d+",'
    r'headers="[^"]+",signature="[A-Za-z0-9+/]+=*"$'
)


def key_of(subscriber_id, unique_key_id):
    for one in (US, THEM):
        if (one.subscriber_id, one.unique_key_id) == (subscriber_id, unique_key_id):
            return base64.b64decode(one.public_key)
    return None


def after(seconds):
    return NOW + timedelta(seconds=seconds)


def test_a_signature_has_the_form_of_the_specification():
    header = sign(BODY, US, NOW)
    assert FORM.match(header)
    assert 'keyId="hub.example.org|key-1|ed25519"' in header
    assert 'headers="(created) (expires) digest"' in header


def test_the_signed_string_is_the_specifications():
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    signature = read(sign(BODY, US, NOW, life=30))
    hashed = base64.b64encode(blake2b(BODY).digest()).decode()
    created = int(NOW.timestamp())
    text = f"(created): {created}\n(expires): {created + 30}\ndigest: BLAKE-512={hashed}"
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(US.public_key))
    public.verify(signature.value, text.encode())
    assert digest(BODY) == f"BLAKE-512={hashed}"


def test_the_public_key_is_rfc_8032s():
    # Test 1 of RFC 8032, section 7.1.
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    assert base64.b64decode(Identity("a", "b", seed).public_key) == public


# BECKN-006 (signing), draft 01, "Example Flow", step 1: github.com/beckn/protocol-specifications,
# docs/BECKN-006-Signing-Beckn-APIs-In-HTTP-Draft-01.md. (Its step 3 contradicts itself.)
VECTOR = {
    "seed": (
        "lP3sHA+9gileOkXYJXh4Jg8tK0gEEMbf9yCPnFpbldhrAY+NErqL9WD+Vav7TE5tyVXGXBle9ONZi2W7o144eQ=="
    ),
    "public": "awGPjRK6i/Vg/lWr+0xObclVxlwZXvTjWYtlu6NeOHk=",
    "body": (
        b'{"context":{"domain":"nic2004:60212","country":"IND","city":"Kochi","action":"search",'
        b'"core_version":"0.9.1","bap_id":"bap.stayhalo.in",'
        b'"bap_uri":"https://8f9f-49-207-209-131.ngrok.io/protocol/",'
        b'"transaction_id":"e6d9f908-1d26-4ff3-a6d1-3af3d3721054",'
        b'"message_id":"a2fe6d52-9fe4-4d1a-9d0b-dccb8b48522d",'
        b'"timestamp":"2022-01-04T09:17:55.971Z","ttl":"P1M"},"message":{"intent":{"fulfillment":'
        b'{"start":{"location":{"gps":"10.108768, 76.347517"}},"end":{"location":'
        b'{"gps":"10.102997, 76.353480"}}}}}}'
    ),
    "digest": (
        "b6lf6lRgOweajukcvcLsagQ2T60+85kRh/Rd2bdS+TG/5ALebOEgDJfyCrre/1+BMu5nA94o4DT3pTFXuUg7sw=="
    ),
    "created": 1641287875,
    "expires": 1641291475,
    "signature": (
        "cjbhP0PFyrlSCNszJM1F/YmHDVAWsZqJUPzojnE/7TJU3fJ/rmIlgaUHEr5E0/2PIyf0tpSnWtT6cyNNlpmoAQ=="
    ),
}


def test_beckn_006_step_1():
    seed = base64.b64decode(VECTOR["seed"])[:32]
    identity = Identity("example-bap.com", "ae3ea24b-cfec-495e-81f8-044aaef164ac", seed)
    assert identity.public_key == VECTOR["public"]
    body, created = VECTOR["body"], datetime.fromtimestamp(VECTOR["created"], UTC)
    assert digest(body) == f"BLAKE-512={VECTOR['digest']}"
    header = sign(body, identity, created, life=VECTOR["expires"] - VECTOR["created"])
    assert header == (
        'Signature keyId="example-bap.com|ae3ea24b-cfec-495e-81f8-044aaef164ac|ed25519",'
        f'algorithm="ed25519",created="{VECTOR["created"]}",expires="{VECTOR["expires"]}",'
        f'headers="(created) (expires) digest",signature="{VECTOR["signature"]}"'
    )
    public = base64.b64decode(VECTOR["public"])
    assert verify(header, body, lambda *_: public, created) == "example-bap.com"


@pytest.mark.parametrize("label", ["BLAKE-512", "BLAKE2b-512"])
def test_both_names_of_the_digest_are_read(label):
    header = sign(BODY, US, NOW)
    hashed = base64.b64encode(blake2b(BODY).digest()).decode()
    created = int(NOW.timestamp())
    text = f"(created): {created}\n(expires): {created + 60}\ndigest: {label}={hashed}"
    value = base64.b64encode(US.sign(text.encode())).decode()
    other = re.sub(r'signature="[^"]+"', f'signature="{value}"', header)
    assert verify(other, BODY, key_of, NOW) == US.subscriber_id
    with pytest.raises(SignatureError, match="does not fit"):
        verify(other, BODY + b" ", key_of, NOW)


def test_the_bytes_are_verified_and_not_what_they_mean():
    # The commonest fault of implementers: parse, write again, and hash what was written.
    sent = b'{"context": {"ttl":"PT30S"}, "price": 1.10}'
    written_again = json.dumps(json.loads(sent)).encode()
    with pytest.raises(SignatureError, match="does not fit"):
        verify(sign(sent, US, NOW), written_again, key_of, NOW)
    assert verify(sign(sent, US, NOW), sent, key_of, NOW) == US.subscriber_id


@given(st.binary(max_size=500))
def test_what_is_signed_verifies(body):
    assert verify(sign(body, US, NOW), body, key_of, NOW) == US.subscriber_id


@given(st.binary(min_size=1, max_size=100), st.integers(0, 99), st.integers(1, 255))
def test_a_changed_body_does_not_verify(body, place, flip):
    changed = bytearray(body)
    changed[place % len(body)] ^= flip
    with pytest.raises(SignatureError):
        verify(sign(body, US, NOW), bytes(changed), key_of, NOW)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda h: h.replace("hub.example.org", "shop.example.org"), "registry"),
        (lambda h: h.replace("hub.example.org|key-1", "shop.example.org|key-9"), "does not fit"),
        (lambda h: h.replace("hub.example.org|key-1", "hub.example.org"), "keyId"),
        (lambda h: h.replace("|ed25519", "|rsa"), "ed25519"),
        (lambda h: h.replace('algorithm="ed25519"', 'algorithm="none"'), "ed25519"),
        (lambda h: h.replace("(created) (expires) digest", "(created)"), "headers"),
        (lambda h: re.sub(r'created="\d+"', 'created="1"', h), "good for"),
        (lambda h: re.sub(r'created="\d+"', 'created="x"', h), "Unix times"),
        (lambda h: h.replace('signature="', 'signature="*'), "base64"),
        (lambda h: h.replace(",expires", ",created"), "character"),
        (lambda h: h.replace("Signature ", "Bearer "), "Signature"),
        (lambda h: h + "x" * 3000, "longer"),
        (lambda h: "", "Signature"),
        (lambda h: h.replace('algorithm="ed25519",', ""), "no algorithm"),
    ],
)
def test_a_changed_header_does_not_verify(change, words):
    with pytest.raises(SignatureError, match=words):
        verify(change(sign(BODY, US, NOW)), BODY, key_of, NOW)


def test_a_signature_is_good_within_its_time_and_the_clocks_difference():
    header = sign(BODY, US, NOW, life=30)
    for seconds in (-SKEW, 0, 30, 30 + SKEW):
        assert verify(header, BODY, key_of, after(seconds)) == US.subscriber_id
    with pytest.raises(SignatureError, match="expired"):
        verify(header, BODY, key_of, after(31 + SKEW))
    with pytest.raises(SignatureError, match="future"):
        verify(header, BODY, key_of, after(-SKEW - 1))


def test_a_signature_for_ever_is_refused():
    with pytest.raises(SignatureError, match="good for"):
        verify(sign(BODY, US, NOW, life=LONGEST_LIFE + 1), BODY, key_of, NOW)
    with pytest.raises(SignatureError, match="good for"):
        verify(sign(BODY, US, NOW, life=0), BODY, key_of, NOW)


def test_a_receipt_binds_the_answer_the_request_and_the_message():
    answer = countersign({"status": "ACK"}, BODY, "m-1", THEM, NOW)
    assert FORM.match(answer["signature"])
    assert verify_countersigned(answer, BODY, "m-1", key_of, NOW) == THEM.subscriber_id
    for changed, body, message_id in (
        ({**answer, "status": "NACK"}, BODY, "m-1"),
        (answer, BODY + b" ", "m-1"),
        (answer, BODY, "m-2"),
        ({"status": "ACK"}, BODY, "m-1"),
        ({**answer, "signature": sign(BODY, THEM, NOW)}, BODY, "m-1"),
    ):
        with pytest.raises(SignatureError):
            verify_countersigned(changed, body, message_id, key_of, NOW)


@given(st.text(max_size=300))
def test_any_header_is_read_or_refused(text):
    with pytest.raises(SignatureError):
        verify("Signature " + text, BODY, key_of, NOW)
