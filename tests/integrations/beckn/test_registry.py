"""The registry file and the key file: read, refused with the line, changed by several at once."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from integrations.beckn.errors import RegistryError
from integrations.beckn.keys import KEY_FILE, Identity, load_or_create
from integrations.beckn.registry import Entry, Registry, load, upsert

ROOT = Path(__file__).parents[3]
KEY = Identity("a", "b", bytes(32)).public_key


def entry(name="shop.example.org", port=8000, role="BPP", **rest):
    return Entry(name, f"http://127.0.0.1:{port}/beckn/v2", role, KEY, "k1", **rest)


def test_an_entry_is_written_and_found(tmp_path):
    path = tmp_path / "registry.yaml"
    registry = Registry(path)
    assert registry.entries() == ()
    upsert(path, entry())
    upsert(path, entry("hub.example.org", role="BAP"))
    assert registry.find("shop.example.org") == entry()
    assert registry.find("shop.example.org", role="BAP") is None
    assert registry.public_key_of("shop.example.org", "k1") == entry().public_key
    assert registry.public_key_of("shop.example.org", "k2") is None


def test_a_new_address_takes_the_place_of_the_old_and_comments_stay(tmp_path):
    path = tmp_path / "registry.yaml"
    upsert(path, entry())
    path.write_text("# our street\n" + path.read_text())
    upsert(path, entry(port=9000))
    assert load(path) == (entry(port=9000),)
    assert path.read_text().startswith("# our street\n")


def test_a_file_that_becomes_faulty_leaves_what_was_known(tmp_path, caplog):
    path = tmp_path / "registry.yaml"
    upsert(path, entry())
    registry = Registry(path)
    assert len(registry.entries()) == 1
    path.write_text("subscribers: [")
    with caplog.at_level(logging.ERROR):
        assert registry.entries() == (entry(),)
        assert registry.entries() == (entry(),)
    assert len(caplog.records) == 1
    assert f"{path}:1" in caplog.text


GOOD = f"""subscribers:
  - subscriber_id: shop.example.org
    uri: http://127.0.0.1:8000/beckn/v2
    role: BPP
    signing_public_key: {KEY}
    unique_key_id: k1
"""


def test_what_may_be_left_out(tmp_path):
    path = tmp_path / "registry.yaml"
    path.write_text(GOOD)
    assert load(path) == (entry(),)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.replace("role: BPP", "role: shop"), ":2: role: expected BAP"),
        (lambda t: t.replace("http://", "file://"), ":2: uri: expected http"),
        (lambda t: t.replace("8000/beckn/v2", "8000/?a=1"), ":2: uri"),
        (lambda t: t.replace(KEY, "abcd"), "32 bytes"),
        (lambda t: t.replace("unique_key_id: k1", ""), "unique_key_id"),
        (lambda t: t + "    colour: red\n", "colour: not known"),
        (lambda t: t + "    version: 3.0.0\n", "version: expected one of"),
        (lambda t: t + "    domains: grocery\n", "domains: expected a list"),
        (lambda t: t + t.removeprefix("subscribers:\n"), "registered twice"),
        (lambda t: "subscribers: 5", "should be a list"),
        (lambda t: "- 1", "a list named 'subscribers'"),
        (lambda t: "subscribers:\n  - 5\n", ":2: expected a participant"),
        (lambda t: t.replace("role:", "role: [", 1), "not readable as YAML"),
    ],
)
def test_a_faulty_file_is_refused_with_its_place(tmp_path, change, words):
    path = tmp_path / "registry.yaml"
    path.write_text(change(GOOD))
    with pytest.raises(RegistryError) as refused:
        load(path)
    assert str(path) in str(refused.value)
    assert words in str(refused.value)


def test_a_faulty_file_is_not_overwritten(tmp_path):
    path = tmp_path / "registry.yaml"
    path.write_text("subscribers: 5")
    with pytest.raises(RegistryError):
        upsert(path, entry())
    assert path.read_text() == "subscribers: 5"


def test_several_processes_may_write_at_once(tmp_path):
    path = tmp_path / "registry.yaml"
    work = (
        "import sys; from pathlib import Path; from integrations.beckn.registry import *\n"
        "for n in range(5):\n"
        f"    upsert(Path(sys.argv[1]), "
        f"Entry(f'{{sys.argv[2]}}-{{n}}', 'http://h', 'BPP', {KEY!r}, 'k'))"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", work, str(path), name], cwd=ROOT)
        for name in ("one", "two", "three")
    ]
    assert [process.wait(30) for process in running] == [0, 0, 0]
    assert len(load(path)) == 15


def test_the_identity_is_made_once_and_kept_from_others(tmp_path):
    made = load_or_create(tmp_path / "secrets", kind="hub")
    assert load_or_create(tmp_path / "secrets", kind="hub") == made
    assert made.subscriber_id.startswith("hub-")
    assert made.subscriber_id.endswith(".commonhearth.local")
    assert (tmp_path / "secrets" / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "secrets").iterdir()] == [KEY_FILE]
    assert "seed" not in repr(made)
    named = load_or_create(tmp_path / "secrets", kind="hub", subscriber_id="home.example.org")
    assert (named.subscriber_id, named.seed) == ("home.example.org", made.seed)


def test_a_key_that_others_may_read_is_refused(tmp_path):
    load_or_create(tmp_path, kind="hub")
    (tmp_path / KEY_FILE).chmod(0o644)
    with pytest.raises(RegistryError, match="chmod 600"):
        load_or_create(tmp_path, kind="hub")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"signing_private_key": "YQ=="}'])
def test_a_damaged_key_is_said_and_not_replaced(tmp_path, text):
    load_or_create(tmp_path, kind="hub")
    (tmp_path / KEY_FILE).write_text(text)
    with pytest.raises(RegistryError, match=KEY_FILE):
        load_or_create(tmp_path, kind="hub")
    assert (tmp_path / KEY_FILE).read_text() == text
