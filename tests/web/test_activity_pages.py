"""Activities on their pages: made and changed by forms, answered, moved, called off."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser, expect

from hub.domain.activities import ActivityError, Details
from hub.domain.offers import Window
from hub.web.activityforms import Filled, details_of, empty, filled
from hub.web.words import Words
from tests.web.conftest import Client
from tests.web.fake_backend import NOW, FakeBackend
from tests.web.test_browser import browser, visit

__all__ = ["browser"]

WORDS = Words(ZoneInfo("Europe/Berlin"), NOW)
FORM = Filled(summary=" Fishing  trip ", day="2026-11-28", start="10:00", end="13:00")
CHOIR = "/activities/choir%2F7%23x%40birch"


async def told(client: Client, path: str) -> str:
    return await (await client.get(path)).text()


# -- the form ------------------------------------------------------------------------------------


def test_a_form_means_what_it_says() -> None:
    made = details_of(
        replace(FORM, location="Mill  Lake", gps="52.61,13.52", repeat="WEEKLY", times="9",
                answer_by="2026-11-27T20:00"),
        WORDS,
    )  # fmt: skip
    start = datetime(2026, 11, 28, 9, tzinfo=UTC)
    assert made.window == Window(start, start + timedelta(hours=3))
    assert (made.summary, made.location, made.zone) == (
        "Fishing trip",
        "Mill Lake",
        "Europe/Berlin",
    )
    assert made.recurrence == "FREQ=WEEKLY;COUNT=9"
    assert made.answer_by == datetime(2026, 11, 27, 19, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "hours"),
    [
        ({"start": "22:00", "end": "01:30"}, 3.5),
        ({"until": "2026-11-30"}, 51),
        ({"all_day": True, "start": "", "end": ""}, 24),
        ({"all_day": True, "until": "2026-11-29"}, 48),
        ({"day": "2027-03-28", "start": "01:00", "end": "04:00"}, 2),
    ],
)
def test_how_long_it_is(changes: dict[str, object], hours: float) -> None:
    window = details_of(replace(FORM, **changes), WORDS).window  # type: ignore[arg-type]
    assert (window.end - window.start) / timedelta(hours=1) == hours


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"summary": " "}, "summary"),
        ({"day": "28.11.2026"}, "date: expected a day"),
        ({"day": "0001-01-01"}, "date: expected a day"),
        ({"start": "25:00"}, "start: expected a time"),
        ({"end": ""}, "end: expected a time"),
        ({"until": "2026-11-01"}, "until"),
        ({"gps": "here"}, "gps"),
        ({"repeat": "SECONDLY"}, "repeat: expected one of DAILY"),
        ({"repeat": "DAILY", "times": "100000"}, "times: expected 2 to 100"),
        ({"repeat": "DAILY", "times": "٣"}, "times"),
        ({"answer_by": "tomorrow"}, "answer_by"),
        ({"location": "x" * 301}, "location"),
    ],
)
def test_what_cannot_be_names_its_field(changes: dict[str, str], says: str) -> None:
    with pytest.raises(ActivityError, match=says):
        details_of(replace(FORM, **changes), WORDS)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"all_day": True},
        {"recurrence": "FREQ=WEEKLY;COUNT=9", "excluded": (NOW,)},
        {"recurrence": "FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20270101T000000Z", "excluded": (NOW,)},
        {"zone": "America/New_York", "answer_by": NOW, "gps": "52.61,13.52"},
        {"window": Window(NOW, NOW + timedelta(days=3))},
    ],
)
def test_an_unchanged_form_changes_nothing(changes: dict[str, object]) -> None:
    midnight = datetime(2026, 11, 27, 23, tzinfo=UTC)
    details = Details(Window(midnight, midnight + timedelta(days=1)), "Europe/Berlin", "Choir")
    details = replace(details, **changes)  # type: ignore[arg-type]
    assert details_of(filled(details, WORDS), WORDS, details) == details


def test_a_new_one_begins_soon() -> None:
    fields = empty(WORDS)
    assert (fields.day, fields.start, fields.end) == ("2026-11-24", "19:00", "21:00")


# -- the pages -----------------------------------------------------------------------------------


async def test_what_waits_for_us_comes_first(member: Client) -> None:
    text = await told(member, "/activities")
    order = [
        text.index(words) for words in ("Waits for your answer", "Choir &lt;script", "Planned")
    ]
    assert order == sorted(order)
    for words in ("You may come", "0 of 2 come", "another time?", "Thu 3 Dec to Fri 4 Dec"):
        assert words in text


async def test_who_comes_and_what_they_said(member: Client, backend: FakeBackend) -> None:
    suggestion = replace(backend.all_suggestions["sug-5"], id="sug-9", key="k", subject="act-1")
    ride = replace(backend.all_orders["ord-3"], id="ride", domain="ride", suggestion_id="sug-9")
    ride = replace(ride, about="ride:there:act-1")
    backend.all_orders["ride"] = ride
    backend.put(replace(suggestion, title="A ride to Fishing?"))
    text = await told(member, "/activities/act-1")
    for words in (
        "Ben", "“I bring &lt;i&gt;worms&lt;/i&gt;”",
        "dan@x.example proposes Thu 26 Nov 10:00–13:00.",
        "A ride to Fishing?", 'href="/orders/ride"', "Mill Lake", "Cancel it…",
    ):  # fmt: skip
        assert words in text, words
    assert "Your answer" not in text


async def test_a_wrong_form_comes_back_as_it_was(member: Client) -> None:
    sent = await member.form("/activities", summary="<b>x</b>", day="never", emails="a@b")
    text = await sent.text()
    assert sent.status == 400
    assert "date: expected a day" in text
    assert 'value="&lt;b&gt;x&lt;/b&gt;"' in text
    assert member.backend.activities.did == []


async def test_guests_are_ticked_or_written(member: Client) -> None:
    form = {"summary": "Tea", "day": "2026-11-29", "start": "15:00", "end": "17:00"}
    made = await member.form(
        "/activities", **form, **{"guest:ben": "1", "guest:mill": "1"}, emails=" eva@y.example；"
    )
    assert made.status == 400, "；is no comma of a list"
    made = await member.form(
        "/activities", **form, **{"guest:ben": "1", "guest:mill": "1"}, emails="eva@y.example，"
    )
    assert made.headers["Location"] == "/activities/act-3"
    assert member.backend.activities.did == [("create", ("ben", "eva@y.example"), "ada")]
    assert "Made, and its guests are asked." in await told(member, "/activities/act-3")


@pytest.mark.parametrize(
    ("path", "form", "did"),
    [
        (CHOIR, {"do": "answer", "answer": "TENTATIVE", "note": " late "},
         ("answer", "TENTATIVE", "ada", "late")),
        (CHOIR, {"do": "propose", "day": "2026-11-28", "start": "18:00", "end": "19:00"},
         ("propose", Window(datetime(2026, 11, 28, 17, tzinfo=UTC),
                            datetime(2026, 11, 28, 18, tzinfo=UTC)), "ada", "")),
        ("/activities/act-1", {"do": "note", "who": "mailto:dan@x.example", "answer": "DECLINED"},
         ("note_answer", "mailto:dan@x.example", "DECLINED", "ada")),
        ("/activities/act-1", {"do": "invite", "guest:cleo": "1"}, ("invite", ("cleo",), "ada")),
    ],
)  # fmt: skip
async def test_what_a_tap_does(
    member: Client, path: str, form: dict[str, str], did: tuple[object, ...]
) -> None:
    assert (await member.form(path, **form)).headers["Location"] == path
    assert member.backend.activities.did == [did]


async def test_changing_and_calling_off(member: Client) -> None:
    form = {"summary": "Fishing", "day": "2026-11-26", "start": "08:00", "end": "11:00"}
    assert (await member.form("/activities/act-1/edit", **form)).status == 303
    assert "Thu 26 Nov 08:00–11:00" in await told(member, "/activities/act-1")
    off = await member.form("/activities/act-1", do="cancel")
    assert off.headers["Location"] == "/activities"
    assert "Fishing" not in await told(member, "/activities")
    assert (await member.get("/activities/act-1")).status == 404


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        (CHOIR, {"do": "answer", "answer": "YES"}, 303),
        (CHOIR, {"do": "propose", "day": "2020-01-01", "start": "1:00", "end": "2:00"}, 303),
        ("/activities/act-1", {"do": "invite"}, 303),
        ("/activities/act-1", {"do": "delete"}, 400),
        ("/activities/none", {"do": "cancel"}, 404),
    ],
)
async def test_what_cannot_be_done_changes_nothing(
    member: Client, path: str, form: dict[str, str], status: int
) -> None:
    assert (await member.form(path, **form)).status == status
    assert member.backend.activities.did == []


async def test_only_who_made_it_changes_it_and_only_adults(client: Client) -> None:
    client.enter("kim")
    for path, form in (("/activities", {"summary": "x"}), (CHOIR, {"do": "answer"})):
        assert (await client.form(path, **form)).status == 403
    assert (await client.get("/activities/new")).status == 403
    assert "Accept" not in await told(client, CHOIR)
    client.enter("ada")
    assert (await client.get(f"{CHOIR}/edit")).status == 403
    assert client.backend.activities.did == []


async def test_making_inviting_and_answering_with_a_second_window(
    browser: Browser, base: str, backend: FakeBackend
) -> None:
    one = await visit(browser, base, "phone")
    two = await visit(browser, base, "desk", locale="zh-CN")
    for visitor in (one, two):
        await visitor.sign_in(backend)
    await two.go("/activities")
    await two.listening()
    page = one.page
    await one.go("/activities")
    await page.get_by_role("link", name="New").click()
    await page.get_by_label("What").fill("<script>document.title='x'</script>")
    await page.get_by_label("Date", exact=True).fill("2026-11-28")
    await page.get_by_label("Where").fill("<img src=x onerror=alert(1)>")
    await page.get_by_label("Birch <b>&</b> Sons").check()
    await page.get_by_role("button", name="Make it").click()
    await expect(page.get_by_role("status")).to_have_text("Made, and its guests are asked.")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("<script>")
    backend.changed()
    await expect(two.page.get_by_role("link", name="<script>document.title")).to_be_visible()
    await one.go(CHOIR)
    await page.get_by_label("A word to go with it").first.fill("gladly")
    await page.get_by_role("button", name="Accept").click()
    await expect(page.get_by_role("button", name="Accept")).to_have_attribute(
        "aria-pressed", "true"
    )
    await two.go(CHOIR)
    await expect(two.page.get_by_role("listitem").filter(has_text="Linden 5")).to_contain_text(
        "gladly"
    )
    await two.page.get_by_text("提议其他时间").click()
    await two.page.get_by_role("button", name="提议", exact=True).click()
    await expect(two.page.get_by_role("status")).to_have_text("已提议其他时间。")
    assert [did[0] for did in backend.activities.did] == ["create", "answer", "propose"]
    assert one.complaints == two.complaints == []
