"""Creators with accounts and exports of their own, and the batch that publishes for them all."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from importer.demo.local_pds import LocalPds
from importer.demo.media_server import MediaServer
from importer.model import Account, Action
from tests.breaking_proxy import BreakingProxy
from tests.end_to_end.command_line import CommandLine, JsonLine
from tests.staged_export import SHOWN, Staged, stage

PASSWORD = "hunter2-hunter2"


class Crowd:
    """The creators of one file, at a PDS that they see through a line of ours."""

    def __init__(self, folder: Path, pds: LocalPds, stack: ExitStack) -> None:
        self.folder = folder
        self.pds = pds
        self.line = stack.enter_context(BreakingProxy(pds.url))
        (folder / "media").mkdir()
        self.media = stack.enter_context(MediaServer(folder / "media"))
        self.tokaway = CommandLine(folder / "home")
        self.accounts: dict[str, Account] = {}
        self.staged: dict[str, Staged] = {}
        self._rows: list[str] = []

    @property
    def file(self) -> Path:
        """The batch."""
        return self.folder / "batch.toml"

    def archive(self, name: str) -> Path:
        """A creator's archive."""
        return self.folder / f"{name}.tokaway"

    def add(
        self,
        name: str,
        fits: Iterable[Action] = (),
        *,
        photos: int = 0,
        handle: str = "",
        more: str = "",
    ) -> None:
        """One more creator: an account, an export, a password file, a table with `more` in it.

        Each of `photos` posts has as many as one record shows.
        """
        account = self.pds.create_account(f"{handle or name}.test", PASSWORD)
        self.accounts[name] = account
        self.staged[name] = stage(
            self.folder / "media" / name, list(fits), photos=photos, photos_each=SHOWN
        )
        self.staged[name].write(self.folder / f"{name}.zip", self.media.url(name))
        (self.folder / f"{name}.txt").write_text(f"{PASSWORD}\n", encoding="utf-8")
        self._rows.append(
            f'[[creators]]\nname = "{name}"\nto = "{account.handle}"\n'
            f'export = "{name}.zip"\npassword_file = "{name}.txt"\n{more}'
        )

    def write(self, at_once: str, defaults: str = "") -> None:
        """Write the batch's file: its `[batch]`, and what its `[defaults]` have besides."""
        head = f'[batch]\n{at_once}\n[defaults]\npace = 0\npds = "{self.line.url}"\n'
        head += f'plc = "{self.pds.plc_url}"\n{defaults}\n'
        self.file.write_text(head + "".join(self._rows), encoding="utf-8")

    def refused(self) -> list[str]:
        """What the server had to refuse because it was too much."""
        return [call.nsid for call in self.line.calls() if call.status == 429]

    def sent(self) -> list[str]:
        """What was written to the server."""
        names = ("com.atproto.repo.putRecord", "com.atproto.repo.uploadBlob")
        return [call.nsid for call in self.line.calls() if call.nsid in names]


def published(lines: Iterable[JsonLine]) -> list[str]:
    """Who published, in order."""
    return [
        line["creator"]
        for line in lines
        if line["event"] == "step_done" and line["stage"] == "publish"
    ]
