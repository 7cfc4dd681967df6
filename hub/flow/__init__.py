"""The verbs: each step is a plain ``def step(tx, message)`` inside one transaction."""
