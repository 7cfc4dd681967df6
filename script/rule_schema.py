"""Write ``docs/schemas/rules.schema.json`` from ``rules/language.py``; ``--check`` only compares.

Editors complete and check the household's rule files by it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from rules.language import schema  # noqa: E402

SCHEMA = ROOT / "docs" / "schemas" / "rules.schema.json"


def main(arguments: list[str]) -> int:
    """Write the schema, or with ``--check`` exit 1 when it is not what would be written."""
    text = json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
    if "--check" not in arguments:
        SCHEMA.parent.mkdir(parents=True, exist_ok=True)
        SCHEMA.write_text(text)
        return 0
    if SCHEMA.exists() and SCHEMA.read_text() == text:
        return 0
    print(f"{SCHEMA.relative_to(ROOT)} is out of date: run script/rule-schema", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
