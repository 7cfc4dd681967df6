"""Rule sets of a community: signed, told apart by their publisher's key, and fetched."""
