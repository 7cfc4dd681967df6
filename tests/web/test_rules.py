"""Rules and devices changed on pages: the files stay the household's own."""

import html
import re

import pytest

from tests.web.conftest import Client
from tests.web.fake_backend import FakeBackend

RULE = "rules/groceries.yaml"


def _read(backend: FakeBackend, name: str = RULE) -> str:
    return (backend.folder / name).read_text()


async def _stamp(member: Client, name: str = "groceries.yaml") -> str:
    page = await (await member.get(f"/rules/files/{name}")).text()
    return re.findall(r'name="stamp" value="(\w+)"', page)[0]


async def test_rules_are_listed_in_words(member: Client) -> None:
    page = html.unescape(await (await member.get("/rules")).text())
    for said in ("any item falls below its par", "last fired 20 hours ago", "has not fired yet"):
        assert said in page


async def test_the_text_is_the_file(member: Client, backend: FakeBackend) -> None:
    before = _read(backend)
    page = await (await member.get("/rules/files/groceries.yaml")).text()
    source = re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)[0]
    assert html.unescape(source) == before
    changed = before.replace("cooldown: 4h", "cooldown: 2h  # shorter")
    response = await member.form(
        "/rules/files/groceries.yaml",
        text=changed.replace("\n", "\r\n"),
        stamp=await _stamp(member),
    )
    assert response.status == 303
    assert _read(backend) == changed
    assert (backend.folder / RULE).stat().st_mode & 0o777 == 0o644


async def test_a_mistake_is_told_with_its_place_and_not_saved(
    member: Client, backend: FakeBackend
) -> None:
    before = _read(backend)
    wrong = before.replace("item: any", "item: mlik")
    check = await member.form("/rules/files/groceries.yaml/check", text=wrong)
    (problem,) = (await check.json())["problems"]
    assert problem["message"].startswith("when.stock_below_par.item: mlik is not in the pantry")
    assert wrong.splitlines()[problem["line"] - 1][problem["column"] - 1 :].startswith("mlik")
    response = await member.form(
        "/rules/files/groceries.yaml", text=wrong, stamp=await _stamp(member)
    )
    assert response.status == 400
    page = await response.text()
    assert "mlik is not in the pantry" in page
    assert "item: mlik" in page
    assert _read(backend) == before
    nonsense = await member.form("/rules/files/groceries.yaml/check", text="{[\x00")
    assert len((await nonsense.json())["problems"]) >= 1


async def test_nobody_elses_change_is_overwritten(member: Client, backend: FakeBackend) -> None:
    stamp = await _stamp(member)
    theirs = _read(backend) + "# theirs\n"
    (backend.folder / RULE).write_text(theirs)
    response = await member.form("/rules/files/groceries.yaml", text="rules: []", stamp=stamp)
    assert response.status == 409
    assert "has changed since" in await response.text()
    assert _read(backend) == theirs


async def test_a_new_file(member: Client, backend: FakeBackend) -> None:
    text = (
        "rules:\n  - id: x\n    name: X\n    when: {cron: '0 8 * * *'}\n"
        "    propose: {kind: notify, message: hi}"
    )
    stamp = await _stamp(member, "mine.yaml")
    response = await member.form("/rules/files/mine.yaml", text=text, stamp=stamp)
    assert response.status == 303
    assert _read(backend, "rules/mine.yaml") == text + "\n"
    assert "the clock says 0 8 * * *" in await (await member.get("/rules")).text()


@pytest.mark.parametrize(
    "name", ["..%2fhub.yaml", "%2e%2e%2fhub.yaml", ".hidden.yaml", "x.yml", "X.yaml", "a%00.yaml"]
)
async def test_no_other_file_is_reached(member: Client, backend: FakeBackend, name: str) -> None:
    before = _read(backend, "hub.yaml")
    assert (await member.get(f"/rules/files/{name}")).status == 404
    response = await member.form(f"/rules/files/{name}", text="home: {}", stamp="")
    assert response.status == 404
    assert _read(backend, "hub.yaml") == before


async def test_values_are_changed_in_the_file_with_its_comments(
    member: Client, backend: FakeBackend
) -> None:
    before = _read(backend, "rules/fridge.yaml")
    page = await (await member.get("/rules/fridge_too_warm")).text()
    assert 'name="field:when.state.above"' in page
    fields = {"field:when.state.above": "9.5", "field:cooldown": "", "field:enabled": "false"}
    response = await member.form("/rules/fridge_too_warm", **fields)
    assert response.status == 303
    after = _read(backend, "rules/fridge.yaml")
    assert "above: 9.5" in after
    assert "enabled: false" in after
    assert "cooldown: 2h" not in after
    for line in before.splitlines():
        if line.lstrip().startswith("#"):
            assert line in after


async def test_who_is_asked_next_is_put_into_a_rule_and_taken_out(
    member: Client, backend: FakeBackend
) -> None:
    with (backend.folder / "hub.yaml").open("a") as hub:
        hub.write("members: [{id: ada, name: Ada}, {id: ben, name: Ben}]\n")
    before = _read(backend, "rules/groceries.yaml")
    page = await (await member.get("/rules/groceries")).text()
    assert 'name="field:escalate.to" value=""' in page
    wrong = await member.form("/rules/groceries", **{"field:escalate.to": "kim"})
    assert "escalate.to[0]: is no adult" in await wrong.text()
    fields = {"field:escalate.to": "ben, ada", "field:escalate.after": "45m"}
    assert (await member.form("/rules/groceries", **fields)).status == 303
    assert "to: [ben, ada]" in _read(backend, "rules/groceries.yaml")
    page = await (await member.get("/rules/groceries")).text()
    assert 'name="field:escalate.after" value="45m"' in page
    emptied = {"field:escalate.to": "", "field:escalate.after": "45m"}
    assert (await member.form("/rules/groceries", **emptied)).status == 303
    assert _read(backend, "rules/groceries.yaml") == before
    page = await (await member.get("/rules/fridge_door_open")).text()
    assert "escalate" not in page


