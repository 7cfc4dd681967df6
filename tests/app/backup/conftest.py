"""A household's folders, with a real database, keys and configuration in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.app.secrets import household_key
from hub.keyfiles.files import write
from hub.keyfiles.ledgerkey import ledger_key
from integrations.beckn.keys import load_or_create
from tests.support.household import Household, Market, make_home
from tests.support.hubprocess import write_config


@dataclass
class Home:
    """Folders and what lives in them."""

    config: Path
    data: Path
    house: Household
    market: Market


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    data = tmp_path / "home" / "data"
    secrets = data / "secrets"
    secrets.mkdir(parents=True)
    household_key(secrets)
    identity = load_or_create(secrets, kind="hub")
    (data / "broker").mkdir()
    (data / "broker" / "broker.pid").write_text("1")
    write(data / "broker" / "credentials.json", '{"home": "canary-password"}', shared=True)
    config = write_config(tmp_path / "home" / "config")
    house = Household(data / "hub.sqlite", make_home())
    house.house.sign = ledger_key(secrets, identity.subscriber_id).sign
    market = Market(house)
    house.level("milk", 0.4)
    market.offers()
    house.decide("approve")
    yield Home(config, data, house, market)
    house.close()
