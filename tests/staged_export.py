"""An export as TikTok gives it, whose links lead to a server of ours with videos we can tell apart.

Every video says which post it belongs to: its number stands in the text that x264 leaves in the
picture data, where it stays when the file is repacked. So no two posts have the same bytes, and a
blob on a server can be traced to its post.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import zipfile
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image

from importer.demo.ground import LINK_LIFE, MEMBER_NAME
from importer.export.links import rehost
from importer.model import Action, Kind, Privacy, post_id
from tests.clips import box, run

SAMPLE = Path(__file__).parents[1] / "samples" / "demo"
PLACE = b"48.8577"
WIDTH, HEIGHT = 180, 320
PHOTOS, PHOTO_SIZE = 3, (96, 64)
# How many photos one record shows.
SHOWN = 10
LARGE_BYTES = 600_000

_FIRST_POST = datetime(2019, 6, 1, 18, 30, 5, tzinfo=UTC)
_BETWEEN_POSTS = timedelta(days=23, hours=5, minutes=7, seconds=11)
# The demo's clips by what they need; clip2 tells where it was recorded.
_CLIPS = {
    Action.KEEP: ("clip1", "clip5"),
    Action.REMUX: ("clip2", "clip4"),
    Action.TRANSCODE: ("clip3",),
}
_DESCRIPTION = 0x010E
_X264_SAYS = b"http://www.videolan.org/x264.html"
_WHO = {
    Privacy.EVERYONE: "Everyone",
    Privacy.FRIENDS: "Friends",
    Privacy.ONLY_YOU: "Only you",
}


@dataclass(frozen=True, slots=True)
class StagedPost:
    """One post of the export; `files` lie in the media folder: a video, or photos in order.

    `marker` is in the bytes of a video and of whatever it is repacked to, unless it is empty. Of
    a `closed` post the comments were closed, of a `guarded` one the duets.
    """

    posted_at: datetime
    ordinal: int
    kind: Kind = Kind.VIDEO
    privacy: Privacy = Privacy.EVERYONE
    caption: str = ""
    fit: Action = Action.KEEP
    files: tuple[str, ...] = ()
    marker: bytes = b""
    closed: bool = False
    guarded: bool = False

    @property
    def id(self) -> str:
        """The post's name in the archive."""
        return post_id(self.posted_at, self.ordinal)

    @property
    def parts(self) -> list[tuple[str, ...]]:
        """The files of each record: a video, or up to ten photos."""
        return [self.files[at : at + SHOWN] for at in range(0, len(self.files), SHOWN)]

    @property
    def micros(self) -> int:
        """What the key of its record must carry."""
        return int(self.posted_at.timestamp()) * 1_000_000 + self.ordinal * 1_000

    @property
    def file(self) -> str:
        """The video."""
        (file,) = self.files
        return file

    def created_at(self, part: int = 0) -> str:
        """What the record of a part must carry."""
        return f"{self.posted_at:%Y-%m-%dT%H:%M:%S}.{self.ordinal + part:03}Z"


@dataclass(frozen=True, slots=True)
class Staged:
    """Posts from the oldest to the newest, and the folder to serve at their links."""

    posts: tuple[StagedPost, ...]
    media: Path

    @property
    def public(self) -> list[StagedPost]:
        """The posts that a run publishes."""
        return [post for post in self.posts if post.privacy == Privacy.EVERYONE]

    @property
    def private(self) -> list[StagedPost]:
        """The posts that only `--include-private` publishes."""
        return [post for post in self.posts if post.privacy != Privacy.EVERYONE]

    def write(self, target: Path, media_url: str, expires_at: datetime | None = None) -> Path:
        """Write the ZIP, its links leading below `media_url` and living until `expires_at`."""
        until = expires_at or datetime.now(UTC) + LINK_LIFE
        export = json.loads((SAMPLE / MEMBER_NAME).read_text(encoding="utf-8"))
        posts = export["Post"]["Posts"]
        shapes = _shapes(posts["VideoList"])
        posts["VideoList"] = [
            _row(shapes[post.kind], post, media_url, until) for post in reversed(self.posts)
        ]
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(MEMBER_NAME, json.dumps(export, ensure_ascii=False))
        return target


