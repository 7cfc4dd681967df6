"""The append-only log of who decided what because of what (pure)."""
