"""Finding and being found in the home's network by mDNS and DNS-SD (RFC 6762, RFC 6763)."""
