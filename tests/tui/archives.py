"""Archives for tests of the screens: always the same posts, on every machine and day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from importer.archive.store import Archive
from importer.model import ExportPost, Kind, Link, LinkKind, Privacy

FIRST = datetime(2024, 3, 1, 18, 30, tzinfo=UTC)
LONG = (
    "Three days for one loaf, and I would do it again. On the first evening you wake the starter "
    "and leave it alone. On the second you mix, fold four times and go to sleep. On the third you "
    "shape it, heat the oven until the stone is white, and do not open the door, whatever the "
    "smell says. Write to me how yours came out! #sourdough #slowfood #bakersoftiktok"
)
CAPTIONS = (
    "Rye bread, the slow way #rye #bread with @nils.kneads",
    LONG,
    "",
    "All of it is at https://example.com/recipes/rye [markup] \\[/] stays text",
    "Market morning",
    "\u202eevil\u202c \x1b[31mred\x07 👩‍🍳 ends",
)


def link(name: str, kind: LinkKind = LinkKind.VIDEO) -> Link:
    return Link(f"https://cdn.test/{name}", kind, name)


def post(number: int, caption: str) -> ExportPost:
    """A post of the sample: one in five shows a set of twelve photos."""
    is_set = number % 5 == 4
    links = (
        tuple(link(f"photo-{number}-{at}", LinkKind.IMAGE) for at in range(12))
        if is_set
        else (link(f"video-{number}"),)
    )
    return ExportPost(
        FIRST + timedelta(days=number),
        0,
        Kind.PHOTO if is_set else Kind.VIDEO,
        Privacy.EVERYONE,
        links,
        title=caption,
        alt="Three loaves on a wooden stall" if is_set else None,
        allow_comments=number != 3,
    )


def make_archive(folder: Path, posts: int = len(CAPTIONS)) -> Path:
    """An archive with so many posts, none of them fetched."""
    with Archive.create(folder) as archive:
        archive.absorb([post(at, CAPTIONS[at % len(CAPTIONS)]) for at in range(posts)])
    return folder
