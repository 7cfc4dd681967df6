"""Public notices: OASIS CAP 1.2 (and 1.1) in XML, or the same names in JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast, get_args

import orjson

from devices.cap_fields import DEFAULT_WORDS, ServiceWords, concerns, read_references
from devices.moments import BadTime, instant
from devices.types import Decoded, Entity
from hub.domain.notices import MsgType, Notice, NoticeRef, Service, Status
from hub.domain.observations import Reading, Rejected

MAX_PAYLOAD = 256 * 1024
MAX_DEPTH = 16
MAX_PARTS = 5000
MOST_AREAS = 50
_NAMESPACES = (
    "{urn:oasis:names:tc:emergency:cap:1.2}",
    "{urn:oasis:names:tc:emergency:cap:1.1}",
)
_TOO_DEEP = f"expected at most {MAX_DEPTH} levels of nesting"

Node = dict[str, list[Any]]
"""An element's children by name: each a text or a Node."""


class _Bad(Exception):
    def __init__(self, reason: str, where: str) -> None:
        super().__init__(reason)
        self.reason, self.where = reason, where


class CapNotices:
    """Reads notices on the topics a household listens to."""

    name = "cap"

    def __init__(
        self,
        topics: Sequence[str],
        *,
        areas: Sequence[str] = (),
        words: Mapping[str, Sequence[str]] = DEFAULT_WORDS,
        languages: Sequence[str] = ("en", "zh"),
    ) -> None:
        """Listen on MQTT topic filters; ``areas`` are areaDesc or geocode values lived in.

        Without ``areas`` every notice concerns the household. Of ``languages`` the first a notice
        has is shown. Raises ValueError for a word list with an unknown service.
        """
        self._filters = frozenset(topics)
        self._wanted = [tuple(topic.split("/")) for topic in topics]
        self._areas = tuple(areas)
        self._words = ServiceWords(words)
        self._languages = tuple(language.casefold() for language in languages)

    def filters(self) -> frozenset[str]:
        """Return the topic filters given."""
        return self._filters

    def handles(self, topic: str) -> bool:
        """Tell whether a filter matches the topic (MQTT 5, section 4.7)."""
        return any(_matches(wanted, topic) for wanted in self._wanted)

    def decode(self, topic: str, payload: bytes, received_at: datetime) -> Decoded:
        """Read one notice; nothing when it is for other areas. Never raises."""
        if not payload:
            return Decoded(())  # a retained notice was taken off its topic
        if len(payload) > MAX_PAYLOAD:
            return _rejected(f"expected at most {MAX_PAYLOAD} bytes, got {len(payload)}", "payload")
        try:
            notice = self._notice(_tree(payload), topic)
        except _Bad as bad:
            return _rejected(bad.reason, bad.where)
        if notice is None:
            return Decoded(())
        return Decoded((notice,), f"cap:{notice.ref}")

    def entities(self) -> Sequence[Entity]:
        """Return nothing: a notice belongs to no device."""
        return ()

    def expire(self, now: datetime) -> Sequence[Reading]:
        """Return nothing: the noticeboard knows when notices end."""
        return ()

    def _notice(self, alert: Node, topic: str) -> Notice | None:
        sender = _text(alert, "sender", 256, needed=True)
        identifier = _text(alert, "identifier", 256, needed=True)
        sent = _time(alert, "sent")
        if sent is None:
            raise _Bad("expected a time such as 2026-11-24T18:30:00+01:00, got nothing", "sent")
        status = _one_of(alert, "status", get_args(Status))
        msg_type = _one_of(alert, "msgType", get_args(MsgType))
        blocks = [one for one in alert.get("info", []) if isinstance(one, dict)]
        if not blocks and msg_type in ("Alert", "Update"):
            raise _Bad(f"expected an info block in an {msg_type}", "info")
        info = self._best(blocks) if blocks else {}
        areas = _areas(info)
        if self._areas and areas and not concerns(areas, self._areas):
            return None
        onset, effective = _time(info, "onset"), _time(info, "effective")
        expires, start = _time(info, "expires"), onset or effective or sent
        return Notice(
            sender=sender,
            identifier=identifier,
            sent=sent,
            status=cast(Status, status),
            msg_type=cast(MsgType, msg_type),
            event=_text(info, "event", 200),
            headline=_text(info, "headline", 500),
            description=_text(info, "description", 4000),
            urgency=_text(info, "urgency", 40) or "Unknown",
            severity=_text(info, "severity", 40) or "Unknown",
            certainty=_text(info, "certainty", 40) or "Unknown",
            response_types=tuple(_texts(info, "responseType")[:10]),
            effective_from=start,
            expires=expires,
            service=self._service(info),
            areas=tuple(_texts_of(info, "area", "areaDesc")[:MOST_AREAS]),
            references=_references(alert, sender),
            topic=topic,
        )

    def _best(self, blocks: Sequence[Node]) -> Node:
        """Choose the info block for here, in a language read here; the first among equals."""

        def rank(info: Node) -> tuple[bool, int, bool]:
            elsewhere = bool(self._areas) and not concerns(_areas(info), self._areas)
            # CAP 1.2, 3.2.2: without a language it is en-US.
            spoken = (_text(info, "language", 40) or "en-US").casefold().partition("-")[0]
            known = [language.partition("-")[0] for language in self._languages]
            place = known.index(spoken) if spoken in known else len(known)
            return (elsewhere, place, self._service(info) is None)

        return min(blocks[:100], key=rank)

    def _service(self, info: Node) -> Service | None:
        named = _pairs(info, "eventCode") + _pairs(info, "parameter")
        texts = (_text(info, name, 4000) for name in ("event", "headline", "description"))
        return self._words.service(named, texts)


