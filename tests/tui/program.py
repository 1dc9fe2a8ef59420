"""The program in a process of its own, which begins on the run screen: `program FOLDER JSON`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import tui.app
from tui.app import TokawayApp
from tui.desk import Desk
from tui.screens.publish import PublishScreen


class AtWork(TokawayApp):
    """Publishes at once."""

    CSS_PATH = tui.app.__file__.replace(".py", ".tcss")

    def on_ready(self) -> None:
        self.push_screen(PublishScreen(Desk(Path(sys.argv[1]), json.loads(sys.argv[2]))))


if __name__ == "__main__":
    sys.exit(AtWork().run())
