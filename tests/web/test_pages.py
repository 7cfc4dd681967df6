"""What the pages show, and what their forms do."""

import html
import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from aiohttp import ClientResponse

from hub.domain.money import Money
from hub.domain.suggestions import Because
from hub.settings import ApproveSettings
from hub.web.pages import read_answer, readable
from hub.web.words import Words, duration
from tests.web.conftest import Client
from tests.web.fake_backend import NOW, FakeBackend, eur

WORDS = Words(ZoneInfo("Europe/Berlin"), NOW)


async def _text(response: ClientResponse) -> str:
    """Return what a person reads on a page."""
    assert response.status == 200
    page = re.sub(r"<(script|style|svg)\b.*?</\1>", "", await response.text(), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


async def test_the_inbox_says_why_what_who_how_much_and_until_when(member: Client) -> None:
    text = await _text(await member.get("/"))
    for words in (
        "3 suggestions wait for you",
        "Order oat milk, eggs and bread",
        "Oat milk is down to 0.4 l; you keep at least 2 l",
        "Green Corner",
        "1.79 EUR each",
        "today 18:00–20:00 · 2.90 EUR",
        "15.51 EUR",
        "No rye bread there",
        "name, address, area code, phone",
        "(to bring the order)",
        "Answer by today 22:20, in 5 hours",
        "Collecting offers…",
        "Heating off in Lindenweg",
        "Recently decided",
        "Market Hall Express has no eggs left.",
    ):
        assert words in text
    assert "Exercise: gas alarm" not in text


async def test_an_empty_inbox_explains_itself(member: Client, backend: FakeBackend) -> None:
    backend.all_suggestions.clear()
    text = await _text(await member.get("/"))
    assert "Nothing needs you" in text
    assert "before you approve" in text
    backend.all_orders.clear()
    backend.items = ()
    assert "No orders yet" in await _text(await member.get("/orders"))
    assert "The pantry is empty" in await _text(await member.get("/pantry"))


async def test_approving_an_offer(member: Client, backend: FakeBackend) -> None:
    response = await member.form(
        "/suggestions/sug-1/decision",
        version=2,
        verb="approve",
        option="opt-1",
        slot="slot-0-17",
        slot_was="slot-0-17",
        **{"count:oat-1l": 3, "count:eggs-10": 1, "count:rye-750": 1},
    )
    assert (response.status, response.headers["Location"]) == (303, "/")
    (decision,) = backend.decisions
    assert (decision.verb, decision.member, decision.via) == ("approve", "ada", "web")
    assert (decision.option, dict(decision.counts), decision.slot_id) == ("opt-1", {}, None)
    told = "Approved by Ada; ordering at Green Corner for 15.51 EUR."
    assert (await (await member.get("/", X_Live="1")).text()).count(told) == 1
    assert (await (await member.get("/")).text()).count(told) == 2
    assert (await (await member.get("/")).text()).count(told) == 1


async def test_changing_pieces_and_window_asks_for_a_price(
    member: Client, backend: FakeBackend
) -> None:
    await member.form(
        "/suggestions/sug-1/decision",
        version=2,
        verb="approve",
        option="opt-1",
        slot="slot-1-8",
        slot_was="slot-0-17",
        **{"count:oat-1l": 5, "count:eggs-10": 0, "count:rye-750": 1},
    )
    (decision,) = backend.decisions
    assert dict(decision.counts) == {"oat-1l": 5, "eggs-10": 0}
    assert decision.slot_id == "slot-1-8"
    text = await _text(await member.get("/"))
    assert "The new price is asked for." in text
    assert "Waiting for Green Corner to name the new price" in text


async def test_a_window_that_is_offered_no_more_is_not_changed_unasked(
    member: Client, backend: FakeBackend
) -> None:
    backend.offered["ord-1"] = backend.offered["ord-1"][1:]
    page = await (await member.get("/")).text()
    assert '<option value="" selected>today 18:00–20:00</option>' in page
    await member.form(
        "/suggestions/sug-1/decision",
        version=2,
        verb="approve",
        option="opt-1",
        slot="",
        slot_was="",
    )
    assert backend.decisions[0].slot_id is None


@pytest.mark.parametrize("verb", ["later", "decline"])
async def test_other_answers(member: Client, backend: FakeBackend, verb: str) -> None:
    response = await member.form("/suggestions/sug-2/decision", version=1, verb=verb, back="one")
    assert response.headers["Location"] == "/suggestions/sug-2"
    assert backend.decisions[0].verb == verb
    said = {"later": "asks again at 18:20", "decline": "Declined by Ada."}[verb]
    assert said in await _text(await member.get("/suggestions/sug-2"))


async def test_a_stale_form_is_refused_in_words(member: Client, backend: FakeBackend) -> None:
    await member.form("/suggestions/sug-1/decision", version=1, verb="decline")
    assert "has changed since you were asked" in await _text(await member.get("/"))
    assert backend.all_suggestions["sug-1"].open


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"version": "2"}, "verb: expected one of"),
        ({"verb": "burn", "version": "2"}, "verb: expected one of"),
        ({"verb": "approve", "version": "-1"}, "version: expected a whole number"),
        ({"verb": "approve", "version": "٣"}, "version: expected a whole number"),
        ({"verb": "approve", "version": "2", "count:oat-1l": "1e9"}, "pieces: expected"),
        ({"verb": "approve", "version": "2", "count:oat-1l": "99999"}, "pieces: expected"),
    ],
)
async def test_odd_forms_are_told_what_is_wrong(
    member: Client, backend: FakeBackend, fields: dict[str, str], said: str
) -> None:
    await member.form("/suggestions/sug-1/decision", **fields)
    assert said in await _text(await member.get("/"))
    assert backend.decisions == []


