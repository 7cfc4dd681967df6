"""A message to see whether a member is reached: by each of their channels, and nothing else."""

from __future__ import annotations

from hub.domain.tongue import phrase
from hub.flow.home import Home
from hub.flow.tell import tag_of, tell
from hub.store.tx import Entry, Tx


def send_test(tx: Tx, home: Home, member: str) -> None:
    """Tell one member that they are reached; another test takes the place of this one."""
    cause = tx.append(Entry("test_message", "asking", {}))
    tell(
        tx,
        home,
        (member,),
        tag=tag_of(f"test:{member}"),
        title=home.settings.home.name,
        body=phrase("This is how the hub reaches you. Nothing needs to be done."),
        cause=cause,
    )
