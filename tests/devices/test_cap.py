"""CAP notices as standards and as real feeds write them."""

import json
from datetime import UTC, datetime
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.cap import MAX_PAYLOAD, CapNotices
from devices.cap_fields import DEFAULT_WORDS, ServiceWords, read_references
from hub.domain.notices import Notice, NoticeRef
from hub.domain.observations import Rejected

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SENT = datetime(2026, 11, 24, 17, tzinfo=UTC)
INFO = {
    "language": "en-GB",
    "category": "Infra",
    "event": "Planned work",
    "urgency": "Expected",
    "severity": "Moderate",
    "certainty": "Likely",
    "eventCode": {"valueName": "service", "value": "gas"},
    "onset": "2026-11-24T20:00:00+01:00",
    "expires": "2026-11-25T00:00:00+01:00",
    "headline": "Gas off tonight",
    "description": "From 8 to 12.",
    "area": {"areaDesc": "Old Town", "geocode": {"valueName": "postcode", "value": "10115"}},
}
ALERT = {
    "identifier": "A1",
    "sender": "notices@gas.example",
    "sent": "2026-11-24T18:00:00+01:00",
    "status": "Actual",
    "msgType": "Alert",
    "scope": "Public",
    "info": INFO,
}


def xml(message, version="1.2", head=""):
    def elements(node):
        return "".join(
            f"<{name}>{elements(one) if isinstance(one, dict) else escape(str(one))}</{name}>"
            for name, value in node.items()
            for one in (value if isinstance(value, list) else [value])
        )

    inner = elements(message)
    return (
        f'{head}<alert xmlns="urn:oasis:names:tc:emergency:cap:{version}">{inner}</alert>'.encode()
    )


def dumped(message):
    return json.dumps(message, ensure_ascii=False).encode()


def decode(payload, **options):
    if isinstance(payload, dict):
        payload = dumped(payload)
    return CapNotices(["notices/#"], **options).decode("notices/gas", payload, NOW)


def read(payload, **options):
    (item,) = decode(payload, **options).items
    return item


@pytest.mark.parametrize("form", [xml, dumped, lambda m: xml(m, "1.1"), lambda m: b"\n" + xml(m)])
def test_a_notice_is_read_in_every_form(form):
    decoded = decode(form(ALERT))
    assert decoded.key == "cap:notices@gas.example,A1,2026-11-24T17:00:00+00:00"
    assert decoded.items == (
        Notice(
            sender="notices@gas.example",
            identifier="A1",
            sent=SENT,
            status="Actual",
            msg_type="Alert",
            event="Planned work",
            headline="Gas off tonight",
            description="From 8 to 12.",
            urgency="Expected",
            severity="Moderate",
            certainty="Likely",
            response_types=(),
            effective_from=datetime(2026, 11, 24, 19, tzinfo=UTC),
            expires=datetime(2026, 11, 24, 23, tzinfo=UTC),
            service="gas",
            areas=("Old Town",),
            references=(),
            topic="notices/gas",
        ),
    )


def test_it_begins_at_onset_else_effective_else_when_sent():
    without = {key: value for key, value in INFO.items() if key != "onset"}
    effective = without | {"effective": "2026-11-24T19:00:00+01:00"}
    assert read(ALERT | {"info": effective}).effective_from.hour == 18
    assert read(ALERT | {"info": without}).effective_from == SENT


def test_a_cancellation_needs_no_info():
    cancel = {key: value for key, value in ALERT.items() if key != "info"}
    cancel |= {
        "msgType": "Cancel",
        "references": "notices@gas.example,A1,2026-11-24T18:00:00+01:00",
    }
    notice = read(xml(cancel))
    assert notice.cancels
    assert notice.references == (NoticeRef("notices@gas.example", "A1", SENT),)


def test_the_readers_language_and_area_are_chosen():
    german = INFO | {"language": "de-DE", "headline": "Kein Gas"}
    elsewhere = INFO | {"area": {"areaDesc": "Harbour"}, "headline": "Harbour"}
    message = ALERT | {"info": [elsewhere, german, INFO]}
    assert read(message).headline == "Harbour"
    assert read(message, areas=["Old Town"]).headline == "Gas off tonight"
    assert read(xml(message), areas=["10115"], languages=["de"]).headline == "Kein Gas"


def test_notices_for_other_areas_are_passed_over():
    assert decode(ALERT, areas=["Harbour"]).items == ()
    assert decode(ALERT, areas=["old town"]).items != ()
    nowhere = {key: value for key, value in INFO.items() if key != "area"}
    assert decode(ALERT | {"info": nowhere}, areas=["Harbour"]).items != ()


@pytest.mark.parametrize(
    ("texts", "service"),
    [
        ({"event": "燃气停气通知"}, "gas"),
        ({"event": "天然气管道检修"}, "gas"),
        ({"event": "计划停水"}, "water"),
        ({"event": "停电公告"}, "electricity"),
        ({"event": "暖气检修", "headline": "供暖暂停"}, "heating"),
        ({"event": "小区断网"}, "internet"),
        ({"event": "Power cut"}, "electricity"),
        ({"event": "Works", "headline": "District heating is off"}, "heating"),
        ({"event": "Works", "headline": "", "description": "No water until noon"}, "water"),
        ({"event": "Flood", "headline": "High water at the river"}, None),
        ({"event": "Gasoline spill", "headline": "Avoid the road"}, None),
        ({"event": "x", "headline": "", "eventCode": {"OUTAGE": "GAS_INTERRUPTION"}}, "gas"),
        ({"event": "x", "headline": "", "parameter": {"valueName": "Utility", "value": "Water"}},
         "water"),
    ],
)  # fmt: skip
def test_the_service_is_told(texts, service):
    info = {key: value for key, value in INFO.items() if key != "eventCode"}
    assert read(ALERT | {"info": info | {"description": ""} | texts}).service == service


