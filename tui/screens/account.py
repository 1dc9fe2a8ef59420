"""The account: who publishes, and what its servers accept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from importer.accepting import Accepted, ask_about
from importer.engine.stop import Stop
from importer.errors import UserError
from importer.known import kept_handles
from importer.settings import Settings
from importer.signing_in import (
    CODE_NEEDED,
    SignedIn,
    Visit,
    sign_in,
    sign_in_in_browser,
)
from tui.account_words import (
    HELP,
    NO_SESSION,
    accepted_words,
    lacking,
    refusal,
    signed_in_words,
    who,
)
from tui.desk import Desk
from tui.language import _
from tui.screens.confirm import ConfirmScreen
from tui.screens.step import StepScreen
from tui.trouble import Trouble
from tui.widgets.said import Said
from tui.widgets.sign_in_form import SignInForm
from tui.widgets.steps import Place
from tui.widgets.visit_panel import VisitPanel

if TYPE_CHECKING:
    from tui.app import TokawayApp

SignIn = Callable[[Settings, str, Stop], SignedIn | None]


class AccountScreen(StepScreen):
    """Signs in, or goes on with a session that was kept, and says what the account accepts.

    `stage` is what is shown: the `form`, the `visit` of a browser, or what was `told`.

    Args:
        desk: the archive.
        then: what the screen below does next, where the person comes from a run rather than on
            the way to the review.
    """

    app: TokawayApp
    PLACE = Place.ACCOUNT
    AUTO_FOCUS = ""  # the form takes it
    CSS_PATH = "account.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+n", "next", _("Next"), tooltip=_("To the step after this one")),
        Binding("f5", "check", _("Check again"), tooltip=_("Ask the servers again")),
    ]
    HELP = HELP

    stage: reactive[str] = reactive("form")

    class PageMade(Message):
        """There is a page on which the person can sign in."""

        def __init__(self, page: str) -> None:
            super().__init__()
            self.page = page

    def __init__(self, desk: Desk, *, then: Callable[[], None] | None = None) -> None:
        super().__init__(desk)
        self._then = then
        self._stop = Stop()
        self._visit: Visit | None = None
        self._knows = self._has_tried = False

    def body(self) -> Iterable[Widget]:
        """The three stages, and what is going on."""
        yield Static(Text(_("Who publishes? Nothing is sent in this step.")), id="title")
        yield Said()
        with VerticalScroll(id="stages"):
            yield SignInForm(id="form")
            yield VisitPanel(id="visit")
            yield Static(Text(), id="told")
        with Horizontal(id="way"):
            yield Button(_("← Back"), id="back", compact=True)
            yield Button(_("Another account"), id="another", compact=True)
            yield Button(_("Check again"), id="check", compact=True)
            ahead = _("Go on publishing →") if self._then else _("Next: review →")
            yield Button(ahead, id="next", compact=True)

    def on_mount(self) -> None:
        """See what is known already."""
        self._said.doing(_("Looking whether you are signed in already …"))
        self.do(self._known, lambda known: self._form.fill(*known, self._begun), group="known")

    def on_unmount(self) -> None:
        """Nobody waits for an answer any more."""
        self._stop.leave()

    def watch_stage(self, stage: str) -> None:
        """Show one stage at a time."""
        for name in ("form", "visit", "told"):
            self.query_one(f"#{name}").display = name == stage
        is_told = stage == "told"
        for name in ("another", "check"):
            self.query_one(f"#{name}").display = is_told
        self.query_one("#next", Button).variant = "primary" if is_told else "default"
        # Only what has nothing else to move the focus to is scrolled by keys.
        self.query_one("#stages").can_focus = is_told

    def _known(self) -> tuple[str, str | None]:
        settings = self.desk.settings()
        with self.desk.looking() as view:
            account = view.account()
        kept = kept_handles()
        last = self.app.remembered.choices.handle or (kept[0] if len(kept) == 1 else "")
        return settings.to or (account.handle if account else last), settings.pds

    def _begun(self, is_typing: bool) -> None:
        self._knows = True
        if self._has_tried:  # who types fast is answered already
            return
        self._said.doing("")
        if self._form.handle and not is_typing:
            self._try(_("Looking whether @{handle} is signed in already …"))

    # signing in

    @on(SignInForm.Submitted)
    def _with_password(self) -> None:
        password = self._form.password
        if not (self._form.handle and password.value):
            self._said.failed(lacking(_("Both the handle and the app password are needed.")))
            self._form.focus_first()
            return
        self._try(
            _("Signing in as @{handle} …"),
            lambda settings, handle, stop: sign_in(settings, handle, password, stop),
        )

    @on(SignInForm.InBrowser)
    def _in_browser(self) -> None:
        if not self._form.handle:
            self._said.failed(lacking(_("Type your handle first: it says which server to ask.")))
            self._form.focus_first()
            return

        def work(settings: Settings, handle: str, stop: Stop) -> SignedIn:
            self._visit = Visit(lambda _account, page: self.post_message(self.PageMade(page)), stop)
            return sign_in_in_browser(settings, handle, self._visit)

        self._try(_("Asking the server of @{handle} for its page …"), work)

    @on(PageMade)
    def _show_page(self, message: PageMade) -> None:
        if not self._stop.draining.is_set():
            self.stage = "visit"
            self._said.doing(_("Waiting for you to come back from the browser …"))
            self.query_one(VisitPanel).wait_for(message.page)

    @on(VisitPanel.Brought)
    def _bring(self) -> None:
        if self._visit:
            self._visit.bring(self.query_one(VisitPanel).address)

    @on(VisitPanel.Cancelled)
    def _cancel(self) -> None:
        self._stop.leave()
        self.stage = "form"
        self._said.doing(_("Nothing was changed."))
        self._form.focus_first()

    @on(Button.Pressed, "#check")
    def action_check(self) -> None:
        """Ask the servers again, with the session that is kept."""
        if self._form.handle:
            self._try(_("Asking the servers of @{handle} …"))

    def _try(self, words: str, sign: SignIn = lambda settings, handle, stop: None) -> None:
        """Sign in, then ask what is accepted; a try before this one is broken off."""
        self._stop.leave()
        self._stop = stop = Stop()
        handle = self._form.handle
        self._has_tried = True
        try:
            # An empty field says that no server is wanted, once it could have been filled.
            if self._knows or self._form.server:
                self.desk.set_flag("pds", self._form.server)
        except UserError as error:
            self._said.failed(refusal(Trouble(error)))
            return
        self._said.doing(words.format(handle=handle))

        def work() -> tuple[SignedIn | None, Accepted]:
            settings = self.desk.settings()
            return sign(settings, handle, stop), ask_about(settings, handle, stop)

        self.do(
            work,
            lambda answer: self._answered(stop, *answer),
            group="account",
            failed=lambda trouble: self._refused(stop, trouble),
        )

    # what came of it

    def _answered(self, stop: Stop, signed_in: SignedIn | None, told: Accepted) -> None:
        if stop is not self._stop:
            return
        self.app.remember_handle(told.account.handle)
        self.query_one("#told", Static).update(
            Text("\n\n").join([*signed_in_words(signed_in), accepted_words(told)])
        )
        self._bind(told)

    def _bind(self, told: Accepted, *, instead: bool = False) -> None:
        self.do(
            lambda: self.desk.note_account(told, instead=instead),
            lambda _: self._bound(told),
            group="bind",
            failed=lambda trouble: self._not_bound(told, trouble, instead=instead),
        )

    def _bound(self, told: Accepted) -> None:
        self.desk.set_flag("to", told.account.handle)
        self._form.forget()
        self.stage = "told"
        self._said.done(who(told))
        self.query_one("#next").focus()

    def _not_bound(self, told: Accepted, trouble: Trouble, *, instead: bool) -> None:
        if trouble.error.code != "other_account" or instead:
            self._refused(self._stop, trouble)
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._bind(told, instead=True)
            else:
                self._refused(self._stop, trouble)

        question = _(
            "This import was going to another account. Publish it to @{handle} instead? That "
            "works only as long as nothing has been published to the other one."
        ).format(handle=told.account.handle)
        self.app.push_screen(ConfirmScreen(question, _("Publish here instead")), answered)

    def _refused(self, stop: Stop, trouble: Trouble) -> None:
        if stop is not self._stop:
            return
        self.stage = "form"
        if trouble.error.code == NO_SESSION:
            self._said.doing("")
            return
        self._said.failed(refusal(trouble))
        if trouble.error.code == CODE_NEEDED:
            self._form.ask_code()

    @on(Button.Pressed, "#another")
    def _another(self) -> None:
        self._stop.leave()
        self.stage = "form"
        self._said.doing("")
        self._form.query_one("#handle", Input).focus()

    @on(Button.Pressed, "#back")
    def action_back(self) -> None:
        """To the step before; what was typed is there again next time, except for secrets."""
        if self._form.handle:
            self.app.remember_handle(self._form.handle)
        with suppress(UserError):
            if self._knows:
                self.desk.set_flag("pds", self._form.server)
        super().action_back()

    @on(Button.Pressed, "#next")
    def action_next(self) -> None:
        """To the review, or back to the run that is below."""
        from tui.screens.review import ReviewScreen

        if self._then is None:
            self.app.push_screen(ReviewScreen(self.desk))
        else:
            self.dismiss()
            self._then()

    @property
    def _form(self) -> SignInForm:
        return self.query_one(SignInForm)

    @property
    def _said(self) -> Said:
        return self.query_one(Said)
