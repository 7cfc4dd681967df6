"""What ``script/lib.sh`` would do to a machine, with root's commands written down, not run."""

import subprocess
from pathlib import Path

LIB = Path(__file__).parents[2] / "script" / "lib.sh"


def _as_root(tmp_path: Path, script: str) -> list[str]:
    """Return the commands ``script`` wants to run as root."""
    log = tmp_path / "log"
    log.touch()
    stubs = f"""
        set -euo pipefail
        . '{LIB}'
        as_root() {{ cat >/dev/null; echo "$*" >>'{log}'; }}
        may_install() {{ true; }}
        systemctl() {{ false; }}
    """
    subprocess.run(
        ["bash", "-c", stubs + script], check=True, stdin=subprocess.DEVNULL, capture_output=True
    )
    return log.read_text().splitlines()


def test_a_new_mosquitto_is_not_started_now_nor_at_boot(tmp_path: Path) -> None:
    asked = _as_root(tmp_path, "has_mosquitto() { false; }; install_mosquitto")
    (install,) = [n for n, line in enumerate(asked) if " install " in line]
    assert asked[install].endswith("-y --no-install-recommends install mosquitto")
    assert "systemctl disable mosquitto.service" in asked[install:]
    if not Path("/usr/sbin/policy-rc.d").exists():
        assert "tee /usr/sbin/policy-rc.d" in asked[:install]
        assert "rm -f /usr/sbin/policy-rc.d" in asked[install:]


def test_a_mosquitto_of_the_household_s_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    asked = _as_root(tmp_path, "has_mosquitto() { true; }; install_mosquitto chromium")
    assert any(line.endswith("install chromium") for line in asked)
    assert not any("mosquitto" in line for line in asked)
    assert _as_root(other, "has_mosquitto() { true; }; install_mosquitto") == []


def test_an_environment_behind_a_link_is_used_and_never_cleared(tmp_path: Path) -> None:
    somebodys = tmp_path / "somebodys"
    (somebodys / "bin").mkdir(parents=True)
    (somebodys / "bin" / "python").write_text("#!/bin/sh\n")
    (somebodys / "bin" / "python").chmod(0o755)
    (tmp_path / "linked").symlink_to(somebodys)
    lock = tmp_path / "requirements.lock"
    lock.write_text("no-such-package==1\n")
    _as_root(tmp_path, f"ensure_venv '{tmp_path / 'linked'}' '{lock}'")
    assert [file.name for file in somebodys.iterdir()] == ["bin"]
