"""Hubs of friends: messages signed and encrypted from one household to another, over HTTPS or a
relay. See ``docs/peers.md``."""
