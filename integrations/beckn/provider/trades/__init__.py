"""The kinds of providers: one module each, all of them a ``provider.trade.Trade``."""

from __future__ import annotations

from integrations.beckn.provider.listing import Listing
from integrations.beckn.provider.store import Store
from integrations.beckn.provider.trade import Trade
from integrations.beckn.provider.trades.goods import GoodsTrade
from integrations.beckn.provider.trades.ride import RideTrade
from integrations.beckn.provider.trades.table import TableTrade


def trade_of(listing: Listing, store: Store) -> Trade:
    """Return the trade of a catalogue's kind."""
    if listing.shop.kind == "ride":
        return RideTrade(listing, store)
    if listing.shop.kind == "restaurant":
        return TableTrade(listing, store)
    return GoodsTrade(listing, store)
