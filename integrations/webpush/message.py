"""What a browser's service worker is sent: JSON within the size every push service takes."""

from __future__ import annotations

import hashlib
import json
import re

from hub.domain.effects import Notification

MOST_BYTES = 3993
"""Bytes of a message: 4096 of a body (RFC 8030, 7.2) less the header of 86, the delimiter and the
tag of 16 (RFC 8291, 4)."""

_TITLE = 250
_BODY = 1500
_LABEL = 60
_MOST_ACTIONS = 3
_TOPIC = re.compile(r"[-_A-Za-z0-9]{1,32}")


def message_of(notification: Notification) -> bytes:
    """Return the notification as the service worker reads it, at most ``MOST_BYTES``."""
    said: dict[str, object] = {
        "tag": notification.tag,
        "title": _cut(notification.title, _TITLE),
        "body": _cut(notification.body, _BODY),
        "link": notification.link,
        "urgent": notification.priority >= 4,
    }
    if notification.withdraw:
        said["withdraw"] = True
    if notification.expires is not None:
        said["expires"] = int(notification.expires.timestamp() * 1000)
    actions = [
        {"verb": action.verb, "label": _cut(action.label, _LABEL), "token": action.token}
        for action in notification.actions[:_MOST_ACTIONS]
    ]
    if actions:
        said["actions"] = actions
    written = _write(said)
    if len(written) > MOST_BYTES:
        # Rather without buttons, which the page has as well, than not at all.
        said.pop("actions", None)
        written = _write(said)
    return written


def topic_of(tag: str) -> str:
    """Return a tag as the Topic by which a push service replaces what it still holds.

    RFC 8030, 5.4: at most 32 characters of base64url.
    """
    if _TOPIC.fullmatch(tag):
        return tag
    return hashlib.blake2b(tag.encode("utf-8", "replace"), digest_size=16).hexdigest()


def _write(said: dict[str, object]) -> bytes:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _cut(text: str, most: int) -> str:
    raw = text.encode("utf-8", "replace")
    if len(raw) <= most:
        return raw.decode()
    return raw[: most - 3].decode("utf-8", "ignore").rstrip() + "…"
