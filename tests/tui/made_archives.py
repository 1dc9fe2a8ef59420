"""Archives for the tests of the screens: the same on every machine and day."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image, ImageDraw

from importer.archive.store import Archive
from importer.media.poster import POSTER_NAME
from importer.media.probe import probe
from importer.model import (
    DOES_NOT_FIT,
    ExportPost,
    Kind,
    Milestone,
    Privacy,
    Profile,
    Role,
    Trouble,
)
from importer.stages.place import describe, post_folder
from tests.posts import ACCOUNT, bring_to, current, exported, link

CLIP = Path(__file__).parents[2] / "samples" / "demo" / "media" / "clip1.mp4"
DIED = datetime(2024, 3, 1, tzinfo=UTC)
DAY = 24 * 3600

FETCHED, PHOTOS, SILENT, DEAD = (
    "20240131T235959", "20240201T235959", "20240202T235959", "20240203T235959"
)  # fmt: skip
PRIVATE, FRIENDS, PUBLISHED, FAILED = (
    "20240204T235959", "20240205T235959", "20240206T235959", "20240207T235959"
)  # fmt: skip
CAPTION = (
    "Rye bread, the slow way 🍞 Day 1 of 3: flour, water, salt and a week of patience.\n"
    "#rye #bakersoftiktok @nils.kneads"
)

HOSTILE = {
    "markup": "[bold]not bold[/bold] [/close] [link=file:///etc]x[/] [abc123].mp4 \\[",
    "controls": "before\x1b[31mred\x07\x00\x9b2Jafter\ttab\x7f",
    "bidi": "safe \u202egnp.exe\u202c \u2066isolated\u2069 \u200fmark",
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 👍🏽 ❤️ 1️⃣",
    "scripts": "שלום العربية नमस्ते 日本語 한국어 ไทย Z͑͗̓͢a̴l̵g̶o̷",
    "not_utf8": "caf\udce9.zip, a name of other times",
    "halves": "half \ud83d of an emoji",
    "newlines": "one\r\ntwo\rthree\u2028four\u2029five\n\n\nsix\x0bseven\x85eight",
    "long": "slow bread " * 364,
    "endless": "x" * 4_000,
}


def library(folder: Path) -> None:
    """Eight posts that stand at every place there is."""
    with Archive.create(folder) as archive:
        archive.absorb(_exported())
        archive.set_profile(Profile(user_name="ada.bakes"))
        archive.set_account(ACCOUNT)
        path = post_folder(folder, FETCHED) / "original.mp4"
        path.write_bytes(CLIP.read_bytes())
        draw_poster(path.with_name(POSTER_NAME))
        fetched = current(archive, FETCHED)
        archive.note_fetched(fetched, [describe(Role.ORIGINAL, folder, path, probe(path))])
        bring_to(archive, PUBLISHED, Milestone.PUBLISHED)
        words = Trouble(DOES_NOT_FIT, "The video is damaged.", "Export it anew, and try again.")
        archive.note_failed(current(archive, FAILED), words)


def _exported() -> Sequence[ExportPost]:
    return [
        replace(exported(title=CAPTION, alt="Hands in flour"), likes=12_345),
        replace(exported(DAY, kind=Kind.PHOTO, title="Three loaves"), likes=980),
        exported(2 * DAY),
        exported(3 * DAY, title="Crumb shot", links=(link("dead", DIED),)),
        exported(4 * DAY, title="Only for me", privacy=Privacy.ONLY_YOU),
        exported(5 * DAY, title="For friends", privacy=Privacy.FRIENDS),
        replace(exported(6 * DAY, title="Sourdough Sunday"), likes=1_000_000),
        exported(7 * DAY, title="[/b] Broken oven"),
    ]


def hostile(folder: Path) -> None:
    """A post for each caption that could do harm."""
    with Archive.create(folder) as archive:
        archive.absorb([exported(number * DAY) for number in range(len(HOSTILE))])
        for post, words in zip(archive.posts(), HOSTILE.values(), strict=True):
            sound = words.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
            archive.set_captions({post.id: (sound, "yt-dlp")})


def many(folder: Path, number: int) -> None:
    """So many posts, every tenth of them private."""
    with Archive.create(folder) as archive:
        archive.absorb(
            [
                exported(
                    n * 3600,
                    title=f"Post {n}",
                    privacy=Privacy.EVERYONE if n % 10 else Privacy.ONLY_YOU,
                )
                for n in range(number)
            ]
        )


def draw_poster(path: Path) -> None:
    """A still without any noise, so that its colours are the same everywhere."""
    picture = Image.new("RGB", (90, 160), "#e8d8b8")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 110, 90, 160), fill="#7a4a2a")
    draw.ellipse((12, 40, 78, 120), fill="#b8742e")
    for x in (28, 44, 60):
        draw.line((x, 58, x - 8, 100), fill="#f0dcb0", width=4)
    picture.save(path, "WEBP", lossless=True)
    # Newer than the video it stands for.
    later = (datetime.now(UTC) + timedelta(minutes=1)).timestamp()
    os.utime(path, (later, later))
