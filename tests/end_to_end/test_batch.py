"""Fifty creators on one real PDS with its real limits: in turns, complete, and never refused."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from importer.demo.local_pds import LocalPds
from importer.demo.media_server import MediaServer
from importer.model import Account, Action
from tests.breaking_proxy import BreakingProxy
from tests.end_to_end.command_line import CommandLine, JsonLine
from tests.end_to_end.server_truth import assert_exactly, look
from tests.staged_export import Staged, stage

SMALL, POSTS, MANY = 47, 2, 18
TURN, JOBS, PUBLISHING = 3, 3, 2
PASSWORD = "hunter2-hunter2"
# What a Python process may grow by chance; a leak of fifty archives would be far more.
GROWTH = 1.3


@dataclass
class Crowd:
    """Creators with their exports, and the batch that publishes for them all."""

    folder: Path
    pds: LocalPds
    line: BreakingProxy
    media: MediaServer
    tokaway: CommandLine
    accounts: dict[str, Account] = field(default_factory=dict)
    staged: dict[str, Staged] = field(default_factory=dict)
    rows: list[str] = field(default_factory=list)

    @property
    def file(self) -> Path:
        """The batch."""
        return self.folder / "batch.toml"

    def add(self, name: str, posts: int) -> None:
        """One more creator: an account, an export, a password file."""
        self.accounts[name] = self.pds.create_account(f"{name}.test", PASSWORD)
        self.staged[name] = stage(self.folder / "media" / name, [Action.KEEP] * posts)
        self.staged[name].write(self.folder / f"{name}.zip", self.media.url(name))
        (self.folder / f"{name}.txt").write_text(f"{PASSWORD}\n", encoding="utf-8")
        self.rows.append(
            f'[[creators]]\nname = "{name}"\nto = "{name}.test"\n'
            f'export = "{name}.zip"\npassword_file = "{name}.txt"\n'
        )

    def write(self, defaults: str = "") -> None:
        """Write the batch's file."""
        head = f"[batch]\njobs = {JOBS}\nturn = {TURN}\n[defaults]\npace = 0\n{defaults}"
        head += (
            f'publish_jobs = {PUBLISHING}\npds = "{self.line.url}"\nplc = "{self.pds.plc_url}"\n'
        )
        self.file.write_text(head + "".join(self.rows), encoding="utf-8")

    def refused(self) -> list[str]:
        """What the server had to refuse because it was too much."""
        return [call.nsid for call in self.line.calls() if call.status == 429]


@contextmanager
def crowd(folder: Path) -> Iterator[Crowd]:
    with (
        LocalPds(folder / "pds", rate_limits=True) as pds,
        BreakingProxy(pds.url) as line,
        MediaServer(folder / "media") as media,
    ):
        (folder / "home").mkdir()
        yield Crowd(folder, pds, line, media, CommandLine(folder / "home"))


def published(lines: list[JsonLine]) -> list[str]:
    """Who published, in order."""
    return [
        line["creator"]
        for line in lines
        if line["event"] == "step_done" and line["stage"] == "publish"
    ]


def resident(pid: int) -> int:
    """How much memory a process holds, in kB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.partition("VmRSS:")[2].split()[0])


def test_fifty_creators_fairly_completely_and_never_refused(tmp_path: Path) -> None:
    with crowd(tmp_path) as many:
        many.add("prolific", MANY)
        for number in range(SMALL):
            many.add(f"small{number:02}", POSTS)
        many.add("stranger", POSTS)
        many.add("broken", POSTS)
        (tmp_path / "stranger.txt").write_text("not-the-password\n", encoding="utf-8")
        (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 this is no ZIP")
        many.write()

        # Killed in the middle, as by a power cut.
        with many.tokaway.running("batch", many.file, "--json") as killed:
            while sum(line["event"] == "creator_done" for line in killed.read) < SMALL // 3:
                killed.wait_for("creator_done")
            killed.signal(signal.SIGKILL)
            killed.end()

        # The same command again.
        sizes: list[int] = []
        with many.tokaway.running("batch", many.file, "--json") as running:
            while True:
                line = running.wait_for_any("creator_done", "batch_done")
                sizes.append(resident(running.pid))
                if line["event"] == "batch_done":
                    break
            code = running.end()

        _assert_fair([*killed.read, *running.read])
        _assert_told(many, running.read, code)
        assert many.refused() == []
        early, late = sizes[len(sizes) // 4], sizes[-1]
        assert late < GROWTH * early, sizes
        for name in ("stranger", "broken"):
            assert look(many.pds, many.accounts[name].did).records == ()
        for name in many.accounts.keys() - {"stranger", "broken"}:
            assert_exactly(many.pds, many.accounts[name].did, many.staged[name].public)
        # Nothing is left: the same command says so, and sends nothing.
        many.line.forget()
        again = many.tokaway("batch", many.file)
        assert again.code == code
        assert not [
            call for call in many.line.calls() if call.nsid.endswith(("putRecord", "uploadBlob"))
        ]
        assert PASSWORD not in again.out + again.err
        assert "prolific: 18 of 18 published" in again.out


def _assert_fair(lines: list[JsonLine]) -> None:
    """Nobody waits for the whole archive of another."""
    order = published(lines)
    number = Counter(order)
    smalls = [at for at, name in enumerate(order) if name != "prolific"]
    assert max(smalls) > min(smalls)
    # Who has much gives way after each turn; what was in hand then is finished.
    most = TURN + PUBLISHING
    before = Counter(order[: max(smalls)])["prolific"]
    assert number["prolific"] == MANY
    # It had a turn in each of the two processes, and perhaps one more begun while the last of the
    # others were still at work.
    assert before <= 3 * most < MANY, order


def _assert_told(many: Crowd, lines: list[JsonLine], code: int) -> None:
    done = {line["creator"]: line for line in lines if line["event"] == "creator_done"}
    assert done.keys() == many.accounts.keys()
    bad = {name: line for name, line in done.items() if line["outcome"] != "all_published"}
    assert bad.keys() == {"stranger", "broken"}
    assert (bad["stranger"]["exit"], bad["broken"]["exit"]) == (3, 2)
    assert "password" in bad["stranger"]["text"] and bad["stranger"]["hint"]
    assert "broken.zip" in bad["broken"]["text"] and bad["broken"]["hint"]
    end = lines[-1]
    assert (end["event"], end["exit"], code) == ("batch_done", 3, 3)
    assert end["published"] == MANY + SMALL * POSTS
    assert all("creator" in line for line in lines[:-1])
    page = many.file.with_name("batch-report.html").read_text(encoding="utf-8")
    assert all(name in page for name in many.accounts)
    assert 'href="prolific.tokaway/report.html"' in page
    assert PASSWORD not in page + json.dumps(lines)