def _tree(payload: bytes) -> Node:
    start = payload.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    return _from_json(payload) if start in (b"{", b"[") else _from_xml(payload)


def _from_json(payload: bytes) -> Node:
    try:
        value = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise _Bad(f"expected JSON in UTF-8: {error}"[:200], "payload") from None
    if isinstance(value, dict) and isinstance(value.get("alert"), dict):
        value = value["alert"]
    if not isinstance(value, dict):
        raise _Bad("expected one CAP message as an object", "payload")
    return cast(Node, _json_node(value, [MAX_PARTS], 0))


def _json_node(value: Any, left: list[int], depth: int) -> Any:
    left[0] -= 1
    if depth > MAX_DEPTH:
        raise _Bad(_TOO_DEEP, "payload")
    if left[0] < 0:
        raise _Bad(f"expected at most {MAX_PARTS} values", "payload")
    if isinstance(value, dict):
        return {
            name: [_json_node(one, left, depth + 1) for one in _as_list(inner)]
            for name, inner in value.items()
            if inner is not None
        }
    if isinstance(value, str | int | float):
        return str(value)
    raise _Bad("expected texts, objects and lists of them", "payload")


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _from_xml(payload: bytes) -> Node:
    from defusedxml import ElementTree
    from defusedxml.common import DefusedXmlException

    try:
        root = ElementTree.fromstring(payload, forbid_dtd=True)
    except DefusedXmlException:
        raise _Bad("expected XML without a DTD or entities", "payload") from None
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise _Bad(f"expected CAP 1.2 in XML or JSON: {error}"[:200], "payload") from None
    for namespace in _NAMESPACES:
        if root.tag == f"{namespace}alert":
            return cast(Node, _xml_node(root, namespace, [MAX_PARTS], 0))
    raise _Bad(f"expected an alert of {_NAMESPACES[0][1:-1]}, got {root.tag[:80]}", "payload")


def _xml_node(element: Any, namespace: str, left: list[int], depth: int) -> Any:
    left[0] -= 1
    if depth > MAX_DEPTH:
        raise _Bad(_TOO_DEEP, "payload")
    if left[0] < 0:
        raise _Bad(f"expected at most {MAX_PARTS} elements", "payload")
    node: Node = {}
    # Elements of other namespaces are signatures and extensions, which CAP lets us pass over.
    for child in element:
        if isinstance(child.tag, str) and child.tag.startswith(namespace):
            read = _xml_node(child, namespace, left, depth + 1)
            node.setdefault(child.tag[len(namespace) :], []).append(read)
    return node or (element.text or "").strip()


def _texts(node: Node, name: str) -> list[str]:
    return [one.strip()[:200] for one in node.get(name, []) if isinstance(one, str) and one.strip()]


def _text(node: Node, name: str, most: int, needed: bool = False) -> str:
    text = next((one.strip() for one in node.get(name, []) if isinstance(one, str)), "")
    if needed and not text:
        raise _Bad("expected a text, got nothing", name)
    if needed and len(text) > most:
        raise _Bad(f"expected at most {most} characters, got {len(text)}", name)
    return text[:most]


def _texts_of(node: Node, outer: str, inner: str) -> list[str]:
    found = (_texts(one, inner) for one in node.get(outer, []) if isinstance(one, dict))
    return [text for texts in found for text in texts]


def _pairs(node: Node, name: str) -> list[tuple[str, str]]:
    """Return eventCodes or parameters: ``valueName`` and ``value``; in JSON also ``{name: value}``.

    CAP 1.2, sections 3.2.2 (eventCode, parameter) and 3.2.4 (geocode).
    """
    found: list[tuple[str, str]] = []
    for one in node.get(name, []):
        if isinstance(one, str):
            found.append(("", one))
        elif "value" in one:
            found.append((_text(one, "valueName", 200), _text(one, "value", 1000)))
        else:
            found += [(key, text) for key in one for text in _texts(one, key)]
    return found[:100]


def _areas(info: Node) -> list[str]:
    """Return the names and the geocodes of the block's areas."""
    geocodes = [
        value
        for area in info.get("area", [])
        if isinstance(area, dict)
        for _, value in _pairs(area, "geocode")
    ]
    return (_texts_of(info, "area", "areaDesc") + geocodes)[:500]


def _references(alert: Node, sender: str) -> tuple[NoticeRef, ...]:
    listed = [
        one
        if isinstance(one, str)
        else " ".join(_text(one, name, 256) for name in ("sender", "identifier", "sent"))
        for one in alert.get("references", [])
    ]
    return read_references(" ".join(listed), sender)


def _time(node: Node, name: str) -> datetime | None:
    text = _text(node, name, 80)
    if not text:
        return None
    try:
        return instant(text)
    except BadTime as error:
        raise _Bad(str(error), name) from None


def _one_of(node: Node, name: str, allowed: Sequence[str]) -> str:
    text = _text(node, name, 40)
    found = next((one for one in allowed if one.casefold() == text.casefold()), None)
    if found is None:
        raise _Bad(f"expected one of {', '.join(allowed)}, got {text!r}", name)
    return found


def _matches(wanted: tuple[str, ...], topic: str) -> bool:
    levels = topic.split("/")
    if levels[0].startswith("$") and wanted[0] in ("#", "+"):
        return False
    for place, one in enumerate(wanted):
        if one == "#":
            return True
        if place >= len(levels) or one not in ("+", levels[place]):
            return False
    return len(levels) == len(wanted)


def _rejected(reason: str, where: str) -> Decoded:
    return Decoded((Rejected(reason, where),))
