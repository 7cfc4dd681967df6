"""ntfy: push with buttons, published as JSON."""

from integrations.ntfy.notifier import NtfyNotifier, make_topic

__all__ = ["NtfyNotifier", "make_topic"]
