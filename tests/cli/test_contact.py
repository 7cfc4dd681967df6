"""``contact`` where the hub does not run: what it refuses, and what it notes for later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.app.hub import DATABASE
from hub.cli.contact import qr_text
from hub.domain.contacts import Contact
from hub.domain.peers import Card, Invitation, PeerKey, id_of
from hub.store.database import open_database
from hub.store.peers import PeerStore
from tests.cli.support import Run

KEY = PeerKey("a" * 43, "b" * 43)


def link(**ago: float) -> str:
    card = Card(id_of(KEY), "Birch", "https://birch.example", KEY)
    return Invitation(card, "t" * 22, datetime.now(UTC) + timedelta(days=1, **ago)).link()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    engine = open_database(tmp_path / DATABASE)
    with engine.connect().execution_options(immediate=True) as connection:
        for number, name in enumerate(("Birch", "Birch", "Linden")):
            made = Contact(f"{number}aaaa-{name}", name, "known", ("a@b.example",), email="a@b.c")
            PeerStore(connection).save_contact(made)
        connection.commit()
    engine.dispose()
    return tmp_path


def wishes(data: Path) -> list[tuple[str, dict[str, object]]]:
    engine = open_database(data / DATABASE)
    with engine.connect() as connection:
        found = [(wish.verb, wish.body) for wish in PeerStore(connection).wishes()]
    engine.dispose()
    return found


def test_an_invitation_needs_a_running_hub(run: Run, data: Path, tmp_path: Path) -> None:
    assert "does not run" in run("contact", "invite", "--data", data).refused(1)
    assert "no hub has run" in run("contact", "list", "--data", tmp_path / "none").refused(1)
    assert wishes(data) == []


def test_what_is_asked_for_is_noted_for_later(run: Run, data: Path) -> None:
    asked = [
        (("accept", link()), ("accept", {"link": link()})),
        (("mute", "Linden"), ("mute", {"id": "2aaaa-Linden", "muted": True})),
        (("mute", "2aaa", "--off"), ("mute", {"id": "2aaaa-Linden", "muted": False})),
        (("limit", "linden", "--sees", "busy"), ("limit", {"id": "2aaaa-Linden", "sees": "busy"})),
        (
            ("circle", "Linden", "tea", "chess", "tea"),
            ("place", {"id": "2aaaa-Linden", "circles": ["chess", "tea"]}),
        ),
        (("circle", "Linden"), ("place", {"id": "2aaaa-Linden", "circles": []})),
        (("add", "Cleo", "c@d.example"), ("add", {"name": "Cleo", "email": "c@d.example"})),
        (("remove", "0aaaa-Birch"), ("remove", {"id": "0aaaa-Birch"})),
        (("confirm", "Linden"), ("confirm", {"id": "2aaaa-Linden"})),
        (("rotate",), ("rotate", {})),
    ]
    for words, _ in asked:
        told = run("contact", *words, "--data", data)
        assert (told.code, "as soon as it runs" in told.out) == (0, True)
    assert [(verb, set(body)) for verb, body in wishes(data)] == [
        (verb, set(body)) for _, (verb, body) in asked
    ]
    assert wishes(data)[1:] == [wish for _, wish in asked[1:]]
    assert run("contact", "mute", "Linden", "--json", "--data", data).json == {"later": True}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("mute", "nobody"), 1, "no contact is called 'nobody'"),
        (("mute", "birch"), 1, "say which by its id: 0aaaa-Bi, 1aaaa-Bi"),
        (("limit", "Linden", "--sees", "all"), 2, "expected nothing or busy"),
        (("accept", "https://example.org"), 2, "web+commonhearth:contact/"),
        (("accept", link(hours=-30)), 1, "expired"),
    ],
)
def test_a_mistake_is_one_line(
    run: Run, data: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    assert said in run("contact", *words, "--data", data).refused(code)
    assert wishes(data) == []


def test_contacts_are_listed(run: Run, data: Path) -> None:
    rows = run("contact", "list", "--json", "--data", data).json
    assert [(row["name"], row["state"], row["sees"]) for row in rows] == [
        ("Birch", "contact", "nothing"),
        ("Birch", "contact", "nothing"),
        ("Linden", "contact", "nothing"),
    ]
    assert "3 contacts" in run("contact", "list", "--data", data).out


def test_a_code_is_drawn_whole() -> None:
    class Code:
        def matrix_iter(self, border: int) -> list[list[int]]:
            return [[1, 0], [1, 1], [0, 0]]

    assert qr_text(Code()) == " ▀\n██"
