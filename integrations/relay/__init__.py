"""A hub without an open port: a relay takes its callbacks and hands them over a broker.

``serve_relay`` is the relay, a program with a public address; ``RelayClient`` is the hub's side.
"""

from integrations.relay.client import RelayClient
from integrations.relay.link import Broker
from integrations.relay.server import run_relay, serve_relay
from integrations.relay.words import Gate, Member, Relayed, RelayError

__all__ = [
    "Broker",
    "Gate",
    "Member",
    "RelayClient",
    "RelayError",
    "Relayed",
    "run_relay",
    "serve_relay",
]
