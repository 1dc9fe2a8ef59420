"""What is chosen for all posts of this import: how they are worded, guarded, sent and paced."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Grid, VerticalScroll
from textual.message import Message
from textual.widgets import Label, Select

from importer.model import Long, Photos, Route
from importer.records.destinations import DESTINATIONS, named
from importer.records.style import Names, Overflow
from importer.settings import Settings
from importer.wording import titles
from tui.language import _

_YES, _NO = "yes", "no"
_BOOLEANS = ("gates", "quote_gates", "disclose")
_LISTS = ("destinations",)
# In place of `None`, which a Select cannot hold.
_BY_ITSELF = "by itself"


class Choices(VerticalScroll):
    """A control for each setting that people expect here, in words."""

    DEFAULT_CSS = """
    Choices { padding: 0 1; }
    Choices Grid { grid-size: 2; grid-columns: 2fr 3fr; grid-rows: 1; height: auto; }
    Choices Label { width: 100%; }
    """

    class Chosen(Message):
        """A setting is to be something else; `None` leaves it to the settings' files."""

        def __init__(self, name: str, value: object) -> None:
            super().__init__()
            self.name = name
            self.value = value

    def __init__(self) -> None:
        super().__init__()
        self._in_force: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        """The controls, named after their settings."""
        with Grid():
            for name, (label, options) in _controls(may_mention=False).items():
                yield Label(label)
                pairs = [(told, value) for value, told in options.items()]
                yield Select(pairs, id=name, allow_blank=False, compact=True)

    def show(self, settings: Settings) -> None:
        """Show what is in force."""
        controls = _controls(may_mention=settings.handles is not None)
        with self.prevent(Select.Changed):
            for name, (_label, options) in controls.items():
                value = self._in_force[name] = _told(getattr(settings, name))
                if value not in options:
                    options[value] = _("{n} posts an hour").format(n=value)
                select = self.query_one(f"#{name}", Select)
                select.set_options([(told, one) for one, told in options.items()])
                select.value = value

    @on(Select.Changed)
    def _chosen(self, event: Select.Changed) -> None:
        event.stop()
        name, value = event.select.id or "", str(event.value)
        # A Select tells of every value it is given, and some time later; a choice is one that
        # still holds, and that differs from what is in force.
        if value != str(event.select.value) or value == self._in_force.get(name, value):
            return
        self._in_force[name] = value
        meant: object = value
        if name in _BOOLEANS:
            meant = value == _YES
        elif name in _LISTS:
            meant = tuple(value.split())
        elif value == _BY_ITSELF:
            meant = None
        self.post_message(self.Chosen(name, meant))


def _told(value: object) -> str:
    if isinstance(value, bool):
        return _YES if value else _NO
    if isinstance(value, tuple):
        return " ".join(value)
    return _BY_ITSELF if value is None else str(value)


def _controls(*, may_mention: bool) -> dict[str, tuple[str, dict[str, str]]]:
    """The label and the choices of each setting, in words."""
    names = {
        Names.PLAIN.value: _("stay words: nobody is told"),
        Names.LINK.value: _("lead to TikTok"),
    }
    if may_mention:
        names[Names.MENTION.value] = _("mention those in your table")
    return {
        "overflow": (
            _("A caption that is too long"),
            {
                Overflow.THREAD.value: _("goes on in a thread"),
                Overflow.TRUNCATE.value: _("is cut"),
            },
        ),
        "names": (_("@names of TikTok"), names),
        "long": (
            _("A video that is too long"),
            {
                Long.SPLIT.value: _("goes on in a thread"),
                Long.TRIM.value: _("only its beginning"),
                Long.SKIP.value: _("is left out"),
            },
        ),
        "photos": (
            _("More than ten photos"),
            {
                Photos.THREAD.value: _("go on in a thread"),
                Photos.FIRST.value: _("only the first ten"),
                Photos.VIDEO.value: _("become a video"),
            },
        ),
        "gates": (
            _("Comments were closed"),
            {_YES: _("nobody may reply here either"), _NO: _("everyone may reply")},
        ),
        "quote_gates": (
            _("Stitches or duets were closed"),
            {_NO: _("everyone may quote"), _YES: _("nobody may quote: the nearest thing")},
        ),
        "disclose": (
            _("AI and advertising"),
            {_NO: _("the caption as it is"), _YES: _("said in words below the caption")},
        ),
        "pace": (
            _("Speed"),
            {
                _BY_ITSELF: _("gently: 100 posts an hour at most"),
                "25": _("slower: 25 posts an hour"),
                "300": _("faster: 300 posts an hour"),
                "0": _("as fast as the server allows"),
            },
        ),
        "upload": (
            _("Videos go"),
            {
                Route.AUTO.value: _("by the video service, if there is one"),
                Route.SERVICE.value: _("by the video service only"),
                Route.DIRECT.value: _("straight to your server"),
            },
        ),
        "destinations": (_("Posts go to"), _places()),
    }


def _places() -> dict[str, str]:
    """Each destination alone, and all of them; with a warning where posts are shown as new."""
    choices = [*((name,) for name in DESTINATIONS), tuple(DESTINATIONS)]
    told = {}
    for names in choices:
        as_new = [one.NAME for one in named(names) if one.BY_ARRIVAL]
        words = _("{places}; {as_new} shows them as new posts") if as_new else "{places}"
        told[" ".join(names)] = words.format(
            places=titles(names), as_new=titles(as_new) if as_new else ""
        )
    return told
