"""Downloads against a real server: whole or not there at all, and never from the start in vain."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from importer.demo.media_server import MediaServer
from importer.errors import DiskFull, StepError, Stopped, TryLater
from importer.media.download import download
from importer.step import Step
from tests.media.raw_server import RawServer, answer

# Chance alone would begin like a page, once in 256 times.
HEAD = b"\x00\x00\x00\x18ftypmp42"
CLIP = HEAD + os.urandom(3 << 20)
PATH = "/clip.mp4"
PAST, FUTURE = 1_600_000_000, 4_000_000_000


@pytest.fixture
def media(tmp_path: Path) -> Iterator[MediaServer]:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "clip.mp4").write_bytes(CLIP)
    with MediaServer(folder) as server:
        yield server


class CutAlways(dict[str, int]):
    """Cuts every answer, where `cut_after` cuts one."""

    def pop(self, key: str, *default: Any) -> Any:
        return self.get(key, *default)


class StopAt(Step):
    """A step whose user asks to stop after some bytes."""

    def __init__(self, bytes_done: int) -> None:
        super().__init__()
        self.limit = bytes_done

    def check(self) -> None:
        if self.done >= self.limit:
            self.stop.set()
        super().check()


def left_over(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())


def failure(url: str, target: Path, client: httpx.Client) -> StepError:
    with pytest.raises(StepError) as raised:
        download(url, target, Step(), client=client)
    error = raised.value
    assert not target.exists()
    assert "secret" not in error.text + error.hint
    assert "x-tos" not in error.text + error.hint
    assert error.hint
    return error


def test_a_whole_file(media: MediaServer, target: Path) -> None:
    step = Step()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        download(media.url("clip.mp4"), target, step)
    assert target.read_bytes() == CLIP
    assert (step.done, step.total) == (len(CLIP), len(CLIP))
    assert left_over(target) == ["original.mp4"]


def test_a_cut_line_is_picked_up_where_it_broke(
    media: MediaServer, target: Path, client: httpx.Client
) -> None:
    media.cut_after[PATH] = 1 << 20
    download(media.url("clip.mp4"), target, Step(), client=client)
    assert target.read_bytes() == CLIP
    first, second = media.requests
    assert first.range is None
    assert second.range is not None
    assert 0 < int(second.range.removeprefix("bytes=").removesuffix("-")) <= 1 << 20
    assert second.status == 206
    assert left_over(target) == ["original.mp4"]


def test_a_line_that_is_always_cut_keeps_what_arrived_for_the_next_run(
    media: MediaServer, target: Path, client: httpx.Client
) -> None:
    media.cut_after = CutAlways({PATH: 256 << 10})
    error = failure(media.url("clip.mp4"), target, client)
    assert isinstance(error, TryLater)
    assert (error.code, error.whole_stage, len(media.requests)) == ("incomplete", False, 3)
    arrived = target.with_name("original.mp4.part").stat().st_size
    assert arrived > 256 << 10
    media.cut_after = {}
    step = Step()
    download(media.url("clip.mp4"), target, step, client=client)
    assert media.requests[-1].range == f"bytes={arrived}-"
    assert target.read_bytes() == CLIP
    assert step.done == len(CLIP)


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
def test_a_killed_process_is_picked_up_where_it_died(
    media: MediaServer, target: Path, client: httpx.Client
) -> None:
    victim = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from importer.media.download import download\n"
        "from importer.step import Step\n"
        "class Deadly(Step):\n"
        "    def check(self):\n"
        "        if self.done > 1 << 20:\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "download(sys.argv[1], Path(sys.argv[2]), Deadly())\n"
    )
    died = subprocess.run(
        [sys.executable, "-c", victim, media.url("clip.mp4"), str(target)],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"NO_PROXY": "127.0.0.1"},
        check=False,
        timeout=60,
    )
    assert died.returncode == -signal.SIGKILL
    assert left_over(target) == ["original.mp4.part", "original.mp4.part.json"]
    download(media.url("clip.mp4"), target, Step(), client=client)
    asked = media.requests[1].range
    assert asked is not None
    assert int(asked.removeprefix("bytes=").removesuffix("-")) > 512 << 10
    assert target.read_bytes() == CLIP


def test_a_stop_keeps_what_arrived(media: MediaServer, target: Path, client: httpx.Client) -> None:
    with pytest.raises(Stopped):
        download(media.url("clip.mp4"), target, StopAt(1 << 20), client=client)
    assert not target.exists()
    download(media.url("clip.mp4"), target, Step(), client=client)
    assert media.requests[1].status == 206
    assert target.read_bytes() == CLIP


def test_a_step_that_is_stopped_asks_nothing(
    media: MediaServer, target: Path, client: httpx.Client
) -> None:
    with pytest.raises(Stopped):
        download(media.url("clip.mp4"), target, StopAt(0), client=client)
    assert media.requests == ()


def test_a_stop_ends_the_wait_between_tries(target: Path, client: httpx.Client) -> None:
    step = Step()
    with RawServer(answer("500 Broken"), on_request=step.stop.set) as server:
        with pytest.raises(Stopped):
            download(server.url, target, step, client=client)
        assert len(server.requests) == 1


def test_a_changed_file_is_fetched_anew(
    media: MediaServer, target: Path, client: httpx.Client, tmp_path: Path
) -> None:
    with pytest.raises(Stopped):
        download(media.url("clip.mp4"), target, StopAt(1 << 20), client=client)
    changed = HEAD + os.urandom(2 << 20)
    (tmp_path / "served" / "clip.mp4").write_bytes(changed)
    download(media.url("clip.mp4"), target, Step(), client=client)
    assert media.requests[1].range is not None
    assert media.requests[1].status == 200
    assert target.read_bytes() == changed


def test_a_part_nobody_vouches_for_is_not_continued(
    media: MediaServer, target: Path, client: httpx.Client
) -> None:
    target.parent.mkdir(parents=True)
    target.with_name("original.mp4.part").write_bytes(b"who knows what this is")
    target.with_name("original.mp4.part.json").write_bytes(b'{"etag": "cut of')
    download(media.url("clip.mp4"), target, Step(), client=client)
    assert [request.range for request in media.requests] == [None]
    assert target.read_bytes() == CLIP


def test_a_weak_etag_vouches_for_nothing(target: Path, client: httpx.Client) -> None:
    cut = answer('200 OK\r\nETag: W/"1"', b"first half", length=20)
    with RawServer(cut, answer('200 OK\r\nETag: W/"1"', b"first half and rest!")) as server:
        download(server.url, target, Step(), client=client)
        assert b"range:" not in server.requests[1].lower()
    assert target.read_bytes() == b"first half and rest!"


def test_a_date_vouches_too(target: Path, client: httpx.Client) -> None:
    stamp = "Last-Modified: Tue, 02 Dec 2025 10:00:00 GMT"
    cut = answer(f"200 OK\r\n{stamp}", b"first half", length=20)
    rest = answer(f"206 Partial Content\r\n{stamp}\r\nContent-Range: bytes 10-19/20", b" and rest!")
    with RawServer(cut, rest) as server:
        download(server.url, target, Step(), client=client)
        assert b"If-Range: Tue, 02 Dec 2025 10:00:00 GMT" in server.requests[1]
    assert target.read_bytes() == b"first half and rest!"


@pytest.mark.parametrize(
    "content_range", ["bytes 0-9/20", "bytes 10-19/21", "nonsense", "bytes */20"]
)
def test_another_part_than_the_one_asked_for_is_not_glued_on(
    target: Path, client: httpx.Client, content_range: str
) -> None:
    cut = answer('200 OK\r\nETag: "1"', b"first half", length=20)
    wrong = answer(f"206 Partial Content\r\nContent-Range: {content_range}", b"0123456789")
    whole = answer('200 OK\r\nETag: "1"', b"first half and rest!")
    with RawServer(cut, wrong, whole) as server:
        download(server.url, target, Step(), client=client)
    assert target.read_bytes() == b"first half and rest!"


def test_a_file_that_shrank_is_fetched_anew(
    media: MediaServer, target: Path, client: httpx.Client
) -> None:
    with pytest.raises(Stopped):
        download(media.url("clip.mp4"), target, StopAt(1 << 20), client=client)
    note = target.with_name("original.mp4.part.json")
    note.write_text(note.read_text().replace(str(len(CLIP)), "null"))
    target.with_name("original.mp4.part").write_bytes(CLIP + b"more")
    download(media.url("clip.mp4"), target, Step(), client=client)
    assert [request.status for request in media.requests] == [200, 416, 200]
    assert target.read_bytes() == CLIP


def test_a_whole_part_only_gets_its_name(
    media: MediaServer, target: Path, client: httpx.Client
) -> None:
    with pytest.raises(Stopped):
        download(media.url("clip.mp4"), target, StopAt(1 << 20), client=client)
    target.with_name("original.mp4.part").write_bytes(CLIP)
    download(media.url("clip.mp4"), target, Step(), client=client)
    assert len(media.requests) == 1
    assert target.read_bytes() == CLIP
    assert left_over(target) == ["original.mp4"]


def test_an_expired_link_leaves_the_part_for_a_fresh_one(
    media: MediaServer, target: Path, client: httpx.Client
) -> None:
    with pytest.raises(Stopped):
        download(media.url("clip.mp4"), target, StopAt(1 << 20), client=client)
    failure(media.url("clip.mp4", **{"x-tos-expires": PAST}), target, client)
    download(media.url("clip.mp4", **{"x-tos-expires": FUTURE}), target, Step(), client=client)
    assert [request.status for request in media.requests] == [200, 403, 206]
    assert target.read_bytes() == CLIP


def test_no_room_is_seen_before_the_first_byte(
    media: MediaServer, target: Path, client: httpx.Client
) -> None:
    with pytest.raises(DiskFull, match="no room"):
        download(media.url("clip.mp4"), target, Step(), client=client, reserve=1 << 60)
    assert not target.exists()
    assert target.with_name("original.mp4.part").stat().st_size == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_disk_that_fills_up_while_writing(
    media: MediaServer, target: Path, client: httpx.Client
) -> None:
    target.parent.mkdir(parents=True)
    target.with_name("original.mp4.part").symlink_to("/dev/full")
    with pytest.raises(DiskFull):
        download(media.url("clip.mp4"), target, Step(), client=client)
    assert not target.exists()
