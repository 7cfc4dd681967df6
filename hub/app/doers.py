"""How each effect is done: looked at once more, then handed to the adapter that does it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from hub.app.buttons import spends, token_for
from hub.app.mail import send_mail
from hub.app.plugins import Reach, notifiers
from hub.domain.effects import (
    AskMember,
    CallHome,
    ChangeList,
    Notification,
    NotificationAction,
    SendOrderRequest,
    TellMember,
)
from hub.domain.orders import Signed
from hub.domain.suggestions import Suggestion, Verb, verbs_of
from hub.domain.tokens import sign
from hub.domain.tongue import later, phrase
from hub.domain.wording import listed, question
from hub.flow.activities.mail import mail_gave_up
from hub.flow.dispatch import gave_up, order_wanted, question_wanted, uncertain
from hub.flow.gate import still_granted
from hub.flow.home import Home
from hub.flow.homeactions import did, did_not, forbidden, home_wanted, unsure
from hub.flow.shopping import note_wanted
from hub.flow.tell import tag_of
from hub.ports import Clock, DeliveryError, HomeControl, Notifier, Provider, ShoppingLists
from hub.settings import MemberSettings
from hub.store.house import House
from hub.worker.pump import Doers as PumpDoers

_ASK_PRIORITY = 4
_LABELS: dict[Verb, str] = {
    "approve": later("Approve"),
    "maybe": later("Maybe"),
    "decline": later("Decline"),
    "later": later("Later"),
}


class Phones:
    """The ways to reach members, made when first used and made anew when settings change."""

    def __init__(self, reach: Callable[[MemberSettings], Reach]) -> None:
        """``reach`` says of a member what a notifier is made of."""
        self._reach = reach
        self._registry = notifiers()
        self._made: dict[tuple[str, str], tuple[MemberSettings, Notifier]] = {}

    def of(self, member: MemberSettings, channel: str) -> Notifier:
        """Return the notifier of a member's channel. Raises DeliveryError when it cannot be."""
        made = self._made.get((member.id, channel))
        if made is not None and made[0] == member:
            return made[1]
        try:
            factory = self._registry.get(channel)
            notifier = factory(self._reach(member))
        except Exception as error:
            message = f"members.{member.id}.{channel}: {error}"
            raise DeliveryError(message, retry=False) from error
        self._made[member.id, channel] = (member, notifier)
        return notifier

    async def close(self) -> None:
        """Close every connection."""
        for _, notifier in self._made.values():
            close = getattr(notifier, "close", None)
            if close is not None:
                await close()


