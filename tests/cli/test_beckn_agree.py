"""``beckn agree``: a person believes a pinned participant's new key, also while a hub runs."""

from pathlib import Path

from hub.clock import SYSTEM
from hub.domain.orders import OrderAnswer
from hub.settings import BecknSettings
from integrations.beckn.buyer import BecknBuyer
from integrations.beckn.keys import Identity
from integrations.beckn.registry import Entry, upsert
from integrations.beckn.registry.keep import KeyChange
from tests.support.hubprocess import run_cli

NAME = "shop.example.org"
OLD, NEW = (Identity(NAME, f"k{number}", bytes([number] * 32)) for number in (1, 2))


def enter(registry: Path, one: Identity) -> None:
    uri = "http://127.0.0.1:9/beckn/v2"
    upsert(registry, Entry(NAME, uri, "BPP", one.public_key, one.unique_key_id))


async def test_a_changed_key_is_told_shown_and_agreed_to(tmp_path: Path) -> None:
    registry, told = tmp_path / "registry.yaml", list[KeyChange]()

    async def sink(answer: OrderAnswer) -> bool:
        raise AssertionError(answer)

    nothing = run_cli("beckn", "agree", NAME, "--data", tmp_path)
    assert nothing.returncode == 2
    buyer = BecknBuyer(
        BecknSettings(registry=registry),
        secrets_dir=tmp_path / "secrets",
        public_url_of=lambda: "",
        sink=sink,
        clock=SYSTEM,
        on_change=told.append,
    )
    try:
        enter(registry, OLD)
        buyer.registry.pin(NAME)
        enter(registry, NEW)
        assert buyer.registry.public_key_of(NAME, "k2") is None
        assert buyer.registry.public_key_of(NAME, "k2") is None
        assert told == [KeyChange(NAME, "k2", NEW.public_key)]
        shown = run_cli("beckn", "agree", NAME, "--data", tmp_path)
        assert shown.stdout == f"k2 {NEW.public_key}\n"
        wrong = run_cli("beckn", "agree", NAME, "k3", "--data", tmp_path)
        assert wrong.returncode == 1
        assert "no changed key named k3" in wrong.stderr
        assert buyer.registry.public_key_of(NAME, "k2") is None
        agreed = run_cli("beckn", "agree", NAME, "k2", "--data", tmp_path)
        assert agreed.returncode == 0, agreed.stderr
        assert buyer.registry.public_key_of(NAME, "k2") is not None
        assert run_cli("beckn", "agree", NAME, "--data", tmp_path).returncode == 1
    finally:
        await buyer.close()
