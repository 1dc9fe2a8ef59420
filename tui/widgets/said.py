"""The line that says what is going on, or what went wrong; it takes no room when it is empty."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static


class Said(Static):
    """Words, with a sign before those of trouble."""

    DEFAULT_CSS = """
    Said { height: auto; }
    Said.-trouble { color: $text-error; text-style: bold; }
    """

    def on_mount(self) -> None:
        """Nothing is said yet."""
        self.say("")

    def say(self, words: str) -> None:
        """What is going on."""
        self._put(Text(words), is_trouble=False)

    def trouble(self, words: str, hint: str = "") -> None:
        """What went wrong, and what to do."""
        said = Text(f"! {words}")
        if hint:
            said.append(f"\n→ {hint}")
        self._put(said, is_trouble=True)

    def _put(self, said: Text, *, is_trouble: bool) -> None:
        self.set_class(is_trouble, "-trouble")
        self.display = bool(said)
        self.update(said)
