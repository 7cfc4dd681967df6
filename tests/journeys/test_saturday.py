"""The whole Saturday with four households, their shops and friends, each a process of its own.

``demo --auto`` asks everybody by their own API at the end, and exits with 0 only if all agree.
"""

from __future__ import annotations

import re

import pytest

from hub.demo.left import _judge
from hub.demo.processes import DemoError
from tests.support.hubprocess import run_cli

ROAD = (
    r"Elm Street's hub runs at http://\S+, its broker at mqtt://",
    r"are contacts of one another",
    r"Ben asks his friends to go fishing",
    r"Ada's phone: Canal Side invites you to Fishing: .*\[Approve",
    r"Ada taps Approve: .* \(200\)",
    r"Ada's phone: A ride to Fishing\?: .*\[Approve [\d.]+ EUR, Decline, Later\]",
    r"Sat 10:\d\d:\d\d  Mara has driven Ada",
    r"somebody drinks milk",
    r"Ada's phone: Milk and Eggs are running low: .*\[Approve [\d.]+ EUR, Decline, Later\]",
    r"Ada taps Approve: Approved by Ada.*\(200\)",
    r"Ada's phone: .*Ordered at .* Order ",
    r"Ada taps Approve: Ordered at .*\(200\)",
    r"Elm Street is backed up, and its Pi is stolen",
    r"Elm Street runs on another Pi, .*: members 1, keys \d+, contacts 3, orders under way 1,",
    r"Ada's phone: Gas outage in Old Town",
    r"Ada's phone: Dinner with friends\?: .*Table by the River.*\[Approve",
    r"Dan taps Decline",
    r"Ada's phone: .*a table for 3",
    r"Ada's phone: Move .*Nobody is at home.*\[Approve",
    r"now comes tomorrow",
    r"both sides agree: restaurant \S+ at Table by the River: completed",
    r"on the privacy page stands all that left: Elm Street told \d+ others, [1-9]\d* messages",
    r"all is as it should be",
)


def test_the_day_is_played_to_the_end_over_the_loss_of_the_pi_and_its_timeline_printed() -> None:
    told = run_cli("demo", "--auto", "--lose", seconds=400)
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stderr == ""
    times = [float(one) for one in re.findall(r"^ *(\d+\.\d\d) s  Sat ", told.stdout, re.MULTILINE)]
    assert len(times) == len(told.stdout.splitlines())
    assert times == sorted(times)
    for shop in ("Corner Shop", "Green Valley"):
        assert f"{shop} sells at http://" in told.stdout, "in whatever order"
    at = 0
    for step in ROAD:
        found = re.compile(step).search(told.stdout, at)
        assert found, f"{step!r} is missing or out of order in\n{told.stdout}"
        at = found.end()
    sides = re.findall(r"both sides agree: (\w+) \S+ at [\w ]+: (\w+)", told.stdout)
    assert sorted(sides) == [
        ("grocery", "confirmed"),
        ("restaurant", "completed"),
        ("ride", "completed"),
        ("ride", "completed"),
    ]


def test_what_left_unsaid_would_be_found() -> None:
    own = {"name": "Elm Street", "address": "Elm Street 5, Berlin", "phone": "+49 30 5550100"}
    message = {"message": [{"to": {"street": own["address"], "call": own["name"]}}]}
    whole = {"fields": ["name", "address"], "grants": ["g1"]}
    _judge("it", message, own, ("Ada",), whole)
    for row in (None, {**whole, "fields": ["name"]}, {**whole, "grants": []}):
        with pytest.raises(DemoError, match=r"tells the (name|address)"):
            _judge("it", message, own, ("Ada",), row)
    with pytest.raises(DemoError, match="names Ada"):
        _judge("it", {"note": "for Ada, please"}, own, ("Ada",), whole)
    with pytest.raises(DemoError, match="tells the phone"):
        _judge("it", {"note": f"call {own['phone']}!"}, own, ("Ada",), whole)


@pytest.mark.parametrize("seed", [7])
def test_it_ends_as_well_where_each_program_is_killed_once(seed: int) -> None:
    told = run_cli("demo", "--auto", "--kill", "--seed", seed, seconds=600)
    assert told.returncode == 0, told.stdout + told.stderr
    assert f"the seed is {seed}" in told.stdout
    assert told.stdout.count(" is killed\n") == told.stdout.count(" is back\n") - 1 == 10
    assert "all is as it should be" in told.stdout


def test_what_does_not_go_together_on_the_command_line_is_told() -> None:
    for arguments, expected in (
        (("--auto", "--kill", "--lose"), "--lose: expected --auto with it, and no --kill"),
        (("--kill",), "--kill: expected --auto with it"),
        (("--auto", "--seed", 7), "--seed: expected --kill with it"),
    ):
        told = run_cli("demo", *arguments)
        assert told.returncode == 2
        assert told.stderr == f"error: {expected}\n"
