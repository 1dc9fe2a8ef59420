"""What the person wants of a run while it goes on: wished from any thread, granted by the run."""

from __future__ import annotations

import threading

from importer.model import Notice

TOO_LATE = Notice(
    "too_late",
    "A post that you want left out may stand on your account already, so it is finished.",
    "To take it back afterwards: tokaway undo ARCHIVE POST",
)


class Wishes:
    """An inbox that the coordinator empties; it alone does what is wished."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pausing = threading.Event()
        self._left_out: list[str] = []
        self._pace: int | None = None

    def pause(self) -> None:
        """Start nothing new, and stay there: what is in hand is finished."""
        self._pausing.set()

    def go_on(self) -> None:
        """Start steps again."""
        self._pausing.clear()

    @property
    def is_pausing(self) -> bool:
        """Whether nothing new is to be started."""
        return self._pausing.is_set()

    def leave_out(self, post_id: str) -> None:
        """Do not publish this post, be it in hand or waiting."""
        with self._lock:
            self._left_out.append(post_id)

    def change_pace(self, posts_an_hour: int) -> None:
        """Publish so many posts an hour from now on, 0 for as many as the server allows."""
        with self._lock:
            self._pace = posts_an_hour

    def take_left_out(self) -> list[str]:
        """The posts to leave out that were named since this was last asked."""
        with self._lock:
            taken, self._left_out = self._left_out, []
        return taken

    def take_pace(self) -> int | None:
        """The pace that was wished since this was last asked, if one was."""
        with self._lock:
            taken, self._pace = self._pace, None
        return taken