def stage(
    media: Path,
    fits: Sequence[Action],
    *,
    captions: Mapping[int, str] | None = None,
    private: Sequence[Privacy] = (),
    photos: int = 0,
    photos_each: int = PHOTOS,
    large: Collection[int] = (),
    closed: Collection[int] = (),
    guarded: Collection[int] = (),
    between: timedelta = _BETWEEN_POSTS,
) -> Staged:
    """Make the media of an export: one public video for each of `fits`, then the others.

    Every third post shares its second with the one before it; so does each private video with a
    public one; otherwise there is time `between` them. `captions`, `large` (files of several
    network chunks), `closed` and `guarded` go by the place in `fits`.
    """
    media.mkdir(parents=True, exist_ok=True)
    captions = captions or {}
    series = secrets.token_hex(4)
    wanted = [
        (place - place // 3, Kind.VIDEO, Privacy.EVERYONE, fit) for place, fit in enumerate(fits)
    ]
    wanted += [(place, Kind.VIDEO, who, Action.KEEP) for place, who in enumerate(private)]
    wanted += [(place, Kind.PHOTO, Privacy.EVERYONE, Action.KEEP) for place in range(photos)]
    taken: Counter[int] = Counter()
    posts: list[StagedPost] = []
    for place, (second, kind, privacy, fit) in enumerate(wanted):
        posts.append(
            StagedPost(
                posted_at=_FIRST_POST + second * between,
                ordinal=taken[second],
                kind=kind,
                privacy=privacy,
                caption=captions.get(place, "") if place < len(fits) else f"unlisted {place:04}",
                fit=fit,
                files=_files(place, photos_each if kind == Kind.PHOTO else 0),
                marker=_marker(series, place, kind, fit),
                closed=place in closed and place < len(fits),
                guarded=place in guarded and place < len(fits),
            )
        )
        taken[second] += 1
        if kind == Kind.VIDEO:
            _make_clip(media, place, posts[-1], large=place in large)
        else:
            _make_photos(media, series, posts[-1])
    return Staged(tuple(sorted(posts, key=lambda post: post.micros)), media)


def _files(place: int, photos: int) -> tuple[str, ...]:
    if not photos:
        return (f"v{place:04}.mp4",)
    return tuple(f"p{place:04}-{number:02}.jpeg" for number in range(photos))


def _marker(series: str, place: int, kind: Kind, fit: Action) -> bytes:
    """No two in a whole test session are the same."""
    if kind == Kind.PHOTO or fit == Action.TRANSCODE:
        return b""
    return f"staged post {series} {place:04}".encode()


def _make_clip(media: Path, place: int, post: StagedPost, *, large: bool) -> None:
    names = _CLIPS[post.fit]
    source = SAMPLE / "media" / f"{names[place % len(names)]}.mp4"
    target = media / post.file
    if post.fit == Action.TRANSCODE:
        # Nothing in this file outlives encoding but its pictures: another length, other bytes.
        seconds = 3 - place % 12 / 6
        run("-i", source, "-t", f"{seconds:.3f}", "-c", "copy", "-movflags", "+faststart", target)
        return
    data = source.read_bytes()
    assert data.count(_X264_SAYS) == 1
    data = data.replace(_X264_SAYS, post.marker.ljust(len(_X264_SAYS)))
    if large:
        filler = box(b"free", bytes(4000))
        data += filler * (LARGE_BYTES // len(filler))
    target.write_bytes(data)


def _make_photos(media: Path, series: str, post: StagedPost) -> None:
    """Photos that tell where they were taken, no two of them alike."""
    notes = Image.Exif()
    notes[_DESCRIPTION] = PLACE.decode()
    for name in post.files:
        colour = "#" + hashlib.sha256(f"{series} {name}".encode()).hexdigest()[:6]
        Image.new("RGB", PHOTO_SIZE, colour).save(media / name, "JPEG", exif=notes)


def _shapes(rows: Sequence[Mapping[str, Any]]) -> dict[Kind, Mapping[str, Any]]:
    """A row of a video post and one of a photo post, as TikTok writes them."""
    video = next(row for row in rows if "mime_type=video_mp4" in row["Link"])
    photo = next(row for row in rows if "photomode" in row["Link"])
    return {Kind.VIDEO: video, Kind.PHOTO: photo}


def _row(
    shape: Mapping[str, Any], post: StagedPost, media_url: str, until: datetime
) -> dict[str, Any]:
    return {
        **shape,
        "Date": f"{post.posted_at:%Y-%m-%d %H:%M:%S}",
        "Link": "\n".join(
            _link(shape["Link"].split()[0], file, media_url, until) for file in post.files
        ),
        "WhoCanView": _WHO[post.privacy],
        "AllowComments": "No" if post.closed else "Yes",
        "AllowDuets": "No" if post.guarded else "Yes",
        "AllowStitches": "Yes",
        "Title": post.caption or "N/A",
        "AlternateText": "N/A",
    }


def _link(url: str, file: str, media_url: str, until: datetime) -> str:
    path, mark, query = url.partition("?")
    return rehost(f"{path.rpartition('/')[0]}/{file}{mark}{query}", media_url, until)
