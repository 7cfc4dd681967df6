"""The hub: what happens in the house, what it proposes, and what it was allowed to do."""

__version__ = "0.1.0"
"""The hub's version (Semantic Versioning), as ``pyproject.toml`` has it."""
