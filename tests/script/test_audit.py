"""`script/audit` tells what is known of the packages, and says so where nobody could be asked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "script" / "audit.py"
CLEAN = {"name": "aiohttp", "version": "3.14", "vulns": []}
BAD = {
    "name": "paho-mqtt",
    "version": "2.1.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1.1"]}, {"id": "PYSEC-2", "fix_versions": []}],
}
UNASKED = {"name": "own", "skip_reason": "not found"}


def audited(folder: Path, said: Any) -> subprocess.CompletedProcess[str]:
    """Run the script on a pip-audit that says this."""
    tool = folder / "pip-audit"
    text = said if isinstance(said, str) else json.dumps({"dependencies": said})
    (folder / "said").write_text(text)
    tool.write_text(f"#!/bin/sh\ncat {folder}/said\necho 'no route to host' >&2\n")
    tool.chmod(0o755)
    command = [sys.executable, str(SCRIPT), str(tool), "one.lock", "two.lock"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("said", "code", "told"),
    [
        ([CLEAN], 0, "1 packages asked about, 0 advisories."),
        ([CLEAN, BAD], 1, "paho-mqtt 2.1.0: PYSEC-1, mended in 2.1.1 (one.lock)"),
        ([BAD, UNASKED], 1, "PYSEC-2, mended in no version yet (two.lock)"),
        ([CLEAN, UNASKED], 3, "own: could not be asked about"),
        ("", 3, "one.lock: no route to host"),
        ("{}", 3, "needs the internet"),
    ],
)
def test_what_is_known_is_told(tmp_path: Path, said: Any, code: int, told: str) -> None:
    done = audited(tmp_path, said)
    assert done.returncode == code
    assert told in done.stdout + done.stderr
