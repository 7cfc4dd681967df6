"""iCalendar both ways: what we write others read, what others write we read or refuse in a line."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
import vobject
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain import hosting
from hub.domain.activities import (
    METHODS,
    PARTSTATS,
    Activity,
    ActivityError,
    Attendee,
    Details,
    Message,
    Person,
)
from hub.domain.agenda import ALWAYS, Block
from hub.domain.itip import take
from hub.domain.offers import Place, Window
from integrations.calendar.limits import MESSAGE
from integrations.calendar.read import from_ics
from integrations.calendar.repeats import MOST_OCCURRENCES, check_rule, occurrences
from integrations.calendar.write import agenda_ics, to_ics

NOW = datetime(2026, 11, 28, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")
ADA, BEN = "mailto:ada@one.example", "mailto:ben@two.example"


def span(start: float, end: float) -> Window:
    return Window(NOW + HOUR * start, NOW + HOUR * end)


FISHING = Details(
    span(2, 5), "Europe/Berlin", "Fishing; with, commas\\ and more", location="Mill Lake",
    description="Bring:\n- rods\n- tea", gps="52.500000,13.500000",
    recurrence="FREQ=WEEKLY;COUNT=4", excluded=(NOW + HOUR * (2 + 24 * 7),),
)  # fmt: skip
REQUEST = Message(
    "REQUEST", ADA, "f1@one.example", 3, NOW, Person(ADA, "Ada"),
    (Attendee(BEN, "Ben, of Two", "ACCEPTED"), Attendee("mailto:c@x.example")), FISHING,
)  # fmt: skip


def back(message: Message) -> Message:
    (read,) = from_ics(to_ics(message), message.sender, BERLIN)
    return read


# -- both ways ---------------------------------------------------------------------------------


def test_a_message_comes_back_as_it_was():
    assert back(REQUEST) == REQUEST


def test_one_occurrence_comes_back_as_it_was():
    once = replace(FISHING, window=span(26, 29), recurrence="", excluded=())
    for method, who in (
        ("REQUEST", REQUEST.attendees),
        ("CANCEL", ()),
        ("REPLY", REQUEST.attendees[:1]),
    ):
        sender = BEN if method == "REPLY" else ADA
        part = replace(
            REQUEST, method=method, sender=sender, details=once, recurrence_id=span(2, 5).start,
            attendees=who,
        )  # fmt: skip
        again = back(part)
        assert (again.key, again.sequence, again.details) == (part.key, 3, once)


def test_an_occurrence_of_whole_days_is_named_by_its_day():
    midnight = datetime(2026, 11, 27, 23, tzinfo=UTC)
    camp = Details(Window(midnight, midnight + 48 * HOUR), "Europe/Berlin", "Camp", all_day=True)
    part = replace(REQUEST, details=camp, recurrence_id=midnight)
    assert b"RECURRENCE-ID;VALUE=DATE:20261128" in to_ics(part)
    assert back(part) == part


words = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"], exclude_characters='"^\\'),
    max_size=60,
).map(lambda text: " ".join(text.split()))
moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(
    lambda naive: naive.replace(microsecond=0, tzinfo=UTC)
)
details = st.builds(
    lambda start, minutes, zone, summary, where, gps, rule: Details(
        Window(start, start + timedelta(minutes=minutes)), zone, summary or "x", location=where,
        gps=gps, recurrence=rule,
    ),
    moments,
    st.integers(1, 10_000),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Shanghai"]),
    words,
    words,
    st.sampled_from([None, "0.000000,0.000000", "-33.900000,151.200000"]),
    st.sampled_from(["", "FREQ=DAILY", "FREQ=MONTHLY;INTERVAL=2;BYDAY=-1FR"]),
)  # fmt: skip
messages = st.builds(
    lambda method, uid, sequence, stamp, name, guests, what, status, occurrence: Message(
        method, ADA if method not in ("REPLY", "COUNTER") else guests[0].address,
        uid, sequence, stamp, Person(ADA, name),
        tuple(guests[:1]) if method in ("REPLY", "COUNTER") else tuple(guests),
        replace(what, recurrence="") if occurrence else what,
        status if method in ("REQUEST", "COUNTER") else "CONFIRMED", occurrence,
    ),
    st.sampled_from(METHODS),
    st.from_regex(r"[a-zA-Z0-9@._-]{1,40}", fullmatch=True),
    st.integers(0, 2**31 - 1),
    moments,
    words,
    st.lists(
        st.builds(
            Attendee, st.sampled_from([f"mailto:g{n}@x.example" for n in range(9)]), words,
            st.sampled_from(PARTSTATS), st.sampled_from(["REQ-PARTICIPANT", "OPT-PARTICIPANT"]),
        ),
        min_size=1, max_size=5, unique_by=lambda one: one.address,
    ),
    details,
    st.sampled_from(["TENTATIVE", "CONFIRMED"]),
    st.none() | moments,
)  # fmt: skip


@settings(deadline=None)
@given(messages)
def test_uid_sequence_and_all_the_rest_survive_a_round_trip(message):
    ics = to_ics(message)
    (read,) = from_ics(ics, message.sender, BERLIN)
    assert read == message
    assert to_ics(read) == ics


@settings(max_examples=50, deadline=None)
@given(messages)
def test_another_program_reads_the_same(message):
    # It would take the first VTIMEZONE of a name it ever saw for all that come.
    vars(vobject.icalendar)["__tzidMap"].clear()
    calendar = vobject.readOne(to_ics(message).decode())
    event = calendar.vevent
    assert calendar.method.value == message.method
    assert (event.uid.value, int(event.sequence.value)) == (message.uid, message.sequence)
    assert event.dtstart.value.astimezone(UTC) == message.details.window.start
    assert event.dtend.value.astimezone(UTC) == message.details.window.end
    assert len(event.attendee_list) == len(message.attendees)
    assert all(len(line) <= 75 for line in to_ics(message).split(b"\r\n"))


@pytest.mark.parametrize("quote", ['"', "\\", '\\"', "^n", "^'", ":", ";", ","])
def test_a_name_cannot_say_more_than_a_name(quote):
    name = f"Eve{quote};PARTSTAT=ACCEPTED{quote}:mailto:x@y.example{quote}"
    (read,) = back(replace(REQUEST, attendees=(Attendee(BEN, name),))).attendees
    assert (read.address, read.partstat) == (BEN, "NEEDS-ACTION")


@pytest.mark.parametrize("separator", ["\u2028", "\x0b", "\x0c", "\x1c", "\x85", "\r"])
def test_no_line_hides_in_another(separator):
    line = f"COMMENT:x{separator}END:VTIMEZONE\r\n".encode()
    rule = b"RRULE:FREQ=SECONDLY\r\n"
    raw = OUTLOOK.replace(b"TZID:W. Europe Standard Time\r\n", b"TZID:Mine\r\n" + line + rule)
    with pytest.raises(ActivityError):
        from_ics(raw, "mailto:cleo@x.example", BERLIN)


def test_days_stay_days():
    whole = Details(
        Window(NOW - HOUR * 9, NOW + HOUR * 15), "Europe/Berlin", "Holiday", all_day=True
    )
    message = replace(REQUEST, details=whole)
    assert b"DTSTART;VALUE=DATE:20261128" in to_ics(message)
    assert back(message) == message


def test_what_we_did_not_ask_for_stays_out():
    raw = to_ics(REQUEST).replace(
        b"BEGIN:VEVENT\r\n",
        b"BEGIN:VEVENT\r\nX-MICROSOFT-CDO-BUSYSTATUS:BUSY\r\nX-EVIL;X-P=1:<script>\r\n"
        b"BEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\n",
    )
    (read,) = from_ics(raw, ADA, BERLIN)
    assert read == REQUEST
    assert b"X-" not in to_ics(read)


def test_a_whole_conversation_in_calendar_text():
    host = hosting.create("u@one.example", Person(ADA, "Ada"), FISHING, [Attendee(BEN)], NOW)
    (asked,) = from_ics(to_ics(host.send[0].message), ADA, BERLIN)
    guest = take(None, asked, {BEN}, NOW).now_is
    assert isinstance(guest, Activity)
    for partstat in ("TENTATIVE", "ACCEPTED"):
        said = hosting.answer(guest, BEN, partstat, NOW)
        guest = said.activity
        (answer,) = from_ics(to_ics(said.send[0].message), BEN, BERLIN)
        ours = take(host.activity, answer, {ADA}, NOW).now_is
        assert ours.attendee(BEN).partstat == partstat
    off = hosting.cancel(ours, NOW, "storm")
    (ended,) = from_ics(to_ics(off.send[0].message), ADA, BERLIN)
    outcome = take(guest, ended, {BEN}, NOW)
    assert (outcome.verdict, outcome.reason) == ("cancelled", "storm")
    assert (outcome.now_is.uid, outcome.now_is.sequence) == ("u@one.example", 1)


# -- what others write -------------------------------------------------------------------------

OUTLOOK = b"""BEGIN:VCALENDAR\r
METHOD:REQUEST\r
PRODID:Microsoft Exchange Server 2010\r
VERSION:2.0\r
BEGIN:VTIMEZONE\r
TZID:W. Europe Standard Time\r
BEGIN:STANDARD\r
DTSTART:16010101T030000\r
TZOFFSETFROM:+0200\r
TZOFFSETTO:+0100\r
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10\r
END:STANDARD\r
BEGIN:DAYLIGHT\r
DTSTART:16010101T020000\r
TZOFFSETFROM:+0100\r
TZOFFSETTO:+0200\r
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3\r
END:DAYLIGHT\r
END:VTIMEZONE\r
BEGIN:VEVENT\r
ORGANIZER;CN=Cleo:mailto:Cleo@x.example\r
ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=Ada:mailto:ADA@one.example\r
ATTENDEE;ROLE=CHAIR;PARTSTAT=DELEGATED:mailto:cleo@x.example\r
SUMMARY;LANGUAGE=en-US:Lunch\r
DTSTART;TZID=W. Europe Standard Time:20261128T120000\r
DTEND;TZID=W. Europe Standard Time:20261128T130000\r
UID:040000008200E00074C5B7101A82E008\r
DTSTAMP:20261120T120000Z\r
SEQUENCE:0\r
STATUS:CONFIRMED\r
X-MICROSOFT-CDO-APPT-SEQUENCE:0\r
END:VEVENT\r
END:VCALENDAR\r
"""


def test_outlooks_zones_are_known():
    (read,) = from_ics(OUTLOOK, "mailto:cleo@x.example", BERLIN)
    assert read.details.window == span(3, 4)
    assert read.details.zone == "Europe/Berlin"
    assert [one.address for one in read.attendees] == [ADA]


def test_a_zone_of_the_senders_own_is_believed_for_that_message_only():
    custom = OUTLOOK.replace(b"W. Europe Standard Time", b"Customized Time Zone")
    other = custom.replace(b"TZOFFSETTO:+0100", b"TZOFFSETTO:-0500")
    for raw, start in ((custom, 11), (other, 17), (custom, 11)):
        (read,) = from_ics(raw, "mailto:cleo@x.example", BERLIN)
        assert (read.details.window.start.hour, read.details.zone) == (start, "UTC")
    unexplained = b"".join(
        part if n == 0 else part.partition(b"END:VTIMEZONE\r\n")[2]
        for n, part in enumerate(custom.split(b"BEGIN:VTIMEZONE"))
    )
    with pytest.raises(ActivityError, match="TZID=Customized Time Zone: there is no such"):
        from_ics(unexplained, "mailto:cleo@x.example", BERLIN)


def test_times_without_a_zone_are_the_households():
    floating = OUTLOOK.replace(b";TZID=W. Europe Standard Time", b"")
    (read,) = from_ics(floating, "mailto:cleo@x.example", ZoneInfo("Asia/Shanghai"))
    assert read.details.window.start.hour == 4
    assert read.details.zone == "Asia/Shanghai"


PLAIN = to_ics(replace(REQUEST, details=replace(FISHING, recurrence="", excluded=(), zone="UTC")))


def with_line(line: bytes, instead_of: bytes = b"") -> bytes:
    lines = [one for one in PLAIN.split(b"\r\n") if not instead_of or instead_of not in one]
    lines.insert(lines.index(b"BEGIN:VEVENT") + 1, line)
    return b"\r\n".join(lines)


CROWD = b"\r\n".join(b"ATTENDEE:mailto:n%d@x.example" % n for n in range(10_000))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (with_line(CROWD), "ATTENDEE: expected at most 200 people"),
        (b"x" * (MESSAGE.bytes + 1), "expected at most 512 KiB"),
        (b"\xff\xfe", "expected UTF-8"),
        (b"", "expected BEGIN:VCALENDAR"),
        (b"hello", "expected BEGIN:VCALENDAR"),
        (b"BEGIN:VCALENDAR\r\n", "VCALENDAR is not ended"),
        (b"BEGIN:VEVENT\r\nEND:VEVENT\r\n", "expected BEGIN:VCALENDAR"),
        (b"END:VCALENDAR\r\n", "line 1: END without its BEGIN"),
        (b"BEGIN:A\r\n" * 9, "deep"),
        (b"BEGIN:A\r\nEND:A\r\n" * 99, "at most 80 parts"),
        (PLAIN.replace(b"METHOD:REQUEST", b"METHOD:ADD"), "METHOD: expected one of"),
        (PLAIN.replace(b"METHOD:REQUEST\r\n", b""), "METHOD: expected one of"),
        (PLAIN.replace(b"UID:f1@one.example\r\n", b""), "UID: expected"),
        (with_line(b"UID:second"), "UID: expected once"),
        (with_line(b"DTSTART;TZID=Europe/Atlantis:20261128T100000", b"DTSTART"),
         "DTSTART;TZID=Europe/Atlantis: there is no such time zone"),
        (with_line(b"DTSTART;TZID=Europe:20261128T100000", b"DTSTART"), "the invitation: "),
        (with_line(b"DTSTART:garbage", b"DTSTART"), "DTSTART:"),
        (with_line(b"DTSTART:99991128T100000Z", b"DTSTART"), "DTSTART: expected a year"),
        (with_line(b"DTSTART:20301128T100000Z", b"DTSTART"), "DTEND: it ends before"),
        (with_line(b"DTSTART;VALUE=DATE:20261128", b"DTSTART"), "DTEND: expected a date"),
        (with_line(b"SEQUENCE:-1", b"SEQUENCE"), "SEQUENCE: expected 0 to"),
        (with_line(b"SEQUENCE:many", b"SEQUENCE"), "SEQUENCE:"),
        (with_line(b"RRULE:FREQ=SECONDLY"), "RRULE: expected FREQ to be DAILY"),
        (with_line(b"RRULE:FREQ=NEVER"), "RRULE:"),
        (with_line(b"RRULE:FREQ=DAILY;BYHOUR=1,2,3"), "BYHOUR: expected at most one"),
        (with_line(b"RDATE:20270101T100000Z"), "RDATE: expected dates by a rule"),
        (with_line(b"ORGANIZER:ada", b"ORGANIZER"), "expected an address"),
        (with_line(b"ATTENDEE:javascript"), "expected an address"),
        (PLAIN.replace(b"ORGANIZER;CN=Ada:mailto:ada@one.example\r\n", b""), "ORGANIZER: expected"),
        (OUTLOOK.replace(b"FREQ=YEARLY", b"FREQ=SECONDLY"), "expected a yearly rule"),
        (OUTLOOK.replace(b"FREQ=YEARLY", b"FREQ=YEARLY;BYSECOND=1,2,3"), "yearly rule"),
    ],
)  # fmt: skip
def test_what_is_refused_is_refused_in_one_line(raw, reason):
    with pytest.raises(ActivityError) as refused:
        from_ics(raw, ADA, BERLIN)
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400


@settings(deadline=None)
@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_rubbish_is_refused(rubbish):
    with pytest.raises(ActivityError):
        from_ics(rubbish, ADA, BERLIN)


@settings(deadline=None)
@given(st.data())
def test_a_damaged_invitation_is_read_or_refused(data):
    raw = bytearray(to_ics(REQUEST))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place : place + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=6))
    try:
        read = from_ics(bytes(raw), ADA, BERLIN)
    except ActivityError as error:
        said = str(error)
    else:
        said = read[0].uid
    assert said.isprintable()


# -- repeated ----------------------------------------------------------------------------------


def test_an_endless_rule_is_looked_at_within_a_window():
    daily = replace(FISHING, recurrence="FREQ=DAILY", excluded=())
    week = occurrences(daily, span(24 * 365, 24 * 372))
    assert len(week) == 7
    assert len(occurrences(daily, span(0, 24 * 36_500))) == MOST_OCCURRENCES


def test_a_rule_that_never_matches_comes_to_an_end():
    never = replace(FISHING, recurrence="FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30", excluded=())
    assert occurrences(never, span(24, 24 * 900)) == ()


def test_a_weekly_appointment_keeps_its_hour_when_the_clock_changes():
    start = datetime(2026, 10, 18, 10, tzinfo=BERLIN).astimezone(UTC)
    weekly = Details(
        Window(start, start + HOUR), "Europe/Berlin", "Choir", recurrence="FREQ=WEEKLY;COUNT=3",
        excluded=(datetime(2026, 11, 1, 10, tzinfo=BERLIN),),
    )  # fmt: skip
    found = occurrences(weekly, Window(start, start + timedelta(days=90)))
    assert [one.start.astimezone(BERLIN).hour for one in found] == [10, 10]
    assert [one.start.hour for one in found] == [8, 9]


def test_an_hour_is_an_hour_and_a_day_is_a_day_when_the_clock_changes():
    night = datetime(2026, 10, 24, 23, tzinfo=BERLIN).astimezone(UTC)
    once = Details(
        Window(night - timedelta(days=1), night - timedelta(days=1) + 6 * HOUR),
        "Europe/Berlin", "Night shift", recurrence="FREQ=DAILY;COUNT=2",
    )  # fmt: skip
    lengths = [
        one.end - one.start
        for one in occurrences(once, Window(night - timedelta(days=2), night + timedelta(days=3)))
    ]
    assert lengths == [6 * HOUR, 6 * HOUR]
    midnight = datetime(2026, 10, 24, tzinfo=BERLIN)
    days = Details(
        Window(midnight.astimezone(UTC), midnight.astimezone(UTC) + 24 * HOUR),
        "Europe/Berlin", "Fair", all_day=True, recurrence="FREQ=DAILY;COUNT=3",
    )  # fmt: skip
    found = occurrences(days, Window(night - timedelta(days=5), night + timedelta(days=5)))
    assert [(one.end - one.start) / HOUR for one in found] == [24, 25, 24]


@pytest.mark.parametrize(
    "rule",
    ["", "DAILY", "FREQ=HOURLY", "FREQ=DAILY;FREQ=DAILY", "FREQ=DAILY;COUNT=9999999",
     "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
     "FREQ=MONTHLY;BYMONTHDAY=" + ",".join(["1"] * 60)],
)  # fmt: skip
def test_rules_that_are_refused(rule):
    with pytest.raises(ActivityError, match="RRULE"):
        check_rule(rule)


def test_one_that_is_not_repeated_happens_once():
    once = replace(FISHING, recurrence="", excluded=())
    assert occurrences(once, span(0, 9)) == (once.window,)
    assert occurrences(once, span(5, 9)) == ()


# -- the household's own feed ------------------------------------------------------------------

BLOCKS = [
    Block("activity:u1@x", "activity", span(2, 5), "Fishing; with Ben", ("ada",), away=True,
          place=Place("52.500000,13.500000", "Mill Lake")),
    Block("delivery:o1", "delivery", span(10, 12), "Green Corner", needs_home=True),
    Block("notice:n", "notice", Window(NOW, NOW + ALWAYS), "Gas outage", stops="gas"),
    Block("meal:m", "meal", span(11, 13), "Dinner", ("ada",), tentative=True),
    Block("presence:ada", "presence", span(0, 1), "at home", ("ada",)),
]  # fmt: skip


def test_the_agenda_is_read_by_two_other_programs():
    raw = agenda_ics(BLOCKS, "Elm Street", NOW)
    ours = icalendar.Calendar.from_ical(raw)
    assert str(ours["NAME"]) == "Elm Street"
    theirs = vobject.readOne(raw.decode())
    read = [
        (str(one["SUMMARY"]), one["DTSTART"].dt, one["DTEND"].dt) for one in ours.walk("VEVENT")
    ]
    again = [(one.summary.value, one.dtstart.value, one.dtend.value) for one in theirs.vevent_list]
    assert [one[0] for one in again] == [one[0] for one in read]
    assert [(one[1].astimezone(UTC), one[2].astimezone(UTC)) for one in again] == [
        (one[1], one[2]) for one in read
    ]
    assert [one[0] for one in read] == ["Gas outage", "Fishing; with Ben", "Green Corner", "Dinner"]
    assert read[0][2] == NOW + 24 * HOUR


def test_the_feed_says_what_takes_time_and_what_is_not_settled():
    events = icalendar.Calendar.from_ical(agenda_ics(BLOCKS, "x", NOW)).walk("VEVENT")
    said = {str(one["SUMMARY"]): (str(one["TRANSP"]), str(one["STATUS"])) for one in events}
    assert said == {
        "Gas outage": ("TRANSPARENT", "CONFIRMED"),
        "Fishing; with Ben": ("OPAQUE", "CONFIRMED"),
        "Green Corner": ("TRANSPARENT", "CONFIRMED"),
        "Dinner": ("OPAQUE", "TENTATIVE"),
    }
    uids = [str(one["UID"]) for one in events]
    assert len(set(uids)) == 4
    assert agenda_ics(BLOCKS, "x", NOW) == agenda_ics(BLOCKS[::-1], "x", NOW)
