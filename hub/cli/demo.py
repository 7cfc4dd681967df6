"""demo"""

EXAMPLES = ""


def demo() -> None:
    """X"""
