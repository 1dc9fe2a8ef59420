"""What the person changes in the list, written into the archive in order and in the background."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from importer.model import Edit, Post
from tui.desk import Desk
from tui.doing import Doing
from tui.trouble import Trouble


class Writing:
    """Edits wait here until the one before is written; what cannot be written stays.

    Args:
        screen: whose background it works in.
        desk: the archive.
        written: hears of the posts as they are after each writing.
    """

    def __init__(
        self,
        screen: Doing[None],
        desk: Desk,
        written: Callable[[Sequence[Post]], None],
        failed: Callable[[Trouble], None],
    ) -> None:
        self._screen, self._desk = screen, desk
        self._written, self._failed = written, failed
        self._waiting: deque[Edit] = deque()
        self._is_at_work = False
        self._then: list[Callable[[], None]] = []

    def add(self, edits: Iterable[Edit]) -> None:
        """Write these as soon as those before are written."""
        self._waiting.extend(edits)
        self._go_on()

    def then(self, work: Callable[[], None]) -> None:
        """Do something once everything is written; never, if it cannot be."""
        self._then.append(work)
        self._go_on()

    def _go_on(self) -> None:
        if self._is_at_work:
            return
        if self._waiting:
            self._is_at_work = True
            self._screen.do(self._write, self._done, group="write", failed=self._not_done)
            return
        work, self._then = self._then, []
        for one in work:
            one()

    def _write(self) -> list[Post]:
        """In a thread: write until nothing waits."""
        names: set[str] = set()
        while self._waiting:
            batch = list(self._waiting)
            self._desk.edit(batch)
            for _ in batch:
                self._waiting.popleft()
            names |= {edit.post for edit in batch}
        return self._desk.posts_named(names)

    def _done(self, posts: list[Post]) -> None:
        self._is_at_work = False
        self._written(posts)
        self._go_on()

    def _not_done(self, trouble: Trouble) -> None:
        self._is_at_work = False
        self._then = []
        self._failed(trouble)
