"""The end: what is published, what is not and why, and what can be done about it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Log, ProgressBar, Static

from importer.clock import utc_now
from importer.engine.stop import Stop
from importer.model import Milestone
from importer.records.destinations import named
from importer.summary import Summary
from importer.undoing import Selected
from tui.aftercare import (
    Brought,
    Checks,
    Differences,
    TookBack,
    bring,
    check,
    compare,
    number_edited,
    take_back,
    to_take_back,
)
from tui.desk import Desk
from tui.language import _
from tui.outcome import detail, headline, numbers, reasons
from tui.running import Running
from tui.screens.rewording import RewordingScreen
from tui.screens.step import StepScreen
from tui.screens.taking_back import TakingBackScreen
from tui.screens.trouble import TroubleScreen
from tui.shown import one_line, visible
from tui.trouble import Trouble
from tui.widgets.bars import bar
from tui.widgets.steps import Place

if TYPE_CHECKING:
    from tui.app import TokawayApp

_WORK = ("publish", "retry", "verify", "reword", "report", "profile", "undo", "stop")


class SummaryScreen(StepScreen):
    """Numbers, reasons, and the work that can follow; one piece of it at a time."""

    app: TokawayApp
    PLACE = Place.SUMMARY
    CSS_PATH = "summary.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "publish", _("Publish"), tooltip=_("Go on with what waits")),
        Binding("r", "retry", _("Try again"), tooltip=_("Publish what failed")),
        Binding("v", "verify", _("Check"), tooltip=_("Read everything back, and compare")),
        Binding(
            "w",
            "reword",
            _("Reword"),
            tooltip=_("Bring edited words to published posts; shows them and asks first"),
        ),
        Binding(
            "o",
            "report",
            _("Report"),
            tooltip=_("A page with every post, in the browser"),
            show=False,
        ),
        Binding(
            "b",
            "profile",
            _("Profile"),
            tooltip=_("Your account, in the browser"),
            show=False,
        ),
        Binding("u", "undo", _("Take back"), tooltip=_("Delete what was published; asks first")),
    ]
    HELP = _("""
# Summary

What is on your account now, what was left out, and what did not work and why.