class Doers:
    """Does effects. Whatever is no longer wanted is passed over: that counts as done."""

    def __init__(
        self,
        home: Home,
        house: House,
        clock: Clock,
        *,
        secret: bytes,
        phones: Phones,
        provider: Provider,
        assistant: HomeControl,
        grocy: ShoppingLists,
        base_url: Callable[[], str],
        sent: Callable[[SendOrderRequest, Signed], None] = lambda effect, signed: None,
    ) -> None:
        """``secret`` signs action tokens; ``base_url`` is where a phone reaches the hub.

        ``sent`` is told of each order message that left, with its bytes and signature.
        """
        self._sent = sent
        self._home = home
        self._house = house
        self._clock = clock
        self._secret = secret
        self._phones = phones
        self._provider = provider
        self._assistant = assistant
        self._grocy = grocy
        self._base_url = base_url

    def for_pump(self) -> PumpDoers:
        """Return them as the outbox pump calls them."""
        return PumpDoers(
            ask=self.ask,
            tell=self.tell,
            order=self.order,
            uncertain=lambda tx, effect: uncertain(tx, self._home, effect),
            gave_up=lambda tx, effect, reason: gave_up(tx, self._home, effect, reason),
            mail=partial(send_mail, self._home),
            mail_gave_up=lambda tx, effect, reason: mail_gave_up(tx, self._home, effect, reason),
            home=self.home,
            listed=self.listed,
            home_done=lambda tx, effect: did(tx, self._home, effect),
            home_unsure=lambda tx, effect: unsure(tx, self._home, effect),
            home_gave_up=lambda tx, effect, reason: did_not(tx, self._home, effect, reason),
        )

    async def home(self, effect: CallHome) -> None:
        """Have Home Assistant do what was agreed to. Raises DeliveryError.

        Only while nothing was done yet may all of it be tried again.
        """
        if not home_wanted(self._house, effect):
            return
        refusal = forbidden(self._home, effect.calls)
        if refusal:
            raise DeliveryError(refusal, retry=False)
        for number, call in enumerate(effect.calls):
            try:
                await self._assistant.call(call)
            except DeliveryError as error:
                if not number:
                    raise
                done = listed([one.words for one in effect.calls[:number]])
                message = phrase(
                    "{done} was done, {words} was not: {error}",
                    done=done,
                    words=call.words,
                    error=error,
                )
                raise DeliveryError(message, retry=False, unknown=error.unknown) from error

    async def listed(self, effect: ChangeList) -> None:
        """Change a list, in Home Assistant or Grocy; doing it twice is as doing it once."""
        from integrations.homeassistant.lists import AssistantLists, add_to_list

        if effect.verb == "complete":
            in_grocy = effect.todo.startswith("grocy.")
            lists = self._grocy if in_grocy else AssistantLists(self._assistant)
            await lists.complete(effect.todo, effect.text, effect.uid)
        elif note_wanted(self._house, effect):
            await add_to_list(self._assistant, effect.todo, effect.text)

    async def ask(self, effect: AskMember) -> None:
        """Ask a member, with buttons. Raises DeliveryError."""
        suggestion = question_wanted(self._house, effect)
        member = self._home.member(effect.member)
        if suggestion is None or member is None:
            return
        await self._phones.of(member, effect.channel).notify(self.asking(suggestion, member))

    def asking(self, suggestion: Suggestion, member: MemberSettings) -> Notification:
        """Return the question as it appears on a member's phone."""
        zone = self._home.settings.home.zone
        return Notification(
            tag=tag_of(suggestion.key),
            title=suggestion.title,
            body=question(suggestion, zone, self._clock.now()),
            member=member.id,
            priority=_ASK_PRIORITY,
            actions=self._actions(suggestion, member),
            link=f"{self._base_url()}/suggestions/{suggestion.id}",
            expires=suggestion.deadline,
        )

    def _actions(
        self, suggestion: Suggestion, member: MemberSettings
    ) -> tuple[NotificationAction, ...]:
        authority, best = member.authority, suggestion.best
        if authority is None:
            return ()
        actions = []
        for verb in verbs_of(suggestion.kind):
            if authority.barrier(suggestion, verb, None if best is None else best.id):
                continue
            label = phrase(_LABELS[verb])
            token = sign(token_for(suggestion, member.id, verb), self._secret)
            priced = best is not None and best.total.amount
            shown = f"{label} {best.total}" if verb == "approve" and best and priced else label
            actions.append(NotificationAction(verb, shown, token, spends(suggestion, verb)))
        return tuple(actions)

    async def tell(self, effect: TellMember) -> None:
        """Tell a member something. Raises DeliveryError."""
        member = self._home.member(effect.member)
        if member is None:
            return
        await self._phones.of(member, effect.channel).notify(
            Notification(
                tag=effect.tag,
                title=effect.title,
                body=effect.body,
                member=effect.member,
                priority=effect.priority,
                link=f"{self._base_url()}/",
                withdraw=effect.withdraw,
            )
        )

    async def order(self, effect: SendOrderRequest) -> None:
        """Send a Beckn message. Raises DeliveryError."""
        if not order_wanted(self._house, effect):
            return
        order = self._house.orders.get(effect.order_id)
        party = effect.request.party
        now = self._clock.now()
        if order and party and not still_granted(self._house, order, party, now):
            return
        self._sent(effect, await self._provider.send(effect.request))
