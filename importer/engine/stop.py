"""How a run is told to stop: drain what is in hand, or leave at once."""

from __future__ import annotations

import threading


class Stop:
    """Two wishes, set from a signal handler or another thread.

    `draining`: start nothing new, finish what is in hand. `at_once`: break off what is in hand.
    """

    def __init__(self) -> None:
        self.draining = threading.Event()
        self.at_once = threading.Event()
        self.handing_over = False
        """Whether it drains for others to have their turn, though nobody asked to stop."""

    def ask(self) -> bool:
        """Ask once more: the first time to drain, from the second on to leave at once.

        Returns:
            Whether the run now leaves at once.
        """
        if self.draining.is_set():
            self.at_once.set()
        self.draining.set()
        return self.at_once.is_set()

    def hand_over(self) -> None:
        """Drain, so that another run has its turn; this one goes on later."""
        self.handing_over = True
        self.draining.set()

    def leave(self) -> None:
        """Ask to leave at once, as a system that shuts down does."""
        self.at_once.set()
        self.draining.set()
