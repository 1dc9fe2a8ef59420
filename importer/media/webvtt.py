"""Timed captions written as WebVTT, inside what a server takes. Pure."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

# Lexicon app.bsky.embed.video#caption.
MAX_BYTES = 20_000
UNKNOWN_LANGUAGE = "und"
_HEADER = "WEBVTT\n"


@dataclass(frozen=True, slots=True)
class Cue:
    """One caption: plain text shown from `start` to `end`, in seconds; lines end with "\\n"."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Track:
    """The captions of a video in one language; `lang` is a BCP 47 tag."""

    lang: str
    cues: tuple[Cue, ...]


def language(tag: str | None) -> str:
    """The BCP 47 tag of what a file or stream calls its language: `eng-US` is `en-US`.

    `und` when there is no such language.
    """
    # Imported here: its tables take a tenth of a second, and few videos have captions.
    import langcodes

    try:
        written = langcodes.standardize_tag((tag or "").strip())
    except ValueError:
        return UNKNOWN_LANGUAGE
    return written if langcodes.tag_is_valid(written) else UNKNOWN_LANGUAGE


def stretch(track: Track, start: float, end: float) -> Track:
    """The captions of one part of a video, as if it began there; cues are cut at its edges."""
    return replace(
        track,
        cues=tuple(
            Cue(max(cue.start, start) - start, min(cue.end, end) - start, cue.text)
            for cue in track.cues
            if cue.start < end and cue.end > start
        ),
    )


def write(track: Track, max_bytes: int = MAX_BYTES) -> list[bytes]:
    """Captions as WebVTT files of at most `max_bytes` each: one, unless they do not fit into one.

    They are written as short as the format allows without losing anything: no numbers, hours only
    where there are any, and cues of one text that touch are joined. Only a cue that is too large
    by itself is shortened.
    """
    files: list[list[bytes]] = []
    size = 0
    for cue in _joined(_tidied(track.cues)):
        block = _block(cue, max_bytes - len(_HEADER))
        if not files or size + len(block) > max_bytes:
            files.append([])
            size = len(_HEADER)
        files[-1].append(block)
        size += len(block)
    return [_HEADER.encode() + b"".join(blocks) for blocks in files]


def _tidied(cues: Iterable[Cue]) -> Iterator[Cue]:
    """Cues in order and to the millisecond, without those that show nothing or no time."""
    for cue in sorted(cues, key=lambda cue: (cue.start, cue.end)):
        lines = (line.strip() for line in cue.text.replace("\r", "\n").split("\n"))
        text = "\n".join(filter(None, lines))
        start, end = max(0.0, round(cue.start, 3)), round(cue.end, 3)
        if text and end > start:
            yield Cue(start, end, text)


def _joined(cues: Iterable[Cue]) -> Iterator[Cue]:
    held: Cue | None = None
    for cue in cues:
        if held and held.text == cue.text and cue.start <= held.end:
            held = replace(held, end=max(held.end, cue.end))
            continue
        if held:
            yield held
        held = cue
    if held:
        yield held


def _block(cue: Cue, room: int) -> bytes:
    timing = f"\n{_time(cue.start)} --> {_time(cue.end)}\n"
    block = f"{timing}{html.escape(cue.text, quote=False)}\n".encode()
    if len(block) <= room:
        return block
    words = cue.text[:room]  # A character is a byte at least.
    while words and len(f"{timing}{html.escape(words, quote=False)}…\n".encode()) > room:
        # A word at a time, but no slower than by a hundredth.
        most = len(words) * 99 // 100
        cut = max(words.rfind(" ", 0, most), words.rfind("\n", 0, most), 0)
        words = words[: cut or most]
    return f"{timing}{html.escape(words, quote=False)}…\n".encode()


def _time(seconds: float) -> str:
    """`MM:SS.mmm`, with hours only from the first hour on."""
    millis = round(seconds * 1000)
    minutes, millis = divmod(millis, 60_000)
    rest = f"{millis // 1000:02}.{millis % 1000:03}"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest}" if hours else f"{minutes:02}:{rest}"
