"""The household's rules: read, compiled, indexed by trigger and evaluated (pure)."""
