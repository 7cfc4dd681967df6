"""The agenda of the household as it stands: from activities, orders and notices."""

from __future__ import annotations

from dataclasses import replace

from hub.domain.agenda import Agenda, Block
from hub.domain.blocks import activity_blocks, notice_block, order_block
from hub.domain.calendars import calendar_blocks
from hub.domain.offers import Place
from hub.flow.home import Home
from hub.store.house import House


def agenda_of(house: House, home: Home) -> Agenda:
    """Return the agenda, made anew from the present state. Any thread may ask."""
    own = home.settings.home
    place = Place(own.gps or "", own.address or "") if own.gps or own.address else None
    blocks: list[Block] = []
    for planned in list(house.activities.values()):
        activity = planned.activity
        members = {home.own.address: "home"} if home.own else {}
        going = planned.going or home.adults()
        for block in activity_blocks(activity, members, (activity.details.window,), place):
            blocks.append(replace(block, members=going))
    for calendar in list(house.calendars.values()):
        blocks.extend(calendar_blocks(calendar, home.adults(), place))
    for order in list(house.orders.values()):
        found = order_block(order)
        if found is not None:
            blocks.append(found)
    for notice in list(house.notices.values()):
        found = notice_block(notice)
        if found is not None:
            blocks.append(found)
    return Agenda(blocks)
