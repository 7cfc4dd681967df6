"""Who takes part in the network, where they are, and their public keys.

A household's file, registries on the network, and what is pinned: one ``Registry`` over them.
"""

from integrations.beckn.registry.entry import Entry, Role, Rotation, Source
from integrations.beckn.registry.file import load, upsert
from integrations.beckn.registry.keep import KeyChange
from integrations.beckn.registry.registry import Registry

__all__ = ["Entry", "KeyChange", "Registry", "Role", "Rotation", "Source", "load", "upsert"]
