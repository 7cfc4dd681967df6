"""For tests that throw anything at a parser: what came of it, and why not."""


def attempt(parse, raw, refusal):
    """Return what was parsed and no reason, or None and the reason; other errors go through."""
    try:
        return parse(raw), ""
    except refusal as error:
        return None, str(error) or "no reason was given\n"


def fine(why, held):
    """Tell whether a refusal was one line, or what was not refused held."""
    return "\n" not in why if why else held()
