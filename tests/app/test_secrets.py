"""What the hub keeps to itself: made once, read-only for others, and told apart when damaged."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from hub.app.secrets import NtfyTopics, SecretsError, household_key
from hub.keyfiles.files import write
from hub.settings import MemberSettings, NtfySettings

ADA = MemberSettings(id="ada", name="Ada", ntfy=NtfySettings())
BEN = MemberSettings(id="ben", name="Ben", ntfy=NtfySettings())


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_the_key_is_made_once_and_only_ours_to_read(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    key = household_key(folder)
    assert len(key) == 32
    assert household_key(folder) == key
    assert mode(folder / "household.key") == 0o600
    assert mode(folder) == 0o700
    assert household_key(tmp_path / "other") != key


@pytest.mark.parametrize("damage", [b"", b"beef", b"zz" * 32, b"\xff" * 64])
def test_a_damaged_key_is_named(tmp_path: Path, damage: bytes) -> None:
    write(tmp_path / "household.key", damage)
    with pytest.raises(SecretsError, match=r"household\.key: expected 32 bytes in hex; delete it"):
        household_key(tmp_path)


def test_a_topic_is_made_once_a_member_and_kept(tmp_path: Path) -> None:
    topics = NtfyTopics(tmp_path)
    ada, ben = topics.of(ADA), topics.of(BEN)
    assert ada != ben
    assert len(ada) >= 40
    assert (topics.of(ADA), NtfyTopics(tmp_path).of(ADA)) == (ada, ada)
    assert mode(tmp_path / "ntfy.json") == 0o600
    assert json.loads((tmp_path / "ntfy.json").read_text()) == {"ada": ada, "ben": ben}


def test_a_topic_of_ones_own_is_taken_as_it_is(tmp_path: Path) -> None:
    own = ADA.model_copy(update={"ntfy": NtfySettings(topic="my-topic")})
    assert NtfyTopics(tmp_path).of(own) == "my-topic"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["{", "[]", '"x"'])
def test_damaged_topics_are_named(tmp_path: Path, damage: str) -> None:
    write(tmp_path / "ntfy.json", damage)
    with pytest.raises(SecretsError, match=r"ntfy\.json: expected JSON; delete it"):
        NtfyTopics(tmp_path).of(ADA)
