"""Beckn v2.0.0 LTS: the household's side (BAP) and a provider's (BPP), over signed HTTP."""
