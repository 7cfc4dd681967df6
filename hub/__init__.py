"""The hub: what happens in the house, what it proposes, and what it was allowed to do."""
