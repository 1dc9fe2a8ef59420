"""One step in hand: how far it is, and whether it must stop."""

from __future__ import annotations

import threading

from importer.errors import Stopped


class Step:
    """Progress of one running step, written by its worker and read by the coordinator.

    `done` and `total` count `unit`s ("bytes" or "seconds"); `total` is `None` when unknown.
    """

    __slots__ = ("_stop", "done", "total", "unit")

    def __init__(self, stop: threading.Event | None = None) -> None:
        self._stop = stop or threading.Event()
        self.done: float = 0
        self.total: float | None = None
        self.unit = "bytes"

    def check(self) -> None:
        """Leave the step if it must stop at once.

        Raises:
            Stopped: the user asked to leave now.
        """
        if self._stop.is_set():
            raise Stopped

    def break_off(self) -> None:
        """Make the step stop at once."""
        self._stop.set()

    @property
    def stop(self) -> threading.Event:
        """Set when the step must stop at once; for waits that should end early."""
        return self._stop
