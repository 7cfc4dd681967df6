"""A hub as a process of its own that writes notes to its contact and keeps those it gets.

``notes N`` in its data folder has it write the notes 0 to N-1, each once, whatever happens to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hub.cli.main import main
from tests.support.hubprocess import HubProcess, until

NOTES = "notes"


class FriendHub(HubProcess):
    """Such a hub, from outside."""

    def __init__(self, folder: Path, name: str, **settings: Any) -> None:
        home = {"name": name, "timezone": "Europe/Berlin"}
        super().__init__(folder, settings={"home": home, **settings})
        self.arguments = [
            sys.executable,
            "-m",
            "tests.support.friends",
            str(self.config),
            str(self.data),
        ]
        self.household = name

    def write(self, count: int) -> None:
        """Have it write notes until there are so many."""
        draft = self.data / "notes.draft"
        draft.write_text(str(count))
        draft.replace(self.data / NOTES)

    def query(self, statement: str) -> list[Any]:
        """Ask its database, also while it runs or is off."""
        with sqlite3.connect(f"file:{self.data}/hub.sqlite?mode=ro", uri=True) as database:
            return [row[0] for row in database.execute(statement)]

    def taken(self) -> list[int]:
        """Return the notes it took in, in its order, as its ledger has them."""
        rows = self.query("SELECT body FROM ledger WHERE kind='note_taken' ORDER BY \"index\"")
        return [json.loads(body)["facts"]["n"] for body in rows]

    def written(self) -> int:
        """Return how many notes it has written down to be sent."""
        return len(self.query("SELECT key FROM inbox WHERE key LIKE 'note:%'"))

    def waiting(self) -> int:
        """Return how many messages nobody has acknowledged."""
        return int(self.query("SELECT count(*) FROM peer_out")[0])

    def wait_taken(self, count: int, seconds: float = 60) -> None:
        """Return once it took exactly these notes in, in order; a double would be seen."""
        until(
            lambda: len(self.taken()) >= count, lambda: f"{self.taken()}; {self.words()}", seconds
        )
        assert self.taken() == list(range(count))

    def contact(self, *words: object) -> Any:
        """Run ``contact …`` on it; return what it says as JSON."""
        out = io.StringIO()
        # In this process: to start one for each command would take most of a test's time.
        with contextlib.redirect_stdout(out):
            code = main(["contact", *map(str, words), "--json", "--data", str(self.data)])
        assert code == 0, out.getvalue()
        return json.loads(out.getvalue())


def befriend(host: FriendHub, guest: FriendHub) -> None:
    """Make two running hubs contacts, as people do on the command line."""
    link = host.contact("invite")["link"]
    guest.contact("accept", link)

    def came(hub: FriendHub, state: str) -> Callable[[], bool]:
        return lambda: state in [one["state"] for one in hub.contact("list")]

    until(came(host, "confirm it"), host.words)
    host.contact("confirm", guest.household)
    until(came(guest, "contact"), guest.words)


async def _main(config: Path, data: Path) -> None:
    import signal

    from hub.app import logs
    from hub.app.config import read_config
    from hub.app.hub import Hub, run_until_told
    from hub.domain.consent import TO_CONTACTS
    from hub.flow.peerout import PeerHooks, send
    from hub.store.peers import PeerStore
    from hub.store.tx import Entry, Tx

    def taken(tx: Any, home: Any, contact: Any, message: Any) -> None:
        tx.append(Entry("note_taken", contact.id, {"n": message.body["n"]}))

    def write(tx: Tx, number: int) -> None:
        contacts = [one for one in PeerStore(tx.connection).contacts() if one.state == "known"]
        if contacts and tx.first_time(f"note:{number}"):
            send(tx, contacts[0], "note", {"n": number})

    async def writing(hub: Hub) -> None:
        done = 0
        while True:
            wanted = int((data / NOTES).read_text()) if (data / NOTES).exists() else 0
            for number in range(done, wanted):
                await asyncio.wrap_future(hub.writer.submit(lambda tx, n=number: write(tx, n)))
            done = wanted
            await asyncio.sleep(0.02)

    logs.set_up("info")
    TO_CONTACTS["note"] = ()
    hub = Hub(read_config(config), data)
    hub.peering.hooks = PeerHooks({"note": taken})
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    tasks = []

    def started() -> None:
        tasks.append(asyncio.create_task(writing(hub)))
        print(f"Commonhearth is at {hub.url}", flush=True)

    await run_until_told(hub, told, started)


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), Path(sys.argv[2])))
