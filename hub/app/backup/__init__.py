"""Backups: one encrypted file with all of a household, and the way back."""
