"""config/pantry.yaml, read to items."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from devices.meaning import DevicesFile, Meaning
from devices.pantry import PantryFile, valid_gtin
from hub.domain.yamltext import read_model

CONFIG = Path(__file__).parents[2] / "config"


def test_the_pantry_we_ship_is_right_and_means_something():
    text = (CONFIG / "pantry.yaml").read_text()
    file, problems = read_model(PantryFile, text, "config/pantry.yaml")
    assert problems == []
    items = file.to_items()
    assert items["milk"].grams_per_unit == Decimal(1030)
    assert all(item.par is not None and item.target > item.par for item in items.values())
    text = (CONFIG / "devices.yaml").read_text()
    devices, problems = read_model(DevicesFile, text, "config/devices.yaml")
    assert problems == []
    assert Meaning(devices, items).problems() == ()


def test_the_commented_examples_hold_when_uncommented():
    lines = (CONFIG / "devices.yaml").read_text().splitlines()
    text = "\n".join(
        line.replace("# ", "", 1) if line.startswith(("  # sensor.", "  # event.")) else line
        for line in lines
    ).replace("entities: {}", "entities:")
    file, problems = read_model(DevicesFile, text, "devices.yaml")
    assert problems == []
    assert len(file.entities) >= 5


def test_a_name_is_made_of_the_id_where_there_is_none():
    file = PantryFile.model_validate({"items": {"olive-oil": {"unit": "ml"}}})
    assert file.to_items()["olive-oil"].name == "Olive oil"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({}, "unit"),
        ({"unit": "g", "par": -1}, "par"),
        ({"unit": "g", "par": "NaN"}, "par"),
        ({"unit": "g", "par": 5, "target": 4}, "expected at least par (5)"),
        ({"unit": "g", "gtin": "4006381333932"}, "GTIN"),
        ({"unit": "g", "colour": "red"}, "colour"),
    ],
)
def test_mistakes_name_the_field(entry, expected):
    with pytest.raises(ValidationError, match=expected.replace("(", r"\(").replace(")", r"\)")):
        PantryFile.model_validate({"items": {"x": entry}})


def test_one_barcode_names_one_item():
    same = {"unit": "g", "gtin": "4006381333931"}
    with pytest.raises(ValidationError, match="a and b have the same gtin"):
        PantryFile.model_validate({"items": {"a": same, "b": same | {"gtin": "04006381333931"}}})


@pytest.mark.parametrize("gtin", ["4006381333931", "96385074", "036000291452", "00012345600012"])
def test_gtins_with_a_right_check_digit(gtin):
    assert valid_gtin(gtin)


@given(st.text(max_size=20))
def test_any_text_is_a_gtin_or_not(text):
    assert valid_gtin(text) in (True, False)
