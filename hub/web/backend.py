"""What the pages ask of the hub; ``hub.app`` provides it, tests may fake it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from hub.domain.backups import BackupState
from hub.domain.decisions import Decision as Decision
from hub.domain.decisions import DecisionResult as DecisionResult
from hub.domain.decisions import OrderCommand as OrderCommand
from hub.domain.money import Money
from hub.domain.notices import Notice
from hub.domain.orders import Order
from hub.domain.stock import PantryItem, StockLevel, StockPoint
from hub.domain.suggestions import Suggestion
from hub.domain.values import dataclass
from hub.settings import Settings
from hub.web.activities import Activities
from hub.web.beginning import Beginning
from hub.web.feeds import Feeds
from hub.web.files import Files
from hub.web.friends import Friends
from hub.web.logins import Logins
from hub.web.meals import Meals
from hub.web.passkeys import Passkeys
from hub.web.plans import Plans
from hub.web.privacy import Privacy
from hub.web.providerlogs import ProviderLogs
from hub.web.pushes import Pushes
from hub.web.quarantine import Quarantine
from hub.web.receipts import Receipts
from hub.web.rulesets import RuleSets
from hub.web.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Parked:
    """A message that was not understood: its first 1 KiB and why."""

    id: int
    at: datetime
    topic: str
    reason: str
    where: str
    payload: bytes
    count: int = 1


@dataclass(frozen=True, slots=True)
class EntityView:
    """An entity with its latest state; ``item`` is the pantry item whose level it tells."""

    id: str
    name: str
    component: str
    device_name: str
    convention: str
    unit: str | None
    value: str
    available: bool
    last_seen: datetime | None
    used: bool
    meaning: str = ""
    item: str = ""


@dataclass(frozen=True, slots=True)
class PantryView:
    """A pantry item with its level; ``hours_left`` None where it is not known."""

    item: PantryItem
    level: StockLevel | None
    hours_left: float | None


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One entry of the ledger."""

    index: int
    at: datetime
    kind: str
    subject: str
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class About:
    """What a hub is, for whoever looks after it; nothing in it opens anything.

    ``identity`` is its name on the network of providers, ``log_key`` the public key of its log
    (C2SP signed-note: name, id of the key, key). ``waiting`` are the keys of hub.yaml that are not
    in force before the next start.
    """

    version: str
    since: datetime
    identity: str
    log_key: str
    waiting: Sequence[str] = ()

    @property
    def log_fingerprint(self) -> str:
        """Return the id of the log's key, 8 hex digits: what each of its signatures names."""
        return self.log_key.split("+")[1]


@dataclass(frozen=True, slots=True)
class WitnessView:
    """A contact as witness: ``size`` entries of our log it signed last, ``at``, by ``key``.

    ``refused`` is why it would not. ``seen_size`` entries of its log we signed last. ``fault`` says
    in plain words what was found wrong with a log, ``evidence`` are the signed notes.
    """

    contact: str
    name: str
    agreed: bool
    size: int = 0
    at: datetime | None = None
    key: str = ""
    refused: str = ""
    seen_size: int = 0
    seen_at: datetime | None = None
    fault: str = ""
    fault_at: datetime | None = None
    evidence: Sequence[str] = ()
    provider: str = ""
    """The subscriber id, where it is a provider with which checkpoints are exchanged."""
    ours: bool = False
    """Whether the fault is about our own log."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What was ordered for good: when, of whom and for how much."""

    at: datetime
    provider: str
    total: Money


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser."""

    member: str
    created_at: datetime
    expires_at: datetime
    csrf: str
    id: str = ""
    """Names the session in lists; opens nothing."""


@dataclass(frozen=True, slots=True)
class PhoneView:
    """How a member's phone hears of suggestions over ntfy. ``topic`` is like a key."""

    server: str
    topic: str

    @property
    def link(self) -> str:
        """Return the address that subscribes the ntfy app on Android, and opens a page elsewhere.

        https://docs.ntfy.sh/subscribe/phone/ ("ntfy:// links").
        """
        scheme, _, host = self.server.rstrip("/").partition("://")
        return f"ntfy://{host}/{self.topic}" + ("?secure=false" if scheme == "http" else "")


