"""Reach a member over whatever Apprise speaks: e-mail, Matrix, Signal, …

Most of these have no buttons, so the message ends in a link to the hub's page, where the member
decides. Action tokens are not put into it: mail servers and chat previews open links.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hub.domain.effects import Notification
from hub.ports import DeliveryError

if TYPE_CHECKING:
    from apprise import Apprise

TIMEOUT = 30.0
"""Seconds for one service; Apprise's own time limits are shorter for most."""

_MOST_BODY = 32 * 1024


class AppriseNotifier:
    """The port ``Notifier`` over one member's Apprise URLs.

    Apprise is imported at first use (it is big) and used in a thread of its own (it blocks). The
    URLs hold passwords: they are in no message this class makes; a service is named by its place
    and its scheme, ``apprise[1] (mailtos)``.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        """Send to each of ``urls``, in order."""
        self._urls = tuple(urls)
        self._services: list[Apprise] | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._delivered: tuple[Notification | None, frozenset[int]] = (None, frozenset())

    async def notify(self, notification: Notification) -> None:
        """Send it everywhere. Raises DeliveryError naming the services that did not take it.

        When the same notification is tried again, services that took it are left out. A service
        URL that Apprise does not understand is not tried again.
        """
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "apprise")
        loop = asyncio.get_running_loop()
        sending = loop.run_in_executor(self._thread, self._send, notification)
        try:
            await asyncio.wait_for(sending, TIMEOUT * max(1, len(self._urls)))
        except TimeoutError as error:
            raise DeliveryError("Apprise did not answer in time", unknown=True) from error

    async def close(self) -> None:
        """End the thread, without waiting for a service that hangs."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)
            self._thread = None

    def _send(self, notification: Notification) -> None:
        services = self._loaded()
        before, done = self._delivered
        taken = set(done) if before == notification else set()
        body = notification.body[:_MOST_BODY]
        if notification.link:
            body = f"{body}\n\n{notification.link}"
        failed: list[str] = []
        for place, service in enumerate(services):
            if place in taken:
                continue
            try:
                sent = bool(service.notify(body=body, title=notification.title, body_format="text"))
            except Exception:
                # Whatever a service raised may quote its URL; only its name is told.
                sent = False
            if sent:
                taken.add(place)
            else:
                failed.append(self._name(place))
        self._delivered = (notification, frozenset(taken)) if failed else (None, frozenset())
        if failed:
            raise DeliveryError(f"not delivered by {', '.join(failed)}")

    def _loaded(self) -> list[Apprise]:
        if self._services is None:
            import apprise

            # It logs URLs it cannot read, and at lower levels what it sends.
            logging.getLogger("apprise").setLevel(logging.CRITICAL)
            services = []
            for place, url in enumerate(self._urls):
                service = apprise.Apprise()
                if not service.add(url):
                    message = f"{self._name(place)} is not a URL that Apprise understands"
                    raise DeliveryError(message, retry=False)
                services.append(service)
            self._services = services
        return self._services

    def _name(self, place: int) -> str:
        try:
            scheme = urlsplit(self._urls[place]).scheme
        except ValueError:
            scheme = ""
        return f"apprise[{place}] ({scheme or 'no scheme'})"
