"""`tokaway posts` lists posts with what their files need, and notes what is wanted of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from importer.archive.store import Archive
from importer.archive.view import ArchiveView
from importer.cli import _run as program
from importer.media.probe import probe
from importer.model import (
    Action,
    Kind,
    Long,
    Milestone,
    Photos,
    Privacy,
    Role,
    ServerLimits,
    Trouble,
)
from importer.stages.place import describe, post_folder
from tests.posts import current, exported, write_file

Posts = Callable[..., "Ended"]
Told = Callable[..., list[dict[str, Any]]]
CLIP = Path(__file__).parents[2] / "samples" / "demo" / "media" / "clip1.mp4"
VIDEO, PHOTO, PRIVATE = "20240131T235959", "20240201T000000", "20240201T000001"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A video whose file is here, a set of photos that is not, and a private video."""
    folder = tmp_path / "maker.tokaway"
    with Archive.create(folder) as archive:
        archive.absorb(
            [
                exported(title="Rye\nloaf"),
                exported(1, kind=Kind.PHOTO),
                exported(2, privacy=Privacy.ONLY_YOU),
            ]
        )
        path = post_folder(folder, VIDEO) / "original.mp4"
        path.write_bytes(CLIP.read_bytes())
        post = archive.post(VIDEO)
        assert post
        archive.note_fetched(post, [describe(Role.ORIGINAL, folder, path, probe(path))])
    return folder


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str


