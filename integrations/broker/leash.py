"""Runs a program that ends when the hub does, however the hub ends.

A script of its own, started with ``python -I -S``: the wish must be made in the child before it
becomes the other program, and Python code between fork and exec of a threaded hub may hang.

    python -I -S leash.py HUB_PID PROGRAM [ARGUMENT…]
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Have the kernel send SIGTERM to this process when the thread that started it ends (Linux).

    Exits at once when ``parent``, the hub's process id, is gone already.
    """
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(0)


if __name__ == "__main__":
    die_with(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - the hub names the program
