"""An import that can be killed at any moment and taken up again."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from pathlib import Path

from importer import verify_command
from importer.archive.view import PLACED, ArchiveView
from importer.console import open_console
from importer.demo.local_pds import LocalPds
from importer.demo.media_server import MediaServer
from importer.folders import archive_beside
from importer.server_commands import NOBODY
from tests.conftest import TestAccount
from tests.crash.faked_time import FakedTime
from tests.end_to_end.command_line import CommandLine, Ended
from tests.end_to_end.server_truth import COLLECTION, assert_exactly
from tests.staged_export import Staged

DRIVER = (sys.executable, str(Path(__file__).with_name("die.py")))


class Mortal:
    """One export, its media server, an account of its own, and the one command for all of it."""

    def __init__(
        self,
        staged: Staged,
        media: MediaServer,
        pds: LocalPds,
        account: TestAccount,
        folder: Path,
        *flags: str,
    ) -> None:
        folder.mkdir()
        self.password = folder / "password.txt"
        self.password.write_text(account.password, encoding="utf-8")
        self._home = folder / "home"
        self._tokaway = CommandLine(self._home)
        self._orphanages: list[int] = []
        self.pds = pds
        self.account = account
        self.did = account.did
        self.staged = staged
        self.media = media
        self.export = staged.write(folder / "export.zip", media.url(""))
        self.archive = archive_beside(self.export)
        self._command: tuple[str | Path, ...] = (
            *("run", self.export, "--to", account.handle, "--pds", account.pds),
            *("--password-file", self.password),
            *flags,
        )
        self.quote_gates = False
        """Whether posts whose duets were closed may not be quoted: see `with_settings`."""
        self.time: FakedTime | None = None
        """The time in which the program lives, if not the machine's."""

    def trapped(self, *trap: str, command: tuple[str | Path, ...] = ()) -> Ended:
        """Run in the driver. Its children hold a pipe open for as long as they live."""
        read, write = os.pipe()
        self._orphanages.append(read)
        try:
            program = (*DRIVER, str(write), *trap, "--")
            return self._tokaway(
                *(command or self._command),
                program=program,
                pass_fds=[write],
                variables=self._variables,
            )
        finally:
            os.close(write)

    def with_flags(self, *flags: str) -> Mortal:
        """The same import with further flags, from now on."""
        self._command = (*self._command, *flags)
        return self

    def with_settings(self, **settings: str | bool) -> Mortal:
        """The same import with these in the person's own settings file, from now on."""
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in settings.items()]
        file = self._home / "config" / "tokaway" / "tokaway.toml"
        file.parent.mkdir(parents=True)
        file.write_text("".join(lines), encoding="utf-8")
        self.quote_gates = bool(settings.get("quote_gates"))
        return self

    def goes_by_itself(self, **settings: str) -> None:
        """From now on without a password or a word about servers, as a timer starts it."""
        self.with_settings(**settings)
        self._command = ("run", self.archive, "--no-wait")

    def die(self, moment: str) -> Ended:
        """Run until the moment kills it."""
        ended = self.trapped(moment)
        assert ended.code == -signal.SIGKILL, f"{moment} never came: {ended.out}{ended.err}"
        return ended

    def is_killed(self, dice: random.Random, calls: int) -> bool:
        """Run until a random call of a function of ours kills it; false if it ended before."""
        ended = self.trapped("--calls", str(dice.randint(500, calls)))
        assert ended.code in (-signal.SIGKILL, 75, 0), ended.err
        return ended.code == -signal.SIGKILL

    def wait_for_orphans(self) -> None:
        """Wait until every FFmpeg that outlived its parent has ended."""
        while self._orphanages:
            read = self._orphanages.pop()
            assert os.read(read, 1) == b""
            os.close(read)

    def run(self, *command: str | Path) -> Ended:
        """Run as a user would: the import, or another command."""
        return self._tokaway(*(command or self._command), variables=self._variables)

    @property
    def _variables(self) -> dict[str, str]:
        return self.time.variables if self.time else {}

    @property
    def verify(self) -> tuple[str | Path, ...]:
        """The command that reads everything back."""
        return ("verify", self.archive)

    @property
    def undo(self) -> tuple[str | Path, ...]:
        """The command that takes everything back."""
        at = self._command.index("--pds")
        signing = self._command[at : at + 4]
        return ("undo", self.archive, "--found", "--yes", *signing)

    def files(self, pattern: str) -> list[str]:
        """Files of the archive by name."""
        found = self.archive.rglob(pattern)
        return sorted(path.relative_to(self.archive).as_posix() for path in found)

    def on_server(self) -> int:
        """How many records the account has."""
        return len(self.pds.list_records(self.did, COLLECTION))

    def assert_empty(self) -> None:
        """Assert that nothing of the import is left on the server, and the archive knows it."""
        assert_exactly(self.pds, self.did, [])
        with ArchiveView.open(self.archive) as view:
            assert view.records() == []
            public = {post.id for post in self.staged.public}
            codes = {post.trouble_code for post in view.posts() if post.id in public}
        assert codes == {"undone"}

    def is_finished(self) -> bool:
        """Whether the archive says that every public post is published."""
        if not (self.archive / "archive.db").exists():
            return False
        with ArchiveView.open(self.archive) as view:
            placed = {post.id for post in view.posts(*PLACED)}
        return placed == {post.id for post in self.staged.public}

    def goes_on_to_the_end(self) -> None:
        """The same command completes the import, and everything is right."""
        ended = self.run()
        assert ended.code == 0, ended.out + ended.err
        self.assert_whole()

    def assert_whole(self) -> None:
        """Assert that each public post is published once, whole and at its date.

        And that the archive knows it, and that nothing half-made is left lying.
        """
        truth = assert_exactly(self.pds, self.did, self.staged.public, quote_gates=self.quote_gates)
        assert self.is_finished()
        left = self.files("*.part*") + self.files("prepared.*")
        assert not left, left
        with ArchiveView.open(self.archive) as view:
            assert len(view.records()) == len(truth.records) + len(truth.gates)
        # In this process: nothing is killed here, and a process of its own takes a second.
        console = open_console(as_json=False, quiet=True)
        assert verify_command.verify(console, self.archive, NOBODY) == 0
