"""Where a restaurant is and what it caters for, in both versions."""

from dataclasses import replace

import pytest

from hub.domain.money import money
from hub.domain.offers import Catalog, CatalogItem
from integrations.beckn import grocery
from integrations.beckn.errors import BecknError
from integrations.beckn.reading import Node
from integrations.beckn.v1 import catalog as v1

RIVER = Catalog(
    "river",
    "Table by the River",
    (CatalogItem("four", "Table for four", money("0.00", "EUR"), category="table", seats=4),),
    gps="52.5480,13.3730",
    diets=("vegetarian", "vegan"),
)


def by_v2(catalog: Catalog) -> Catalog:
    return grocery.read_catalog(Node(grocery.write_catalog(catalog, "bpp", "http://x"), "catalog"))


def by_v1(catalog: Catalog) -> Catalog:
    written = v1.write_catalog("River", (catalog,), "restaurant")
    (found,) = v1.read_catalogs(Node({"catalog": written}, "message"))
    return found


@pytest.mark.parametrize("told", [by_v2, by_v1])
@pytest.mark.parametrize(
    ("gps", "diets"),
    [(RIVER.gps, RIVER.diets), (None, None), (RIVER.gps, ()), (None, ("halal",))],
)
def test_what_is_written_is_read(told, gps, diets) -> None:
    found = told(replace(RIVER, gps=gps, diets=diets))
    assert (found.gps, found.diets) == (gps, diets)


@pytest.mark.parametrize("told", [by_v2, by_v1])
def test_a_place_that_is_none_is_refused(told) -> None:
    with pytest.raises(BecknError, match="gps"):
        told(replace(RIVER, gps="by the river"))
