"""A box to tick that shows by a sign, not by its colour alone, whether it is ticked."""

from __future__ import annotations

from textual.widgets import Checkbox


class Tick(Checkbox):
    """`✓ words`, or words behind an empty box."""

    DEFAULT_CSS = "Tick > .toggle--button { color: $text; background: $panel-lighten-2; }"

    def __init__(self, label: str, value: bool = False, *, id: str) -> None:  # noqa: A002
        self.BUTTON_INNER = _sign(value)
        super().__init__(label, value, id=id, compact=True)

    def watch_value(self) -> None:
        """Draw its sign."""
        self.BUTTON_INNER = _sign(self.value)
        super().watch_value()


def _sign(value: bool) -> str:
    return "✓" if value else " "
