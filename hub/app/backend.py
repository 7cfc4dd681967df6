"""What the pages ask of the hub (``hub.web.backend.Backend``), answered by the running parts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import orjson

from devices.types import Entity
from hub.app.changes import Changes
from hub.app.standing import Standing
from hub.app.witnesses import listed
from hub.domain.backups import BackupState
from hub.domain.decisions import Decision, DecisionResult, OrderCommand
from hub.domain.money import Money
from hub.domain.notices import Notice
from hub.domain.orders import Order
from hub.domain.scopes import OWN_CODE_LASTS
from hub.domain.stock import StockLevel, StockPoint
from hub.domain.suggestions import Suggestion
from hub.flow.decide import decide
from hub.flow.home import Home
from hub.flow.observe import set_stock
from hub.flow.orders_after import act
from hub.ports import Clock
from hub.settings import MemberSettings, Settings
from hub.store.access import CODE_LASTS, Access, SessionRow
from hub.store.house import House
from hub.store.views import Views
from hub.web.activities import Activities
from hub.web.backend import (
    About,
    EntityView,
    LedgerEntry,
    PantryView,
    Parked,
    PhoneView,
    Session,
    Spent,
    WitnessView,
)
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
from hub.worker.writer import Writer


class HubBackend:
    """Reads from memory and WAL snapshots; writes go through the writer thread."""

    def __init__(
        self,
        *,
        home: Home,
        house: House,
        standing: Standing,
        writer: Writer,
        views: Views,
        access: Access,
        clock: Clock,
        changes: Changes,
        entities: Callable[[], Sequence[Entity]],
        health: Callable[[], Mapping[str, object]],
        backup: Callable[[], BackupState],
        about: Callable[[], About],
        topic_of: Callable[[MemberSettings], str],
        files: Files,
        beginning: Beginning,
        pushes: Pushes,
        activities: Activities,
        meals: Meals,
        plans: Plans,
        friends: Friends,
        feeds: Feeds,
        privacy: Privacy,
        rule_sets: RuleSets,
        logins: Logins,
        quarantine: Quarantine,
        passkeys: Passkeys,
        api_tokens: Tokens,
        receipts: Receipts,
        provider_logs: ProviderLogs,
    ) -> None:
        """``entities`` returns what devices announced; ``health`` what /healthz tells.

        ``topic_of`` is the ntfy topic of a member.
        """
        self._topic_of = topic_of
        self.files = files
        self.beginning = beginning
        self.pushes = pushes
        self.activities = activities
        self.meals = meals
        self.plans = plans
        self.friends = friends
        self.feeds = feeds
        self.privacy = privacy
        self.rule_sets = rule_sets
        self.logins = logins
        self.quarantine = quarantine
        self.passkeys = passkeys
        self.api_tokens = api_tokens
        self.receipts = receipts
        self.provider_logs = provider_logs
        self._home = home
        self._house = house
        self._standing = standing
        self._writer = writer
        self._views = views
        self._access = access
        self._clock = clock
        self._changes = changes
        self._entities = entities
        self._health = health
        self._backup = backup
        self._about = about

    @property
    def settings(self) -> Settings:
        """Return the household's settings."""
        return self._home.settings

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        return self._clock.now()

    def suggestions(self, *, open_only: bool = True, limit: int = 200) -> Sequence[Suggestion]:
        """Return suggestions, newest first."""
        if not open_only:
            return self._views.suggestions(limit=limit)
        waiting = [one for one in self._standing.suggestions.values() if one.open]
        return sorted(waiting, key=lambda one: one.created_at, reverse=True)[:limit]

    def decided(self, limit: int) -> Sequence[Suggestion]:
        """Return suggestions that wait for no answer any more, the newest first."""
        return self._views.suggestions(limit=limit, decided=True)

    def suggestion(self, suggestion_id: str) -> Suggestion | None:
        """Return one suggestion."""
        live = self._standing.suggestions.get(suggestion_id)
        return live if live is not None else self._views.suggestion(suggestion_id)

    def orders(self, *, limit: int = 100) -> Sequence[Order]:
        """Return orders, newest first."""
        return self._views.orders(limit=limit)

    def order(self, order_id: str) -> Order | None:
        """Return one order."""
        live = self._standing.orders.get(order_id)
        return live if live is not None else self._views.order(order_id)

    def slots(self, order_id: str) -> Sequence[tuple[str, datetime, datetime, Decimal | None]]:
        """Return the delivery slots its provider offered: id, start, end, fee."""
        return [
            (
                slot.slot_id,
                slot.window.start,
                slot.window.end,
                slot.fee.amount if slot.fee else None,
            )
            for slot in self._standing.slots.get(order_id, ())
        ]

    def pantry(self) -> Sequence[PantryView]:
        """Return every pantry item."""
        now = self._clock.now()
        return [
            PantryView(
                item,
                self._house.stock.get(item.id),
                self._house.hours_left(item.id, now),
            )
            for item in self._home.pantry.values()
        ]

    def ledger(
        self, *, before: int | None = None, limit: int = 50, subject: str | None = None
    ) -> Sequence[LedgerEntry]:
        """Return entries of the ledger, newest first, from the one before ``before``."""
        return [
            LedgerEntry(one.index, one.at, one.kind, one.subject, orjson.loads(one.body)["facts"])
            for one in self._views.newest(before=before, limit=limit, subject=subject)
        ]

    def witnesses(self) -> Sequence[WitnessView]:
        """Return who countersigns the log, and whose logs are countersigned, by name."""
        return listed(self._views.engine)

    def history(self, item: str) -> Sequence[StockPoint]:
        """Return an item's levels of the last days, oldest first."""
        return self._house.points(item)

    def spent(self, since: datetime) -> Sequence[Spent]:
        """Return what was ordered for good since then, in no order."""
        return [
            Spent(at, provider, Money(Decimal(total), currency))
            for at, provider, total, currency in self._views.spent(since)
        ]

    def entities(self) -> Sequence[EntityView]:
        """Return every entity."""
        return [self._entity(entity) for entity in self._entities()]

    def _entity(self, entity: Entity) -> EntityView:
        now = self._house.entities.get(entity.id)
        value = "" if now is None or now.value is None else str(now.value)
        return EntityView(
            id=entity.id,
            name=entity.name,
            component=entity.component,
            device_name=entity.device_name,
            convention=entity.convention,
            unit=entity.unit or (now.unit if now else None),
            value=value,
            available=now is not None and now.available,
            last_seen=self._house.seen.get(entity.id) or (now.at if now else None),
            used=entity.used,
            meaning=self._home.meaning.explain(entity.id) if entity.used else "",
            item=self._home.meaning.item_of(entity.id) if entity.used else "",
        )

    def parked(self, limit: int = 100) -> Sequence[Parked]:
        """Return what was not understood, newest first."""
        return [
            Parked(one.id, one.at, one.topic, one.reason, one.where, one.payload, one.count)
            for one in self._views.parked(limit)
        ]

    def notices(self) -> Sequence[Notice]:
        """Return the notices in force now or later."""
        return list(self._house.notices.values())

    def health(self) -> Mapping[str, object]:
        """Return what /healthz and /metrics tell."""
        return self._health()

    def about(self) -> About:
        """Return what the hub is, and what of hub.yaml is not in force yet."""
        return self._about()

    def backup(self) -> BackupState:
        """Return how the nightly backup stands."""
        return self._backup()

    async def decide(self, decision: Decision) -> DecisionResult:
        """Carry a member's answer to the flow; returns after it is committed."""
        return await self._writer.run(lambda tx: decide(tx, self._home, decision))

    async def act(self, command: OrderCommand) -> DecisionResult:
        """Carry a member's wish about a placed order to the flow; returns after it is committed."""
        return await self._writer.run(lambda tx: act(tx, self._home, command))

    async def set_stock(self, item: str, quantity: float, member: str) -> StockLevel:
        """Note what a person counted; KeyError for an unknown item, ValueError when negative."""
        return await self._writer.run(
            lambda tx: set_stock(tx, self._home, item, quantity, f"member:{member}")
        )

    def changes(self) -> AsyncIterator[int]:
        """Yield a growing number after each commit that a page may show (coalesced)."""
        return self._changes.follow()

    def create_session(self, member: str) -> tuple[str, Session]:
        """Make a session: the secret for the cookie (shown once) and what it is."""
        secret, row = self._access.create_session(member, self._clock.now())
        return secret, _session(row)

    def session(self, secret: str) -> Session | None:
        """Return the session of a cookie's secret while it is valid."""
        row = self._access.session(secret, self._clock.now())
        return None if row is None else _session(row)

    def end_session(self, secret: str) -> None:
        """Sign out."""
        self._access.end_session(secret)

    def sessions(self, member: str) -> Sequence[Session]:
        """Return a member's signed-in browsers, newest first."""
        return [_session(row) for row in self._access.sessions(member, self._clock.now())]

    def revoke_session(self, member: str, session_id: str) -> bool:
        """Sign one of a member's browsers out; False when there is no such session."""
        return self._access.revoke_session(member, session_id)

    def create_code(self, member: str, *, own: bool) -> str:
        """Make a code that signs a member in once: within ten minutes, or a day for another."""
        lasts = OWN_CODE_LASTS if own else CODE_LASTS
        return self._access.create_code(member, self._clock.now(), lasts)

    def phone(self, member: str) -> PhoneView | None:
        """Return where a member's phone listens; None without ntfy in the settings."""
        found = self._home.member(member)
        if found is None or found.ntfy is None:
            return None
        return PhoneView(found.ntfy.url, self._topic_of(found))

    def api_token_scopes(self, secret: str) -> frozenset[str] | None:
        """Return the scopes of an API token (``read``, ``decide``), None when there is none."""
        return self._access.token_scopes(secret)

    def take_sign_in_code(self, code: str) -> str | None:
        """Use a one-time sign-in code up; return the member it is for, None when it is not one."""
        return self._access.take_code(code, self._clock.now())


def _session(row: SessionRow) -> Session:
    return Session(row.member, row.created_at, row.expires_at, row.csrf, row.id)
