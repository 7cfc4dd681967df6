"""Rule sets of a community in this household: looked at, adopted, kept up to date, dropped."""
