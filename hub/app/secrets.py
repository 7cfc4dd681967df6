"""What the hub keeps to itself: the key that signs action links, and members' ntfy topics."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from hub.keyfiles.files import SecretsError, read, read_text, write
from hub.settings import MemberSettings
from integrations.ntfy.notifier import make_topic

NTFY_FILE = "ntfy.json"
_BYTES = 32


def household_key(folder: Path) -> bytes:
    """Return the household's 32 bytes, made at first start (file mode 0600).

    Raises SecretsError when the file is not what was written, or others may read it.
    """
    file = folder / "household.key"
    if not file.exists():
        write(file, secrets.token_hex(_BYTES) + "\n")
    try:
        key = bytes.fromhex(read(file).decode("ascii").strip())
    except (ValueError, UnicodeDecodeError):
        key = b""
    if len(key) != _BYTES:
        raise SecretsError(
            f"{file}: expected {_BYTES} bytes in hex; delete it to make a new one (buttons on "
            "phones that were sent before stop working)"
        )
    return key


class _Topics:
    """Topics made at first use and kept in a file, by name."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._topics: dict[str, str] | None = None

    def named(self, name: str, word: str) -> str:
        topics = self._load()
        if name not in topics:
            topics[name] = make_topic(word)
            write(self._file, json.dumps(topics, indent=1) + "\n")
        return topics[name]

    def _load(self) -> dict[str, str]:
        if self._topics is None:
            try:
                text = read_text(self._file) if self._file.exists() else "{}"
                self._topics = {str(name): str(topic) for name, topic in json.loads(text).items()}
            except (ValueError, AttributeError):
                raise SecretsError(
                    f"{self._file}: expected JSON; delete it to make new topics (phones must then "
                    "be subscribed anew)"
                ) from None
        return self._topics


class ReplyTopics(_Topics):
    """A topic for each ntfy server, which only our buttons know to publish answers to."""

    def __init__(self, folder: Path) -> None:
        """Keep them in ``folder``/ntfy-replies.json."""
        super().__init__(folder / "ntfy-replies.json")

    def of(self, server: str) -> str:
        """Return a server's reply topic. Raises SecretsError when the file is damaged."""
        return self.named(server.rstrip("/"), "reply")


class NtfyTopics(_Topics):
    """A topic for each member that nobody can guess, kept so that a phone stays subscribed."""

    def __init__(self, folder: Path) -> None:
        """Keep them in ``folder``/ntfy.json."""
        super().__init__(folder / NTFY_FILE)

    def of(self, member: MemberSettings) -> str:
        """Return a member's topic: the one in hub.yaml, else the one made at first use.

        Raises SecretsError when the file is damaged.
        """
        if member.ntfy is not None and member.ntfy.topic is not None:
            return member.ntfy.topic
        return self.named(member.id, member.id)
