"""Reading captions from beside a video (.vtt, .srt, TikTok's .json) and from inside it."""

from __future__ import annotations

import contextlib
import html
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from importer.errors import Refused
from importer.media.container import open_media
from importer.media.webvtt import Cue, Track, language

# The first of one language is taken.
SUFFIXES = (".vtt", ".srt", ".json")
LARGEST = 5_000_000
_LANGUAGE = re.compile(r"(?:\.([A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*))?")
_TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMING = re.compile(rf"^[ \t]*{_TIME}[ \t]*-->[ \t]*{_TIME}[^\n]*", re.MULTILINE)
_VTT_TAG = re.compile(r"</?(?:[cibuv]|ruby|rt|lang)(?:[.\s][^<>]*)?>|<[\d:.]+>")
_SRT_TAG = re.compile(r"</?(?:[ibus]|font)(?: [^<>]*)?>|\{\\[^{}]*\}", re.IGNORECASE)
_ASS_OVERRIDE = re.compile(r"\{[^{}]*\}")


class _Utterance(msgspec.Struct):
    start_time: float
    end_time: float
    text: str


class _CreatorCaption(msgspec.Struct):
    """What TikTok calls `creator_caption`: times in milliseconds."""

    utterances: list[_Utterance]


def beside(media: Path) -> list[Path]:
    """The caption files that lie beside a media file and bear its name.

    `NAME.vtt` or, with a language, `NAME.eng-US.vtt`; of one language only the best format.
    """
    found: dict[str, Path] = {}
    with contextlib.suppress(OSError):
        names = sorted(media.parent.iterdir(), key=lambda path: (_rank(path), path.name))
        for path in names:
            tag = _tag(path, media.stem)
            if tag is not None and path.is_file():
                found.setdefault(language(tag), path)
    return sorted(found.values())


def read_file(path: Path) -> Track:
    """Read a caption file; its language is in its name.

    Raises:
        Refused: `captions_unreadable`, there are no captions in it.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise _unreadable(path, "it is far larger than any captions")
        text = _decoded(path.read_bytes())
    except OSError as error:
        raise _unreadable(path, error.strerror or "it cannot be opened") from error
    ending = path.suffix.lower()
    try:
        cues = tuple(_creator_captions(text) if ending == ".json" else _blocks(text, ending))
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _unreadable(path, "it is no captions file of TikTok's") from error
    if not cues:
        raise _unreadable(path, "there are no captions in it")
    return Track(language(Path(path.stem).suffix.lstrip(".")), cues)


def read_streams(path: Path) -> list[Track]:
    """The text captions inside a media file; where it is damaged, those before the damage."""
    import av

    tracks: list[Track] = []
    with contextlib.suppress(av.FFmpegError, UnicodeError), open_media(path) as container:
        cues: dict[int, list[Cue]] = {
            stream.index: []
            for stream in container.streams.subtitles
            if stream.codec_context is not None and stream.codec_context.name in _PACKETS
        }
        start = (container.start_time or 0) / av.time_base
        streams = [container.streams[index] for index in cues]
        with contextlib.suppress(av.FFmpegError):
            for packet in container.demux(streams) if streams else ():
                if packet.pts is None or not packet.time_base:
                    continue
                text = _PACKETS[packet.stream.codec_context.name](bytes(packet))
                at = float(packet.pts * packet.time_base) - start
                length = float((packet.duration or 0) * packet.time_base)
                if text and length > 0:
                    lines = text.replace("\r\n", "\n")
                    cues[packet.stream.index].append(Cue(at, at + length, lines))
        tracks += [
            Track(language(container.streams[index].metadata.get("language")), tuple(found))
            for index, found in cues.items()
            if found
        ]
    return tracks


def _rank(path: Path) -> int:
    ending = path.suffix.lower()
    return SUFFIXES.index(ending) if ending in SUFFIXES else len(SUFFIXES)


def _tag(path: Path, stem: str) -> str | None:
    """The language in a name, empty if there is none; `None` if it is not of these captions."""
    name = path.name
    if _rank(path) == len(SUFFIXES) or not name.startswith(stem):
        return None
    match = _LANGUAGE.fullmatch(path.stem[len(stem) :])
    about = path.suffix.lower() == ".json"
    if match is None or (about and (match[1] or "info").lower() == "info"):
        # `NAME.json` and `NAME.info.json` tell about the post; captions come with a language.
        return None
    return match[1] or ""


def _decoded(data: bytes) -> str:
    """Text in whatever encoding, its lines ended by "\\n"."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _blocks(text: str, ending: str) -> Iterator[Cue]:
    """The cues of WebVTT or SubRip: a line of times, then text up to a blank line.

    In SubRip a blank line may stand within the text: what follows has no times of its own.
    """
    plain = _srt_text
    blocks = re.split(r"\n[ \t]*\n", text)
    if ending == ".vtt":
        plain = _vtt_text
    else:
        blocks = _joined(blocks)
    for block in blocks:
        timing = _TIMING.search(block)
        # Above the times there is one line at most: a number or a name.
        if timing is None or block[: timing.start()].strip("\n").count("\n") > 1:
            continue
        words = plain(block[timing.end() :]).strip()
        start, end = _seconds(timing.groups()[:4]), _seconds(timing.groups()[4:])
        if words and end > start:
            yield Cue(start, end, words)


def _joined(blocks: list[str]) -> list[str]:
    """Blocks without times put to the end of the one before."""
    joined: list[str] = []
    for block in blocks:
        if joined and block.strip() and not _TIMING.search(block):
            joined[-1] += f"\n{block.strip()}"
        else:
            joined.append(block)
    return joined


def _creator_captions(text: str) -> Iterator[Cue]:
    data = text.encode("utf-8", "replace")
    for said in msgspec.json.decode(data, type=_CreatorCaption).utterances:
        if said.text.strip() and said.end_time > said.start_time:
            yield Cue(said.start_time / 1000, said.end_time / 1000, said.text.strip())


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = (part or "0" for part in parts)
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(fraction.ljust(3, "0")) / 1000


def _vtt_text(text: str) -> str:
    return html.unescape(_VTT_TAG.sub("", text))


def _srt_text(text: str) -> str:
    return _SRT_TAG.sub("", text)


def _mov_text(data: bytes) -> str:
    """3GPP timed text: the length of the text, the text, then boxes that style it."""
    length = int.from_bytes(data[:2], "big")
    return data[2 : 2 + length].decode("utf-8", "replace").strip()


def _ass_text(data: bytes) -> str:
    """An event as Matroska keeps it: eight fields, then the text."""
    text = data.decode("utf-8", "replace").split(",", 8)[-1]
    plain = _ASS_OVERRIDE.sub("", text).replace("\\N", "\n").replace("\\n", "\n")
    return plain.replace("\\h", " ").strip()


_PACKETS: dict[str, Callable[[bytes], str]] = {
    "mov_text": _mov_text,
    "subrip": lambda data: _srt_text(data.decode("utf-8", "replace")).strip(),
    "srt": lambda data: _srt_text(data.decode("utf-8", "replace")).strip(),
    "text": lambda data: data.decode("utf-8", "replace").strip(),
    "webvtt": lambda data: _vtt_text(data.decode("utf-8", "replace")).strip(),
    "ass": _ass_text,
    "ssa": _ass_text,
}


def _unreadable(path: Path, reason: str) -> Refused:
    return Refused(
        f"The captions in {path.name} cannot be used: {reason}.",
        hint="The video is published without them; give another file to have them.",
        code="captions_unreadable",
    )
