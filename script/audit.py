"""What pip-audit finds in lock files, by lines: which package, what is known, where mended."""

from __future__ import annotations

import json
import subprocess
import sys

NOTHING, FOUND, UNASKED = 0, 1, 3


def asked(tool: str, lock: str) -> list[dict[str, object]] | None:
    """Return what the tool says of the packages of a lock file; None: nobody could be asked."""
    command = [
        tool, "--requirement", lock, "--disable-pip", "--vulnerability-service", "osv",
        "--format", "json", "--progress-spinner", "off",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        found: list[dict[str, object]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        last = done.stderr.strip().splitlines() or ["no answer"]
        print(f"{lock}: {last[-1]}", file=sys.stderr)
        return None
    return found


def main(tool: str, locks: list[str]) -> int:
    """Tell of each lock file; return the exit status."""
    known: dict[str, str] = {}
    packages: set[str] = set()
    unasked: set[str] = set()
    for lock in locks:
        found = asked(tool, lock)
        if found is None:
            print("Nobody could be asked: script/audit needs the internet.", file=sys.stderr)
            return UNASKED
        for one in found:
            name = f"{one['name']} {one.get('version', '')}".strip()
            packages.add(name)
            if "skip_reason" in one:
                unasked.add(name)
            for each in one.get("vulns", []):  # type: ignore[attr-defined]
                mended = ", ".join(each["fix_versions"]) or "no version yet"
                known[f"{name}: {each['id']}, mended in {mended} ({lock})"] = name
    for line in sorted(known):
        print(line)
    for name in sorted(unasked):
        print(f"{name}: could not be asked about", file=sys.stderr)
    print(f"{len(packages) - len(unasked)} packages asked about, {len(known)} advisories.")
    if known:
        return FOUND
    return UNASKED if unasked else NOTHING


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
