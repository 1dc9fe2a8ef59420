"""Publishing files that are ready, beside a bare loop with the published Python SDK.

    python benchmarks/publishing.py [SMALL_POSTS [LARGE_POSTS]]

Both publish the same videos to accounts of one PDS on loopback, each as a command of its own, in
turns: 200 of 2 MB for the rate, then 4 of 100 MB for the memory. The rate counts from the first
upload to the last record; the command in all takes longer: it reads the account before, and makes
a still of each video for its report after. Memory is the peak of the process.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from importer.archive.store import Archive
from importer.demo.local_pds import LocalPds
from importer.media.probe import probe
from importer.model import Action, ExportPost, Kind, Privacy, Role
from importer.stages.place import describe, post_folder

CLIP = Path(__file__).parents[1] / "samples" / "demo" / "media" / "clip1.mp4"
START = datetime(2021, 1, 1, tzinfo=UTC)
PASSWORD = "hunter2-hunter2"
TURNS = 3

BARE = """
import sys
import time
from pathlib import Path
from atproto import Client, models

url, handle, password, *paths = sys.argv[1:]
client = Client(url)
did = client._get_and_set_session(handle, password).did  # `login` wants an AppView besides
begin = time.perf_counter()
for number, path in enumerate(paths):
    blob = client.upload_blob(Path(path).read_bytes()).blob
    size = models.AppBskyEmbedDefs.AspectRatio(width=1080, height=1920)
    video = models.AppBskyEmbedVideo.Main(video=blob, aspect_ratio=size)
    post = models.AppBskyFeedPost.Record(
        text=f"Post {number} #sea", embed=video, created_at=client.get_current_time_iso()
    )
    client.app.bsky.feed.post.create(did, post)
print(time.perf_counter() - begin)
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What one command took: seconds in all, bytes of memory at its peak, and what it printed."""

    seconds: float
    peak: int
    printed: str = ""
    loop: float = 0.0
    """Seconds from the first upload to the last record."""


def run(command: Sequence[str | Path], home: Path) -> Ran:
    """Run a command to its end."""
    environment = os.environ | {"HOME": str(home), "TOKAWAY_STATE": str(home / "state")}
    begin = time.perf_counter()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
        child = subprocess.Popen(list(map(str, command)), env=environment, stdout=out, cwd=home)
        _, status, usage = os.wait4(child.pid, 0)
        out.seek(0)
        printed = out.read()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{command[:4]} ended with {child.returncode}")
    return Ran(time.perf_counter() - begin, usage.ru_maxrss * 1024, printed)


def published_within(lines: str) -> float:
    """Seconds from the first step that publishes to the end of the last, by `--json`."""
    steps = [line for line in map(json.loads, lines.splitlines()) if line.get("stage") == "publish"]
    times = [datetime.fromisoformat(step["at"]) for step in steps]
    return (max(times) - min(times)).total_seconds() if times else 0.0


def make_archive(folder: Path, posts: int, size: int) -> Archive:
    """An archive whose posts are all ready: each file is the clip and as much free space."""
    archive = Archive.create(folder)
    archive.absorb(
        [
            ExportPost(
                START + timedelta(days=number), 0, Kind.VIDEO, Privacy.EVERYONE, (),
                title=f"Post {number} #sea",
            )
            for number in range(posts)
        ]
    )  # fmt: skip
    for number, post in enumerate(archive.posts()):
        path = post_folder(archive.folder, post.id) / "original.mp4"
        shutil.copyfile(CLIP, path)
        space = size - path.stat().st_size
        with path.open("ab") as file:
            file.write(space.to_bytes(4, "big") + b"free" + number.to_bytes(8, "big"))
            file.write(bytes(space - 16))
        facts = probe(path)
        archive.note_fetched(post, [describe(Role.ORIGINAL, archive.folder, path, facts)])
        archive.note_prepared(
            post, [describe(Role.PREPARED, archive.folder, path, facts, Action.KEEP, "")]
        )
    return archive


class Bench:
    """A PDS, and the same files for both."""

    def __init__(self, pds: LocalPds, folder: Path) -> None:
        self._pds, self._folder = pds, folder
        self._turn = 0

    def measured(self, posts: int, size: int, turns: int) -> dict[str, list[Ran]]:
        """Publish so many files of so many bytes each way, in turns."""
        ran: dict[str, list[Ran]] = {"tokaway": [], "bare loop": []}
        for _ in range(turns):
            self._turn += 1
            archive = self._folder / f"archive-{self._turn}.tokaway"
            with make_archive(archive, posts, size) as made:
                files = [
                    made.path(made.files(post.id)[Role.ORIGINAL][0].path) for post in made.posts()
                ]
            for name, run_it in (("bare loop", self._bare), ("tokaway", self._tokaway)):
                home = Path(tempfile.mkdtemp(dir=self._folder))
                account = self._pds.create_account(f"{name[:4]}{self._turn}.test", PASSWORD)
                ran[name].append(run_it(account.handle, archive, files, home))
                records = len(self._pds.list_records(account.did, "app.bsky.feed.post"))
                if records != posts:
                    sys.exit(f"{name} published {records} of {posts}")
            shutil.rmtree(archive)
        return ran

    def _bare(self, handle: str, archive: Path, files: Sequence[Path], home: Path) -> Ran:
        ran = run([sys.executable, "-c", BARE, self._pds.url, handle, PASSWORD, *files], home)
        return replace(ran, loop=float(ran.printed))

    def _tokaway(self, handle: str, archive: Path, files: Sequence[Path], home: Path) -> Ran:
        password = home / "password"
        password.write_text(PASSWORD, encoding="utf-8")
        options = ["--to", handle, "--pds", self._pds.url, "--pace", "0"]
        options += ["--password-file", str(password)]
        ran = run([sys.executable, "-m", "importer.cli", "run", archive, "--json", *options], home)
        return replace(ran, loop=published_within(ran.printed))


def main() -> None:
    """Publish both ways and print."""
    given = [int(word) for word in sys.argv[1:]]
    small, large = (given + [200, 4][len(given) :])[:2]
    with tempfile.TemporaryDirectory() as name, LocalPds(Path(name, "pds")) as pds:
        bench = Bench(pds, Path(name))
        for posts, size, turns in ((small, 2_000_000, TURNS), (large, 100_000_000, TURNS)):
            print(f"{posts} posts of {size / 1e6:.0f} MB")
            for key, ran in bench.measured(posts, size, turns).items():
                loops = [one.loop for one in ran]
                print(
                    f"  {key:10} {min(loops):6.2f} to {max(loops):6.2f} s,"
                    f" {posts / min(loops):6.2f} posts/s;"
                    f" {min(one.seconds for one in ran):6.2f} s in all;"
                    f" peak {max(one.peak for one in ran) / 1e6:6.0f} MB"
                )


if __name__ == "__main__":
    main()
