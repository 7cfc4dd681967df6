"""Models of version 2.0.0 LTS's messages, as far as the hub speaks of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from hub.domain.orders import ACTIONS
from integrations.beckn.schemas.parts import (
    Camel,
    Closed,
    Instant,
    Open,
    Span,
    Text,
    Uri,
    Uuid,
    message,
)


class Coded(Camel):
    """A country or city."""

    code: Text | None = None


class Where(Camel):
    """Where an order is to be fulfilled."""

    country: Coded | None = None
    city: Coded | None = None


class RequestDigest(Camel):
    """The schema ``RequestDigest``."""

    digest: Annotated[str, Field(pattern=r"^BLAKE-512=[A-Za-z0-9+/]+=*$")]


class Context(Camel):
    """The schema ``Context``, with what both sides need of it required."""

    domain: str | None = None
    location: Where | None = None
    action: str
    version: Literal["2.0.0"]
    bap_id: Annotated[str, Field(min_length=1)]
    bap_uri: Uri
    bpp_id: Annotated[str, Field(min_length=1)]
    bpp_uri: Uri
    transaction_id: Uuid
    message_id: Uuid
    timestamp: Instant
    ttl: Span | None = None
    request_digest: RequestDigest | None = None


class Error(Camel):
    """The schema ``Error``."""

    error_code: str | None = None
    error_message: Text | None = None


class Attributes(Open):
    """The schema ``Attributes``: what a domain's profile defines."""

    at_context: Annotated[str, Field(alias="@context")]
    at_type: Annotated[str, Field(alias="@type")]


class Descriptor(Closed):
    """The schema ``Descriptor``."""

    name: Text | None = None
    code: Text | None = None
    short_desc: str | None = None
    long_desc: str | None = None
    thumbnail_image: Uri | None = None
    docs: list[dict[str, object]] | None = None
    media_file: list[dict[str, object]] | None = None


class Consideration(Camel):
    """The schema ``Consideration``."""

    id: str
    status: Descriptor
    consideration_attributes: Attributes | None = None


class Provider(Closed):
    """The schema ``Provider``."""

    id: str
    descriptor: Descriptor
    available_at: list[dict[str, object]] | None = None
    provider_attributes: Attributes | None = None


class Offer(Camel):
    """The schema ``Offer``."""

    id: str
    descriptor: Descriptor | None = None
    provider: Provider | None = None
    resource_ids: list[str] | None = None
    considerations: list[Consideration] | None = None


class Resource(Camel):
    """The schema ``Resource``."""

    id: str
    descriptor: Descriptor | None = None
    resource_attributes: Attributes | None = None


class CommitmentState(Descriptor):
    """How far a commitment is."""

    code: Literal["DRAFT", "ACTIVE", "CLOSED"] | None = None


class CommitmentStatus(Camel):
    """The status of a ``Commitment``."""

    descriptor: CommitmentState


class Commitment(Camel):
    """The schema ``Commitment``."""

    id: str | None = None
    status: CommitmentStatus
    resources: list[Resource]
    offer: Offer


class Performance(Closed):
    """The schema ``Performance``."""

    id: str | None = None
    status: Descriptor | None = None
    commitment_ids: list[str] | None = None
    performance_attributes: Attributes | None = None


class Participant(Camel):
    """The schema ``Participant``."""

    id: str | None = None
    descriptor: Descriptor | None = None
    participant_attributes: Attributes | None = None


class Settlement(Camel):
    """The schema ``Settlement``."""

    id: str | None = None
    consideration_id: str | None = None
    status: Literal["DRAFT", "COMMITTED", "COMPLETE"] | None = None
    settlement_attributes: Attributes | None = None


class ContractStatus(Descriptor):
    """How far a contract is."""

    code: Literal["DRAFT", "ACTIVE", "CANCELLED", "COMPLETE"] | None = None


class Contract(Closed):
    """The schema ``Contract``."""

    id: Uuid | None = None
    descriptor: Descriptor | None = None
    commitments: Annotated[list[Commitment], Field(min_length=1)]
    consideration: list[Consideration] | None = None
    participants: list[Participant] | None = None
    performance: list[Performance] | None = None
    settlements: list[Settlement] | None = None
    status: ContractStatus | None = None
    contract_attributes: Attributes | None = None


class KnownContract(Contract):
    """A ``Contract`` that has its id already."""

    id: Uuid


class Catalog(Camel):
    """The schema ``Catalog``."""

    id: str
    descriptor: Descriptor
    provider: Provider
    resources: list[Resource] | None = None
    offers: list[Offer] | None = None


class Intent(Closed):
    """The schema ``Intent``."""

    text_search: Text | None = None
    filters: dict[str, object] | None = None
    spatial: list[dict[str, object]] | None = None
    media_search: dict[str, object] | None = None


class Tracking(Camel):
    """The schema ``Tracking``."""

    contract: KnownContract | None = None
    status: Literal["ACTIVE", "INACTIVE"]
    url: Uri
    tracking_attributes: Attributes | None = None


class RatingInput(Closed):
    """The schema ``RatingInput``."""

    target: dict[str, object]
    range: dict[str, object]
    feedback_form_submission: dict[str, object] | None = None


class Support(Closed):
    """The schema ``Support``."""

    order_id: str | None = None
    descriptor: Descriptor | None = None
    channels: Annotated[list[Attributes], Field(min_length=1)] | None = None


class DiscoverAction(Camel):
    """What ``discover`` says."""

    intent: Intent


class OnDiscoverAction(Closed):
    """What ``on_discover`` says."""

    catalogs: list[Catalog]


class ContractAction(Camel):
    """What is said of a contract."""

    contract: Contract


class KnownContractAction(Camel):
    """What ``status`` and ``cancel`` say."""

    contract: KnownContract


class TrackAction(Closed):
    """What ``track`` and ``on_track`` say."""

    tracking: Tracking


class RateAction(Closed):
    """What ``rate`` says."""

    rating_inputs: list[RatingInput]


class OnRateAction(Closed):
    """What ``on_rate`` says."""

    ratings: list[RatingInput]


class SupportAction(Closed):
    """What ``support`` and ``on_support`` say."""

    support: Support


_BODIES: dict[str, type[BaseModel]] = {
    "discover": DiscoverAction,
    "on_discover": OnDiscoverAction,
    "status": KnownContractAction,
    "cancel": KnownContractAction,
    "track": TrackAction,
    "on_track": TrackAction,
    "rate": RateAction,
    "on_rate": OnRateAction,
    "support": SupportAction,
    "on_support": SupportAction,
}

MESSAGES: dict[str, type[Open]] = {
    action: message(action, Context, _BODIES.get(action, ContractAction), Error)
    for word in ACTIONS
    for action in (word, f"on_{word}")
}
"""Action as written -> the model of the whole message."""
