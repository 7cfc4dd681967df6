"""What can be plugged in, by name: conventions of devices, and ways to reach a member.

Third parties add theirs by entry points of the groups ``commonhearth.devices`` (a factory
``(settings) -> Convention``) and ``commonhearth.integrations`` (``(Reach) -> Notifier``).
Nothing is imported before it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable

from devices.book import DeviceBook
from devices.registry import DEVICES, INTEGRATIONS, Registry
from devices.types import Convention
from hub.domain.values import dataclass
from hub.ports import Clock, HomeControl, Notifier, PushSubscriptions
from hub.settings import MemberSettings, Settings
from integrations.webpush.keys import VapidKey

_NOBODY = "mailto:nobody@commonhearth.invalid"
"""Push services want somebody to write to; a household without a public name tells them nobody."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What a notifier is made of: the member, their ntfy topic, and where the hub is reached.

    ``reply_url`` is where a member's ntfy buttons publish their answer, None for the hub itself;
    ``push`` and ``push_key`` are the browsers that may be told, and the key to tell them with;
    ``assistant`` is the Home Assistant through whose app members may be told.
    """

    member: MemberSettings
    topic_of: Callable[[MemberSettings], str]
    base_url: Callable[[], str]
    reply_url: Callable[[MemberSettings], str | None]
    push: PushSubscriptions
    push_key: VapidKey
    assistant: HomeControl
    clock: Clock


def conventions() -> Registry[Convention]:
    """Return the conventions there are. Raises Duplicate when two share a name."""
    registry: Registry[Convention] = Registry("convention")
    registry.add("homeassistant", _homeassistant)
    registry.add("homeassistant_states", _homeassistant_states)
    registry.add("native", _native)
    registry.add("cap", _cap)
    registry.add_entry_points(DEVICES)
    return registry


def device_book(settings: Settings) -> DeviceBook:
    """Return a book of every convention there is, with nothing heard yet."""
    registry = conventions()
    return DeviceBook([registry.get(name)(settings) for name in registry])


def notifiers() -> Registry[Notifier]:
    """Return the ways to reach a member. Raises Duplicate when two share a name."""
    registry: Registry[Notifier] = Registry("integration")
    registry.add("ntfy", _ntfy)
    registry.add("apprise", _apprise)
    registry.add("webpush", _webpush)
    registry.add("homeassistant", _home_app)
    registry.add_entry_points(INTEGRATIONS)
    return registry


def _homeassistant(settings: Settings) -> Convention:
    from devices.homeassistant.discovery import HomeAssistantDiscovery

    return HomeAssistantDiscovery(settings.mqtt.discovery_prefix)


def _homeassistant_states(settings: Settings) -> Convention:
    from devices.homeassistant.states import HomeAssistantStates

    return HomeAssistantStates()


def _native(settings: Settings) -> Convention:
    from devices.native import Native

    return Native()


def _cap(settings: Settings) -> Convention:
    from devices.cap import CapNotices
    from devices.cap_fields import DEFAULT_WORDS

    notices = settings.notices
    words = {**DEFAULT_WORDS}
    for service, more in notices.words.items():
        words[service] = (*words.get(service, ()), *more)
    return CapNotices(
        settings.mqtt.notice_topics, areas=notices.areas, words=words, languages=notices.languages
    )


def _ntfy(reach: Reach) -> Notifier:
    from integrations.ntfy.notifier import NtfyNotifier

    if reach.member.ntfy is None:
        raise ValueError(f"members.{reach.member.id}.ntfy is not set")
    return NtfyNotifier(
        reach.member.ntfy,
        topic=reach.topic_of(reach.member),
        base_url=reach.base_url,
        reply_url=reach.reply_url(reach.member),
    )


def _apprise(reach: Reach) -> Notifier:
    from integrations.apprise.notifier import AppriseNotifier

    return AppriseNotifier(reach.member.apprise)


def _home_app(reach: Reach) -> Notifier:
    from integrations.homeassistant.notifier import AppNotifier

    return AppNotifier(reach.member.homeassistant, reach.assistant, reach.clock.now)


def _webpush(reach: Reach) -> Notifier:
    from integrations.webpush.notifier import WebPushNotifier

    base = reach.base_url()
    contact = base if base.startswith("https://") else _NOBODY
    return WebPushNotifier(
        reach.member.id, reach.push, reach.push_key, contact=contact, now=reach.clock.now
    )
