"""Pictures: drawn from what is known, without scripts, within a strict policy."""

import base64
import hashlib
import re
from datetime import date, timedelta
from decimal import Decimal
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

from hub.domain.money import Money
from hub.domain.stock import StockPoint
from hub.web import charts
from hub.web.backend import Spent
from hub.web.spending import summed
from tests.web.conftest import Client
from tests.web.fake_backend import NOW, FakeBackend

POINTS = [StockPoint(NOW - timedelta(hours=n), n / 10) for n in range(40, 0, -1)]


@pytest.mark.parametrize("points", [POINTS, POINTS[:1], []])
@pytest.mark.parametrize("left", [None, 0.0, 5.0, 5000.0])
def test_a_level_is_drawn_whatever_is_known(points: list[StockPoint], left: float | None) -> None:
    drawn = charts.level(points, now=NOW, say=lambda at: f"{at:%H:%M}", hours_left=left, par=1.0)
    tags = {str(part.tag).rpartition("}")[2] for part in ElementTree.fromstring(drawn).iter()}
    assert "path" in tags or not points
    assert not tags & {"script", "image", "foreignObject"}
    assert b"style=" not in drawn
    assert len(drawn) < 12_000


def test_names_of_providers_stay_text() -> None:
    drawn = charts.money(
        ["Nov"], {"<script>alert(1)</script>": [12.5], **{f"s{n}": [1] for n in range(9)}}
    )
    assert b"<script" not in drawn
    assert b"&lt;script&gt;" in drawn


async def test_a_picture_allows_its_own_style_and_nothing_else(member: Client) -> None:
    for path in ("/pantry/milk/level.svg", "/spending.svg"):
        response = await member.get(path)
        assert response.content_type == "image/svg+xml"
        body = await response.text()
        (style,) = re.findall(r"<style>(.*?)</style>", body, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        policy = response.headers["Content-Security-Policy"]
        assert f"'sha256-{digest}'" in policy
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
    assert (await member.get("/pantry/none/level.svg")).status == 404


async def test_an_items_page_says_when_it_is_gone(member: Client, backend: FakeBackend) -> None:
    page = await (await member.get("/pantry/milk")).text()
    assert 'src="/pantry/milk/level.svg?' in page
    assert "used up today 23:32 at this rate" in page
    assert "level.svg" not in await (await member.get("/pantry/eggs")).text()
    response = await member.form("/pantry/milk", quantity="1,5", back="one")
    assert response.headers["Location"] == "/pantry/milk"
    assert backend.levels["milk"].quantity == 1.5


def _spent(days: int, provider: str, amount: str, currency: str = "EUR") -> Spent:
    return Spent(NOW - timedelta(days=days), provider, Money(Decimal(amount), currency))


def test_sums_are_exact_and_by_the_households_months() -> None:
    zone = ZoneInfo("Europe/Berlin")
    late = Spent(
        NOW.replace(month=10, day=31, hour=23, minute=30), "A", Money(Decimal("0.10"), "EUR")
    )
    found = summed(
        [late, _spent(0, "A", "0.20"), _spent(0, "B", "9"), _spent(1, "A", "5", "CHF")], zone
    )
    assert found is not None
    assert found.months == (date(2026, 11, 1),)
    assert found.money(date(2026, 11, 1), "A") == Money(Decimal("0.30"), "EUR")
    assert str(found.money(date(2026, 11, 1)).amount) == "9.30"
    assert (found.providers, found.others) == (("B", "A"), 1)
    assert summed([], zone) is None


def test_many_providers_become_few_columns() -> None:
    found = summed([_spent(1, f"P{n}", str(n)) for n in range(1, 9)], ZoneInfo("UTC"))
    assert found is not None
    assert found.providers == ("P8", "P7", "P6", "P5", "")
    assert found.money(found.months[0], "").amount == 1 + 2 + 3 + 4


async def test_orders_show_what_they_cost(member: Client, backend: FakeBackend) -> None:
    page = await (await member.get("/orders")).text()
    assert "Nov 2026" in page
    assert "Bäckerei &lt;Süß&gt;" in page
    backend.spent = lambda since: []  # type: ignore[method-assign]
    assert "/spending.svg" not in await (await member.get("/orders")).text()
    assert (await member.get("/spending.svg")).status == 404
