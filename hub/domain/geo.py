"""Places on the earth: reading ``"lat,lon"``, straight-line distances, points on the way."""

from __future__ import annotations

import math

_EARTH_KM = 6371.0088

Point = tuple[float, float]
"""Latitude and longitude in decimal degrees (WGS 84)."""


def read_gps(text: str) -> Point:
    """Read ``"lat,lon"``; ValueError for anything else, and for what is not on the earth."""
    first, comma, second = text.partition(",")
    try:
        if not comma or len(text) > 60:
            raise ValueError
        latitude, longitude = float(first), float(second)
    except ValueError:
        raise ValueError("expected lat,lon in degrees such as 52.52,13.40") from None
    # The comparison is false for NaN as well.
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise ValueError("expected a latitude up to 90 and a longitude up to 180 degrees")
    return latitude, longitude


def write_gps(point: Point) -> str:
    """Write ``"lat,lon"`` with six decimals: about ten centimetres."""
    return f"{point[0]:.6f},{point[1]:.6f}"


def distance_km(one: Point, other: Point) -> float:
    """Return the great-circle distance in kilometres (haversine)."""
    (lat1, lon1), (lat2, lon2) = ((math.radians(a), math.radians(b)) for a, b in (one, other))
    part = (
        math.sin((lat2 - lat1) / 2) ** 2
        + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * _EARTH_KM * math.asin(math.sqrt(min(1.0, part)))


def between(one: Point, other: Point, share: float) -> Point:
    """Return the point that is ``share`` (0 to 1) of the way from one point to another.

    A straight line on the map: good enough for the distance of a ride, not for an ocean.
    """
    share = min(1.0, max(0.0, share))
    return one[0] + (other[0] - one[0]) * share, one[1] + (other[1] - one[1]) * share


def coarse(gps: str) -> str:
    """Return about where a point is: to three decimals, which is some hundred metres."""
    latitude, longitude = read_gps(gps)
    return f"{latitude:.3f},{longitude:.3f}"