@pytest.fixture
def posts(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run `tokaway posts` on the archive, and say how it ended."""

    def run(*arguments: str) -> Ended:
        code = program(["posts", str(folder), *arguments])
        printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    return run


@pytest.fixture
def told(posts: Posts) -> Callable[..., list[dict[str, Any]]]:
    """What `tokaway posts` prints for programs."""
    return lambda *arguments: list(map(json.loads, posts("--json", *arguments).out.splitlines()))


def known(folder: Path, name: str) -> Any:
    with ArchiveView.open(folder) as archive:
        return archive.post(name)


def test_each_post_is_listed_with_what_its_file_needs(posts: Posts, told: Told) -> None:
    assert posts().out.splitlines() == [
        f"{VIDEO}  2024-01-31 23:59:59 UTC  video, fetched  Rye loaf",
        "    It can be sent exactly as it is.",
        f"{PHOTO}  2024-02-01 00:00:00 UTC  photo, found  (no caption)",
        f"{PRIVATE}  2024-02-01 00:00:01 UTC  video, left out  (no caption)",
        "    Only you could see it on TikTok; everything on the AT Protocol is public.",
    ]
    listed = told(VIDEO)
    assert [(line["event"], line["fit"]) for line in listed] == [("post", "keep")]


def test_the_servers_own_limits_decide_once_they_are_known(folder: Path, told: Told) -> None:
    with Archive.create(folder) as archive:
        archive.set_server_limits(ServerLimits(20_000, None, "the server says"))
    (video,) = told(VIDEO)
    assert video["fit"] == "skip"
    assert "The server takes at most 20 kB" in video["fit_reason"]


def test_wishes_are_noted_for_the_posts_they_are_about(
    folder: Path, posts: Posts, told: Told
) -> None:
    changed, *_ = told("--all", "--long", "skip", "--photos", "first", "--encode")
    assert (changed["event"], changed["treated"]) == ("posts_changed", 3)
    video, photo = known(folder, VIDEO), known(folder, PHOTO)
    assert (video.long, video.photos, video.encode) == (Long.SKIP, None, True)
    assert (photo.long, photo.photos, photo.encode) == (None, Photos.FIRST, False)
    assert told(VIDEO)[0]["fit"] == Action.TRANSCODE
    posts(VIDEO, "--no-encode")
    assert told(VIDEO)[0]["fit"] == Action.KEEP


def test_posts_are_left_out_and_chosen_again(folder: Path, posts: Posts) -> None:
    assert "1 left out" in posts(PHOTO, "--skip").out
    assert not known(folder, PHOTO).chosen
    assert "1 post chosen" in posts(PHOTO, "--choose").out
    assert known(folder, PHOTO).chosen


def test_private_posts_are_chosen_only_on_the_users_word(folder: Path, posts: Posts) -> None:
    refused = posts(PRIVATE, "--choose")
    assert refused.code == 2
    assert "--yes" in refused.err
    assert not known(folder, PRIVATE).chosen
    assert posts(PRIVATE, "--choose", "--yes").code == 0
    assert known(folder, PRIVATE).chosen


def test_nothing_is_changed_by_accident(folder: Path, posts: Posts) -> None:
    unnamed = posts("--skip")
    assert (unnamed.code, "--all" in unnamed.err) == (2, True)
    unknown = posts(VIDEO, "20200101T000000", "--skip")
    assert (unknown.code, "20200101T000000" in unknown.err) == (2, True)
    assert known(folder, VIDEO).chosen
    assert posts("--long", "shorten").code == 2


def test_bad_settings_are_told_before_anything_is_changed(folder: Path, posts: Posts) -> None:
    (folder / "tokaway.toml").write_text('photos = "gallery"')
    assert posts("--all", "--long", "trim").code == 2
    assert known(folder, VIDEO).long is None


def test_what_was_prepared_otherwise_is_made_anew(folder: Path, posts: Posts) -> None:
    with Archive.create(folder) as archive:
        archive.note_prepared(
            current(archive, VIDEO),
            [write_file(folder, current(archive, VIDEO), Role.PREPARED)],
        )
    copy = folder / "media" / VIDEO / "prepared.mp4"
    assert copy.is_file()
    posts(VIDEO, "--encode")
    assert known(folder, VIDEO).milestone is Milestone.FETCHED
    assert not copy.exists()
    with ArchiveView.open(folder) as archive:
        assert Role.PREPARED not in archive.files(VIDEO)


def test_what_did_not_fit_gets_another_chance(folder: Path, posts: Posts) -> None:
    with Archive.create(folder) as archive:
        post = archive.post(VIDEO)
        assert post
        archive.note_skipped(post, Trouble("does_not_fit", "It is too long."))
    posts(VIDEO, "--long", "split")
    assert known(folder, VIDEO).milestone is Milestone.FETCHED
    assert known(folder, VIDEO).trouble is None


def test_a_damaged_file_is_told_before_anything_is_sent(folder: Path, told: Told) -> None:
    path = folder / "media" / VIDEO / "original.mp4"
    path.write_bytes(bytes(path.stat().st_size))
    (video,) = told(VIDEO)
    assert video["fit"] == "skip"
    assert "instead of a video" in video["fit_reason"]


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        (["--kind", "photo"], [PHOTO]),
        (["--match", "RYE"], [VIDEO]),
        (["--since", "2024-02-01"], [PHOTO, PRIVATE]),
        (["--until", "2024-01-31"], [VIDEO]),
        (["--min-likes", "1"], []),
        (["--since", "2024-02-01", "--kind", "video"], [PRIVATE]),
    ],
)
def test_posts_are_told_by_what_they_are_like(
    told: Told, asked: list[str], meant: list[str]
) -> None:
    assert [post["post"] for post in told(*asked)] == meant


def test_what_posts_are_like_is_enough_to_change_them(posts: Posts, folder: Path) -> None:
    assert posts("--kind", "photo", "--skip").code == 0
    with ArchiveView.open(folder) as archive:
        assert [post.id for post in archive.posts(chosen=True)] == [VIDEO]


def test_that_no_post_is_like_that_is_said(posts: Posts) -> None:
    ended = posts("--match", "old joke", "--skip")
    assert (ended.code, ended.out) == (0, "No post is like that, so nothing was changed.\n")


def test_a_day_that_is_none_is_refused(posts: Posts) -> None:
    assert posts("--since", "yesterday").code == 2
