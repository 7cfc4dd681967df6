"""How a thread sleeps until its socket or another thread has something for it."""

from __future__ import annotations

import os
import select
import threading


class Waker:
    """Lets other threads wake one that sleeps; while it is awake, ``wake`` costs next to nothing.

    The sleeper calls ``arm``, then looks a last time whether there is work, then ``sleep``: what is
    left for it before ``arm`` it sees, what comes after wakes it.
    """

    def __init__(self) -> None:
        """Take two descriptors; ``close`` gives them back."""
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._armed = False
        self._lock = threading.Lock()

    def wake(self) -> None:
        """Wake the sleeper; safe from any thread, also after ``close``."""
        if not self._armed:
            return
        # Under the lock: a descriptor closed meanwhile may be another file's by now.
        with self._lock:
            self._armed = False
            if self._writer >= 0:
                try:
                    os.write(self._writer, b"\0")
                except BlockingIOError:
                    return  # The pipe is full: it wakes anyway.

    def arm(self) -> None:
        """Have ``wake`` called from now on end the next ``sleep``."""
        self._armed = True

    def sleep(self, seconds: float, descriptor: int = -1, *, writable: bool = False) -> None:
        """Return after ``seconds``, once woken, or when ``descriptor`` can be read.

        With ``writable``, also when it can be written.
        """
        poll = select.poll()
        poll.register(self._reader, select.POLLIN)
        if descriptor >= 0:
            poll.register(descriptor, select.POLLIN | (select.POLLOUT if writable else 0))
        poll.poll(max(0.0, seconds) * 1000)
        self._armed = False
        try:
            os.read(self._reader, 4096)
        except BlockingIOError:
            return

    def close(self) -> None:
        """Give the descriptors back; may be called twice."""
        with self._lock:
            self._armed = False
            for descriptor in (self._reader, self._writer):
                if descriptor >= 0:
                    os.close(descriptor)
            self._reader = self._writer = -1
