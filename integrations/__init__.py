"""One folder for each outside system; each is built only when it is configured."""
