"""Takes messages through a real Writer until it is killed; says what it acknowledged.

It reads ``number`` a line from standard input, as a broker's messages, and writes ``number`` to
standard output once the message was acknowledged. Run as ``python -m tests.worker.crash_child DB``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from hub.domain.effects import TellMember
from hub.ports import InMessage
from hub.store.database import open_database
from hub.store.house import load_house
from hub.store.tx import Entry, Tx
from hub.worker.writer import Step, Writer


class Now:
    """The real clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def step(message: InMessage) -> Step:
    number = message.payload.decode()

    def take(tx: Tx) -> None:
        if tx.seen_mqtt(message):
            return
        tx.append(Entry("taken", number, {}))
        tx.emit(TellMember(number, "t", "b", "ana", "ntfy"), f"tell:{number}", number)

    return take


def acknowledge(messages: Sequence[InMessage]) -> None:
    text = "".join(f"{message.payload.decode()}\n" for message in messages)
    os.write(1, text.encode())


def main() -> None:
    engine = open_database(Path(sys.argv[1]))
    with engine.connect() as connection:
        house = load_house(connection, datetime.now(UTC))
    writer = Writer(
        engine,
        house,
        Now(),
        intake=lambda messages: [step(message) for message in messages],
        acknowledge=acknowledge,
        committed=lambda after: None,
    )
    writer.start()
    for line in sys.stdin:
        number, dup = line.split()
        writer.put(
            InMessage(
                topic="a/b",
                payload=number.encode(),
                qos=1,
                mid=int(number) % 65535 + 1,
                dup=dup == "1",
                retain=False,
                connection=1,
                received_at=datetime.now(UTC),
            )
        )
    writer.stop()


if __name__ == "__main__":
    main()
