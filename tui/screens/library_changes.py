"""What the person changes in the list: choices, words, and how posts are published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from textual import on
from textual.widgets import Button

from importer.model import Edit, Post
from tui.choosing import Choice, choice, question
from tui.desk import Desk
from tui.language import _, ngettext
from tui.screens.confirm import ConfirmScreen
from tui.screens.edit_words import EditScreen
from tui.screens.library_list import ListScreen
from tui.screens.treat_posts import Treatment, TreatScreen
from tui.trouble import Trouble
from tui.widgets.post_table import PostTable
from tui.writing import Writing


class ChangingScreen(ListScreen):
    """Posts that are changed; each change is written at once, in the background."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._undo: tuple[Edit, ...] = ()
        self.writing = Writing(self, desk, self.put, self._not_written)

    # choosing

    def action_toggle_choice(self) -> None:
        """Choose the marked posts, or leave them out if all of them are chosen."""
        marked = self.query_one(PostTable).range
        self._choose(marked, chosen=not all(post.chosen for post in marked))

    @on(PostTable.Ticked)
    def _ticked(self, event: PostTable.Ticked) -> None:
        self._choose([event.post], chosen=not event.post.chosen)

    def action_choose_shown(self, chosen: bool) -> None:
        """Choose all posts that are shown, or leave them out."""
        self._choose(self.query_one(PostTable).posts, chosen=chosen)

    def _choose(self, posts: Sequence[Post], *, chosen: bool) -> None:
        made = choice(posts, chosen=chosen)
        if not made.edits:
            if posts and all(post.chosen != chosen for post in posts):
                self.notify(_("It is published already. The last step can take it back."))
            return
        if not made.private:
            self._change(made.edits)
            return
        self.app.push_screen(
            ConfirmScreen(question(made), _("Make it public"), _("Leave out what was not public")),
            lambda agreed: self._answered(made, agreed),
        )

    def _answered(self, made: Choice, agreed: bool | None) -> None:
        self._change(made.edits if agreed else made.without_private())

    def _change(self, edits: Sequence[Edit]) -> None:
        if not edits:
            return
        before = (self._posts[edit.post] for edit in edits)
        self._undo = tuple(Edit(post.id, chosen=post.chosen) for post in before)
        self._show_chosen(edits)
        if len(edits) > 1:
            told = (
                ngettext("{n} post chosen.", "{n} posts chosen.", len(edits))
                if edits[0].chosen
                else ngettext("{n} post left out.", "{n} posts left out.", len(edits))
            ).format(n=f"{len(edits):,}")
            undoing = _("u takes it back.")
            self.notify(f"{told} {undoing}", markup=False)
        self.writing.add(edits)

    def _show_chosen(self, edits: Sequence[Edit]) -> None:
        """Show at once what will be written in a moment."""
        self.put([replace(self._posts[edit.post], chosen=bool(edit.chosen)) for edit in edits])

    def action_undo(self) -> None:
        """Take the last choice back."""
        edits, self._undo = self._undo, ()
        if edits:
            self._show_chosen(edits)
            self.writing.add(edits)

    # words and treatment

    @on(Button.Pressed, "#edit")
    def action_edit(self) -> None:
        """Write the caption and the description."""
        if post := self.query_one(PostTable).current:
            self.app.push_screen(EditScreen(post, self._overflow), self._edited)

    def _edited(self, edit: Edit | None) -> None:
        if edit:
            self.writing.add([edit])

    def action_treat(self) -> None:
        """Say how posts are published."""
        table = self.query_one(PostTable)
        if table.current:
            self.app.push_screen(TreatScreen(table.range, table.posts), self._treated)

    def _treated(self, treatment: Treatment | None) -> None:
        if treatment:
            self.writing.add([treatment.wanted.of(post) for post in treatment.posts])
            number = len(treatment.posts)
            told = ngettext("{n} post will be published so.", "{n} posts will be published so.",
                            number)  # fmt: skip
            self.notify(told.format(n=f"{number:,}"), markup=False)

    def _not_written(self, trouble: Trouble) -> None:
        # It waits, and is tried again with the next change or the next step.
        self.post_message(self.Failed(trouble))

    def action_back(self) -> None:
        """From one post to the list; from there to the step before, once everything is written."""
        if self.has_class("-looking"):
            self.action_look()
        else:
            self.writing.then(super().action_back)
