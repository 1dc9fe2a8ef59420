"""Ten thousand posts that are published already: found again, left alone, read back.

    python benchmarks/many_posts.py [POSTS]

A PDS on loopback holds the posts of an export, each with one small video. `run` on a fresh archive
recognises them; given again it has nothing to do; `verify` reads them back: of a tenth of the posts
and of all, so that the memory can be compared. Each is a command of its own. Memory is the peak of
its process (on Linux), beside that of one that only imports what commands need.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from importer.archive.store import Archive
from importer.demo.local_pds import LocalPds
from importer.export.reader import read
from importer.media.probe import probe
from importer.model import Account, Milestone
from importer.pds.credentials import Password
from importer.pds.repo import Repo, Write
from importer.pds.session import Session
from importer.pds.xrpc import Server
from importer.records.bluesky import drafts
from importer.records.destination import Uploaded
from importer.step import Step

POSTS = 10_000
AT_ONCE = 200
TURNS = 3
CLIP = Path(__file__).parents[1] / "samples" / "demo" / "media" / "clip1.mp4"
PASSWORD = "hunter2-hunter2"
NEWEST = 1_764_000_000
MOST_SECONDS, MOST_MB = 2.0, 100.0
# What the system counts for a child includes its parent's memory, so each tells its own.
TELLING = """
import atexit, re, sys
from pathlib import Path

told, *sys.argv[1:] = sys.argv[1:]


def tell():
    status = Path("/proc/self/status").read_text()
    Path(told).write_text(re.search(r"VmHWM:\\s+(\\d+)", status)[1])


atexit.register(tell)
from importer.cli import main
if sys.argv[1:]:
    main()
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What one command took: seconds, and bytes of memory at its peak."""

    seconds: float
    peak: int


def write_export(path: Path, posts: int) -> Path:
    """An export in the V4 shape, whose links lead nowhere."""
    rows = [
        {
            "Date": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(NEWEST - number * 7_200)),
            "Link": f"https://example.test/tos-maliva-ve/o{number:032x}?mime_type=video_mp4"
            f"&x-tos-expires={NEWEST}&x-tos-signature={'b' * 27}",
            "Likes": str(number),
            "WhoCanView": "Everyone",
            "Title": f"Post {number} of a creator who posts all day #sea",
        }
        for number in range(posts)
    ]
    path.write_text(json.dumps({"Post": {"Posts": {"VideoList": rows}}}), encoding="utf-8")
    return path


def publish_all(pds: LocalPds, account: Account, export: Path, folder: Path) -> None:
    """Write the record of every post, all with the same video."""
    size = probe(CLIP)
    with (
        closing(Server(pds.url, threading.Event())) as server,
        Archive.create(folder) as archive,
    ):
        session = Session(server, account.handle, Password(PASSWORD))
        session.sign_in()
        repo = Repo(session, account.did)
        blob = repo.upload_blob(CLIP, "video/mp4", Step())
        video = Uploaded(blob, size.width, size.height)
        archive.absorb(read(export).posts)
        writes = [
            Write("create", draft.collection, draft.rkey, draft.value)
            for post in archive.posts()
            for draft in drafts(post, [video], account.did, is_video=True)
        ]
        for at in range(0, len(writes), AT_ONCE):
            repo.apply(writes[at : at + AT_ONCE])


def run(home: Path, *command: str | Path) -> Ran:
    """Run a command of ours to its end."""
    environment = os.environ | {
        "HOME": str(home), "TOKAWAY_STATE": str(home / "state"), "TOKAWAY_APPVIEW": "",
    }  # fmt: skip
    told = home / "peak"
    begin = time.perf_counter()
    child = subprocess.run(
        [sys.executable, "-c", TELLING, told, *map(str, command)],
        env=environment, stdout=subprocess.DEVNULL, cwd=home,
    )  # fmt: skip
    if child.returncode:
        sys.exit(f"{command} ended with {child.returncode}")
    return Ran(time.perf_counter() - begin, int(told.read_text()) * 1024)


def tell(name: str, ran: Sequence[Ran], bound: bool = False) -> None:
    """Print the best of several turns, and whether that is what was promised."""
    seconds, peak = min(one.seconds for one in ran), max(one.peak for one in ran) / 1e6
    met = "met" if seconds < MOST_SECONDS and peak < MOST_MB else "missed"
    print(f"{name:<36}{seconds:>8.2f} s{peak:>8.0f} MB", f"  {met}" if bound else "", flush=True)


def main() -> None:
    """Fill an account, and let each command work on it."""
    posts = int(sys.argv[1]) if len(sys.argv) > 1 else POSTS
    with tempfile.TemporaryDirectory() as name, LocalPds(Path(name, "pds")) as pds:
        home = Path(name)
        account = pds.create_account("bench.test", PASSWORD)
        password = home / "password"
        password.write_text(PASSWORD, encoding="utf-8")
        access = ("--pds", pds.url, "--password-file", password)
        exports = {n: write_export(home / f"{n}.json", n) for n in (posts // 10, posts)}
        begin = time.perf_counter()
        publish_all(pds, account, exports[posts], home / "filled")
        print(f"{posts:,} posts written in {time.perf_counter() - begin:.0f} s")
        tell("imports alone", [run(home) for _ in range(TURNS)])
        for number, export in exports.items():
            archive = home / f"{number}.tokaway"
            give = (
                "run",
                export,
                "-q",
                "--archive",
                archive,
                "--to",
                account.handle,
                *access,
            )
            tell(f"run, {number:,} recognised", [run(home, *give)])
            with Archive.create(archive) as made:
                if made.counts()[Milestone.PUBLISHED] != number:
                    sys.exit(f"not all of {number} were recognised")
            again = [run(home, *give) for _ in range(TURNS)]
            tell("  nothing to do, by the export", again, bound=True)
            again = [run(home, "run", archive, "-q") for _ in range(TURNS)]
            tell("  nothing to do, by the archive", again, bound=True)
            tell("  verify", [run(home, "verify", archive, "-q", "--pds", pds.url)])


if __name__ == "__main__":
    main()
