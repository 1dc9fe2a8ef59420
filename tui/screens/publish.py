"""The run: what is in hand, what waits, and how to stop."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical, VerticalScroll
from textual.widget import Widget
from textual.widgets import Button, Log, Static, Tab, Tabs

from importer.ahead import Ahead
from importer.budgets import Window
from importer.events import Forecasted
from importer.model import Post, Stage
from importer.settings import Settings
from tui.desk import Desk
from tui.headline import detail, headline
from tui.language import _
from tui.running import Running, Told
from tui.screens.confirm import ConfirmScreen
from tui.screens.pace import PaceScreen
from tui.shown import visible
from tui.trouble import Trouble
from tui.verdict import Next
from tui.widgets.limits import Calendar, Limits
from tui.widgets.post_list import PostList, named
from tui.widgets.stage_bars import StageBars
from tui.widgets.steps import Place

_SHOWN_SECONDS, _LOOK_SECONDS = 0.25, 5.0
_LOG_LINES, _UPCOMING = 1000, 30
_VIEWS = ("posts", "limits", "log", "calendar", "away")


def _title(view: str) -> str:
    return {
        "posts": _("Posts"),
        "limits": _("Limits"),
        "calendar": _("Calendar"),
        "log": _("Log"),
        "away": _("While away"),
    }[view]


def _in_silence(_trouble: Trouble) -> None:
    """What is looked at every few seconds is worth no dialog: the run tells what is wrong."""


class PublishScreen(Running):
    """State, bars and buttons; and five views, one at a time or all where there is room."""

    PLACE = Place.PUBLISH
    CSS_PATH = "publish.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (18, "-short"), (32, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "pause", _("Pause"), tooltip=_("Finish what is in hand, start nothing new")),
        Binding("x", "leave_out", _("Leave out"), tooltip=_("Do not publish this post")),
        Binding("s", "pace", _("Speed"), tooltip=_("How many posts an hour")),
        Binding("c", "copy", _("Copy the command"), show=False),
        Binding("r", "again", _("Go on")),
        Binding("ctrl+n", "next", _("Next")),
        *(
            Binding(str(number), f"view('{name}')", _title(name), show=False)
            for number, name in enumerate(_VIEWS, 1)
        ),
    ]
    HELP = _("""
# Publish

Your posts go out now, the oldest first, each with its own date. You may pause, leave single
posts out, or change the speed.

You may also **stop at any time**, or just close the window: nothing is lost and nothing is
published twice. When you come back it goes on where it stopped.