def test_too_many_changed_lines_are_refused() -> None:
    suggestion = FakeBackend().all_suggestions["sug-1"]
    form = {"verb": "approve", "version": "2", **{f"count:{n}": "1" for n in range(201)}}
    with pytest.raises(ValueError, match="at most 200"):
        read_answer(form, suggestion, "ada")


async def test_children_look_but_do_not_decide(client: Client) -> None:
    client.enter("kim")
    page = await (await client.get("/")).text()
    assert "An adult of the household decides this." in page
    assert 'value="approve"' in page
    assert '<button class="primary"' not in page
    assert "Decline</button>" not in page


async def test_a_child_sees_buttons_for_what_it_may_approve(
    client: Client, backend: FakeBackend
) -> None:
    cheapest, dearest = sorted(
        one.total.amount for one in backend.all_suggestions["sug-1"].options
    )[:: len(backend.all_suggestions["sug-1"].options) - 1]
    assert cheapest < dearest
    members = [
        one.model_copy(update={"approves": ApproveSettings(up_to=f"{cheapest} EUR")})
        if one.id == "kim"
        else one
        for one in backend.settings.members
    ]
    backend.settings = backend.settings.model_copy(update={"members": tuple(members)})
    client.enter("kim")
    page = await (await client.get("/suggestions/sug-1")).text()
    assert page.count('<button class="primary"') == 1
    assert f"Approve · {cheapest}" in page
    assert "That is more than you may approve" in page
    assert "Decline</button>" in page
    assert 'value="never"' not in page
    assert 'name="scope" data-was' not in page


async def test_what_is_past_its_deadline_cannot_be_answered(
    member: Client, backend: FakeBackend
) -> None:
    backend.instant += timedelta(hours=6)
    text = await _text(await member.get("/suggestions/sug-1"))
    assert "Expired today 22:20" in text
    assert "Decline" not in text


async def test_one_suggestion_shows_its_rule_and_where_its_reasons_are_noted(
    member: Client,
) -> None:
    text = await _text(await member.get("/suggestions/sug-1"))
    assert "when stock of milk is below par, propose a grocery order" in text
    assert "in the ledger under 1041, 1038, 1042" in text


async def test_a_decided_suggestion_tells_its_outcome(member: Client) -> None:
    text = await _text(await member.get("/suggestions/sug-3"))
    assert "Done. Green Corner confirmed" in text
    assert "Approve" not in text


async def test_everything_shown_is_escaped(member: Client, backend: FakeBackend) -> None:
    attack = '"><script>alert(1)</script>'
    order = backend.all_orders["ord-1"]
    backend.all_orders["ord-1"] = replace(order, provider_name=attack, note=attack)
    found = backend.all_suggestions["sug-1"]
    option = replace(found.options[0], provider_name=attack, note=attack, id=attack)
    backend.put(
        replace(found, title=attack, body=attack, because=(Because(attack),), options=(option,))
    )
    for path in ("/", "/suggestions/sug-1", "/orders", "/orders/ord-1", "/parked"):
        page = await (await member.get(path)).text()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