async def test_a_wrong_value_is_told_and_kept_in_the_form(
    member: Client, backend: FakeBackend
) -> None:
    before = _read(backend, "rules/fridge.yaml")
    response = await member.form("/rules/fridge_door_open", **{"field:when.state.for": "five"})
    page = await response.text()
    assert response.status == 400
    assert "when.state.for" in page
    assert 'value="five"' in page
    assert _read(backend, "rules/fridge.yaml") == before
    ignored = {"field:id": "other", "field:when.state.no": "x", "field:__class__": "y"}
    assert (await member.form("/rules/fridge_door_open", **ignored)).status == 303
    assert _read(backend, "rules/fridge.yaml") == before


async def test_only_adults_change_rules_and_meanings(client: Client, backend: FakeBackend) -> None:
    before = {p: p.read_text() for p in backend.folder.rglob("*.yaml")}
    for who in ("kim", "guy"):
        client.enter(who)
        page = await (await client.get("/rules/groceries")).text()
        assert "Save in the file" not in page
        stamp = await _stamp(client)
        for path, fields in (
            ("/rules/groceries", {"field:cooldown": "9h"}),
            ("/rules/files/groceries.yaml", {"text": "", "stamp": stamp}),
            ("/devices/sensor.milk", {"kind": "ignore"}),
            ("/welcome/home", {"name": "x"}),
            ("/welcome/asking/test", {}),
        ):
            assert (await client.form(path, **fields)).status == 403, path
    assert {p: p.read_text() for p in backend.folder.rglob("*.yaml")} == before


async def test_rehearsing_changes_nothing(member: Client, backend: FakeBackend) -> None:
    page = html.unescape(await (await member.get("/rules?subject=milk&value=0.2")).text())
    assert "would fire" in page
    assert "Milk is running low" in page
    assert "stays silent" in page
    wrong = html.unescape(await (await member.get("/rules?subject=nothing&value=1")).text())
    assert "no pantry item and no entity" in wrong
    assert "expected a quantity" in await (await member.get("/rules?subject=milk&value=x")).text()
    assert "expected a quantity" in await (await member.get("/rules?subject=milk&value=nan")).text()
    entity = await (await member.get("/rules?subject=binary_sensor.fridge_door&value=on")).text()
    assert "stays silent" in entity
    assert backend.decisions == []


async def test_a_guess_is_corrected_in_devices_yaml(member: Client, backend: FakeBackend) -> None:
    comments = [line for line in _read(backend, "devices.yaml").splitlines() if "#" in line]
    path = "/devices/sensor.rice"
    response = await member.form(path, kind="scale", item="rice", tare="350 g", unit="ignored")
    assert response.status == 303
    said = _read(backend, "devices.yaml")
    assert "sensor.rice:\n    item: rice\n    scale:\n      tare: 350 g\n" in said
    assert all(line in said for line in comments)
    assert 'value="350 g"' in await (await member.get(path)).text()
    assert (await member.form(path, kind="scale", item="rice", tare="heavy")).status == 400
    assert (await member.form(path, kind="level", item="gold")).status == 400
    assert (await member.form(path, kind="whatever")).status == 400
    assert _read(backend, "devices.yaml") == said
    assert (await member.form("/devices/event.bell", kind="scanner", scan="add")).status == 303
    assert "action: add" in _read(backend, "devices.yaml")
    assert (await member.form(path, kind="guess")).status == 303
    assert "sensor.rice:" not in _read(backend, "devices.yaml")
    assert all(line in _read(backend, "devices.yaml") for line in comments)
    assert (await member.form("/devices/sensor.none", kind="guess")).status == 404


async def test_mistakes_of_the_files_are_told_on_the_inbox(
    member: Client, backend: FakeBackend
) -> None:
    assert "mistake" not in await (await member.get("/")).text()
    broken = _read(backend).replace("item: any", "itme: any")
    (backend.folder / RULE).write_text(broken)
    await member.form("/devices/sensor.milk", kind="ignore")
    page = html.unescape(await (await member.get("/")).text())
    assert "in the configuration" in page
    assert "rules/groceries.yaml:" in page


async def test_a_folder_that_cannot_be_written_is_told(
    member: Client, backend: FakeBackend
) -> None:
    (backend.folder / "rules").rename(backend.folder / "away")
    (backend.folder / "rules").write_text("not a folder")
    response = await member.form(
        "/rules/files/mine.yaml", text="rules: []", stamp="e3b0c44298fc1c14"
    )
    assert response.status == 409
    assert "cannot be" in await response.text()


async def test_who_comes_from_the_first_start_is_led_back_to_it_after_a_mistake_too(
    member: Client,
) -> None:
    path = "/devices/sensor.rice"
    refused = await member.form(path, kind="scale", item="rice", tare="much", **{"from": "welcome"})
    assert refused.status == 400
    page = await refused.text()
    assert '<input type="hidden" name="from" value="welcome">' in page
    assert 'class="back" href="/welcome/devices"' in page
    taken = await member.form(path, kind="scale", item="rice", tare="9 g", **{"from": "welcome"})
    assert taken.headers["Location"] == "/welcome/devices"