Servers allow so many posts in a day. When a limit is reached, this waits and goes on by itself.
""")

    def __init__(self, desk: Desk, *, dry_run: bool = False) -> None:
        super().__init__(desk, dry_run=dry_run)
        self._posts: dict[str, Post] = {}
        self._offers_work: bool | None = None

    def body(self) -> Iterable[Widget]:
        """Its widgets."""
        with Vertical(id="state"):
            yield Static(id="headline")
            yield Static(id="detail")
        yield StageBars()
        yield Tabs(*(Tab(_title(name), id=f"{name}-tab") for name in _VIEWS))
        with Container(id="views"):
            yield PostList(self._posts, id="posts", classes="view")
            with VerticalScroll(id="limits", classes="view"):
                yield Limits()
            yield Log(max_lines=_LOG_LINES, id="log", classes="view")
            with VerticalScroll(id="calendar", classes="view"):
                yield Calendar()
            with VerticalScroll(id="away", classes="view"):
                yield Static(Text(_AWAY))
                yield Static(Text(visible(self.desk.command)), id="command")
                yield Button(_("Copy"), id="copy", compact=True)
        with Horizontal(id="buttons"):
            yield Button(_("Pause"), id="pause", compact=True)
            yield Button(_("Leave out"), id="leave_out", compact=True)
            yield Button(_("Speed"), id="pace", compact=True)
            yield Button(_("Stop"), id="stop", compact=True)
            yield Button(id="go", compact=True, variant="primary")

    def on_mount(self) -> None:
        """Begin at once: the person said so on the screen before."""
        for name in _VIEWS:
            self.query_one(f"#{name}").border_title = _title(name)
        self.set_interval(_SHOWN_SECONDS, self.show)
        self.set_interval(_LOOK_SECONDS, self.look_at_limits)
        self.begin()
        self.look_ahead()

    def look_ahead(self) -> None:
        """See what is used of the limits, and when the import will be finished."""
        self.do(self.desk.ahead, self.show_ahead, group="ahead", failed=_in_silence)

    def look_at_limits(self) -> None:
        """See what is used of the limits."""
        self.do(self.desk.windows, self.show_windows, group="windows", failed=_in_silence)

    def show_windows(self, windows: tuple[Window, ...]) -> None:
        """Show the limits as they are used now."""
        limits = self.query_one(Limits)
        if limits.ahead:
            limits.ahead, limits.now = replace(limits.ahead, windows=windows), self.progress.at

    @on(Told)
    def _forecast_changed(self, message: Told) -> None:
        if isinstance(message.event, Forecasted):
            self.look_ahead()

    def show_ahead(self, ahead: Ahead) -> None:
        """Show limits and days."""
        limits = self.query_one(Limits)
        limits.ahead, limits.now = ahead, self.progress.at
        self.query_one(Calendar).forecast = ahead.forecast

    def show_posts(self, posts: list[Post]) -> None:
        """Know the posts by what they say."""
        self._posts.update({post.id: post for post in posts})
        self.show()

    def show(self) -> None:
        """Show how things stand; often, so only what changed is drawn."""
        run, end = self.progress, self.verdict
        mark = "" if end is None else "✓ " if end.is_good else "! "
        says = f"{mark}{end.headline}" if end else headline(run, dry=self.dry_run)
        advice = f"→ {end.advice}" if end and end.advice else detail(run)
        self.query_one("#headline", Static).update(Text(visible(says)))
        self.query_one("#detail", Static).update(Text(visible(advice)))
        self.query_one("#state").set_class(bool(end and not end.is_good), "-bad")
        bars = self.query_one(StageBars)
        bars.chosen = run.chosen
        bars.reached = tuple(run.through(stage) for stage in Stage)  # type: ignore[assignment]
        self.query_one(PostList).show(run.hands, run.upcoming(_UPCOMING))
        lines = run.take_lines()
        if lines:
            self.query_one(Log).write_lines(lines)
        self._show_buttons()

    def _show_buttons(self) -> None:
        pause = _("Go on") if self.progress.is_pausing else _("Pause")
        self.query_one("#pause", Button).label = Text(pause)
        go = self.query_one("#go", Button)
        go.display = self.verdict is not None
        if self.verdict:
            go.label = Text(
                {
                    Next.SUMMARY: _("Next: summary"),
                    Next.AGAIN: _("Go on"),
                    Next.SIGN_IN: _("Sign in"),
                }[self.verdict.next]
            )
        if self._offers_work is not self.is_at_work:
            self._offers_work = self.is_at_work
            for name in ("pause", "leave_out", "pace", "stop"):
                self.query_one(f"#{name}").display = self.is_at_work
            (self.query_one(PostList) if self.is_at_work else go).focus()
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done now has its key in the footer."""
        if action in ("pause", "leave_out", "pace"):
            return self.is_at_work
        if action in ("again", "next"):
            return not self.is_at_work
        return super().check_action(action, parameters)

    def action_view(self, name: str) -> None:
        """Show one of the views, and go there."""
        self.query_one(Tabs).active = f"{name}-tab"
        self.query_one(f"#{name}").focus()

    @on(Tabs.TabActivated)
    def _turn(self, event: Tabs.TabActivated) -> None:
        shown = (event.tab.id or "").removesuffix("-tab")
        for name in _VIEWS:
            self.query_one(f"#{name}").set_class(name == shown, "-shown")

    @on(Button.Pressed, "#buttons Button")
    async def _pressed(self, event: Button.Pressed) -> None:
        name = event.button.id or ""
        if name == "go" and self.verdict:
            name = {Next.SUMMARY: "next", Next.AGAIN: "again", Next.SIGN_IN: "sign_in"}[
                self.verdict.next
            ]
        await self.run_action(name)

    def action_pause(self) -> None:
        """Pause, or go on."""
        self.progress.is_pausing = not self.progress.is_pausing
        if self.progress.is_pausing:
            self.wishes.pause()
        else:
            self.wishes.go_on()
        self.show()

    def action_leave_out(self) -> None:
        """Ask, then leave the highlighted post out."""
        post = self.query_one(PostList).meant
        if post is None:
            return

        def agreed(yes: bool | None) -> None:
            if yes:
                self.wishes.leave_out(post)

        question = _("Leave this post out? You may choose it again later.\n\n{post}")
        asked = question.format(post=named(self._posts[post]).full if post in self._posts else post)
        self.app.push_screen(ConfirmScreen(asked, _("Leave it out")), agreed)

    def action_pace(self) -> None:
        """Ask for another speed; it holds from the next post on."""

        def wanted(pace: int | None) -> None:
            if pace is not None:
                self.desk.set_flag("pace", pace)
                self.wishes.change_pace(pace)
                self.look_ahead()

        def ask(settings: Settings) -> None:
            self.app.push_screen(PaceScreen(settings.pace), wanted)

        self.do(self.desk.settings, ask, group="pace")

    @on(Button.Pressed, "#copy")
    def action_copy(self) -> None:
        """Copy the command that goes on without this screen."""
        self.app.copy_to_clipboard(self.desk.command)
        self.notify(_("Copied."), markup=False)


_AWAY = _("""\
You may close this window whenever you like. Nothing is lost, and nothing is published twice.

To go on, open it again tomorrow. Or let this line do it: give it in a terminal, or once a day \
to cron or to the Task Scheduler.
""")