async def test_the_pantry_and_counting_by_hand(member: Client, backend: FakeBackend) -> None:
    text = await _text(await member.get("/pantry"))
    assert "Oat milk 0.4 l" in text
    assert "Buy below 2 l. Lasts about 6 hours. +3 l on the way." in text
    assert "Coffee beans not known" in text
    assert (await member.form("/pantry/coffee", quantity="125,5")).status == 303
    assert backend.levels["coffee"].quantity == 125.5
    assert "Noted: 125.5 g." in await _text(await member.get("/pantry"))
    for wrong in ("-1", "nan", "inf", "many", ""):
        await member.form("/pantry/coffee", quantity=wrong)
        assert "expected a number, 0 or more" in await _text(await member.get("/pantry"))
    assert backend.levels["coffee"].quantity == 125.5
    assert (await member.form("/pantry/gold", quantity=1)).status == 404


async def test_guests_do_not_count(client: Client) -> None:
    client.enter("guy")
    assert (await client.form("/pantry/coffee", quantity=1)).status == 403
    assert "Set</button>" not in await (await client.get("/pantry")).text()


async def test_an_order_shows_how_far_it_is_and_what_it_costs(member: Client) -> None:
    text = await _text(await member.get("/orders/ord-3"))
    for words in ("confirmed", "GC-20931", "× 3", "Delivery 2.90 EUR", "Total 8.27 EUR", "Packed"):
        assert words in text
    failed = await _text(await member.get("/orders/ord-4"))
    assert "Failed. Market Hall Express has no eggs left." in failed


async def test_devices_notices_and_what_was_not_understood(member: Client) -> None:
    devices = await _text(await member.get("/devices"))
    assert "litres of Oat milk" in await _text(await member.get("/devices/sensor.milk"))
    assert "unavailable" in devices
    assert "1 announced but not used" in devices
    notices = await _text(await member.get("/notices"))
    assert "Exercise: no alarm" in notices
    assert "today 16:20 – today 20:20" in notices
    parked = await _text(await member.get("/parked"))
    assert "expected a number, 0 or more, got NaN" in parked
    assert "3 times" in parked


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b"plain", "plain"),
        (b"\xff\x00\n", "\\xff\\x00\\x0a"),
        ("Grüße".encode(), "Grüße"),
        ("\u202eevil".encode(), "\\x202eevil"),
        (b"x" * 500, "x" * 240),
    ],
)
def test_payloads_are_made_readable(payload: bytes, text: str) -> None:
    assert readable(payload) == text


def test_words_for_instants_spans_and_amounts() -> None:
    assert WORDS.local(NOW) == "today 17:20"
    assert WORDS.local(NOW + timedelta(hours=7)) == "tomorrow 00:20"
    assert WORDS.local(NOW - timedelta(days=1)) == "yesterday 17:20"
    assert WORDS.local(NOW + timedelta(days=4)) == "Sat 28 Nov 17:20"
    assert WORDS.local(NOW + timedelta(days=60)) == "Sat 23 Jan 2027 17:20"
    assert WORDS.until(NOW + timedelta(minutes=90)) == "today 18:50, in 90 minutes"
    assert WORDS.until(NOW) == "today 17:20, which is past"
    assert WORDS.ago(NOW - timedelta(seconds=20)) == "just now"
    assert WORDS.ago(NOW - timedelta(seconds=61)) == "1 minute ago"
    assert [duration(s) for s in (5, 60, 3599, 3600, 86400, 172800)] == [
        "a moment", "1 minute", "1 hour", "1 hour", "24 hours", "2 days",
    ]  # fmt: skip
    assert WORDS.money(Money(Decimal("12.4"), "EUR")) == "12.40\xa0EUR"
    assert WORDS.money(Money(Decimal("1200"), "JPY")) == "1200\xa0JPY"
    assert [WORDS.amount(q) for q in (0.1 + 0.2, 12, Decimal("2.50"))] == ["0.3", "12", "2.5"]
    assert WORDS.lasts(0.4) == "less than an hour"


def _crowd(backend: FakeBackend, count: int) -> None:
    one = next(s for s in backend.all_suggestions.values() if s.open)
    backend.all_suggestions = {
        f"many-{n}": replace(one, id=f"many-{n}", title=f"Suggestion number {n}.")
        for n in range(count)
    }


