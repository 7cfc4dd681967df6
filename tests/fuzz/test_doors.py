"""Each way in is bent at: nothing gets past an adapter but what it says it raises.

``script/test`` tries each door some hundred times, always alike; ``script/fuzz`` tries on with
others for as long as it is told. What once got through is in ``corpus``, and is tried first.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.fuzz.doors import DOORS, Door, door
from tests.fuzz.mutations import bent

CORPUS = Path(__file__).parent / "corpus"
TRIES = int(os.environ.get("FUZZ_TRIES", "400"))
SEARCHING = "FUZZ_TRIES" in os.environ


def enter(one: Door, raw: bytes) -> None:
    try:
        one.enter(raw)
    except one.refuses as error:
        said = str(error)
        assert said, "a refusal says why"
        assert "\n" not in said, "in one line"
        assert len(said) < 1000


@pytest.mark.parametrize("name", DOORS)
def test_what_is_right_is_let_in(name: str) -> None:
    one = door(name)
    entered = 0
    for raw in one.samples:
        try:
            one.enter(raw)
            entered += 1
        except one.refuses:
            continue
    # A stranger's envelope is refused however well it is made: nobody here knows its sender.
    assert entered or name in ("peer", "itip")


@pytest.mark.parametrize(
    "file", sorted(CORPUS.glob("*/*")), ids=lambda file: f"{file.parent.name}-{file.name[:8]}"
)
def test_what_once_got_through_is_refused_now(file: Path) -> None:
    enter(door(file.parent.name), file.read_bytes())


@pytest.mark.parametrize("name", DOORS)
def test_nothing_breaks_a_door(name: str) -> None:
    one = door(name)
    last = b""

    @settings(
        max_examples=TRIES,
        database=None,
        deadline=None,
        derandomize=not SEARCHING,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(bent(one.samples))
    def hold(raw: bytes) -> None:
        nonlocal last
        last = raw
        enter(one, raw)

    try:
        hold()
    except BaseException:
        if SEARCHING:
            kept = CORPUS / name / hashlib.sha256(last).hexdigest()[:16]
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(last)
        raise
