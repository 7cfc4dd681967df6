"""One MQTT payload, decoded at most once for all the entities that read it."""

from __future__ import annotations

import orjson

_UNREAD = object()


class NotText(Exception):
    """The payload is not text in the encoding the device announced."""


class NotJson(Exception):
    """The payload is not JSON, but a template reads ``value_json``."""


class Message:
    """A payload with its text and its JSON value, made when first asked for."""

    __slots__ = ("_json", "_text", "payload")

    def __init__(self, payload: bytes) -> None:
        """Hold a payload; nothing is decoded yet."""
        self.payload = payload
        self._text: str | None = None
        self._json: object = _UNREAD

    def text(self, encoding: str = "utf-8") -> str:
        """Return the payload as text. Raises NotText."""
        if encoding == "utf-8" and self._text is not None:
            return self._text
        try:
            result = self.payload.decode(encoding)
        except UnicodeError:
            raise NotText(f"expected {encoding} text") from None
        if encoding == "utf-8":
            self._text = result
        return result

    def json(self) -> object:
        """Return the payload's JSON value. Raises NotJson (NaN and infinities are not JSON)."""
        if self._json is _UNREAD:
            try:
                self._json = orjson.loads(self.payload)
            except orjson.JSONDecodeError as error:
                raise NotJson(f"expected JSON: {error}") from None
        return self._json
