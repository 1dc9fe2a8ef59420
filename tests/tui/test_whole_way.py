"""The whole way as a person goes it: the real program in a real terminal, from paste to summary."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from importer.archive.view import ArchiveView
from importer.demo.local_pds import LocalPds
from importer.demo.media_server import MediaServer
from importer.model import Action, Milestone, Privacy
from tests.breaking_proxy import BreakingProxy
from tests.conftest import TestAccount
from tests.end_to_end.command_line import environment
from tests.end_to_end.server_truth import assert_exactly, look
from tests.staged_export import Staged, stage
from tests.tui.import_at_hand import RECORD, Hold
from tests.tui.screens import USUAL

if sys.platform == "win32":
    pytest.skip("terminals of Windows are no files", allow_module_level=True)

from tests.tui.terminal import Terminal
from tests.tui.tmux import IS_HERE, Tmux

FITS = (Action.KEEP, Action.REMUX, Action.KEEP)
CHECK = "com.atproto.sync.getRepo"
ENTER, TAB, CTRL_N, CTRL_Q = "\r", "\t", "\x0e", "\x11"


@dataclass(frozen=True, slots=True)
class Person:
    """Has an export, and an account on a server that is reached by a proxy; starts the program."""

    home: Path
    export: Path
    staged: Staged
    account: TestAccount
    proxy: BreakingProxy
    surroundings: dict[str, str]

    @property
    def archive(self) -> Path:
        return self.export.with_suffix(".tokaway")

    @property
    def program(self) -> tuple[str, ...]:
        return (sys.executable, "-m", "importer.cli", "ui", "--pds", self.proxy.url)

    def starts(self) -> Terminal:
        return Terminal(self.program, self.surroundings, USUAL)

    @contextmanager
    def leaves_after(self, *, killed: bool = False) -> Iterator[Terminal]:
        """The program, left by ctrl+q where it stands then, or killed there."""
        with self.starts() as terminal:
            yield terminal
            if killed:
                terminal.process.kill()
            else:
                terminal.press(CTRL_Q)
            assert terminal.ended() == (-signal.SIGKILL if killed else 0)

    def names_the_export(self, terminal: Terminal | Tmux) -> None:
        terminal.until("Move your TikTok posts")
        terminal.paste(f"'{self.export}' ")
        terminal.until(str(self.export)[-20:])
        terminal.press(ENTER)
        terminal.until("[1 Posts]")
        terminal.until(f"{len(self.staged.posts)} posts · {len(self.staged.public)} chosen")

    def signs_in(self, terminal: Terminal | Tmux) -> None:
        """From the posts."""
        terminal.press(CTRL_N)
        terminal.until("[2 Account]")
        terminal.until("name.bsky.social")
        # All at once, as password managers type.
        terminal.press(f"@{self.account.handle}{TAB}{self.account.password}{ENTER}")
        terminal.until(f"✓ Signed in as @{self.account.handle}")

    def reviews(self, terminal: Terminal | Tmux) -> None:
        """From the account."""
        terminal.press(CTRL_N)
        terminal.until("[3 Review]")
        terminal.until(f"Publish {len(self.staged.public)} posts to @")

    def publishes(self, terminal: Terminal | Tmux) -> None:
        """From the review."""
        terminal.click(f"Publish {len(self.staged.public)} posts to @")
        terminal.until("[4 Publish]")

    def holds(self, method: str) -> Hold:
        held = Hold()
        self.proxy.before(method, held)
        return held

    @property
    def published(self) -> int:
        with ArchiveView.open(self.archive) as view:
            return view.counts()[Milestone.PUBLISHED]


@pytest.fixture
def person(proxy: BreakingProxy, account: TestAccount, tmp_path: Path) -> Iterator[Person]:
    downloads = tmp_path / "home" / "Downloads"
    downloads.mkdir(parents=True)
    export = downloads / "TikTok_Data 1767225600.zip"
    staged = stage(tmp_path / "media", FITS, captions={0: "Rye bread"}, private=[Privacy.ONLY_YOU])
    surroundings = environment(downloads.parent) | {
        "TOKAWAY_STATE": str(tmp_path / "state"),
        "TZ": "UTC",
        # So that the first post can hold up the others.
        "TOKAWAY_PUBLISH_JOBS": "1",
    }
    with MediaServer(staged.media) as media:
        staged.write(export, media.url(""))
        yield Person(downloads.parent, export, staged, account, proxy, surroundings)


def test_from_paste_to_summary(person: Person, pds: LocalPds) -> None:
    with person.leaves_after() as terminal:
        person.names_the_export(terminal)
        person.signs_in(terminal)
        person.reviews(terminal)
        assert look(pds, person.account.did).records == ()
        person.publishes(terminal)
        terminal.until(f"✓ All done! All {len(FITS)} posts are published.")
        terminal.until("[5 Summary]")
    assert_exactly(pds, person.account.did, person.staged.public)
    assert person.account.password.encode() not in terminal.written


@pytest.mark.skipif(not IS_HERE, reason="tmux is not installed")
def test_the_same_in_tmux(person: Person, pds: LocalPds) -> None:
    with Tmux(person.program, person.surroundings, USUAL) as terminal:
        person.names_the_export(terminal)
        person.signs_in(terminal)
        person.reviews(terminal)
        assert look(pds, person.account.did).records == ()
        person.publishes(terminal)
        terminal.until(f"✓ All done! All {len(FITS)} posts are published.")
        terminal.until("[5 Summary]")
        terminal.press(CTRL_Q)
        assert terminal.ended() == 0
    assert_exactly(pds, person.account.did, person.staged.public)


@pytest.mark.parametrize("killed", [False, True], ids=["left", "killed"])
def test_left_on_every_screen_it_goes_on_to_the_end(
    person: Person, pds: LocalPds, killed: bool
) -> None:
    nothing_sent = "nothing has been sent yet"
    with person.leaves_after(killed=killed) as terminal:
        terminal.until("Move your TikTok posts")
    assert not person.archive.exists()
    with person.leaves_after(killed=killed) as terminal:
        person.names_the_export(terminal)
    with person.leaves_after(killed=killed) as terminal:
        terminal.until(nothing_sent)
        terminal.press(ENTER)
        terminal.until("[3 Review]")
        terminal.until("Sign in first")
    with person.leaves_after(killed=killed) as terminal:
        terminal.until(nothing_sent)
        terminal.press(f"{TAB}{ENTER}")
        terminal.until("[1 Posts]")
        person.signs_in(terminal)
    with person.leaves_after(killed=killed) as terminal:
        terminal.until(nothing_sent)
        terminal.press(ENTER)
        terminal.until("[3 Review]")
        terminal.until(f"Publish {len(FITS)} posts to @")
    held = person.holds(RECORD)
    with person.starts() as terminal:
        terminal.until(nothing_sent)
        terminal.press(ENTER)
        terminal.until(f"Publish {len(FITS)} posts to @")
        person.publishes(terminal)
        terminal.until_true(held.reached.is_set)
        if killed:
            terminal.process.kill()
        else:
            terminal.press(CTRL_Q)
            terminal.until("Finish what is in hand, then stop")
            terminal.press(ENTER)
        held.release()
        assert terminal.ended() in ((-signal.SIGKILL,) if killed else (0, 130))
    assert (0 if killed else 1) <= person.published < len(FITS)
    with person.starts() as terminal:
        terminal.until(f"{person.published} of {len(FITS)} published")
        terminal.press(ENTER)
        terminal.until(f"✓ All done! All {len(FITS)} posts are published.")
        held = person.holds(CHECK)
        terminal.press("v")
        terminal.until_true(held.reached.is_set)
        if killed:
            terminal.process.kill()
        else:
            terminal.press(CTRL_Q)
        held.release()
        assert terminal.ended() == (-signal.SIGKILL if killed else 0)
    with person.leaves_after(killed=killed) as terminal:
        terminal.until(f"✓ {len(FITS)} of {len(FITS)} published")
    assert_exactly(pds, person.account.did, person.staged.public)
