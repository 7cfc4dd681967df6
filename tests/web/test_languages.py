"""Every text of the pages is there in every language, and the compiled catalogues are current."""

import ast
import importlib.util
import re
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest

from hub.web.i18n import LANGUAGES, LOCALE, TAGS, translations
from hub.web.ledgerwords import SAID, sentence
from hub.web.words import Words
from tests.web.conftest import ROOT, Client
from tests.web.fake_backend import NOW, FakeBackend

OTHERS = [language for language in LANGUAGES if language != "en"]


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("translations", ROOT / "script/translations.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_missing_or_doubtful(language: str) -> None:
    """When this fails, run script/translations and translate what it names."""
    script = _script()
    assert script.gaps(language) == []
    kept = LOCALE / language / "LC_MESSAGES" / "web.mo"
    assert kept.read_bytes() == script.compiled(language)


def test_a_gap_would_be_found() -> None:
    script = _script()
    assert any(line.startswith("missing: ") for line in script.gaps("de"))


def test_what_the_templates_say_is_collected() -> None:
    found = {str(message.id) for message in _script().template()}
    assert "Nothing needs you" in found
    assert "waits for an answer" in found
    assert len(found) > 300


@pytest.mark.parametrize("language", OTHERS)
def test_blanks_are_the_same(language: str) -> None:
    """A translation that drops or invents a blank would lose a fact, or fail."""
    blank = re.compile(r"%\((\w+)\)|\{(\w+)\}")
    for message in _script().catalogue(language):
        if message.id:
            said = message.id[0] if isinstance(message.id, tuple) else message.id
            texts = message.string if isinstance(message.string, tuple) else (message.string,)
            if isinstance(message.id, tuple):
                said = message.id[1]
            for text in texts:
                assert set(blank.findall(text)) == set(blank.findall(said)), said


def test_templates_hold_no_untold_words() -> None:
    """Words between tags belong into a translatable text."""
    for file in sorted((ROOT / "hub/web/templates").glob("*.html")):
        text = file.read_text()
        text = re.sub(r"{%-? *trans.*?endtrans *-?%}", "", text, flags=re.DOTALL)
        text = re.sub(r"{#.*?#}|{{.*?}}|{%.*?%}", "", text, flags=re.DOTALL)
        text = re.sub(r"<(style|script|svg|code)\b.*?</\1>|<[^>]*>", "", text, flags=re.DOTALL)
        text = re.sub(r'[\w-]+="[^"]*"', "", text)
        assert re.findall(r"[A-Za-z]{2,}", text) == [], file.name


@pytest.mark.parametrize(
    "path", ["/", "/pantry", "/orders/ord-3", "/ledger", "/rules", "/you", "/suggestions/sug-3"]
)
async def test_chinese_pages(member: Client, path: str) -> None:
    english = await (await member.get(path)).text()
    chinese = await (await member.get(path, Accept_Language="zh-CN,zh;q=0.9")).text()
    assert '<html lang="zh-Hans"' in chinese
    assert '<html lang="en"' in english
    for word in ("<span>Pantry<", "<span>Orders<", '"Sign out"'):
        assert word in english
        assert word not in chinese
    assert "食品柜" in chinese


def test_instants_and_spans_in_chinese() -> None:
    say = Words(ZoneInfo("Europe/Berlin"), NOW, "zh")
    assert say.local(NOW) == "今天 17:20"
    assert say.local(NOW.replace(day=28)) == "11月28日周六 17:20"
    assert say.local(NOW.replace(year=2027, month=1)) == "2027年1月24日周日 17:20"
    assert say.ago(NOW.replace(hour=12)) == "4 小时前"
    assert say.lasts(0.3) == "不到一小时"


_BY_HAND = re.compile(r"%\((\w+)\)s")


SPEAKING = {
    "DecisionResult",
    "end",
    "give_up",
    "drop",
    "fail",
    "say",
    "tell",
    "Because",
    "take_back",
}
"""Calls whose texts members read as they stand."""


def test_the_hub_says_nothing_to_members_that_cannot_be_translated() -> None:
    """A sentence goes through ``phrase``; what a household wrote itself is no constant."""
    found = []
    for file in sorted((ROOT / "hub/flow").rglob("*.py")):
        for call in ast.walk(ast.parse(file.read_text())):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
                continue
            if call.func.id not in SPEAKING:
                continue
            for said in [*call.args, *(keyword.value for keyword in call.keywords)]:
                parts = said.values if isinstance(said, ast.JoinedStr) else [said]
                words = [one.value for one in parts if isinstance(one, ast.Constant)]
                if any(
                    isinstance(one, str) and re.search(r"[a-z]{2,} [a-z]", one) for one in words
                ):
                    found.append(f"{file.name}:{said.lineno}")
    assert found == []


def _written() -> set[str]:
    """Return the kinds of entries that the hub writes, as far as they stand in it as words."""
    found = set()
    for file in (ROOT / "hub").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            first = node.args[0] if node.func.id in ("Entry", "Noted") and node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.add(first.value)
    return found


def test_each_kind_of_entry_that_is_written_has_words() -> None:
    written = _written()
    assert {"suggested", "meal_proposed", "ticked_off"} <= written
    made = {"on_select_received", "discover_sent", "confirm_undelivered", "order_in_progress"}
    assert [kind for kind in sorted(written | made) if sentence(kind) is None] == []
    assert sentence("unheard_of") is None


@pytest.mark.parametrize("kind", sorted(SAID))
async def test_every_kind_of_entry_can_be_said(kind: str, backend: FakeBackend) -> None:
    for language in LANGUAGES:
        said = translations(language).gettext(SAID[kind])
        assert sorted(_BY_HAND.findall(said)) == sorted(_BY_HAND.findall(SAID[kind]))
    assert set(TAGS) == set(LANGUAGES)
