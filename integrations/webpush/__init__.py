"""Web Push: notifications of the browser itself, with buttons its service worker answers."""

from integrations.webpush.keys import KeyFileError, VapidKey
from integrations.webpush.notifier import WebPushNotifier

__all__ = ["KeyFileError", "VapidKey", "WebPushNotifier"]
