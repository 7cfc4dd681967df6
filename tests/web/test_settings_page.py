"""The settings page: what hub.yaml says, without what opens something; other files as text."""

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from hub.settings import Settings
from hub.web.settingspages import SECRET, entries, parts
from tests.web.conftest import Client
from tests.web.fake_backend import FakeBackend

LIKE_A_SECRET = re.compile("password|token|secret|topic$|apprise|passphrase")
HARMLESS = ("_file", "notice_topics", "topics")
"""Files are named, not shown; these topics are the broker's."""


def keys(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[str]:
    if model in seen:
        return
    seen.add(model)
    for name, field in model.model_fields.items():
        yield name
        for kind in _models(field.annotation):
            yield from keys(kind, seen)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for one in getattr(annotation, "__args__", ()):
        yield from _models(one)


def test_every_key_that_opens_something_is_hidden() -> None:
    found = {name for name in keys(Settings, set()) if LIKE_A_SECRET.search(name)}
    assert found - SECRET == {name for name in found if name.endswith(HARMLESS)}
    assert found >= SECRET


def test_what_is_secret_is_said_to_be_set_and_not_shown() -> None:
    settings = Settings.model_validate(
        {
            "mqtt": {"url": "mqtt://hub:s3cret@broker.local", "password": "s3cret"},
            "members": [
                {
                    "id": "ada",
                    "name": "Ada",
                    "ntfy": {"topic": "s3cret", "token": "tk_s3cret"},
                    "apprise": ["mailto://ada:s3cret@mail.example"],
                }
            ],
        }
    )
    lines = {f"{part.name}.{line.key}": line for part in parts(settings) for line in part.lines}
    assert "s3cret" not in str(lines)
    assert lines["mqtt.url"].value == "mqtt://broker.local"
    assert lines["mqtt.password"].secret
    assert lines["members.1.name"].value == "Ada"
    assert lines["members.1.ntfy.topic"].secret
    assert lines["members.1.apprise"].secret


def test_each_entry_of_a_list_is_shown_together_and_by_its_name() -> None:
    settings = Settings.model_validate(
        {
            "members": [
                {"id": "ada", "name": "Ada", "ntfy": {}, "questions": []},
                {"id": "ben", "name": "Ben", "role": "child"},
            ],
            "beckn": {
                "registries": [{"url": "https://ada:s3cret@net.example"}],
                "ttl": 40,
            },
        }
    )
    shown = {
        part.name: [
            (one.place, one.name, [(line.key, line.value) for line in one.lines])
            for one in entries(part)
        ]
        for part in parts(settings)
    }
    assert shown["members"] == [
        ("1", "Ada", [("id", "ada"), ("ntfy", "{}"), ("questions", "[]")]),
        ("2", "Ben", [("id", "ben"), ("role", "child")]),
    ]
    assert shown["beckn"] == [
        ("", "", [("ttl", "40")]),
        ("registries.1", "", [("url", "https://net.example")]),
    ]
    flat = [line.key for part in parts(settings) for line in part.lines]
    assert {"1.name", "registries.1.url", "ttl"} <= set(flat), "programs find it by the whole key"


async def test_an_adult_finds_how_those_are_asked_for_whom_they_may_say_it(
    member: Client,
) -> None:
    page = await (await member.get("/settings")).text()
    assert re.findall(r'href="/you/asking/(\w+)"', page) == ["ada", "kim", "guy"]
    assert re.findall(r'<h3 class="title entry">(\w+)</h3>', page) == ["Ada", "Ben", "Kim", "Guy"]


async def test_an_adult_sees_the_settings_and_where_they_are_changed(member: Client) -> None:
    page = await (await member.get("/settings")).text()
    assert "members</code></h2>" in page
    assert 'href="/welcome/members"' in page
    assert 'href="/settings/files/pantry.yaml"' in page
    assert "hub.yaml" not in re.findall(r'href="/settings/files/([^"]*)"', page)
    assert (await member.get("/settings/files/hub.yaml")).status == 404
    assert (await member.get("/settings/files/..%2Fhub.yaml")).status == 404


@pytest.mark.parametrize("path", ["/settings", "/settings/files/pantry.yaml"])
async def test_children_see_none_of_it(client: Client, path: str) -> None:
    client.enter("kim")
    assert (await client.get(path)).status == 403
    assert (await client.form("/settings/files/pantry.yaml", text="", stamp="")).status == 403


async def _shown(member: Client) -> tuple[str, str]:
    page = await (await member.get("/settings/files/pantry.yaml")).text()
    (source,) = re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    (stamp,) = re.findall(r'name="stamp" value="([^"]*)"', page)
    return html.unescape(source), stamp


async def test_the_pantry_is_written_as_text(member: Client, backend: FakeBackend) -> None:
    text, stamp = await _shown(member)
    assert text == (backend.folder / "pantry.yaml").read_text()
    new = text + "  # from the page\n"
    saved = await member.form("/settings/files/pantry.yaml", text=new, stamp=stamp)
    assert saved.status == 303
    assert (backend.folder / "pantry.yaml").read_text() == new
    late = await member.form("/settings/files/pantry.yaml", text=text, stamp=stamp)
    assert late.status == 409
    assert (backend.folder / "pantry.yaml").read_text() == new


async def test_a_mistake_is_told_with_its_line_and_not_written(
    member: Client, backend: FakeBackend
) -> None:
    text, stamp = await _shown(member)
    wrong = "items:\n  milk:\n    unit: l\n    par: <b>much</b>\n"
    told = await member.form("/settings/files/pantry.yaml/check", text=wrong)
    assert {one["line"] for one in (await told.json())["problems"]} == {4}
    refused = await member.form("/settings/files/pantry.yaml", text=wrong, stamp=stamp)
    assert refused.status == 400
    page = await refused.text()
    assert "<b>much" not in page
    assert "&lt;b&gt;much" in page
    assert (backend.folder / "pantry.yaml").read_text() == text


async def test_what_the_hub_is_and_what_waits_for_a_restart_is_told(
    member: Client, backend: FakeBackend
) -> None:
    page = await (await member.get("/settings")).text()
    about = backend.about()
    for told in (about.version, about.log_fingerprint, html.escape(about.log_key)):
        assert f">{told}<" in page
    assert 'href="/privacy"' in page
    assert 'href="/ledger"' in page
    assert "There is none." in page
    (public,) = re.findall(r"<dt><code>public_url</code></dt>(.*?)</div>", page)
    assert "changed with a restart" in public
    assert page.count("changed with a restart") == 1
    assert "hub.yaml has now" not in page
    backend.unread = ("http.port",)
    page = await (await member.get("/settings")).text()
    assert "<code>http.port</code>" in page[page.index("hub.yaml has now") :]
