"""A screen that has the engine run in a thread: listens to it, passes wishes on, and stops it."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from textual import on
from textual.message import Message

from importer.archive.view import UNFINISHED
from importer.engine.outcome import Outcome
from importer.engine.stop import Stop
from importer.engine.wishes import Wishes
from importer.errors import Stopped
from importer.events import Event, Recognised, Status
from importer.model import Post
from tui.desk import Desk
from tui.progress import Progress
from tui.screens.leaving import Leave, LeavingScreen
from tui.screens.step import StepScreen
from tui.trouble import Trouble
from tui.verdict import Next, Verdict, of_error, of_outcome

if TYPE_CHECKING:
    from tui.app import TokawayApp

_EXIT_INTERRUPTED = 130


class Told(Message):
    """The engine told something."""

    def __init__(self, event: Event) -> None:
        super().__init__()
        self.event = event


class Stood(Told):
    """The engine told where the run stands: only the newest matters."""

    def can_replace(self, message: Message) -> bool:
        """Newer numbers take the place of older ones."""
        return isinstance(message, Stood)


class Running(StepScreen):
    """The run of one archive, begun when the screen is and again whenever it is asked to.

    Args:
        desk: the archive.
        dry_run: fetch and prepare, and send nothing.
    """

    app: TokawayApp

    def __init__(self, desk: Desk, *, dry_run: bool = False) -> None:
        super().__init__(desk)
        self.dry_run = dry_run
        self.progress = Progress()
        self.verdict: Verdict | None = None
        self.wishes = Wishes()
        self._stop = Stop()
        self._runs = False
        self._quits = False

    @abstractmethod
    def show(self) -> None:
        """Show how things stand."""

    @abstractmethod
    def show_posts(self, posts: list[Post]) -> None:
        """Show the posts that wait."""

    def begin(self) -> None:
        """Start the run, or go on with it: that is the same."""
        self.progress, self.verdict = Progress(), None
        self._stop, self.wishes = Stop(), Wishes()
        self._runs, self._quits = True, False
        self.read_posts()
        self.do(self._engine, self._ended, group="engine", failed=self._failed)
        self.show()

    def on_unmount(self) -> None:
        """Whatever ends the screen ends its run too, so that no thread is left behind."""
        self._stop.leave()

    def read_posts(self) -> None:
        """Look which posts wait."""
        self.do(self._waiting, self._waiting_read, group="posts")

    def _waiting(self) -> list[Post]:
        with self.desk.looking() as view:
            return view.posts(*UNFINISHED, chosen=True)

    def _waiting_read(self, posts: list[Post]) -> None:
        told = self.progress.milestones
        self.progress.milestones = {post.id: told.get(post.id, post.milestone) for post in posts}
        self.show_posts(posts)

    def _engine(self) -> Outcome | Stopped | None:
        try:
            return self.desk.run(self.hear, self._stop, self.wishes, dry=self.dry_run)
        except Stopped as stopped:
            return stopped  # while it signed in

    def hear(self, event: Event) -> None:
        """Take an event, from whatever thread."""
        self.post_message(Stood(event) if isinstance(event, Status) else Told(event))

    @on(Told)
    @on(Stood)
    def _told(self, message: Told) -> None:
        message.stop()
        self.progress.hear(message.event)
        if isinstance(message.event, Recognised):
            self.read_posts()

    def _ended(self, outcome: Outcome | Stopped | None) -> None:
        if isinstance(outcome, Stopped):
            outcome = Outcome("interrupted", _EXIT_INTERRUPTED)
        self._end(of_outcome(outcome), outcome)

    def _failed(self, trouble: Trouble) -> None:
        self._end(of_error(trouble.error))

    def _end(self, verdict: Verdict, outcome: Outcome | None = None) -> None:
        self._runs = False
        self.progress.end()
        self.verdict = verdict
        self.progress.say(f"{verdict.headline} {verdict.advice}".rstrip())
        self.show()
        if outcome and not outcome.clean:
            self.app.leave_for_good(outcome.exit_code)
        elif self._quits:
            self.app.exit(outcome.exit_code if outcome else 0)
        elif isinstance(self.app.screen, LeavingScreen):
            self.app.screen.dismiss(Leave.FINISH)  # it is finished: there is no question left
        elif self.is_current and verdict.is_good and verdict.next is Next.SUMMARY:
            self.action_next()

    @property
    def is_at_work(self) -> bool:
        """Whether the engine runs."""
        return self._runs

    def ask_to_leave(self) -> None:
        """Ask how, then leave the program."""
        if self._stop.at_once.is_set():
            self.app.leave_for_good(_EXIT_INTERRUPTED)
        elif not isinstance(self.app.screen, LeavingScreen):
            self.app.push_screen(LeavingScreen(), self._leave_program)

    def _leave_program(self, how: Leave | None) -> None:
        if how in (Leave.FINISH, Leave.NOW):
            self._quits = True
            self._stop_running(how)

    def action_stop(self) -> None:
        """Ask how to stop, and stay here."""
        if self._runs:
            self.app.push_screen(LeavingScreen(), self._stop_running)

    def action_back(self) -> None:
        """To the step before, once the engine has stopped."""
        if self._runs:
            self.action_stop()
        else:
            self.dismiss()

    def _stop_running(self, how: Leave | None) -> None:
        if how is Leave.NOW:
            self._stop.leave()
        elif how is Leave.FINISH:
            self._stop.draining.set()
        if not self._runs and self._quits:
            self.app.exit()
        self.show()

    def action_again(self) -> None:
        """Go on where it stopped."""
        if not self._runs:
            self.begin()

    def action_sign_in(self) -> None:
        """To the account, and from there on with this run."""
        from tui.screens.account import AccountScreen

        self.app.push_screen(AccountScreen(self.desk, then=self.action_again))

    def action_next(self) -> None:
        """To the summary, once the engine has stopped."""
        from tui.screens.summary import SummaryScreen

        if not self._runs:
            self.app.push_screen(SummaryScreen(self.desk))
