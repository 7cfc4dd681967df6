"""Apprise: anything else that can carry a few lines to a member."""

from integrations.apprise.notifier import AppriseNotifier

__all__ = ["AppriseNotifier"]
