"""The engine room: the one writer thread, and the pump that empties the outbox."""
