"""How long a key takes on the run screen while the engine is at work beside it.

    python benchmarks/ui_delay.py [POSTS]

The screen runs in a terminal in memory, the engine in its thread, with FFmpeg encoding four videos
at once and a PDS on loopback taking posts. Every 50 ms an arrow key moves along the posts; told is
the time from the key to the end of the drawing that follows, with at least four steps in hand and,
after the run, with none. The processor's time of the screen's own thread is told beside it: what
is more than that is the machine's other work.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles

from textual import events, on
from textual.widgets import OptionList

import tui.screens.publish
from importer.archive.ledger import default_folder
from importer.archive.store import Archive
from importer.demo.local_pds import LocalPds
from importer.engine.stop import Stop
from importer.media import ffmpeg
from importer.model import ExportPost, Kind, Milestone, Privacy
from importer.pds.credentials import Password
from importer.pds.kept_sessions import KeptSessions
from importer.pds.session import Session
from importer.pds.xrpc import Server
from tui.app import TokawayApp
from tui.desk import Desk
from tui.remembered import Remembered
from tui.screens.publish import PublishScreen
from tui.widgets.post_list import PostList

START = datetime(2021, 1, 1, tzinfo=UTC)
PASSWORD = "hunter2-hunter2"
EVERY_SECONDS, LONGEST_SECONDS = 0.05, 30.0
AT_REST, STEPS = 200, 4
SIZE = (80, 24)


class Watched(PublishScreen):
    """Says when what a key asked for is drawn."""

    CSS_PATH = tui.screens.publish.__file__.replace(".py", ".tcss")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.drawn = asyncio.Event()

    @on(OptionList.OptionHighlighted)
    def _moved(self) -> None:
        self.call_after_refresh(self.drawn.set)

    def action_next(self) -> None:
        """Stay: the screen at rest is measured too."""


def make_archive(folder: Path, posts: int) -> Path:
    """Posts whose files lie beside them and must be encoded."""
    clip = folder / "clip.avi"
    size = ["-f", "lavfi", "-i", "testsrc2=size=720x1280:rate=30:duration=6"]
    program = [str(ffmpeg.find().path), "-loglevel", "error"]
    subprocess.run([*program, *size, "-c:v", "mpeg4", "-q:v", "3", str(clip)], check=True)
    target = folder / "ada.tokaway"
    with Archive.create(target) as archive:
        archive.absorb(
            [
                ExportPost(START + timedelta(days=day), 0, Kind.VIDEO, Privacy.EVERYONE, ())
                for day in range(posts)
            ]
        )
        archive.set_source_paths({post.id: clip for post in archive.posts()})
    return target


@dataclass(frozen=True, slots=True)
class Delay:
    """How long one key took, by the clock and by the processor's time of the screen's thread."""

    clock: float
    processor: float


async def press(app: TokawayApp, screen: Watched, key: str) -> Delay:
    """Press a key and wait for the end of its drawing."""
    screen.drawn.clear()
    began, worked = time.perf_counter(), time.thread_time()
    app.post_message(events.Key(key, None))
    await asyncio.wait_for(screen.drawn.wait(), LONGEST_SECONDS)
    return Delay(time.perf_counter() - began, time.thread_time() - worked)


async def measure(desk: Desk, state: Path) -> tuple[list[Delay], list[Delay]]:
    """The delays with enough steps in hand, and with the list full and nothing at work."""
    app = TokawayApp(None, {}, Remembered(state))
    at_work: list[Delay] = []
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        screen = Watched(desk)
        await app.push_screen(screen)
        while screen.is_at_work:
            await asyncio.sleep(EVERY_SECONDS)
            if len(screen.progress.hands) >= STEPS:
                at_work.append(await press(app, screen, "down"))
        waiting = {f"post{number}": Milestone.FOUND for number in range(STEPS * 5)}
        screen.progress.milestones = waiting
        screen.show()
        screen.query_one(PostList).focus()
        await pilot.pause()
        at_rest = [await press(app, screen, "down") for _ in range(AT_REST)]
    return at_work, at_rest


def tell(name: str, delays: Sequence[Delay]) -> None:
    """Print the middle, the 95th percentile and the worst of some delays."""
    clock = quantiles([one.clock for one in delays], n=100)
    processor = quantiles([one.processor for one in delays], n=100)
    print(
        f"{name}: {len(delays)} keys, median {clock[49] * 1000:.1f} ms, "
        f"95 % within {clock[94] * 1000:.1f} ms, worst {max(d.clock for d in delays) * 1000:.1f} ms"
        f" (processor: median {processor[49] * 1000:.1f}, 95 % {processor[94] * 1000:.1f} ms)"
    )


def main() -> None:
    """Measure and print."""
    posts = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    with tempfile.TemporaryDirectory() as place, LocalPds(Path(place) / "pds") as pds:
        folder = Path(place)
        os.environ["TOKAWAY_STATE"] = str(folder / "state")
        os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
        account = pds.create_account(f"b{secrets.token_hex(4)}.test", PASSWORD)
        with closing(Server(pds.url, Stop().at_once)) as server:
            session = Session(server, account.handle, Password(PASSWORD))
            session.sign_in()
            session.keep(KeptSessions(default_folder()))
        flags = {"to": account.handle, "pds": pds.url, "prepare_jobs": STEPS, "pace": 0}
        desk = Desk(make_archive(folder, posts), flags)
        at_work, at_rest = asyncio.run(measure(desk, folder / "state"))
    tell(f"at least {STEPS} steps in hand", at_work)
    tell("at rest", at_rest)


if __name__ == "__main__":
    main()
