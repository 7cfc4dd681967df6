"""Friends' households on their pages: invited, confirmed, limited, muted, removed."""

import pytest
from playwright.async_api import Browser, expect

from tests.web.conftest import Client
from tests.web.fake_backend import FakeBackend
from tests.web.test_browser import browser, visit

__all__ = ["browser"]


async def told(client: Client, path: str = "/friends") -> str:
    return await (await client.get(path)).text()


async def test_who_waits_for_us_comes_first(member: Client) -> None:
    text = await told(member)
    assert text.index("Mill House") < text.index("Birch &lt;b&gt;")
    for words in ("waits for you", "sees when you are busy", "chess, neighbours", "by e-mail"):
        assert words in text


async def test_an_invitation_is_shown_once_with_its_code(member: Client) -> None:
    made = await member.form("/friends/invite")
    text = await made.text()
    assert made.status == 200
    assert member.backend.friends.link in text
    assert 'class="qr"' in text
    assert made.headers["Cache-Control"] == "no-store"
    assert (await member.get("/friends/invite")).headers["Location"] == "/friends"


async def test_a_link_is_accepted_or_refused_in_a_line(member: Client) -> None:
    await member.form("/friends/accept", link=" web+commonhearth:contact/abc ")
    assert "New House is asked to confirm" in await told(member)
    await member.form("/friends/accept", link="https://evil.example/<script>")
    assert "expected a link that begins with" in await told(member)


@pytest.mark.parametrize(
    ("form", "says", "field", "value"),
    [
        ({"do": "mute"}, "is muted", "muted", True),
        ({"do": "unmute"}, "is heard again", "muted", False),
        ({"do": "limit", "sees": "nothing"}, "Noted what", "sees", "nothing"),
        ({"do": "place", "circles": "a, , 邻居，tea"}, "Noted", "circles", ("a", "邻居", "tea")),
        ({"do": "place", "circles": "<b>"}, "short name", "circles", ("chess", "neighbours")),
    ],
)  # fmt: skip
async def test_what_a_member_may_say_of_a_contact(
    member: Client, form: dict[str, str], says: str, field: str, value: object
) -> None:
    assert (await member.form("/friends/ben", **form)).status == 303
    assert says in await told(member, "/friends/ben")
    assert getattr(member.backend.friends.kept["ben"], field) == value


async def test_a_household_is_confirmed_and_removed(member: Client) -> None:
    await member.form("/friends/mill", do="confirm")
    assert member.backend.friends.kept["mill"].standing == "known"
    gone = await member.form("/friends/mill", do="remove")
    assert gone.headers["Location"] == "/friends"
    assert "Mill House is no contact any more." in await told(member)
    assert (await member.get("/friends/mill")).status == 404
    assert (await member.form("/friends/mill", do="mute")).status == 404


@pytest.mark.parametrize("form", [{}, {"do": "limit", "sees": "all"}, {"do": "rotate"}])
async def test_what_is_no_form_changes_nothing(member: Client, form: dict[str, str]) -> None:
    before = dict(member.backend.friends.kept)
    assert (await member.form("/friends/ben", **form)).status == 400
    assert member.backend.friends.kept == before


@pytest.mark.parametrize("who", ["kim", "guy"])
async def test_only_adults_decide_who_is_a_friend(client: Client, who: str) -> None:
    client.enter(who)
    for path, form in (
        ("/friends/invite", {}),
        ("/friends/accept", {"link": "web+commonhearth:contact/abc"}),
        ("/friends/ben", {"do": "remove"}),
    ):
        assert (await client.form(path, **form)).status == 403
    assert "ben" in client.backend.friends.kept
    assert "Make a link" not in await told(client)
    assert "Remove" not in await told(client, "/friends/ben")


async def test_a_forged_form_makes_no_friend(member: Client) -> None:
    assert (await member.post("/friends/invite", {"csrf": "x"})).status == 403


async def test_removing_asks_first_and_a_name_is_text(
    browser: Browser, base: str, backend: FakeBackend
) -> None:
    visitor = await visit(browser, base, "phone", locale="zh-CN")
    await visitor.sign_in(backend)
    await visitor.go("/friends")
    await visitor.listening()
    page = visitor.page
    await page.get_by_role("link", name="Birch <b>&</b> Sons").click()
    await visitor.listening()
    await page.get_by_label("圈子，用逗号分隔").fill("half written")
    backend.changed()
    await backend.friends.mute("ben", True)
    backend.changed()
    await expect(page.get_by_role("button", name="取消静音")).to_be_visible()
    await expect(page.get_by_label("圈子，用逗号分隔")).to_have_value("half written")
    remove = page.get_by_role("button", name="删除 Birch")
    await expect(remove).to_be_hidden()
    await page.get_by_text("删除…").click()
    await remove.click()
    await expect(page).to_have_url(base + "/friends")
    assert "ben" not in backend.friends.kept
    await page.get_by_role("button", name="生成链接").click()
    await expect(page.get_by_role("img", name="邀请的二维码")).to_be_visible()
    await page.get_by_role("button", name="复制链接").click()
    await expect(page.get_by_role("button", name="已复制")).to_be_visible()
    assert visitor.complaints == []


async def test_an_adult_begins_anew_with_a_provider_only_where_they_say_so(member: Client) -> None:
    page = await told(member, "/ledger")
    assert "The log of Corner Shop was rewritten." in page
    assert "Corner &lt;b&gt;Shop&lt;/b&gt;" in page
    path = "/ledger/providers/shop.example/anew"
    assert (await member.form(path)).status == 400
    assert member.backend.provider_logs.anew == []
    await member.form(path, sure="yes")
    assert member.backend.provider_logs.anew == [("shop.example", "ada")]
    assert "counts from now on as it is" in await told(member, "/ledger")


async def test_who_is_a_witness_is_agreed_on_the_friends_page_and_read_in_the_ledger(
    member: Client,
) -> None:
    await member.form("/friends/ben", do="witness", on="yes")
    assert "Noted who countersigns the log." in await told(member, "/friends/ben")
    assert member.backend.friends.kept["ben"].witness
    assert (await member.form("/friends/ben", do="witness", on="anew")).status == 400
    assert member.backend.friends.anew == []
    page = await told(member, "/friends/ben")
    assert "What it signed before proves nothing about it any more" in page
    await member.form("/friends/ben", do="witness", on="anew", sure="yes")
    assert member.backend.friends.anew == ["ben"]
    await member.form("/friends/ben", do="witness", on="no")
    assert not member.backend.friends.kept["ben"].witness
    assert (await member.form("/friends/ben", do="witness", on="?")).status == 400
    ledger = await (await member.get("/ledger")).text()
    assert "signed 120 entries" in ledger
    assert "The log of Mill House went back from 90 to 40 entries." in ledger
    assert "not heard since" in ledger
    assert "Birch &lt;b&gt;&amp;&lt;/b&gt; Sons" in ledger
    assert "Witnesses" not in await (await member.get("/ledger?subject=milk")).text()
