"""Work in the background of a screen: done in a thread, answered on the screen's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from textual import on
from textual.message import Message
from textual.screen import Screen
from textual.worker import Worker, get_current_worker

from importer.errors import Stopped
from tui.screens.trouble import TroubleScreen
from tui.trouble import Trouble, trouble_of

Result = TypeVar("Result")
Answer = TypeVar("Answer")


class Doing(Screen[Answer]):
    """A screen that has things done in the background.

    A worker thread never touches a widget: it posts messages, which arrive here in order.
    """

    @property
    def is_at_work(self) -> bool:
        """Whether leaving the program must wait for what this screen does."""
        return False

    def ask_to_leave(self) -> None:
        """The person wants to leave the program while the screen is at work."""

    class _Done(Message):
        """A piece of work ended well; what follows runs on the screen's thread."""

        def __init__(self, then: Callable[[], object]) -> None:
            super().__init__()
            self.then = then

    class Failed(Message):
        """A piece of work ended in trouble."""

        def __init__(self, trouble: Trouble) -> None:
            super().__init__()
            self.trouble = trouble

    def do(
        self,
        work: Callable[[], Result],
        then: Callable[[Result], object] | None = None,
        *,
        group: str = "work",
        failed: Callable[[Trouble], None] | None = None,
    ) -> Worker[None]:
        """Do `work` in a thread, then hand its result over on the screen's own thread.

        Newer work of a group replaces older work that has not answered yet. Trouble goes to
        `failed`, or is shown over the screen. `Stopped` ends in silence.
        """

        def in_thread() -> None:
            worker = get_current_worker()
            try:
                result = work()
            except Stopped:
                return
            except Exception as error:  # noqa: BLE001  whatever it is, the screen says it
                if not worker.is_cancelled:
                    self._report(trouble_of(error), failed)
            else:
                if then is not None and not worker.is_cancelled:
                    self.post_message(self._Done(lambda: then(result)))

        return self.run_worker(
            in_thread, group=group, exclusive=True, thread=True, exit_on_error=False
        )

    def _report(self, trouble: Trouble, failed: Callable[[Trouble], None] | None) -> None:
        if failed is None:
            self.post_message(self.Failed(trouble))
        else:
            self.post_message(self._Done(lambda: failed(trouble)))

    @on(_Done)
    def _hand_over(self, message: _Done) -> None:
        message.stop()
        if self.is_attached:
            message.then()

    @on(Failed)
    def _show(self, message: Failed) -> None:
        message.stop()
        self.app.push_screen(TroubleScreen(message.trouble))
