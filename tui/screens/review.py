"""The review: what will stand on the account, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Static, TabbedContent, TabPane

from importer.model import Edit
from importer.reviewing import records_of
from importer.wording import one_line
from tui.desk import Desk, Review
from tui.language import _, ngettext
from tui.plan_words import headline, in_short, overview, warnings, whom
from tui.record_words import Seen, first_words, record_words
from tui.screens.edit_words import EditScreen
from tui.screens.step import StepScreen
from tui.screens.treat_posts import Treatment, TreatScreen
from tui.shown import visible
from tui.widgets.choices import Choices
from tui.widgets.post_row import few_columns
from tui.widgets.post_table import PostTable
from tui.widgets.steps import Place

if TYPE_CHECKING:
    from tui.app import TokawayApp


# The whole handle stands above.
_MOST_OF_A_HANDLE = 24


class ReviewScreen(StepScreen):
    """Every post as its records will look, what it all comes to, and what is chosen for all.

    Whatever is changed is planned anew in the background; what is shown stays until then.
    """

    app: TokawayApp
    PLACE = Place.REVIEW
    CSS_PATH = "review.tcss"
    AUTO_FOCUS = "#posts"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit", _("Edit"), tooltip=_("Write the caption and the description")),
        Binding("t", "treat", _("Treat"), tooltip=_("How this post, or all, are published")),
        Binding("1", "see('seen')", _("Posts"), show=False),
        Binding("2", "see('know')", _("To know"), show=False),
        Binding("3", "see('chosen')", _("Choices"), show=False),
        Binding("d", "dry_run", _("Try"), tooltip=_("Do everything but send, for a few posts")),
        Binding("ctrl+n", "next", _("Next"), tooltip=_("To the button that publishes")),
    ]
    HELP = _("""
# Review

This is what will stand on your account. **Nothing has been sent so far.**

- **Posts**: each post as its records will look, with the date it will carry. Underlined words
  lead somewhere: # to a hashtag, @ to a person, → to a page. What is too long goes on in replies.
- **To know**: how much is sent, when it ends and which limit decides that, and warnings.
- **Choices**: how all posts are worded, guarded, sent and paced, and where they go. A change is
  seen at once.
