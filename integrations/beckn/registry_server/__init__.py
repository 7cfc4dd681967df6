"""A small registry for a street, a town or the demo: who takes part, where, with which keys.

It speaks Beckn v1.1.1's registry API (``/subscribe`` with its challenge, ``/lookup``) and answers
DeDi's look-ups, by which Beckn v2 finds participants.
"""

from integrations.beckn.registry_server.server import admit, run_registry, serve_registry

__all__ = ["admit", "run_registry", "serve_registry"]
