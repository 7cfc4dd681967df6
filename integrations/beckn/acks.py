"""The synchronous answer to a message, in all its forms.

Version 2.0.0 says ``{"status", "signature"}`` (schema ``Ack``), version 1.1.1
``{"message": {"ack": {"status"}}}``; some implementations of version 2 answer 202 with
``{"message": {"status", "messageId"}}`` and the signature as a header. All are read; what is
written is the version's own.
"""

from __future__ import annotations

from hub.domain.values import dataclass
from integrations.beckn.errors import BecknError
from integrations.beckn.grocery import Json
from integrations.beckn.reading import LONGEST_TEXT, Node

TAKEN = (200, 202)
"""HTTP statuses under which a message may have been taken."""


@dataclass(frozen=True, slots=True)
class Ack:
    """What was answered: ``word`` is ACK or NACK; '' where none of the forms was found."""

    word: str
    code: str = ""
    reason: str = ""

    @property
    def why(self) -> str:
        """Return code and reason in one line, '' where neither is told."""
        return f"{self.code} {self.reason}".strip()


def read_ack(document: Node) -> Ack:
    """Read an answer of any form; BecknError names a field that is wrong."""
    message = document.maybe("message")
    word = (
        document.maybe_text("status")
        or message.maybe("ack").maybe_text("status")
        or message.maybe_text("status")
        or ""
    )
    error = document.maybe("error") if document.has("error") else message.maybe("error")
    return Ack(
        word.upper(),
        error.maybe_text("errorCode") or error.maybe_text("code") or "",
        error.maybe_text("errorMessage") or error.maybe_text("message") or "",
    )


def write_v1(error: BecknError | None) -> Json:
    """Write version 1.1.1's answer."""
    if error is None:
        return {"message": {"ack": {"status": "ACK"}}}
    about = {"code": error.code, "message": str(error)[:LONGEST_TEXT]}
    return {"message": {"ack": {"status": "NACK"}}, "error": about}


def write_v2(error: BecknError | None) -> Json:
    """Write version 2.0.0's answer, which is still to be signed."""
    if error is None:
        return {"status": "ACK"}
    about = {"errorCode": error.code, "errorMessage": str(error)[:LONGEST_TEXT]}
    return {"status": "NACK", "error": about}
