"""``script/no_skips.py``: a skipped test fails the run."""

import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parents[2] / "script" / "no_skips.py"


def _judge(tmp_path: Path, cases: str) -> subprocess.CompletedProcess[str]:
    report = tmp_path / "report.xml"
    report.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    return subprocess.run([sys.executable, PROGRAM, report], capture_output=True, text=True)


def test_a_report_without_skips_passes(tmp_path: Path) -> None:
    judged = _judge(tmp_path, '<testcase classname="a" name="ran"/>')
    assert (judged.returncode, judged.stderr) == (0, "")


def test_a_skipped_test_is_named(tmp_path: Path) -> None:
    judged = _judge(
        tmp_path,
        '<testcase classname="a" name="ran"/>'
        '<testcase classname="a" name="b"><skipped/></testcase>',
    )
    assert (judged.returncode, judged.stderr) == (1, "did not run: a::b\n")
