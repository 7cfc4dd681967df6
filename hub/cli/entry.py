"""Where the command line begins. ``run`` as services type it is read here, without the library
that reads options and writes help: the hub would hold it for as long as it runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path


def main() -> int:
    """Do what the command line says; return the exit code (see ``hub.cli.main.main``)."""
    folders = plain_run(sys.argv[1:])
    if folders is None:
        from hub.cli.main import main as any_command

        return any_command()
    from hub.cli.serve import serve
    from hub.cli.telling import tell

    try:
        serve(*folders)
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        return 130
    except Exception as error:
        return tell(error)
    return 0


def plain_run(arguments: Sequence[str]) -> tuple[Path, Path] | None:
    """Return the config and data folders of a ``run`` with nothing but folders; else None."""
    from hub.cli.telling import DEFAULT_CONFIG, DEFAULT_DATA

    folders = {"--config": DEFAULT_CONFIG, "--data": DEFAULT_DATA}
    if arguments[:1] != ["run"] or len(arguments) % 2 == 0:
        return None
    for option, folder in zip(arguments[1::2], arguments[2::2], strict=True):
        if option not in folders or folder.startswith("-"):
            return None
        folders[option] = Path(folder)
    return folders["--config"], folders["--data"]