- **Try without sending** fetches and prepares a few posts and publishes none.
- **Publish** starts the import. You can stop it at any time, and it goes on where it was.
""")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._review: Review | None = None
        self._wanted = 0
        self._entering = ""

    def body(self) -> Iterable[Widget]:
        """The whole in a line or two, three views of it, and the ways on."""
        yield Static(_("Looking at what is to be published …"), id="headline", markup=False)
        yield Static("", id="totals", markup=False)
        with TabbedContent(initial="seen"):
            with TabPane(_("1 Posts"), id="seen"), Horizontal():
                yield PostTable(id="posts", layout=few_columns)
                with VerticalScroll(id="record"):
                    yield Static("", id="words", markup=False)
            with TabPane(_("2 To know"), id="know"), VerticalScroll(id="scroll"):
                yield Static("", id="overview", markup=False)
            with TabPane(_("3 Choices"), id="chosen"):
                yield Choices()
        with Horizontal(id="way"):
            yield Button(_("← Back"), id="back", compact=True)
            yield Button(_("Try without sending"), id="try", compact=True)
            yield Button(_("Publish"), id="start", compact=True, variant="primary", disabled=True)

    # planning

    def on_screen_resume(self) -> None:
        """Whatever was done elsewhere may have changed the plan."""
        self.plan()

    def plan(self) -> None:
        """Plan anew; of several plans under way only the newest counts."""
        self._wanted += 1
        self.query_one("#start", Button).disabled = True
        self.do(self.desk.review, partial(self._planned, self._wanted), group="plan")

    def _planned(self, number: int, review: Review) -> None:
        if number != self._wanted:
            return
        self._review = review
        plan, of_all, free, now = review.plan, review.sending, review.free, self.app.now()
        self.query_one("#headline", Static).update(headline(plan, of_all))
        self.query_one("#totals", Static).update(in_short(plan, of_all, free, now))
        self.query_one("#overview", Static).update(overview(plan, of_all, free, now))
        known = len(warnings(plan, of_all, free, now))
        tab = self.query_one(TabbedContent).get_tab("know")
        tab.label = Content(_("2 To know") + (f" ! {known}" if known else ""))
        self.query_one(Choices).show(plan.settings)
        self.query_one(PostTable).show(plan.waiting, {})
        self.query_one(PostTable).seek(self.desk.looked_at)
        self._offer(review)

    def _offer(self, review: Review) -> None:
        handle, number = whom(review.plan), review.sending.posts
        start, attempt = self.query_one("#start", Button), self.query_one("#try", Button)
        if handle is None:
            start.label = Content(_("Sign in first: go back to the account"))
        elif not number:
            start.label = Content(_("Nothing is left to publish"))
        else:
            words = ngettext(
                "Publish {n} post to @{handle}", "Publish {n} posts to @{handle}", number
            )
            told = one_line(visible(handle), _MOST_OF_A_HANDLE)
            start.label = Content(words.format(n=f"{number:,}", handle=told))
        start.refresh(layout=True)
        start.disabled = attempt.disabled = handle is None or not number

    # one post

    @on(PostTable.Moved)
    def _moved(self, message: PostTable.Moved) -> None:
        post, review = message.post, self._review
        if post is None or review is None:
            self.query_one("#words", Static).update(_("No post waits to be published."))
            return
        self.desk.looked_at = post.id
        self.query_one("#words", Static).update(first_words(post))
        self.do(
            lambda: Seen(post, tuple(records_of(review.plan, post))),
            partial(self._seen, review),
            group="record",
        )

    def _seen(self, review: Review, seen: Seen) -> None:
        current = self.query_one(PostTable).current
        if review is self._review and current and current.id == seen.post.id:
            words = record_words(seen, review.plan, self.app.now())
            self.query_one("#words", Static).update(words)
            self.query_one("#record").scroll_home(animate=False)

    def action_edit(self) -> None:
        """Write the caption and the description of the post."""
        post, review = self.query_one(PostTable).current, self._review
        if post and review:
            self.app.push_screen(EditScreen(post, review.plan.settings.overflow), self._edited)

    def _edited(self, edit: Edit | None) -> None:
        if edit:
            self.do(lambda: self.desk.edit([edit]), lambda _edited: self.plan(), group="edit")

    def action_treat(self) -> None:
        """Say how this post, or all of them, are published."""
        table = self.query_one(PostTable)
        if table.current:
            self.app.push_screen(TreatScreen(table.range, table.posts), self._treated)

    def _treated(self, treatment: Treatment | None) -> None:
        if treatment:
            edits = [treatment.wanted.of(post) for post in treatment.posts]
            self.do(lambda: self.desk.edit(edits), lambda _edited: self.plan(), group="edit")

    # all posts

    @on(Choices.Chosen)
    def _chosen(self, message: Choices.Chosen) -> None:
        self.desk.set_flag(message.name, message.value)
        self.plan()

    def action_see(self, view: str) -> None:
        """Another view, with the focus in it."""
        self._entering = view
        if self.query_one(TabbedContent).active == view:
            self._enter()
        else:
            self.query_one(TabbedContent).active = view

    @on(TabbedContent.TabActivated)
    def _enter(self) -> None:
        # What is not shown yet takes no focus, and whoever clicked on the tab keeps it there.
        first = {"seen": "#posts", "know": "#scroll", "chosen": "#overflow"}
        if self._entering:
            self.query_one(first[self._entering]).focus()
        self._entering = ""

    # the ways on

    @on(Button.Pressed, "#back")
    def _back(self) -> None:
        self.action_back()

    @on(Button.Pressed, "#try")
    def action_dry_run(self) -> None:
        """Do everything but send."""
        self._go(dry_run=True)

    def action_next(self) -> None:
        """To the button that publishes: it has to be pressed."""
        self.query_one("#start").focus()

    @on(Button.Pressed, "#start")
    def _start(self) -> None:
        self._go(dry_run=False)

    def _go(self, *, dry_run: bool) -> None:
        from tui.screens.publish import PublishScreen

        if not self.query_one("#start", Button).disabled:
            self.app.push_screen(PublishScreen(self.desk, dry_run=dry_run))