def test_a_household_has_its_own_words():
    info = INFO | {"eventCode": [], "event": "Fernwärme", "headline": "", "description": ""}
    assert read(ALERT | {"info": info}).service is None
    words = {**DEFAULT_WORDS, "heating": ["fernwärme"]}
    assert read(ALERT | {"info": info}, words=words).service == "heating"
    with pytest.raises(ValueError, match="phone"):
        ServiceWords({"phone": ["phone"]})


OTHER = NoticeRef("a@b", "1", SENT)
T = "2026-11-24T18:00:00+01:00"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        (f"a@b,1,{T}", (OTHER,)),
        (f"a@b,1,{T} c@d,2,{T}", (OTHER, NoticeRef("c@d", "2", SENT))),
        (f"  a@b , 1 ,\n {T};a@b,1,{T} ", (OTHER,)),
        (f"a@b 1 {T}", (OTHER,)),
        (f"a@b,1,{T},c@d,2,{T}", (OTHER, NoticeRef("c@d", "2", SENT))),
        (f"utility,1,{T}", (NoticeRef("utility", "1", SENT),)),
        ("a@b,1", (NoticeRef("a@b", "1", None),)),
        ("1 2", (NoticeRef("own", "1", None), NoticeRef("own", "2", None))),
        (f"1,{T}", (NoticeRef("own", "1", SENT),)),
        ("a@b,1,2026-11-24T18:00:00", (NoticeRef("a@b", "1", None),)),
        (f"a@b,1 c@d,2,{T}", (NoticeRef("a@b", "1", None), NoticeRef("c@d", "2", SENT))),
    ],
)
def test_references_are_read_as_far_as_they_can_be(text, expected):
    assert read_references(text, "own") == expected


def test_references_in_json_may_be_a_list_or_objects():
    listed = [f"a@b,1,{T}", {"sender": "c@d", "identifier": "2", "sent": T}]
    update = ALERT | {"msgType": "Update", "references": listed}
    assert read(update).references == (OTHER, NoticeRef("c@d", "2", SENT))


BOMB = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><sender>&b;</sender></alert>"""
DEEP = xml({"identifier": "deep"}).replace(b"deep", b"<a>" * 500 + b"</a>" * 500)


@pytest.mark.parametrize(
    ("payload", "where", "expected"),
    [
        (BOMB, "payload", "without a DTD or entities"),
        (DEEP, "payload", "levels of nesting"),
        (xml(ALERT)[:-5], "payload", "CAP 1.2 in XML or JSON"),
        (b"<feed/>", "payload", "expected an alert of urn:oasis"),
        (b"\xff\xfe\x00", "payload", "CAP 1.2 in XML or JSON"),
        (b'<?xml version="1.0" encoding="nonsense"?><alert/>', "payload", "CAP 1.2"),
        (b"{" * 30, "payload", "JSON"),
        (b'{"a":' * 30 + b"1" + b"}" * 30, "payload", "levels of nesting"),
        (b'{"a":[' + b"1," * 6000 + b"1]}", "payload", "at most 5000"),
        (b"[]", "payload", "one CAP message"),
        (b"x" * (MAX_PAYLOAD + 1), "payload", "at most"),
        (ALERT | {"sender": ""}, "sender", "a text"),
        (ALERT | {"identifier": "x" * 300}, "identifier", "at most 256"),
        (ALERT | {"status": "Real"}, "status", "Actual, Exercise"),
        (ALERT | {"msgType": "Hello"}, "msgType", "Alert, Update"),
        (ALERT | {"sent": "2026-11-24T18:00:00"}, "sent", "a zone"),
        (ALERT | {"sent": ""}, "sent", "got nothing"),
        (ALERT | {"info": []}, "info", "an info block"),
        (ALERT | {"info": INFO | {"onset": "2026-11-24T18:00:00"}}, "onset", "a zone"),
        (ALERT | {"info": INFO | {"expires": "tonight"}}, "expires", "a time such as"),
    ],
)
def test_bad_input_is_one_readable_rejection(payload, where, expected):
    item = read(payload)
    assert isinstance(item, Rejected)
    assert item.where == where
    assert expected in item.reason
    assert len(item.reason) <= 250


def test_an_empty_payload_takes_a_retained_notice_away():
    assert decode(b"").items == ()


def test_it_hears_its_topics_only():
    convention = CapNotices(["notices/#", "city/+/cap"])
    heard = ["notices", "notices/a/b", "city/old-town/cap"]
    other = ["notice/a", "city/cap", "city/a/b/cap", "city/a/cap/b", "$SYS/x"]
    assert [topic for topic in heard + other if convention.handles(topic)] == heard
    assert CapNotices(["#"]).handles("$SYS/x") is False


@given(st.binary(max_size=300))
def test_no_bytes_raise(payload):
    assert all(isinstance(item, Rejected) for item in decode(payload).items)


names = st.sampled_from([*ALERT, *INFO, "references", "value", "valueName", "parameter"])
json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(names, json_values, max_size=6), st.dictionaries(names, json_values))
def test_no_json_raises(changed, info):
    message = ALERT | {"info": INFO | info} | changed
    assert all(isinstance(item, Rejected | Notice) for item in decode(message).items)


@given(st.text(max_size=200))
def test_no_references_raise(text):
    assert all(one.identifier for one in read_references(text, "own"))
