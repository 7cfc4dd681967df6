"""A running hub: parts made from settings, started in order, stopped in the other."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from sqlalchemy import Engine

from devices.homeassistant.birth import Birth
from hub.app.about import HubAbout
from hub.app.activities import HubActivities
from hub.app.announcing import Announcing
from hub.app.assistant import Assistant
from hub.app.backend import HubBackend
from hub.app.backup.nightly import LOOK_SECONDS, Nightly
from hub.app.beginning import HomeBeginning
from hub.app.calendars import LOOK_SECONDS as CALENDAR_SECONDS
from hub.app.calendars import Calendars
from hub.app.changes import Changes
from hub.app.config import Config
from hub.app.doers import Doers, Phones
from hub.app.feeds import HubFeeds
from hub.app.files import HomeFiles
from hub.app.friends import HubFriends
from hub.app.grocy import LOOK_SECONDS as GROCY_SECONDS
from hub.app.grocy import Grocy
from hub.app.health import Health
from hub.app.intake import Intake, replay
from hub.app.invitations import IcsInvitations
from hub.app.keyring import LOOK_SECONDS as KEYS_SECONDS
from hub.app.keyring import Keyring
from hub.app.line import Line
from hub.app.listen import address, listen
from hub.app.logins import HubLogins
from hub.app.meals import HubMeals
from hub.app.network import Network
from hub.app.passkeys import HubPasskeys
from hub.app.peering import Peering
from hub.app.plans import HubPlans
from hub.app.plugins import Reach, device_book
from hub.app.privacy import HubPrivacy
from hub.app.providerlogs import LOOK_SECONDS as LOGS_SECONDS
from hub.app.providerlogs import ProviderLogs
from hub.app.pushes import HubPushes
from hub.app.quarantine import HubQuarantine
from hub.app.receiptdesk import HubReceipts
from hub.app.replies import Replies
from hub.app.rotation import ProviderKey
from hub.app.rulesets.keeper import LOOK_SECONDS as RULES_SECONDS
from hub.app.rulesets.keeper import HubRuleSets
from hub.app.secrets import NtfyTopics, ReplyTopics, household_key
from hub.app.selling import Selling
from hub.app.sheets import HubSheets
from hub.app.showing import Showing
from hub.app.shown import Snapshot
from hub.app.standing import Standing
from hub.app.tls import Https
from hub.app.tokens import HubTokens
from hub.app.watch import Watch, note_rules, say_problems
from hub.clock import SYSTEM
from hub.domain.activities import Person
from hub.domain.logins import Login
from hub.domain.orders import OrderAnswer, Subscriber
from hub.flow import forgetting, sheets, witness
from hub.flow.activities import rules
from hub.flow.activities.lost import itip_lost
from hub.flow.activities.receive import take_in
from hub.flow.activities.write import ITIP
from hub.flow.befriend import default_address
from hub.flow.busytimes import HANDLERS, busy_lost, own_busy
from hub.flow.conflicts import look
from hub.flow.home import Home
from hub.flow.meals import follow as meals
from hub.flow.meals.propose import PURPOSE
from hub.flow.meals.table import surveyed
from hub.flow.peerout import PeerHooks, each_told
from hub.flow.receipts import sent
from hub.flow.rides import news as rides
from hub.flow.settle import settle
from hub.flow.tick import begin, tick, wait_anew
from hub.keyfiles.ledgerkey import ledger_key
from hub.ports import Clock, InMessage
from hub.settings import MemberSettings
from hub.store.access import Access
from hub.store.database import lock_folder, open_database
from hub.store.house import load_house
from hub.store.peers import Wish
from hub.store.push import PushStore
from hub.store.strangers import forget_strangers
from hub.store.tx import Tx
from hub.store.views import Views
from hub.web.app import make_app
from hub.web.i18n import say_in
from hub.worker.carrier import Carrier
from hub.worker.pump import Pump
from hub.worker.writer import Committed, Step, Writer
from integrations.beckn.buyer import BecknBuyer
from integrations.beckn.registry.keep import KeyChange
from integrations.scheduler import Alarm
from integrations.templates.renderer import JinjaRenderer
from integrations.webpush.keys import VapidKey

log = logging.getLogger(__name__)
DATABASE = "hub.sqlite"
DOMAINS = ("grocery", "ride", "restaurant", "neighbour")
STEADY_SECONDS = 10.0
WATCH_SECONDS = 2.0
_CERTIFICATE_SECONDS = 12 * 3600.0


class Hub:
    """One household's hub. ``start`` returns once it serves; ``stop`` loses nothing."""

    def __init__(
        self,
        config: Config,
        data: Path,
        clock: Clock = SYSTEM,
    ) -> None:
        """Use a config that was read and a data folder of its own; ``clock`` says what time it is.

        Raises ConfigError for a faulty hub.yaml, DataFolderInUse when another hub runs on
        ``data``, SecretsError for a damaged key file.
        """
        self.settings = config.checked()
        self._config = config
        self._data = data
        self._stack = contextlib.AsyncExitStack()
        self.clock = clock
        self._lock = lock_folder(data)
        self._stack.callback(self._lock.close)
        self._secret = household_key(data / "secrets")
        self.topics = NtfyTopics(data / "secrets")
        self._engine: Engine = open_database(data / DATABASE)
        self._stack.callback(self._engine.dispose)
        self.access = Access(self._engine)
        self.views = Views(self._engine)
        self._changes = Changes()
        self._own: dict[str, Callable[[InMessage], Step]] = {}
        self.url = ""
        self.https: Https | None = None
        self._called_at = ""
        self._make()

    def _make(self) -> None:
        settings, now = self.settings, self.clock.now()
        say_in(settings.home.language)
        with self._engine.connect() as connection:
            self.house = load_house(connection, now)
        self.home = Home(
            settings,
            self._config.pantry,
            self._config.meaning(),
            self._config.rules,
            device_book(settings),
            {},
        )
        replay(self.home, self.house.announcements, now)
        birth = Birth(now, prefix=settings.mqtt.discovery_prefix)
        renderer = JinjaRenderer(timezone=settings.home.timezone)
        self._stack.callback(renderer.close)
        standing = Standing(self.house)
        self.writer = Writer(
            self._engine,
            self.house,
            self.clock,
            intake=Intake(
                self.home,
                renderer,
                birth,
                own=self._own,
                online=self._home_assistant_began,
            ),
            acknowledge=self._acknowledge,
            committed=self._committed,
            standing=standing.committed,
            closing=self._closing,
        )
        self._carrier = Carrier(self._engine)
        self.nightly = Nightly(
            self.home, self._config.folder, self._data, self.clock, self.writer.run
        )
        self.watch = Watch(self._config, self.home, self.writer)
        self.rule_sets = HubRuleSets(
            self._config.folder,
            self.home,
            self.writer,
            self._engine,
            self.clock,
            self.watch.look,
        )
        self.peering = Peering(
            self.home,
            self.writer,
            self._engine,
            self.clock,
            secrets_dir=self._data / "secrets",
            reach=lambda: (self._called_at, "relay") if self._called_at else (self.url, "https"),
            others={
                "rules": self.rule_sets.wished,
                "device": self._device,
                "key": self._rotated,
                "sheets": self._sheeted,
            },
            hooks=PeerHooks(
                {
                    ITIP: take_in,
                    **HANDLERS,
                    **rides.HANDLERS,
                    **witness.HANDLERS,
                    **forgetting.HANDLERS,
                    **sheets.HANDLERS,
                },
                busy=own_busy,
                lost=each_told(
                    busy_lost, itip_lost, witness.lost, forgetting.erase_lost, sheets.lost
                ),
            ),
        )
        keys = self.peering.keys
        self.sheets = HubSheets(self._data, keys, self._engine, self.writer.run, self.clock)
        self.home.open_sheet = self.sheets.opened
        self.home.invitations = IcsInvitations()
        self.home.follows = (rides.HOOKS, rules.HOOKS)
        own = default_address(self.peering.keys.id)
        self.home.own = Person(own, settings.home.name)
        self.home.follows = (*self.home.follows, meals.HOOKS)
        self.home.surveyed = {**self.home.surveyed, PURPOSE: surveyed}
        self.buyer = BecknBuyer(
            settings.beckn,
            secrets_dir=self._data / "secrets",
            public_url_of=lambda: self._called_at or self.url,
            sink=self._answered,
            clock=self.clock,
            on_change=self._key_changed,
        )
        self._push_key = VapidKey(self._data / "secrets" / "vapid.pem")
        self._push_store = PushStore(self._engine, self.clock.now)
        self.pushes = HubPushes(self._push_store, self._push_key, self.home, self.writer)
        self.network = Network(
            settings,
            self.buyer,
            self._data,
            take_peer=self.peering.take,
            park=lambda topic, kept, why: self.writer.post(lambda tx: tx.park(topic, kept, why)),
            clock=self.clock,
        )
        self.provider_key = ProviderKey(
            self._data / "secrets", self.buyer, self.network, self.writer.run
        )
        identity = self.buyer.identity.subscriber_id
        self.home.log_key = key = ledger_key(self._data / "secrets", identity)
        self.house.sign = key.sign
        self.provider_logs = ProviderLogs(
            self.home, self.writer, self._engine, self.clock, self.buyer.vouch
        )
        self.replies = Replies(
            self.home,
            self.writer,
            self.clock,
            secret=self._secret,
            topic_of=ReplyTopics(self._data / "secrets").of,
        )
        self.assistant = Assistant(
            self.home,
            self.house,
            self.writer,
            self.clock,
            secret=self._secret,
            recent=lambda: self.views.suggestions(open_only=False, limit=50),
        )
        self.grocy = Grocy(self.home, self.writer, self.clock)
        self._phones = Phones(self._reach)
        doers = Doers(
            self.home,
            self.house,
            self.clock,
            secret=self._secret,
            phones=self._phones,
            provider=self.buyer,
            assistant=self.assistant,
            grocy=self.grocy,
            base_url=lambda: self.url,
            sent=lambda effect, signed: self.writer.post(lambda tx: sent(tx, effect, signed)),
        )
        doing = self.peering.doing(doers.for_pump())
        self.pump = Pump(self.writer, self.clock, doing, self.views.waiting)
        self.health = Health(
            self.writer,
            self.pump,
            self.views,
            self.watch,
            self.clock,
            backup=lambda: self.nightly.state,
        )
        self.logins = HubLogins(
            self._engine,
            settings,
            self.clock,
            lambda: self.line.broker,
            self._data / "secrets",
        )
        files = HomeFiles(
            self._config.folder,
            home=self.home,
            house=self.house,
            clock=self.clock,
            look=self.watch.look,
            problems=lambda: self.watch.problems,
            fired=self.views.fired,
        )
        self.quarantine = HubQuarantine(self.home, self.house, self.writer, self.logins)
        self.backend = HubBackend(
            home=self.home,
            house=self.house,
            standing=standing,
            writer=self.writer,
            views=self.views,
            access=self.access,
            clock=self.clock,
            changes=self._changes,
            entities=lambda: self.line.entities,
            health=self.health,
            backup=lambda: self.nightly.state,
            about=HubAbout(now, identity, key, self.watch.waiting),
            topic_of=self.topics.of,
            pushes=self.pushes,
            rule_sets=self.rule_sets,
            privacy=HubPrivacy(self.home, self.house, self.writer, self._engine),
            activities=HubActivities(self.home, self.house, self.writer, self._engine, self.clock),
            friends=HubFriends(self.peering, self._engine),
            feeds=HubFeeds(self.home, self.house, self.access, self.clock),
            meals=HubMeals(self.home, self.writer, self.views),
            plans=HubPlans(self.home, self.house, self.writer),
            logins=self.logins,
            passkeys=HubPasskeys(self._engine, settings.http, self.clock),
            api_tokens=HubTokens(self.access, self.clock),
            quarantine=self.quarantine,
            receipts=HubReceipts(self._engine, key),
            provider_logs=self.provider_logs,
            files=files,
            beginning=HomeBeginning(files, self._data, self.writer, self._broker),
        )
        self.selling = Selling(settings, self._data, self.clock)
        self._alarm = Alarm(self.clock)
        self.health.assistant = self.assistant
        self.showing = Showing(
            self.home,
            self.writer,
            self.views,
            snapshot=Snapshot(
                self.home,
                self.house,
                standing,
                self.clock,
                secret=self._secret,
                page=lambda: self.url,
            ),
            secret=self._secret,
            identity=own,
        )
        self._own.update(self.showing.own())
        self.line = Line(
            self.home,
            self.writer,
            self.clock,
            data=self._data,
            birth=birth,
            logins=self.logins,
            showing=self.showing,
            health=self.health,
        )

    # -- starting and stopping ----------------------------------------------------------------

    async def start(self) -> None:
        """Start everything; return once pages are served and the broker is being listened to.

        Raises BrokerError or MqttSetupError when there can be no broker, ListenError when the
        HTTP port is taken. What was started by then is stopped again.
        """
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise

    async def _start(self) -> None:
        self._loop = asyncio.get_running_loop()
        say_problems(self._config)
        listener = listen(self.settings.http.host, self.settings.http.port)
        self._stack.callback(listener.close)
        http = self.settings.http
        if http.tls != "off":
            self.https = Https(http, self._data / "secrets", self.clock.now())
        scheme = "https" if self.https is not None else "http"
        self.url = address(http.public_url, http.host, listener, scheme)
        self._stack.push_async_callback(self.line.close)
        await self.line.open()
        self._stack.push_async_callback(self._phones.close)
        self._stack.push_async_callback(self.buyer.close)
        self._stack.push_async_callback(self.peering.close)
        self._carrier.start()
        self._stack.push_async_callback(asyncio.to_thread, self._carrier.stop)
        self.writer.start()
        self._stack.push_async_callback(asyncio.to_thread, self.writer.stop)
        await self.network.reach(self._reached_at)
        self._stack.push_async_callback(self.network.close)
        await asyncio.to_thread(self.network.enter)
        await self._find_providers()
        await self.pushes.noted()
        self.logins.heard = self._know_logins
        await self.logins.look()
        await self.writer.run(self._begin)
        await self.replies.look()
        self._stack.push_async_callback(self.replies.close)
        self.pump.start()
        self._stack.push_async_callback(self.pump.stop)
        self._alarm.start(self._tick)
        self._stack.callback(self._alarm.stop)
        self._alarm.every(STEADY_SECONDS, self._tick, "steady")
        self._alarm.every(WATCH_SECONDS, self._look_around, "watch")
        await self.nightly.begin()
        self._alarm.every(LOOK_SECONDS, self.nightly.look, "backup")
        self._alarm.every(_CERTIFICATE_SECONDS, self._renew, "certificate")
        ring = Keyring(self._engine, self.writer)
        await ring.look()
        self._alarm.every(KEYS_SECONDS, ring.look, "keys")
        calendars = Calendars(self.home, self.writer, self.clock)
        self._alarm.every(CALENDAR_SECONDS, calendars.look, "calendars")
        self._alarm.every(GROCY_SECONDS, self.grocy.look, "grocy")
        self._alarm.at(self.house.next_due())
        await self._serve(listener)
        await self.rule_sets.settle()
        self._alarm.every(RULES_SECONDS, self.rule_sets.look, "rule sets")
        self._alarm.every(LOGS_SECONDS, self.provider_logs.look, "providers' logs")
        await self.peering.start()
        self.network.join()
        self.provider_key.start()
        self._stack.push_async_callback(self.provider_logs.close)
        self._stack.push_async_callback(self.provider_key.close)
        self.selling.start()
        self._stack.push_async_callback(self.selling.stop)
        await self.assistant.start()
        self._stack.push_async_callback(self.assistant.close)
        self._stack.push_async_callback(self.line.unlink)
        self._stack.push_async_callback(self.showing.close)
        await self.line.listen()
        self.watch.relink = self.line.relink
        announcing = Announcing(
            lambda: self.home.settings, lambda: int(listener.getsockname()[1]), self.line.ports
        )
        self._alarm.every(STEADY_SECONDS, announcing.look, "announcing")
        self._stack.push_async_callback(announcing.close)
        log.info("listening on %s; %s", self.url, self.line.describe())

    async def stop(self) -> None:
        """Stop everything: what is under way is committed, or done again at the next start."""
        await self._stack.aclose()

    def _reach(self, member: MemberSettings) -> Reach:
        return Reach(
            member,
            self.topics.of,
            lambda: self.url,
            reply_url=self.replies.url_of,
            push=self._push_store,
            push_key=self._push_key,
            assistant=self.assistant,
            clock=self.clock,
        )

    def _broker(self) -> str:
        return self.line.describe()

    def _home_assistant_began(self) -> None:
        self.showing.again()

    async def _device(self, wish: Wish) -> dict[str, Any]:
        """Do what the command line says of a device that waits; an adult runs the commands."""
        adults = self.home.adults() or ("",)
        result = await self.quarantine.answer(
            str(wish.body["owner"]), adults[0], accept=bool(wish.body["accept"])
        )
        good = result.result in ("done", "repeated")
        return {"said": result.message} if good else {"error": result.message}

    async def _sheeted(self, wish: Wish) -> dict[str, Any]:
        return await self.sheets.wished(wish)

    async def _rotated(self, wish: Wish) -> dict[str, Any]:
        return await self.provider_key.wished(wish)

    def _reached_at(self, url: str) -> None:
        self._called_at = url

    def _begin(self, tx: Tx) -> None:
        begin(tx, self.home)
        wait_anew(tx, self.home)
        forget_strangers(tx.connection, [one.id for one in self.home.settings.members])
        note_rules(tx, self.home)

    async def _serve(self, listener: socket.socket) -> None:
        routes = [*self.buyer.routes(), *self.network.routes(), *self.peering.routes()]
        app = make_app(self.backend, secret=self._secret, extra_routes=routes)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        context = self.https.context if self.https is not None else None
        await web.SockSite(runner, listener, ssl_context=context).start()

    # -- what the parts tell one another --------------------------------------------------------

    def _acknowledge(self, messages: Sequence[InMessage]) -> None:
        self.line.acknowledge(messages)

    def _key_changed(self, change: KeyChange) -> None:
        reason = (
            f"it shows another key than the one it is known by: refused until you say"
            f" `beckn agree {change.subscriber_id} {change.unique_key_id}`"
        )
        topic, key = f"beckn/keys/{change.subscriber_id}", change.public_key.encode()
        self.writer.post(lambda tx: tx.park(topic, key, reason))

    def _closing(self, tx: Tx) -> None:
        look(tx, self.home)
        witness.soon(tx, self.home)

    def _committed(self, after: Committed) -> None:
        """Called in the writer thread after each commit."""
        self._carrier.committed(after.rows)
        if after.topics_changed:
            self.line.subscribe()
        due = self.house.next_due() if after.timers_changed else None
        if after.effects or after.page_changed or after.timers_changed:
            self._loop.call_soon_threadsafe(self._after, after, due)

    def _after(self, after: Committed, due: datetime | None) -> None:
        if after.effects:
            self.pump.offer(after.effects)
        if after.timers_changed:
            self._alarm.at(due)
        if after.page_changed:
            self._changes.mark()
            self.showing.mark()

    async def _answered(self, answer: OrderAnswer) -> bool:
        settled = await self.writer.run(lambda tx: settle(tx, self.home, answer))
        self.provider_logs.soon(answer)
        return settled

    async def _renew(self) -> None:
        if self.https is not None:
            await asyncio.to_thread(self.https.look, self.clock.now())
        await self.line.look()

    # -- from time to time ----------------------------------------------------------------------

    async def _tick(self) -> None:
        self.line.ask()
        await self.writer.run(lambda tx: tick(tx, self.home))

    async def _look_around(self) -> None:
        await self.watch.look()
        await self.replies.look()
        await self.peering.look()
        await self.logins.look()
        await self.assistant.lists.look()
        await self._find_providers()

    async def _know_logins(self, known: tuple[Login, ...]) -> None:
        if known != self.home.logins:

            def put(tx: Tx) -> None:
                self.home.logins = known

            await self.writer.run(put)

    async def _find_providers(self) -> None:
        file = self.home.settings.beckn.registry
        if self.buyer.registry.use(file):
            self.network.file = file
            await asyncio.to_thread(self.network.enter)
            await self.selling.again(self.home.settings)
        found: dict[str, tuple[Subscriber, ...]] = {}
        for domain in DOMAINS:
            found[domain] = tuple(await self.buyer.find(domain))
        if found != self.home.providers:

            def put(tx: Tx) -> None:
                self.home.providers = found

            await self.writer.run(put)


async def run_until_told(hub: Hub, told: asyncio.Event, started: Callable[[], None]) -> None:
    """Start the hub, call ``started``, and stop it again when ``told`` is set."""
    await hub.start()
    try:
        started()
        await told.wait()
    finally:
        await hub.stop()
