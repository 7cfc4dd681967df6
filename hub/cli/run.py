"""``run``: the hub, until it is told to stop."""

from __future__ import annotations

from hub.cli.common import DEFAULT_CONFIG, DEFAULT_DATA, ConfigFolder, DataFolder
from hub.cli.serve import serve

EXAMPLES = (
    "[bold]run_hub.py run[/bold]: with ./config and ./data of the project\n\n"
    "[bold]run_hub.py run --config /etc/commonhearth --data /var/lib/commonhearth[/bold]"
)


def run(config: ConfigFolder = DEFAULT_CONFIG, data: DataFolder = DEFAULT_DATA) -> None:
    """Run the hub until it is told to stop (Ctrl-C, SIGTERM)."""
    serve(config, data)
