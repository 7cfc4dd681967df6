"""Grocy's shopping lists, read and ticked off over its REST API."""
