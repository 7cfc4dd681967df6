"""Which MQTT topics and filters are well-formed. Pure. (MQTT 5.0, 4.7.)"""

from __future__ import annotations

_LONGEST = 65_535


def topic_fault(topic: str) -> str | None:
    """Return what is wrong with a topic to publish on, or None."""
    return _text_fault(topic) or ("it has a wildcard" if "+" in topic or "#" in topic else None)


def filter_fault(text: str) -> str | None:
    """Return what is wrong with a topic filter, or None.

    One bad filter makes a broker close the connection, and so would silence every device.
    """
    fault = _text_fault(text)
    if fault is not None:
        return fault
    levels = text.split("/")
    if any(
        "#" in level and (level != "#" or n < len(levels) - 1) for n, level in enumerate(levels)
    ):
        return "`#` may only stand alone as the last level"
    if any("+" in level and level != "+" for level in levels):
        return "`+` may only stand alone in its level"
    return None


def _text_fault(text: str) -> str | None:
    if not text:
        return "it is empty"
    if "\0" in text:
        return "it has a NUL"
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return "it is not Unicode text"
    return f"it is {size} bytes long, at most {_LONGEST} are allowed" if size > _LONGEST else None
