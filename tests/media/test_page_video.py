"""The real yt-dlp, led by us: it writes one file, says nothing, and its errors become ours."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from importer.demo.media_server import MediaServer
from importer.errors import DiskFull, Refused, StepError, Stopped, TryLater
from importer.media import page_video
from importer.media.page_video import download_page
from importer.step import Step

CLIP = b"\x00\x00\x00\x18ftypmp42" + os.urandom(2 << 20)
PATH = "/clip.mp4"

# A download that we break off leaves its connection to be collected: yt-dlp does not close it.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """It is collected here, and not in the middle of whatever comes later."""
    yield
    gc.collect()


@pytest.fixture
def media(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MediaServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "clip.mp4").write_bytes(CLIP)
    with MediaServer(folder) as server:
        yield server


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "50% $HOME [x]" / "original.mp4"


def left_over(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())


def failure(url: str, target: Path) -> StepError:
    with pytest.raises(StepError) as raised:
        download_page(url, target, Step())
    assert left_over(target) == []
    assert raised.value.hint
    return raised.value


def test_a_video_comes_whole_and_silently(
    media: MediaServer, target: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    step = Step()
    download_page(media.url("clip.mp4"), target, step)
    assert target.read_bytes() == CLIP
    assert left_over(target) == ["original.mp4"]
    assert (step.done, step.total) == (len(CLIP), len(CLIP))
    assert capfd.readouterr() == ("", "")


def test_a_stop_leaves_at_once_and_leaves_nothing(media: MediaServer, target: Path) -> None:
    class StopAt(Step):
        def check(self) -> None:
            if self.done >= 512 << 10:
                self.stop.set()
            super().check()

    step = StopAt()
    with pytest.raises(Stopped):
        download_page(media.url("clip.mp4"), target, step)
    assert step.done < len(CLIP)
    assert left_over(target) == []


class Cuts(dict[str, int]):
    """Cuts some of the answers, counted from 0: the first one only looks at the address."""

    def __init__(self, *cut: int) -> None:
        super().__init__()
        self.cut = cut
        self.answers = 0

    def pop(self, key: str, *default: Any) -> Any:
        self.answers += 1
        return 300 << 10 if self.answers - 1 in self.cut else None


def test_a_cut_line_is_mended_by_yt_dlp(media: MediaServer, target: Path) -> None:
    media.cut_after = Cuts(1)
    download_page(media.url("clip.mp4"), target, Step())
    assert target.read_bytes() == CLIP
    assert len(media.requests) == 3


def test_a_line_that_is_always_cut(media: MediaServer, target: Path) -> None:
    media.cut_after = Cuts(*range(1, 100))
    error = failure(media.url("clip.mp4"), target)
    assert isinstance(error, TryLater)
    assert (error.code, error.whole_stage) == ("incomplete", False)


@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_is_gone(media: MediaServer, target: Path, status: int) -> None:
    media.status[PATH] = status
    error = failure(media.url("clip.mp4"), target)
    assert isinstance(error, Refused)
    assert error.code == "gone"


@pytest.mark.parametrize(
    ("status", "code", "whole_stage"),
    [(500, "unreachable", False), (403, "blocked", False), (429, "rate_limited", True)],
)
def test_trouble_that_may_pass(
    media: MediaServer, target: Path, status: int, code: str, whole_stage: bool
) -> None:
    media.status[PATH] = status
    error = failure(media.url("clip.mp4"), target)
    assert isinstance(error, TryLater)
    assert (error.code, error.whole_stage) == (code, whole_stage)


def test_nobody_listens(media: MediaServer, target: Path) -> None:
    url = media.url("clip.mp4")
    media._http.server_close()
    error = failure(url, target)
    assert isinstance(error, TryLater)
    assert (error.code, error.unreachable) == ("unreachable", True)


def test_a_page_without_a_video(media: MediaServer, target: Path) -> None:
    media.replace[PATH] = "text/html", b"<!DOCTYPE html><title>Nothing here</title>"
    error = failure(media.url("clip.mp4"), target)
    assert isinstance(error, Refused)
    assert error.code == "no_video"


def test_more_than_any_video_has_is_not_kept(media: MediaServer, target: Path) -> None:
    with pytest.raises(Refused) as caught:
        download_page(media.url("clip.mp4"), target, Step(), most=1 << 20)
    assert caught.value.code == "endless"
    assert left_over(target) == []


def test_no_room(media: MediaServer, target: Path) -> None:
    with pytest.raises(DiskFull):
        download_page(media.url("clip.mp4"), target, Step(), reserve=1 << 60)
    assert left_over(target) == []


@pytest.mark.parametrize(
    "url",
    [
        "https://www.tiktok.com/@some.one/video/7559000000000000000",
        "https://www.tiktokv.com/share/video/7559000000000000000/",
    ],
)
def test_both_forms_of_page_links_go_to_the_extractor_for_tiktok(tmp_path: Path, url: str) -> None:
    with page_video.client(tmp_path, "x", lambda state: None) as youtube:
        chosen = next(key for key, found in youtube._ies.items() if found.suitable(url))
    assert chosen == "TikTok"


@pytest.mark.parametrize(
    ("words", "kind", "code"),
    [
        (
            "You do not have permission to view this post. Log into an account that has access",
            Refused,
            "private",
        ),
        ("TikTok is requiring login for access to this content", Refused, "private"),
        ("Your IP address is blocked from accessing this post", TryLater, "blocked"),
        ("Video not available, status code 10231", Refused, "gone"),
        ("Unable to extract universal data for rehydration", TryLater, "page_unreadable"),
        ("Unexpected response from webpage request", TryLater, "page_unreadable"),
    ],
)
def test_what_the_extractor_for_tiktok_says(
    target: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: str,
    kind: type[StepError],
    code: str,
) -> None:
    """The one place without a server: these errors need TikTok's own pages."""
    from yt_dlp.extractor.tiktok import TikTokIE
    from yt_dlp.utils import ExtractorError

    def refuse(self: TikTokIE, url: str) -> None:
        raise ExtractorError(words, expected=True)

    monkeypatch.setattr(TikTokIE, "_real_extract", refuse)
    error = failure("https://www.tiktokv.com/share/video/7559000000000000000/", target)
    assert isinstance(error, kind)
    assert error.code == code


@pytest.mark.parametrize("warned", [True, False])
def test_the_hint_says_how_to_pass_for_a_browser_if_yt_dlp_cannot(
    target: Path, monkeypatch: pytest.MonkeyPatch, warned: bool
) -> None:
    from yt_dlp.extractor.tiktok import TikTokIE
    from yt_dlp.utils import ExtractorError

    def refuse(self: TikTokIE, url: str) -> None:
        if warned:
            targets = self._downloader._parse_impersonate_targets("chrome")[1]
            note = "The extractor is attempting impersonation"
            self.report_warning(self._downloader._unavailable_targets_message(targets, note=note))
        raise ExtractorError("Your IP address is blocked from accessing this post", expected=True)

    monkeypatch.setattr(TikTokIE, "_real_extract", refuse)
    error = failure("https://www.tiktokv.com/share/video/7559000000000000000/", target)
    assert ("yt-dlp[curl-cffi]" in error.hint) is warned


def test_yt_dlp_is_loaded_only_when_it_is_needed() -> None:
    check = "import sys, importer.media.page_video; sys.exit('yt_dlp' in sys.modules)"
    subprocess.run([sys.executable, "-c", check], cwd=Path(__file__).parents[2], check=True)
