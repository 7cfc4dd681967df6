"""Beckn v1.1.1: the messages that today's retail and ride networks speak, over the neutral model.

Written as the specification states (``api/transaction/build/transaction.yaml``); read as networks
write it, also in the dialects of ONDC (``core_version``, ``bpp/providers``, ``start``/``end``).
What version 1 has no field for goes into tag groups: ``docs/profiles/v1.md``.
"""
