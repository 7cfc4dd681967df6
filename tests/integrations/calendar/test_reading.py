"""Calendars elsewhere: an .ics file on the web, and a real CalDAV server."""

import base64
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.activities import ActivityError
from hub.domain.offers import Window
from hub.ports import DeliveryError
from integrations.calendar import caldav, feed, limits, repeats
from integrations.calendar.caldav import CalDavCalendar
from integrations.calendar.feed import read_feed
from integrations.calendar.subscribed import SubscribedCalendar
from integrations.calendar.web import Source
from tests.integrations.calendar.servers import Published

NOW = datetime(2026, 11, 28, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")
DAY = Window(NOW - 8 * HOUR, NOW + 16 * HOUR)
WEEK = Window(NOW - 8 * HOUR, NOW + 160 * HOUR)


def local(name: str, url: str, *account: str) -> Source:
    return Source(name, url, *account, local=True)


def event(uid: str, *lines: str) -> str:
    return "\r\n".join(
        ["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20261101T000000Z", *lines, "END:VEVENT"]
    )


def calendar(*events: str) -> bytes:
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Test//EN")
    return "\r\n".join([*head, *events, "END:VCALENDAR", ""]).encode()


CHOIR = event(
    "choir", "DTSTART;TZID=Europe/Berlin:20260901T190000", "DURATION:PT2H", "SUMMARY:Choir",
    "RRULE:FREQ=DAILY", "EXDATE;TZID=Europe/Berlin:20261129T190000", "LOCATION:Old School",
)  # fmt: skip
MOVED = event(
    "choir", "RECURRENCE-ID;TZID=Europe/Berlin:20261128T190000",
    "DTSTART;TZID=Europe/Berlin:20261128T200000", "DURATION:PT1H", "SUMMARY:Late choir",
    "SEQUENCE:1",
)  # fmt: skip
LUNCH = event("lunch", "DTSTART:20261128T110000Z", "DTEND:20261128T120000Z", "SUMMARY:Lunch")


def shown(raw: bytes, within: Window = DAY) -> list[tuple[str, int, float]]:
    return [
        (one.summary, one.window.start.hour, (one.window.end - one.window.start) / HOUR)
        for one in read_feed(raw, within, BERLIN).entries
    ]


# -- what is in a calendar ---------------------------------------------------------------------


def test_repeated_ones_with_their_exceptions():
    assert shown(calendar(CHOIR, MOVED, LUNCH)) == [("Lunch", 11, 1), ("Late choir", 19, 1)]
    week = shown(calendar(CHOIR, MOVED), WEEK)
    assert week == [("Late choir", 19, 1)] + [("Choir", 18, 2)] * 5


def test_days_and_times_without_a_zone_are_the_households():
    raw = calendar(
        event("a", "DTSTART;VALUE=DATE:20261128", "SUMMARY:Holiday"),
        event("b", "DTSTART:20261128T090000", "DTEND:20261128T093000", "SUMMARY:Walk"),
        event("c", "DTSTART;VALUE=DATE:20261120", "SUMMARY:Daily",
              "RRULE:FREQ=DAILY;UNTIL=20261128"),
    )  # fmt: skip
    read = read_feed(raw, DAY, BERLIN).entries
    said = {(one.summary, one.all_day, one.window.start, one.window.end) for one in read}
    midnight = datetime(2026, 11, 28, tzinfo=BERLIN).astimezone(UTC)
    assert said == {
        ("Holiday", True, midnight, midnight + 24 * HOUR),
        ("Daily", True, midnight, midnight + 24 * HOUR),
        ("Walk", False, NOW, NOW + HOUR / 2),
    }


def test_what_takes_no_time_and_what_is_off():
    raw = calendar(
        event("a", "DTSTART:20261128T090000Z", "SUMMARY:Birthday", "TRANSP:TRANSPARENT"),
        event("b", "DTSTART:20261128T100000Z", "SUMMARY:Off", "STATUS:CANCELLED"),
        event("c", "DTSTART:20261128T110000Z", "SUMMARY:Maybe", "STATUS:TENTATIVE",
              "GEO:52.5;13.4"),
    )  # fmt: skip
    birthday, maybe = read_feed(raw, DAY, BERLIN).entries
    assert (birthday.busy, maybe.busy, maybe.tentative) == (False, True, True)
    assert maybe.gps == "52.500000,13.400000"


def test_one_that_cannot_be_read_does_not_keep_the_others():
    raw = calendar(
        event("a", "DTSTART:nonsense", "SUMMARY:A"),
        event("b", "DTSTART:20261128T090000Z", "RRULE:FREQ=SECONDLY"),
        event("c", "DTSTART;TZID=Mars/Base:20261128T090000"),
        LUNCH,
    )
    read = read_feed(raw, DAY, BERLIN)
    assert [one.summary for one in read.entries] == ["Lunch"]
    assert [one.partition(":")[0] for one in read.skipped] == ["a", "b", "c"]
    assert "there is no such time zone" in read.skipped[2]


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_damaged_calendar_is_read_or_refused(data):
    raw = bytearray(calendar(CHOIR, MOVED, LUNCH))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place : place + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=6))
    try:
        said = read_feed(bytes(raw), WEEK, BERLIN).skipped
    except ActivityError as error:
        said = (str(error),)
    assert all(one.isprintable() for one in said)


