"""The household as its database has it, for commands that look at it beside the running hub."""

from __future__ import annotations

from sqlalchemy import Engine

from hub.app.config import Config
from hub.app.intake import replay
from hub.app.plugins import device_book
from hub.clock import clock_from_environment
from hub.flow.home import Home
from hub.settings import Settings
from hub.store.house import House, load_house


def empty_home(config: Config) -> tuple[Home, House]:
    """Return the configured household with nothing known yet.

    With a faulty hub.yaml the defaults stand in: looking must work while something is wrong.
    """
    settings = config.settings or Settings()
    book = device_book(settings)
    home = Home(settings, config.pantry, config.meaning(), config.rules, book, {})
    return home, House()


def home_and_house(config: Config, engine: Engine) -> tuple[Home, House]:
    """Return the configured household and its present state."""
    home, _ = empty_home(config)
    now = clock_from_environment().now()
    with engine.connect() as connection:
        house = load_house(connection, now)
    replay(home, house.announcements, now)
    return home, house
