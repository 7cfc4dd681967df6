"""Losing the Pi without losing the household: one secret that can be written down as words."""