**Check** reads every post back from the server and compares it. **Take back** deletes what
Tokaway published, after showing you what that is. The **report** lists every post on one page.
If you edited words of posts that are published, **Reword** brings them there, after showing
you each.
""")

    class Worked(Message):
        """A piece of work got further."""

        def __init__(self, done: int, line: str) -> None:
            super().__init__()
            self.done = done
            self.line = line

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.summary: Summary | None = None
        self._edited = 0
        self._offers: list[str] = []
        self._stop = Stop()
        self._works = False
        self._leaves = False

    def body(self) -> Iterable[Widget]:
        """Headline, numbers, reasons, buttons; and below what is being done."""
        with Vertical(id="state"):
            yield Static(id="headline")
            yield Static(id="bar")
            yield Static(id="detail")
        with VerticalScroll(id="reasons"):
            yield Static(id="numbers")
            yield Static(id="why")
        with Vertical(id="work"):
            yield Static(id="doing")
            yield ProgressBar(show_eta=False, id="far")
            yield Log(max_lines=1000, id="log")
        with Horizontal(id="buttons"):
            yield Button(_("Publish the rest"), id="publish", compact=True, variant="primary")
            yield Button(_("Try again"), id="retry", compact=True)
            yield Button(_("Check"), id="verify", compact=True)
            yield Button(_("Reword"), id="reword", compact=True)
            yield Button(_("Report"), id="report", compact=True)
            yield Button(_("Profile"), id="profile", compact=True)
            yield Button(_("Take back"), id="undo", compact=True)
            yield Button(_("Stop"), id="stop", compact=True)

    def on_mount(self) -> None:
        """Read the numbers."""
        self.query_one("#work").display = False
        self.query_one("#reasons").focus()
        self.look()

    def on_unmount(self) -> None:
        """Whatever ends the screen ends its work too."""
        self._stop.leave()

    now = staticmethod(utc_now)

    def look(self) -> None:
        """Read the numbers anew."""
        self.do(self.desk.summary, self.show_summary, group="summary")
        self.do(lambda: number_edited(self.desk), self.show_edited, group="edited")

    def show_edited(self, number: int) -> None:
        """Offer to bring edited words, if there are any."""
        self._edited = number
        self._offer()

    def show_summary(self, summary: Summary) -> None:
        """Show the numbers, and offer what makes sense with them."""
        self.summary = summary
        self.query_one("#headline", Static).update(Text(headline(summary)))
        self.query_one("#detail", Static).update(Text(detail(summary, self.now())))
        share = summary.published / summary.chosen if summary.chosen else 0
        self.query_one("#bar", Static).update(bar(share, max(1, self.size.width - 2)))
        self.query_one("#numbers", Static).update(Text(numbers(summary)))
        self.query_one("#why", Static).update(reasons(summary))
        self._offer()

    def _offer(self) -> None:
        offers = [name for name in _WORK if self.check_action(name, ())]
        if offers != self._offers:
            self._offers = offers
            for name in _WORK:
                self.query_one(f"#{name}").display = name in offers
            self.refresh_bindings()

    def on_resize(self) -> None:
        """The bar is as wide as the screen."""
        if self.summary:
            self.show_summary(self.summary)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what makes sense now has its key."""
        known = self.summary
        offers = {
            "publish": known and (known.unfinished or self._is_to_look(known)),
            "retry": known and known.counts[Milestone.FAILED],
            "verify": known and known.published,
            "reword": self._edited,
            "undo": known and known.published,
            "profile": known and known.account,
            "report": known,
        }
        if action in offers:
            return bool(offers[action]) and not self._works
        if action == "stop":
            return self._works
        return super().check_action(action, parameters)

    def _is_to_look(self, known: Summary) -> bool:
        """Whether a run would look now whether videos play."""
        return known.look_at is not None and known.look_at <= self.now()

    @on(Button.Pressed, "#buttons Button")
    async def _pressed(self, event: Button.Pressed) -> None:
        await self.run_action(event.button.id or "")

    def action_publish(self) -> None:
        """Go on with what waits, on the run screen."""
        from tui.screens.publish import PublishScreen

        below = self.app.screen_stack[-2]
        if isinstance(below, Running):
            self.dismiss()
            below.begin()
        else:
            self.app.switch_screen(PublishScreen(self.desk))

    def action_retry(self) -> None:
        """Give failed posts another chance, and publish them."""
        self.do(self.desk.put_back_failed, lambda _number: self.action_publish())

    def action_report(self) -> None:
        """Write the report and open it."""
        self.do(self.desk.write_report, self._open_report)

    def _open_report(self, path: Path) -> None:
        self.app.hand_over(path)

    def action_profile(self) -> None:
        """Open the account in the browser, at the first of the places it publishes to."""
        if self.summary and self.summary.account:
            account, (place, *_others) = self.summary.account, named(self.summary.destinations)
            self.app.hand_over(place.profile_page(account.did, account.handle))

    def action_verify(self) -> None:
        """Check everything that is published."""
        if self.summary:
            self._begin(_("Checking every post …"), self.summary.published)
            self.do(
                lambda: check(self.desk, self._stop, self._tell),
                self._checked,
                group="aftercare",
                failed=self._failed,
            )

    def action_reword(self) -> None:
        """See what bringing edited words would change, and ask."""
        self._begin(_("Comparing edited words …"), self._edited)
        self.do(
            lambda: compare(self.desk, self._stop, self._tell),
            self._compared,
            group="aftercare",
            failed=self._failed,
        )

    def _compared(self, seen: Differences) -> None:
        self._end(seen.words)
        if seen.changes and not self._leaves:
            self.app.push_screen(
                RewordingScreen(seen.changes), lambda yes: self._bring(seen) if yes else None
            )

    def _bring(self, seen: Differences) -> None:
        self._begin(_("Bringing edited words …"), len(seen.changes))
        self.do(
            lambda: bring(self.desk, seen, self._stop, self._tell),
            self._brought,
            group="aftercare",
            failed=self._failed,
        )

    def _brought(self, brought: Brought) -> None:
        self._end(brought.words)

    def action_undo(self) -> None:
        """Show what would be deleted, and ask."""

        def ask(selected: Selected) -> None:
            if not selected.posts:
                self.notify(_("Tokaway published nothing that could be taken back."), markup=False)
                return
            self.app.push_screen(
                TakingBackScreen(selected), lambda yes: self._take_back(selected) if yes else None
            )

        self.do(lambda: to_take_back(self.desk), ask)

    def _take_back(self, selected: Selected) -> None:
        self._begin(_("Taking posts back …"), len(selected.posts))
        self.do(
            lambda: take_back(self.desk, selected, self._stop, self._tell),
            self._took_back,
            group="aftercare",
            failed=self._failed,
        )

    def _begin(self, doing: str, total: int) -> None:
        self._works, self._stop = True, Stop()
        self.query_one("#work").display = True
        self.query_one("#doing", Static).update(Text(doing))
        self.query_one(ProgressBar).update(total=total, progress=0)
        self.query_one(Log).clear()
        self.look()

    def _tell(self, done: int, line: str) -> None:
        self.post_message(self.Worked(done, line))

    @on(Worked)
    def _worked(self, message: Worked) -> None:
        message.stop()
        self.query_one(ProgressBar).update(progress=message.done)
        if message.line:
            self.query_one(Log).write_line(one_line(message.line))

    def _checked(self, checks: Checks) -> None:
        if checks.unasked:
            said = _("Whether posts are shown was not checked: {why}")
            self.query_one(Log).write_line(one_line(said.format(why=checks.unasked)))
        self._end(checks.words)

    def _took_back(self, took: TookBack) -> None:
        self._end(took.words)

    def _failed(self, trouble: Trouble) -> None:
        self._end(f"! {visible(trouble.error.text)}")
        self.app.push_screen(TroubleScreen(trouble))

    def _end(self, words: str) -> None:
        self._works = False
        self.query_one("#doing", Static).update(Text(words))
        if self._leaves:
            self.app.exit()
        self.look()

    @property
    def is_at_work(self) -> bool:
        """Whether something is checked, changed or taken back."""
        return self._works

    def ask_to_leave(self) -> None:
        """Stop the work, which loses nothing, and leave when it has ended."""
        self._leaves = True
        self.action_stop()

    def action_stop(self) -> None:
        """Stop what is being done."""
        self._stop.leave()

    def action_back(self) -> None:
        """To the step before, or stop what is being done."""
        if self._works:
            self.action_stop()
        else:
            self.dismiss()