def test_a_calendar_is_bounded(monkeypatch):
    monkeypatch.setattr(feed, "MOST_EVENTS", 3)
    assert len(shown(calendar(CHOIR), WEEK)) == 3
    with pytest.raises(ActivityError, match="expected at most 2 parts"):
        read_feed(calendar(LUNCH, LUNCH), DAY, BERLIN, limits.Limits(10_000, 2))


def test_what_is_over_costs_no_look_at_its_rule(monkeypatch):
    looked = []
    real = repeats._ended

    def ended(one, end):
        looked.append(one)
        return real(one, end)

    monkeypatch.setattr(repeats, "_ended", ended)
    old = [
        event(f"o{n}", f"DTSTART:2020{n % 12 + 1:02}01T110000Z", "DURATION:PT1H")
        for n in range(500)
    ]
    assert shown(calendar(*old, LUNCH)) == [("Lunch", 11, 1)]
    assert len(looked) == 1


# -- an .ics file on the web -------------------------------------------------------------------


def subscribed(published: Published) -> SubscribedCalendar:
    return SubscribedCalendar(local("Mine", published.url))


async def test_a_file_is_asked_for_again_and_taken_when_it_has_changed(published: Published):
    mine = subscribed(published)
    published.body = calendar(LUNCH)
    for _ in range(2):
        read = await mine.read(DAY, BERLIN)
        assert [one.summary for one in read.entries] == ["Lunch"]
    assert "If-None-Match" in published.asked[1]
    published.body = calendar(LUNCH, CHOIR)
    assert len((await mine.read(DAY, BERLIN)).entries) == 2


async def test_what_was_no_calendar_is_not_kept(published: Published):
    mine = subscribed(published)
    published.body = b"<html>sign in</html>"
    for _ in range(2):
        with pytest.raises(ActivityError, match="expected BEGIN:VCALENDAR"):
            await mine.read(DAY, BERLIN)


@pytest.mark.parametrize(
    ("status", "words", "retry"),
    [
        (401, "check its user name and password", False),
        (404, "answered 404; check its address", False),
        (503, "answered 503", True),
    ],
)
async def test_a_server_that_will_not(published: Published, status, words, retry):
    published.status = status
    with pytest.raises(DeliveryError, match=f"calendar Mine.*{words}") as refused:
        await subscribed(published).read(DAY, BERLIN)
    assert refused.value.retry is retry


async def test_a_file_without_an_end_is_not_read(published: Published, monkeypatch):
    small = limits.Limits(2048, 10)
    monkeypatch.setattr("integrations.calendar.subscribed.FEED", small)
    published.body = b"x" * 10_000
    with pytest.raises(DeliveryError, match="expected at most 2 KiB"):
        await subscribed(published).read(DAY, BERLIN)


async def test_a_server_that_is_not_there():
    with pytest.raises(DeliveryError, match="calendar Mine cannot be reached") as refused:
        await SubscribedCalendar(local("Mine", "http://127.0.0.1:1/x.ics")).read(DAY, BERLIN)
    assert refused.value.retry


async def test_it_does_not_go_round_in_circles(published: Published):
    published.location = published.url
    with pytest.raises(DeliveryError, match="TooManyRedirects"):
        await subscribed(published).read(DAY, BERLIN)


@pytest.mark.parametrize("url", ["ftp://x/y.ics", "mine.ics", "", "https://"])
def test_addresses_that_are_none(url):
    with pytest.raises(ValueError, match="calendar Mine: expected https://"):
        SubscribedCalendar(local("Mine", url))


def test_webcal_is_https_by_another_name():
    assert Source("x", "webcal://a.example/b.ics").address() == "https://a.example/b.ics"
    assert "secret" not in repr(Source("x", "https://a.example", "ada", "secret"))


# -- CalDAV ------------------------------------------------------------------------------------


