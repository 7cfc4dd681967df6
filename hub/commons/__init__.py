"""Made to measure: projects, contributions, tallies and splits (pure)."""
