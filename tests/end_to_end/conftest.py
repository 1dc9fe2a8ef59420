"""One creator's import as a user does it: an export, an account, a password file, a command."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from importer.demo.local_pds import LocalPds
from importer.demo.media_server import MediaServer
from importer.folders import archive_beside
from importer.model import Account
from tests.conftest import Doorway
from tests.end_to_end.command_line import CommandLine, Ended, Running
from tests.staged_export import Staged


@dataclass(frozen=True, slots=True)
class Job:
    """An import to be done in `folder`."""

    tokaway: CommandLine
    staged: Staged
    media: MediaServer
    pds: LocalPds
    account: Account
    folder: Path
    password: str

    @property
    def export(self) -> Path:
        """The ZIP from TikTok."""
        return self.folder / "export.zip"

    @property
    def archive(self) -> Path:
        """The archive that goes with it."""
        return archive_beside(self.export)

    @property
    def access(self) -> tuple[str | Path, ...]:
        """The flags that name account and server."""
        server = ("--to", self.account.handle, "--pds", self.account.pds)
        return (*server, "--password-file", self.folder / "password.txt")

    def run(self, *flags: str | Path, path: Path | None = None, given: str = "") -> Ended:
        """Run to the end."""
        return self.tokaway("run", path or self.export, *self.access, *flags, given=given)

    def running(self) -> AbstractContextManager[Running]:
        """A run at work, told as JSON lines."""
        return self.tokaway.running("run", self.export, *self.access, "--json")

    def write_export(self, name: str, expires_at: datetime | None = None) -> Path:
        """Request the data from TikTok once more."""
        return self.staged.write(self.folder / name, self.media.url(""), expires_at)


MakeJob = Callable[[Staged], Job]


@pytest.fixture(scope="module")
def make_job(pds: LocalPds, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeJob]:
    """Make a job with an account and a media server of its own."""
    with ExitStack() as stack:
        yield lambda staged: _job(pds, staged, tmp_path_factory, stack)


@pytest.fixture(scope="module")
def make_job_at_doorway(
    doorway: Doorway, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MakeJob]:
    """The same, for an account that can be signed in to through a browser and on a bad line."""
    with ExitStack() as stack:
        yield lambda staged: _job(doorway.pds, staged, tmp_path_factory, stack)


def _job(
    pds: LocalPds, staged: Staged, tmp_path_factory: pytest.TempPathFactory, stack: ExitStack
) -> Job:
    name = f"e{secrets.token_hex(6)}"
    folder = tmp_path_factory.mktemp(name)
    media = stack.enter_context(MediaServer(staged.media))
    password = f"pass-{secrets.token_hex(8)}"
    account = pds.create_account(f"{name}.test", password)
    tokaway = CommandLine(folder / "home")
    job = Job(tokaway, staged, media, pds, account, folder, password)
    (folder / "password.txt").write_text(f"{password}\n", encoding="utf-8")
    job.write_export("export.zip")
    return job
