"""Measurements of the hub beside what it is measured by; run with ``script/bench``."""
