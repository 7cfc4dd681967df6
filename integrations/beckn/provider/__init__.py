"""A provider (BPP) with a stock and delivery slots that really run out.

The same code as the household's side, the other way round: a grocer, or a peer who sells.
"""

from integrations.beckn.provider.server import run_provider, serve_provider

__all__ = ["run_provider", "serve_provider"]