class Backend(Protocol):
    """Reads are synchronous and short (WAL readers); writes go through the writer thread."""

    @property
    def settings(self) -> Settings:
        """Return the household's settings."""
        ...

    @property
    def files(self) -> Files:
        """Return the household's own files."""
        ...

    @property
    def beginning(self) -> Beginning:
        """Return the first start."""
        ...

    @property
    def rule_sets(self) -> RuleSets:
        """Return a community's rule sets."""
        ...

    @property
    def pushes(self) -> Pushes:
        """Return what keeps the browsers that may notify."""
        ...

    @property
    def privacy(self) -> Privacy:
        """Return consents, and what left the home."""
        ...

    @property
    def provider_logs(self) -> ProviderLogs:
        """Return what is done about providers' logs."""
        ...

    @property
    def receipts(self) -> Receipts:
        """Return what both sides signed of orders and activities."""
        ...

    @property
    def quarantine(self) -> Quarantine:
        """Return the devices that wait for an adult."""
        ...

    @property
    def passkeys(self) -> Passkeys:
        """Return members' passkeys."""
        ...

    @property
    def logins(self) -> Logins:
        """Return devices' logins at the broker, and pairing."""
        ...

    @property
    def activities(self) -> Activities:
        """Return activities with friends, and the agenda."""
        ...

    @property
    def friends(self) -> Friends:
        """Return the households this one knows."""
        ...

    @property
    def plans(self) -> Plans:
        """Return absences, meals cooked at home, and conflicts."""
        ...

    @property
    def meals(self) -> Meals:
        """Return meals with friends."""
        ...

    @property
    def api_tokens(self) -> Tokens:
        """Return the tokens that programs use the API with."""
        ...

    @property
    def feeds(self) -> Feeds:
        """Return the agenda for calendars that subscribe."""
        ...

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        ...

    def suggestions(self, *, open_only: bool = True, limit: int = 200) -> Sequence[Suggestion]:
        """Return suggestions, newest first."""
        ...

    def decided(self, limit: int) -> Sequence[Suggestion]:
        """Return suggestions that wait for no answer any more, the newest first."""
        ...

    def suggestion(self, suggestion_id: str) -> Suggestion | None:
        """Return one suggestion."""
        ...

    def orders(self, *, limit: int = 100) -> Sequence[Order]:
        """Return orders, newest first."""
        ...

    def order(self, order_id: str) -> Order | None:
        """Return one order."""
        ...

    def slots(self, order_id: str) -> Sequence[tuple[str, datetime, datetime, Decimal | None]]:
        """Return the delivery slots its provider offered: id, start, end, fee."""
        ...

    def pantry(self) -> Sequence[PantryView]:
        """Return every pantry item."""
        ...

    def ledger(
        self, *, before: int | None = None, limit: int = 50, subject: str | None = None
    ) -> Sequence[LedgerEntry]:
        """Return entries of the ledger, newest first, from the one before ``before``."""
        ...

    def witnesses(self) -> Sequence[WitnessView]:
        """Return who countersigns the log, and whose logs are countersigned, by name."""
        ...

    def history(self, item: str) -> Sequence[StockPoint]:
        """Return an item's levels of the last days, oldest first."""
        ...

    def spent(self, since: datetime) -> Sequence[Spent]:
        """Return what was ordered for good since then, in no order."""
        ...

    def entities(self) -> Sequence[EntityView]:
        """Return every entity."""
        ...

    def parked(self, limit: int = 100) -> Sequence[Parked]:
        """Return what was not understood, newest first."""
        ...

    def notices(self) -> Sequence[Notice]:
        """Return the notices in force now or later."""
        ...

    def health(self) -> Mapping[str, object]:
        """Return what /healthz and /metrics tell: counters and whether the broker is there."""
        ...

    def about(self) -> About:
        """Return what the hub is, and what of hub.yaml is not in force yet."""
        ...

    def backup(self) -> BackupState:
        """Return how the nightly backup stands."""
        ...

    async def decide(self, decision: Decision) -> DecisionResult:
        """Carry a member's answer to the flow; returns after it is committed."""
        ...

    async def act(self, command: OrderCommand) -> DecisionResult:
        """Carry a member's wish about a placed order to the flow; returns after it is committed."""
        ...

    async def set_stock(self, item: str, quantity: float, member: str) -> StockLevel:
        """Note what a person counted; KeyError for an unknown item, ValueError when negative."""
        ...

    def changes(self) -> AsyncIterator[int]:
        """Yield a growing number after each commit that a page may show (coalesced)."""
        ...

    def create_session(self, member: str) -> tuple[str, Session]:
        """Make a session: the secret for the cookie (shown once) and what it is."""
        ...

    def session(self, secret: str) -> Session | None:
        """Return the session of a cookie's secret while it is valid."""
        ...

    def end_session(self, secret: str) -> None:
        """Sign out."""
        ...

    def sessions(self, member: str) -> Sequence[Session]:
        """Return a member's signed-in browsers, newest first."""
        ...

    def revoke_session(self, member: str, session_id: str) -> bool:
        """Sign one of a member's browsers out; False when there is no such session."""
        ...

    def create_code(self, member: str, *, own: bool) -> str:
        """Make a code that signs a member in once: within ten minutes, or a day for another."""
        ...

    def phone(self, member: str) -> PhoneView | None:
        """Return where a member's phone listens; None without ntfy in the settings."""
        ...

    def api_token_scopes(self, secret: str) -> frozenset[str] | None:
        """Return the scopes of an API token (``read``, ``decide``), None when there is none."""
        ...

    def take_sign_in_code(self, code: str) -> str | None:
        """Use a one-time sign-in code up; return the member it is for, None when it is not one."""
        ...
