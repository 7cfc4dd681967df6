"""A Home Assistant beside the hub: its states read, its services called, and asked through.

``homeassistant-api`` is imported by ``socket`` alone, and that only once a connection is wanted.
"""
