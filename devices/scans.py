"""From a scanned code to a change of one pantry item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from devices.levels import Outcome
from devices.units import is_count
from hub.domain.observations import EventReading, Rejected, StockChange
from hub.domain.stock import PantryItem

MOST_PIECES = 1000
_CODES = ("gtin", "code", "barcode", "ean", "tag_id", "value", "payload")
_DIGITAL_LINK = "/01/"


def gtin_index(items: Iterable[PantryItem]) -> dict[str, str]:
    """Return GTIN without leading zeros -> item id; GTIN-8, -12, -13 are GTIN-14 with zeros."""
    return {item.gtin.lstrip("0"): item.id for item in items if item.gtin}


def barcode_change(
    reading: EventReading,
    gtins: Mapping[str, str],
    pantry: Mapping[str, PantryItem],
    default_action: str | None,
) -> Outcome:
    """Return what a scan changes: one pack of what carries the code, in or out.

    The code is a GTIN of the pantry, a GS1 Digital Link with one (``…/01/<gtin>``), or an item's
    id. What the scan says of ``action`` and ``count`` wins over the default.
    """
    data = reading.data
    code = next((data[key] for key in _CODES if data.get(key) not in (None, "")), None)
    if not isinstance(code, str | int) or isinstance(code, bool):
        return (Rejected('expected a code such as "4006381333931"', "gtin"),)
    text = str(code).strip()[:200]
    if _DIGITAL_LINK in text:
        text = text.partition(_DIGITAL_LINK)[2].partition("/")[0].partition("?")[0]
    item = pantry.get(gtins.get(text.lstrip("0"), text))
    if item is None:
        shown = text[:60]
        return (Rejected(f"no item has the gtin {shown!r}; add it to config/pantry.yaml", "gtin"),)
    action = data.get("action", default_action)
    if action not in ("add", "remove"):
        return (
            Rejected(
                "expected action add or remove; say it in the scan, or give the scanner a default "
                f"in config/devices.yaml under entities.{reading.entity}",
                "action",
            ),
        )
    count = data.get("count", 1)
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MOST_PIECES:
        return (Rejected(f"expected 1 to {MOST_PIECES}, got {repr(count)[:40]}", "count"),)
    if item.pack is not None:
        size = float(item.pack)
    elif is_count(item.unit):
        size = 1.0
    else:
        return (
            Rejected(
                f"{item.id} is kept in {item.unit}: say in config/pantry.yaml what one pack holds "
                f"(items.{item.id}.pack)",
                "pack",
            ),
        )
    delta = size * count if action == "add" else -size * count
    return (StockChange(item.id, delta, item.unit, reading.entity, reading.phenomenon_time),)