async def fill(url: str) -> None:
    """Make two calendars in an account, with an event each."""
    signed_in = {"Authorization": "Basic " + base64.b64encode(b"ada:secret").decode()}
    async with aiohttp.ClientSession(headers=signed_in) as session:
        for name, body in (("home", calendar(CHOIR, MOVED)), ("work", calendar(LUNCH))):
            async with session.request("MKCALENDAR", f"{url}/ada/{name}/") as made:
                assert made.status == 201
            async with session.put(f"{url}/ada/{name}/e.ics", data=body) as put:
                assert put.status == 201


async def test_calendars_are_found_and_read(radicale: str):
    await fill(radicale)
    account = CalDavCalendar(local("Ours", radicale, "ada", "secret"))
    read = await account.read(DAY, BERLIN)
    assert [(one.summary, one.window.start.hour) for one in read.entries] == [
        ("Lunch", 11),
        ("Late choir", 19),
    ]
    assert await account.calendars() == (f"{radicale}/ada/home/", f"{radicale}/ada/work/")
    empty = await account.read(Window(NOW - 9999 * HOUR, NOW - 9998 * HOUR), BERLIN)
    assert empty.entries == ()


async def test_one_calendar_by_its_own_address(radicale: str):
    await fill(radicale)
    work = CalDavCalendar(local("Work", f"{radicale}/ada/work/", "ada", "secret"))
    assert [one.uid for one in (await work.read(DAY, BERLIN)).entries] == ["lunch"]


async def test_a_wrong_password_is_told(radicale: str):
    with pytest.raises(DeliveryError, match="user name and password") as refused:
        await CalDavCalendar(local("Ours", radicale, "ada", "wrong")).read(DAY, BERLIN)
    assert refused.value.retry is False


async def test_an_account_without_calendars(radicale: str):
    with pytest.raises(DeliveryError, match="there is no calendar at this address"):
        await CalDavCalendar(local("Ours", radicale, "ada", "secret")).read(DAY, BERLIN)


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize("body", [b"", b"hello", b"<a><b></a>", BOMB])
async def test_what_is_no_caldav_server(published: Published, body):
    published.body = body
    with pytest.raises(DeliveryError, match="expected a CalDAV server's XML"):
        await CalDavCalendar(local("Mine", published.url)).read(DAY, BERLIN)


async def test_another_server_is_not_told_the_password(published: Published):
    published.body = (
        b'<d:multistatus xmlns:d="DAV:"><d:response><d:href>/</d:href><d:propstat><d:prop>'
        b"<d:current-user-principal><d:href>http://evil.example/ada/</d:href>"
        b"</d:current-user-principal></d:prop></d:propstat></d:response></d:multistatus>"
    )
    with pytest.raises(DeliveryError, match="points to another server"):
        await CalDavCalendar(local("Mine", published.url, "ada", "secret")).read(DAY, BERLIN)
    assert len(published.asked) == 1


def test_a_report_is_bounded(monkeypatch):
    monkeypatch.setattr(caldav, "MOST_RESOURCES", 2)
    one = (
        "<d:response><d:href>/e</d:href><d:propstat><d:prop><c:calendar-data><![CDATA["
        + calendar(LUNCH).decode()
        + "]]></c:calendar-data></d:prop></d:propstat></d:response>"
    )
    bad = one.replace("BEGIN:VEVENT", "BEGIN:OTHER")
    names = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"'
    body = f"<d:multistatus {names}>{bad}{one}{one}</d:multistatus>".encode()
    ours = CalDavCalendar(local("Ours", "http://127.0.0.1/"))
    read = ours._entries(caldav.Answer(207, {}, body, "http://127.0.0.1/"), DAY, BERLIN)
    assert [one.summary for one in read.entries] == ["Lunch"]
    assert len(read.skipped) == 2
    assert read.skipped[1] == "more than 2 entries"


# -- where calendars are looked for ------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "192.168.0.7", "[::ffff:10.0.0.1]"]
)
async def test_the_homes_own_network_is_looked_at_only_where_that_is_said(host: str):
    with pytest.raises(DeliveryError, match=r"is not on the internet.*local: true") as refused:
        await SubscribedCalendar(Source("Mine", f"http://{host}:1/x.ics")).read(DAY, BERLIN)
    assert refused.value.retry is False


async def test_nothing_is_asked_of_an_address_that_is_not_allowed(published: Published):
    with pytest.raises(DeliveryError, match=r"127\.0\.0\.1 is not on the internet"):
        await CalDavCalendar(Source("Mine", published.url)).read(DAY, BERLIN)
    assert published.asked == []
