"""The household's rules: read, compiled, indexed by trigger and evaluated (pure).

``RuleSet`` and ``rehearse`` are what the rest of the hub calls; ``View`` is what they ask of it.
"""
