#!/usr/bin/env python3
"""Commonhearth's command line. ``script/run`` runs it in the project's own environment."""

import sys

from hub.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
