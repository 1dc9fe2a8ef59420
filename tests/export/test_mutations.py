"""A thousand damaged exports: each is read or refused in plain words, and none leaks a post.

The damage is drawn from seeded numbers, so a failure names the export that shows it again.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from importer.errors import UserError
from importer.export.reader import Export, read
from importer.model import Privacy

SAMPLES = Path(__file__).parents[2] / "samples" / "exports"
JSON_SAMPLES = sorted(path for path in SAMPLES.glob("*/user_data*.json"))
TEXT_SAMPLES = [
    SAMPLES / "txt-2020" / "Videos" / "Videos.txt",
    SAMPLES / "txt-2025" / "TikTok" / "Posts" / "Posts.txt",
    SAMPLES / "txt-dutch" / "TikTok" / "Berichten" / "Berichten.txt",
    SAMPLES / "txt-italian" / "TikTok" / "Post" / "Post.txt",
]
TURNS = 100
JUNK = ["", "   ", ":", "Date:", "Link: https://", "Who can view:", "\0", "﻿", "🥖" * 50]

Damage = Callable[[bytes, random.Random], bytes]


@cache
def said(path: Path) -> dict[str, set[Privacy]]:
    """Who could see the posts of a link or of a second, in the undamaged sample."""
    found: dict[str, set[Privacy]] = {}
    for post in read(path).posts:
        for key in (post.id.partition("-")[0], *(link.url for link in post.links)):
            found.setdefault(key, set()).add(post.privacy)
    return found


def flipped(data: bytes, draw: random.Random) -> bytes:
    """Some bytes are others."""
    changed = bytearray(data)
    for _ in range(draw.randint(1, 20)):
        changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def gnawed(data: bytes, draw: random.Random) -> bytes:
    """Pieces are missing or doubled, or rubbish is in between."""
    for _ in range(draw.randint(1, 6)):
        at, length = draw.randrange(len(data)), draw.randint(1, 60)
        piece = draw.choice([b"", data[at : at + length] * 2, b"[" * 2000, b"\\ud83d", b'"', b"}"])
        data = data[:at] + piece + data[at + length :]
    return data


def cut(data: bytes, draw: random.Random) -> bytes:
    """The end is missing."""
    return data[: draw.randrange(len(data))]


def odd_lines(data: bytes, draw: random.Random) -> bytes:
    """Lines are missing, doubled, split, or new; the blank ones may all be gone."""
    lines = data.decode().split("\n")
    if draw.random() < 0.2:
        lines = [line for line in lines if line]
    for _ in range(draw.randint(1, 8)):
        at = draw.randrange(len(lines))
        lines[at : at + 1] = draw.choice(
            [[], [lines[at]] * 2, [lines[at], draw.choice(JUNK)], lines[at].split(" ", 1)]
        )
        lines = lines or [""]
    return draw.choice(["\n", "\r\n", "\r"]).join(lines).encode()


def odd_values(data: bytes, draw: random.Random) -> bytes:
    """Values of other types, keys missing, renamed or in upper case, sections elsewhere."""
    root = json.loads(data)
    for _ in range(draw.randint(1, 12)):
        holder = draw.choice(list(_holders(root)))
        key = draw.choice(list(holder) if isinstance(holder, dict) else list(range(len(holder))))
        odd: Any = draw.choice(
            [None, {}, [], "", "N/A", -1, 1e300, True, [[[]]], {"App": 1}, "\0", "x"]
        )
        kind = draw.randrange(4)
        if kind == 0:
            del holder[key]
        elif kind == 1:
            holder[key] = odd
        elif kind == 2 and isinstance(holder, dict):
            holder[draw.choice([str(key).upper(), f"{key}X", f" {key}:"])] = holder.pop(key)
        else:
            holder[key] = [holder[key]] if draw.random() < 0.5 else {"Data": holder[key]}
        if not list(_holders(root)):
            break
    return json.dumps(root, ensure_ascii=draw.random() < 0.5).encode(errors="surrogatepass")


def _holders(value: Any) -> Any:
    if isinstance(value, dict | list) and value:
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _holders(inner)


def attempt(path: Path, sample: Path, data: bytes, name: str) -> str:
    """Read one damaged export; what came of it."""
    path.write_bytes(data)
    try:
        export = read(path)
    except UserError as error:
        assert str(error), name
        assert error.hint, name
        return "refused"
    assert isinstance(export, Export), name
    known = said(sample)
    for post in export.posts:
        if post.privacy != Privacy.EVERYONE:
            continue
        keys = [link.url for link in post.links if link.url in known]
        for key in keys or [post.id.partition("-")[0]]:
            assert Privacy.EVERYONE in known.get(key, {Privacy.EVERYONE}), f"{name}: {post.id}"
    return "read"


@pytest.mark.parametrize("damage", [flipped, gnawed, cut, odd_values], ids=lambda f: f.__name__)
@pytest.mark.parametrize("sample", JSON_SAMPLES, ids=lambda path: path.parent.name)
def test_damaged_json(tmp_path: Path, sample: Path, damage: Damage) -> None:
    whole = sample.read_bytes()
    for turn in range(TURNS // 2):
        data = damage(whole, random.Random(turn))
        attempt(tmp_path / sample.name, sample, data, f"{sample.parent.name} {turn}")


@pytest.mark.parametrize("damage", [flipped, gnawed, cut, odd_lines], ids=lambda f: f.__name__)
@pytest.mark.parametrize("sample", TEXT_SAMPLES, ids=lambda path: path.stem)
def test_damaged_text(tmp_path: Path, sample: Path, damage: Damage) -> None:
    whole = sample.read_bytes()
    for turn in range(TURNS // 2):
        data = damage(whole, random.Random(turn))
        attempt(tmp_path / sample.name, sample, data, f"{sample.name} {turn}")


def test_damage_is_found_and_survived(tmp_path: Path) -> None:
    # Damage that is always refused, or never, would test nothing.
    sample = next(path for path in JSON_SAMPLES if path.parent.name == "quirks")
    for damage in (flipped, gnawed):
        outcomes = {
            attempt(
                tmp_path / sample.name,
                sample,
                damage(sample.read_bytes(), random.Random(turn)),
                str(turn),
            )
            for turn in range(TURNS)
        }
        assert outcomes == {"read", "refused"}, damage.__name__