async def test_a_full_inbox_comes_in_pages(member: Client, backend: FakeBackend) -> None:
    _crowd(backend, 25)
    first = await _text(await member.get("/"))
    assert "25 suggestions wait for you" in first
    assert "Suggestion number 9." in first
    assert "Suggestion number 10." not in first
    assert "Page 1 of 3" in first
    last = await _text(await member.get("/?page=3"))
    assert "Suggestion number 24." in last
    assert "Suggestion number 19." not in last
    assert "Newer" in last
    assert "Older" not in last
    for beyond in ("4", "99999", "0", "-1", "x", "²"):
        shown = await _text(await member.get(f"/?page={beyond}"))
        assert "Page 3 of 3" in shown or "Page 1 of 3" in shown


async def test_an_answer_leads_back_to_the_page_it_was_given_on(
    member: Client, backend: FakeBackend
) -> None:
    _crowd(backend, 25)
    page = await (await member.get("/?page=2")).text()
    assert 'name="back" value="2"' in page
    suggestion = backend.all_suggestions["many-12"]
    answered = await member.form(
        "/suggestions/many-12/decision", verb="decline", version=suggestion.version, back="2"
    )
    assert answered.headers["Location"] == "/?page=2"


async def test_texts_are_packed_for_who_is_signed_in(member: Client, backend: FakeBackend) -> None:
    _crowd(backend, 10)
    page = await member.get("/", Accept_Encoding="gzip")
    assert page.headers["Content-Encoding"] == "gzip"
    assert page.headers["Vary"] == "Accept-Encoding"
    assert int(page.headers["Content-Length"]) * 5 < len(await page.text())
    assert "Content-Encoding" not in (await member.get("/", Accept_Encoding="identity")).headers


async def test_what_anybody_sees_is_not_packed_but_for_files(client: Client) -> None:
    sign_in = await client.get("/sign-in?next=/pantry", Accept_Encoding="gzip")
    assert "Content-Encoding" not in sign_in.headers
    styles = await client.get("/static/app.css", Accept_Encoding="gzip")
    assert styles.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in (await client.get("/static/icon-512.png")).headers


RULE = """id: milk
name: Milk
when:
  stock_below_par: {item: milk, below: 2}
if: now.hour >= 7
propose:
  kind: grocery_order
  items: [milk]
  after: "18:00"
quiet_hours: "off"
escalate: {after: 45m, to: [ben]}
ask: everyone
cooldown: 4h"""


async def test_a_suggestion_shows_its_rule_as_it_was_then(
    member: Client, backend: FakeBackend
) -> None:
    backend.put(replace(backend.all_suggestions["sug-1"], rule_text=RULE, rule_version="abc123"))
    text = await _text(await member.get("/suggestions/sug-1"))
    for words in (
        "version abc123",
        "When Oat milk falls below 2.",
        "Only if: now.hour >= 7",
        "It proposes to order: Oat milk. Delivered after 18:00.",
        "It speaks to everyone, children too.",
        "At night as well.",
        "Where nobody answers for 45 min, it asks as well: ben.",
        "Then it is silent about the same thing for 4 h.",
        "The rule is not in force any more. This is what it said then.",
        "stock_below_par: {item: milk, below: 2}",
    ):
        assert words in text
    in_force = backend.files.rules()[0]
    as_it_is = replace(
        backend.all_suggestions["sug-1"],
        rule_id=in_force.id,
        rule_version=in_force.version,
        rule_text=in_force.text,
    )
    backend.put(as_it_is)
    assert "This is what it said then" not in await _text(await member.get("/suggestions/sug-1"))
    backend.put(replace(as_it_is, rule_version="older"))
    text = await _text(await member.get("/suggestions/sug-1"))
    assert "The rule has been changed since. This is what it said then." in text


async def test_what_was_only_asked_for_does_not_stand_among_orders(
    member: Client, backend: FakeBackend
) -> None:
    asked = next(iter(backend.all_orders.values()))
    backend.all_orders.clear()
    backend.all_orders["a"] = replace(asked, id="a", provider_name="Only Asked")
    backend.all_orders["b"] = replace(
        asked, id="b", provider_name="Agreed", state="cancelled", approved_total=eur("5")
    )
    page = await (await member.get("/orders")).text()
    assert page.index("Agreed") < page.index('id="asked"') < page.index("Only Asked")
    assert "1 offer was asked for, nothing ordered" in page
    del backend.all_orders["b"]
    page = await (await member.get("/orders")).text()
    assert page.index("No orders yet") < page.index("Only Asked")
