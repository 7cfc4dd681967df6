"""A household as a process, a mail server, and a friend without a hub."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

from icalendar import Calendar

from tests.integrations.calendar.conftest import mailbox as mailbox
from tests.integrations.calendar.servers import Mailbox
from tests.support.friends import FriendHub
from tests.support.hubprocess import RUN, until
from tests.support.mosquitto import free_port, start_mosquitto


def read(mailbox: Mailbox) -> list[tuple[str, int]]:
    """Return the method and SEQUENCE of each mail that came."""
    found = []
    for raw in mailbox.mails:
        mail = message_from_bytes(raw, policy=policy.default)
        part = next(one for one in mail.walk() if one.get_content_type() == "text/calendar")
        calendar = Calendar.from_ical(part.get_payload(decode=True))
        (event,) = calendar.walk("VEVENT")
        found.append((str(calendar["METHOD"]), int(event["SEQUENCE"])))
    return found


def test_a_friend_without_a_hub_is_invited_by_mail(tmp_path: Path, mailbox: Mailbox) -> None:
    smtp = {
        "host": "127.0.0.1", "port": mailbox.port, "security": "none", "sender": "ada@one.example",
    }  # fmt: skip
    with start_mosquitto(tmp_path) as broker:
        mqtt = {"url": broker.url, "client_id": "Ada"}
        ada = FriendHub(tmp_path / "ada", "Ada", http={"port": free_port()}, mqtt=mqtt, smtp=smtp)
        ada.arguments = [sys.executable, RUN, "run", "--config", ada.config, "--data", ada.data]
        try:
            ada.start()
            ada.contact("add", "Dora", "dora@two.example")
            (friend,) = ada.get("/friends")
            assert (friend["hub"], friend["email"]) == (False, "dora@two.example")
            start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
            fishing = {
                "summary": "Fishing",
                "start": start.isoformat(),
                "end": (start + timedelta(hours=3)).isoformat(),
                "member": "ada",
            }
            mailbox.refuse = "451 busy"
            made = ada.call("POST", "/api/v1/activities", {**fishing, "guests": [friend["id"]]})
            until(lambda: "trying again" in ada.words(), ada.words)
            assert mailbox.mails == []
            ada.kill()
            mailbox.refuse = ""
            ada.start()
            until(lambda: read(mailbox) == [("REQUEST", 0)], ada.words)
            path = f"/api/v1/activities/{made['uid']}"
            said = {"member": "ada", "guest": "dora@two.example", "answer": "ACCEPTED"}
            noted = ada.call("POST", f"{path}/note", said)
            assert noted["attendees"][0]["partstat"] == "ACCEPTED"
            ada.call("POST", f"{path}/cancel", {"member": "ada"})
            until(lambda: read(mailbox) == [("REQUEST", 0), ("CANCEL", 1)], ada.words)
        finally:
            ada.stop()
