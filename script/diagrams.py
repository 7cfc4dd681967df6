"""Draw the lives into ``docs/architecture.md`` from the tables the code goes by.

Each drawing stands between ``<!-- life: NAME -->`` and ``<!-- end -->``. ``--check`` only tells
whether the drawings are current.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from hub.domain.life import Life  # noqa: E402
from hub.domain.meals import MEAL_LIFE  # noqa: E402
from hub.domain.orders import ORDER_LIFE  # noqa: E402
from hub.domain.suggestions import SUGGESTION_LIFE  # noqa: E402

S = TypeVar("S", bound=str)
DOC = ROOT / "docs" / "architecture.md"
_PLACE = re.compile(r"(<!-- life: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def drawing(life: Life[S]) -> str:
    """Return a Mermaid state diagram; the first state begins, states without a way out end.

    A state that may become itself (an order re-quoted) is not an arrow: it is the same state.
    """
    moves = life.moves
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {next(iter(moves))}"]
    order = list(moves)
    for state, targets in moves.items():
        lines += [
            f"    {state} --> {target}"
            for target in sorted(targets, key=order.index)
            if target != state
        ]
    lines += [f"    {state} --> [*]" for state, targets in moves.items() if not targets]
    return "\n".join([*lines, "```"]) + "\n"


def redraw(text: str) -> str:
    """Return ``text`` with every life drawn anew. KeyError for a life that does not exist."""
    drawings: dict[str, str] = {
        SUGGESTION_LIFE.name: drawing(SUGGESTION_LIFE),
        ORDER_LIFE.name: drawing(ORDER_LIFE),
        MEAL_LIFE.name: drawing(MEAL_LIFE),
    }
    return _PLACE.sub(lambda place: place[1] + drawings[place[2]] + place[3], text)


def main(arguments: list[str]) -> int:
    """Draw, or with ``--check`` exit 1 when a drawing is not what the tables say."""
    before = DOC.read_text()
    after = redraw(before)
    if "--check" not in arguments:
        DOC.write_text(after)
        return 0
    if after == before:
        return 0
    print(f"{DOC.relative_to(ROOT)} is out of date: run script/diagrams", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
