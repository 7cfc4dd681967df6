"""What may go wrong between network participants, with codes that both sides know."""

from __future__ import annotations

INVALID_REQUEST = "30000"
PROVIDER_NOT_FOUND = "30001"
ITEM_NOT_FOUND = "30004"
FULFILLMENT_UNAVAILABLE = "30008"
ORDER_NOT_FOUND = "30010"
BUSINESS_ERROR = "40000"
ACTION_NOT_APPLICABLE = "40001"
QUANTITY_UNAVAILABLE = "40002"
QUOTE_UNAVAILABLE = "40003"
CANCELLATION_NOT_POSSIBLE = "50001"
"""Codes as in BECKN-005 (error codes)."""


class BecknError(Exception):
    """A message that is not what the protocol asks for, or that cannot be granted.

    ``code`` is one of BECKN-005; the text names the field and what was expected. ``status`` is the
    HTTP status of the NACK.
    """

    def __init__(self, message: str, code: str = INVALID_REQUEST, *, status: int = 400) -> None:
        """Say what is wrong in one line."""
        super().__init__(message)
        self.code = code
        self.status = status


class SignatureError(Exception):
    """A signature that does not prove who sent the message: nothing of it may be believed."""


class RegistryError(Exception):
    """A registry or key file that cannot be read; the text names the file and the line."""
