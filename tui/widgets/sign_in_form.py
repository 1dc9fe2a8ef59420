"""Where a person says which account publishes, and signs in."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Button, Collapsible, Input, Label, Link, Static

from importer.addresses import handle_in, server_in
from importer.signing_in import Password
from tui.language import _
from tui.widgets.line_input import LineInput

APP_PASSWORDS = "https://bsky.app/settings/app-passwords"


class SignInForm(Vertical):
    """Handle, app password, and, only when they are needed, the e-mail code and the server.

    What is typed stays until it has worked; no message carries it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        # Before the field hears of it: what is typed in one go by a password manager, or over a
        # slow line, would be in the field already, where all can read it.
        Binding("enter,tab", "to_the_password", show=False, priority=True),
        Binding("f4", "show", _("Show password"), tooltip=_("Show or hide the password")),
    ]

    class Submitted(Message):
        """The person wants to sign in with the password."""

    class InBrowser(Message):
        """The person wants to sign in on a page of the server."""

    def compose(self) -> ComposeResult:
        """The fields."""
        with Horizontal(classes="field"):
            yield Label(_("Handle"))
            yield LineInput(placeholder="name.bsky.social", id="handle")
        with Horizontal(classes="field"):
            yield Label(_("App password"))
            yield Input(placeholder="xxxx-xxxx-xxxx-xxxx", password=True, id="password")
            yield Button(_("Show"), id="show")
        with Horizontal(classes="field", id="code-field"):
            yield Label(_("Code"))
            yield Input(placeholder=_("from the e-mail"), id="code")
        yield Static(
            Text(
                _(
                    "An app password is a spare key for programs: it can post, but not take over "
                    "your account, and you can take it back at any time. On Bluesky you make one "
                    "in Settings, Privacy and security, App passwords:"
                )
            ),
            classes="muted",
        )
        yield Link(APP_PASSWORDS, url=APP_PASSWORDS, id="make-one")
        with Horizontal(classes="buttons"):
            yield Button(_("Sign in"), id="sign-in", variant="primary")
            yield Button(_("Sign in in the browser"), id="browser")
        with Collapsible(title=_("Advanced"), id="advanced"), Horizontal(classes="field"):
            yield Label(_("Server"))
            yield LineInput(placeholder=_("found by your handle"), id="server")

    def on_mount(self) -> None:
        """Ready for keys when it is seen; the code is asked for when the server wants one."""
        self.query_one("#code-field").display = False
        self.screen.set_focus(self._field("handle"))

    @property
    def handle(self) -> str:
        """The handle or DID."""
        return handle_in(self._field("handle").value)

    @property
    def password(self) -> Password:
        """The password, with the code if there is one."""
        return Password(self._field("password").value.strip(), self._field("code").value.strip())

    @property
    def server(self) -> str | None:
        """The server's URL; `None` to have it looked up.

        Raises:
            UserError: it cannot be one.
        """
        return server_in(self._field("server").value)

    def fill(self, handle: str, server: str | None, then: Callable[[bool], object]) -> None:
        """What is known already; what the person typed stays, and so does who types.

        `then` follows when the fields have heard every key that was pressed before, and is told
        whether the person is typing.
        """

        def fill() -> None:
            field = self._field("handle")
            is_typing = bool(field.value)
            self._field("server").value = self._field("server").value or server or ""
            if handle and not is_typing:
                field.value = handle
                field.select_all()  # so that keys that are on their way replace it
                if self.screen.focused is field:
                    self.focus_first()
            then(is_typing)

        self._when_heard(fill)

    def focus_first(self) -> None:
        """To the first field that is empty."""
        # At once: asked for as `focus()`, it would come between the keys that are on their way.
        self.screen.set_focus(self._field("password" if self._field("handle").value else "handle"))

    def ask_code(self) -> None:
        """A place for the code from the e-mail, which the server wants."""
        self.query_one("#code-field").display = True
        self._field("code").focus()

    def forget(self) -> None:
        """It has worked: the screen needs no secrets any more."""
        for name in ("password", "code"):
            self._field(name).value = ""
        self._show(hidden=True)
        self.query_one("#code-field").display = False

    @on(Button.Pressed, "#show")
    def action_show(self) -> None:
        """Show the password, or hide it."""
        self._show(hidden=not self._field("password").password)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only the handle is followed by the password."""
        return action != "to_the_password" or self.screen.focused is self._field("handle")

    def action_to_the_password(self) -> None:
        """From the handle on; the next key is the password's."""
        self.screen.set_focus(self._field("password"))

    @on(Input.Submitted, "#password")
    @on(Input.Submitted, "#code")
    @on(Input.Submitted, "#server")
    @on(Button.Pressed, "#sign-in")
    def _submit(self, event: Message) -> None:
        event.stop()
        self._when_heard(lambda: self.post_message(self.Submitted()))

    @on(Button.Pressed, "#browser")
    def _browse(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.InBrowser())

    def _when_heard(self, then: Callable[[], object]) -> None:
        """Keys wait for the program, then for their field; `then` queues behind them."""
        self.app.call_later(self._field("handle").call_later, then)

    def _show(self, *, hidden: bool) -> None:
        self._field("password").password = hidden
        self.query_one("#show", Button).label = _("Show") if hidden else _("Hide")

    def _field(self, name: str) -> Input:
        return self.query_one(f"#{name}", Input)
