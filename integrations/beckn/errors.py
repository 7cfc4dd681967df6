"""What may go wrong between network participants, with codes that both sides know."""

from __future__ import annotations

INVALID_REQUEST = "30000"
PROVIDER_NOT_FOUND = "30001"
ITEM_NOT_FOUND = "30004"
FULFILLMENT_UNAVAILABLE = "30008"
ORDER_NOT_FOUND = "30010"
CANCELLATION_REASON_UNKNOWN = "30011"
UPDATE_TARGET_UNKNOWN = "30012"
RATING_INVALID = "30015"
BUSINESS_ERROR = "40000"
ACTION_NOT_APPLICABLE = "40001"
QUANTITY_UNAVAILABLE = "40002"
QUOTE_UNAVAILABLE = "40003"
PAYMENT_NOT_SUPPORTED = "40004"
CANCELLATION_NOT_POSSIBLE = "50001"
"""Codes as in BECKN-005 (error codes)."""

MEANINGS = {
    "30000": "it could not read the request",
    "30001": "it does not know that provider",
    "30002": "it does not know that branch",
    "30003": "it does not know that category",
    "30004": "it does not have that item",
    "30008": "it cannot deliver that way",
    "30009": "nobody can deliver it",
    "30010": "it does not know that order",
    "30011": "it does not know that reason for cancelling",
    "30012": "it cannot change that part of an order",
    "30013": "more was changed than was named",
    "30014": "it does not know what is rated",
    "30015": "it does not take that rating",
    "40000": "it cannot do that now",
    "40001": "it does not do that",
    "40002": "there is not enough of it",
    "40003": "its price is no longer good",
    "40004": "it does not take that way of paying",
    "40005": "it cannot tell where the order is",
    "40006": "nobody is free to bring it",
    "50000": "its rules do not allow that",
    "50001": "it can no longer be cancelled",
    "50002": "it can no longer be changed",
    "50003": "it does not take that rating",
    "50004": "it gives no support for that",
}
"""What a member is told of a code that came without words."""


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
