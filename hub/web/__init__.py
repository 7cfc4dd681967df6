"""Pages, the JSON API, live updates and sign-in."""
