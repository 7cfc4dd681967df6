"""All measurements, one table: ``script/bench [--quick] [ingest latency burst idle ledger …]``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import (
    agenda,
    brokering,
    burst,
    comparing,
    consent,
    idle,
    ingest,
    latency,
    ledger,
    web,
)
from benchmarks.harness import HERE, Bench, BenchError
from benchmarks.results import Result

MEASURES: dict[str, Callable[..., Iterator[Result]]] = {
    "idle": idle.measure,
    "latency": latency.measure,
    "ingest": ingest.measure,
    "burst": burst.measure,
    "web": web.measure,
    "ledger": ledger.measure,
    "agenda": agenda.measure,
    "consent": consent.measure,
    "comparing": comparing.measure,
    "brokering": brokering.measure,
}
_COLOURS = {"pass": "green", "miss": "red", "noted": "dim"}


def table_of(results: list[Result]) -> Table:
    """Return the results as a table for the terminal."""
    table = Table(title="Commonhearth, ratios taken in one run")
    for heading in ("what", "measured", "target", "verdict", "figures"):
        table.add_column(heading, overflow="fold")
    for result in results:
        colour = _COLOURS[result.verdict]
        table.add_row(
            result.name,
            f"{result.value:.2f}{result.unit}",
            result.wanted,
            f"[{colour}]{result.verdict}[/]",
            result.detail,
        )
    return table


def write(results: list[Result], failures: dict[str, str], quick: bool) -> Path:
    """Write ``benchmarks/results/latest.json`` and return its path."""
    file = HERE / "results" / "latest.json"
    file.parent.mkdir(exist_ok=True)
    told = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "cpus": os.cpu_count(),
            "architecture": platform.machine(),
            "python": platform.python_version(),
        },
        "quick": quick,
        "results": [{**asdict(result), "verdict": result.verdict} for result in results],
        "failures": failures,
    }
    file.write_text(json.dumps(told, indent=1) + "\n")
    return file


def main() -> int:
    """Run what is asked; exit 0 when every target is met, 1 when one is missed or failed."""
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer messages, rougher figures")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("only", nargs="*", metavar="MEASURE", help=", ".join(MEASURES))
    asked = parser.parse_args()
    unknown = [name for name in asked.only if name not in MEASURES]
    if unknown:
        parser.error(f"no such measure: {unknown[0]} (there are {', '.join(MEASURES)})")

    results: list[Result] = []
    failures: dict[str, str] = {}
    for name in asked.only or MEASURES:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        folder = tempfile.TemporaryDirectory(prefix="commonhearth-bench-")
        with folder, Bench(Path(folder.name)) as bench:
            try:
                results += MEASURES[name](bench, quick=asked.quick)
            except BenchError as error:
                failures[name] = str(error)
                print(f"{name}: {error}\n{bench.last_words()}", file=sys.stderr)
    file = write(results, failures, asked.quick)
    if asked.json:
        print(file.read_text(), end="")
    else:
        Console().print(table_of(results))
        print(f"written to {file}")
    missed = any(result.verdict == "miss" for result in results)
    return 1 if missed or failures else 0


if __name__ == "__main__":
    sys.exit(main())
