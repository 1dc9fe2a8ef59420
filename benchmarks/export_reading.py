"""Reading a large export: our time and memory as a share of json.load and a walk.

    python benchmarks/export_reading.py

The export is made in a temporary folder: 10,000 own posts and 1,000,000 rows of watch history.
The walk takes of each own post what we take: date, link, the link's end, who can view it, words.
Times are the best of five, taken in turns. Memory is the peak that Python allocates, the buffer
of the file included.
"""

from __future__ import annotations

import json
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from importer.export.reader import read

POSTS = 10_000
WATCHED = 1_000_000
TURNS = 5


def make(path: Path) -> None:
    """Write an export in the V4 shape, pretty-printed with two spaces as TikTok does it."""
    with path.open("w", encoding="utf-8") as file:
        file.write('{\n  "Post": {\n    "Posts": {\n      "VideoList": [\n')
        file.write(",\n".join(_post(number) for number in range(POSTS)))
        file.write('\n      ]\n    }\n  },\n  "Your Activity": {\n    "Watch History": {\n')
        file.write('      "VideoList": [\n')
        file.write(",\n".join(_watched(number) for number in range(WATCHED)))
        file.write("\n      ]\n    }\n  }\n}\n")


def _post(number: int) -> str:
    row = {
        "Date": _date(number * 7_200),
        "Link": f"https://video-va.tiktokv.com/storage/v1/tos-maliva-ve/o{number:032x}?a=1233"
        f"&mime_type=video_mp4&qs=13&l={'0' * 34}&x-tos-authkey={'a' * 32}"
        f"&x-tos-expires=1767225600&x-tos-signature={'b' * 27}",
        "Likes": str(number),
        "WhoCanView": "Everyone",
        "AllowComments": "Yes",
        "AllowStitches": "Yes",
        "AllowDuets": "Yes",
        "Sound": "original sound",
        "Title": f"Post {number} 🎈",
        "CoverImage": "https://p16-sign-va.tiktokcdn.com/" + "c" * 400,
    }
    return json.dumps(row, ensure_ascii=False, indent=2)


def _watched(number: int) -> str:
    return (
        f'        {{\n          "Date": "{_date(number * 60)}",\n'
        f'          "Link": "https://www.tiktokv.com/share/video/7{number:018d}/"\n        }}'
    )


def _date(seconds_ago: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(1_764_000_000 - seconds_ago))


def walk(path: Path) -> list[tuple[object, ...]]:
    """What a short script would do."""
    with path.open(encoding="utf-8") as file:
        export = json.load(file)
    found: list[tuple[object, ...]] = []
    for row in export["Post"]["Posts"]["VideoList"]:
        posted_at = datetime.strptime(row["Date"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        expires = parse_qs(urlsplit(row["Link"]).query)["x-tos-expires"][0]
        expires_at = datetime.fromtimestamp(int(expires), UTC)
        likes = int(row["Likes"])
        found.append((posted_at, row["Link"], expires_at, row["WhoCanView"], likes, row["Title"]))
    return sorted(found, key=lambda post: str(post[0]))


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def peak(work: Callable[[], object]) -> int:
    """The most memory Python holds during one call, in bytes."""
    tracemalloc.start()
    work()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def main() -> None:
    """Make the export, read it both ways and print the ratios."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "user_data_tiktok.json")
        make(path)

        def theirs() -> object:
            return walk(path)

        def ours() -> object:
            return read(path)

        size = path.stat().st_size
        times = [(seconds(ours), seconds(theirs)) for _ in range(TURNS)]
        our_time, their_time = map(min, zip(*times, strict=True))
        our_peak, their_peak = peak(ours), peak(theirs)
    print(f"export    {size / 1e6:8.1f} MB, {POSTS:,} posts, {WATCHED:,} rows of watch history")
    print(f"time      {our_time:8.3f} s   of {their_time:.3f} s   = {our_time / their_time:.3f}")
    print(f"peak      {our_peak / 1e6:8.1f} MB  of {their_peak / 1e6:.1f} MB = ", end="")
    print(f"{our_peak / their_peak:.3f}")
    print(f"beyond the buffer {(our_peak - size) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
