"""Tables, the unit of work, and reads: the only place that speaks SQL."""
