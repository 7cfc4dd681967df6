"""Units: everyday ones by table, the others by pint, and no density made up."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.units import UnitError, comparable, convert, factor, is_count


@pytest.mark.parametrize(
    ("quantity", "unit", "to", "expected"),
    [
        (1.5, "kg", "g", 1500),
        (250, "ml", "l", 0.25),
        (2, "L", "l", 2),
        (75, "cl", "ml", 750),
        (3, "斤", "kg", 1.5),
        (2, "dozen", "pc", 24),
        (5, "个", "pcs", 5),
        (1, "gallon", "l", 3.785411784),
        (1, "kg", "stone", 0.157473),
        (1, "ft³", "l", 28.316847),
        (1, "l", "cup", 4.226753),
        (7, "jars", "jars", 7),
    ],
)
def test_amounts_are_converted(quantity, unit, to, expected):
    assert convert(quantity, unit, to) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("unit", "to"),
    [
        *[("kg", "l"), ("pc", "g"), ("W", "g"), ("°C", "g"), ("degC", "kelvin"), ("%", "l")],
        *[("9**9**9", "g"), ("m" * 41, "l"), ("__import__('os')", "g"), ("nonsense", "g")],
        *[("g", ""), ("", "g")],
    ],
)
def test_what_does_not_measure_the_same_is_refused_in_one_line(unit, to):
    with pytest.raises(UnitError) as refused:
        convert(1, unit, to)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 120


def test_kinds_are_told_without_pint():
    assert comparable("kg", "g")
    assert not comparable("kg", "l")
    assert not comparable("W", "g")
    assert [is_count(unit) for unit in ("pc", "g")] == [True, False]


def test_everyday_units_cost_no_pint():
    code = (
        "import sys; from devices.units import convert; convert(1,'kg','g')\n"
        "try: convert(1,'kg','l')\nexcept ValueError: pass\n"
        "sys.exit('pint' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@settings(deadline=None)  # the first odd unit loads pint
@given(st.text(max_size=50), st.text(max_size=10))
def test_no_text_does_harm(unit, to):
    try:
        found = factor(unit, to)
    except UnitError as error:
        found = len(str(error))
    assert found > 0
