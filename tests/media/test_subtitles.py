"""Captions are found beside a video and inside it, in every form people have them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.errors import Refused
from importer.media.subtitles import LARGEST, SUFFIXES, beside, read_file, read_streams
from importer.media.webvtt import Cue, Track
from tests.clips import H264, Clips, run

SRT = """1
00:00:00,000 --> 00:00:00,400
{\\an8}<i>Hello</i> <3 x >

2
00:00:00,500 --> 00:00:00,900
Bye
now
"""
SAID = (Cue(0, 0.4, "Hello <3 x >"), Cue(0.5, 0.9, "Bye\nnow"))
VTT = """WEBVTT - a title

STYLE
::cue { color: red }

NOTE 00:00:09.000 --> 00:00:10.000 is not a caption
nor is this

a name
00:00.000 --> 00:00.400 align:start position:10%
<v\tAnna><c.loud>Hello</c> &lt;3 x &gt;

00:00:00.500 --> 00:00:00.900
<00:00:00.600>Bye
now
"""
ASS = r"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize
Style: Default,Arial,16

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:00.00,0:00:00.40,Default,,0,0,0,,{\an8\b1}one\Ntwo, {\i1}three
"""
JSON = (
    '{"utterances": [{"start_time": 0, "end_time": 400, "text": "Hello <3 x >"}, '
    '{"start_time": 500, "end_time": 900, "text": "Bye\\nnow", "words": []}]}'
)


def written(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(("ending", "text"), [(".srt", SRT), (".vtt", VTT), (".json", JSON)])
def test_each_format_says_the_same(tmp_path: Path, ending: str, text: str) -> None:
    assert read_file(written(tmp_path, f"clip.eng-US{ending}", text)) == Track("en-US", SAID)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_encoding_and_line_end(tmp_path: Path, encoding: str, end: str) -> None:
    path = written(tmp_path, "clip.srt", SRT.replace("Bye", "Tschüß").replace("\n", end), encoding)
    assert read_file(path).cues[1].text == "Tschüß\nnow"


def test_a_blank_line_within_what_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text("1\n00:00:00,000 --> 00:00:00,400\nOne\n\nTwo\n\n2\n" + SRT.split("2\n")[1])
    assert read_file(path).cues == (Cue(0, 0.4, "One\nTwo"), SAID[1])


def test_an_old_windows_file(tmp_path: Path) -> None:
    path = written(tmp_path, "clip.de.srt", SRT.replace("Bye", "Tschüß"), "cp1252")
    assert read_file(path).cues[1].text == "Tschüß\nnow"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("clip.vtt", ""),
        ("clip.srt", "no captions here"),
        ("clip.vtt", "<html>00:00 --> never</html>"),
        ("clip.en.json", "{}"),
        ("clip.en.json", '{"utterances": []}'),
        ("clip.en.json", "[" * 5000),
        ("clip.en.json", '{"more": ' + "[" * 100_000 + "]" * 100_000 + ', "utterances": []}'),
        ("clip.srt", "9" * 5000 + ":00:00,000 --> 00:00:01,000\nlate"),
        ("clip.srt", "00:00:00,000 --> " + "9" * 400 + ":00:01,000\nlong"),
        ("clip.srt", "9" * LARGEST),
        ("clip.vtt", "<" * LARGEST),
        ("clip.srt", "x" * (LARGEST + 1)),
    ],
)
def test_what_holds_no_captions_is_refused(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(Refused) as caught:
        read_file(written(tmp_path, name, text))
    assert caught.value.code == "captions_unreadable"
    assert caught.value.hint


def test_a_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        read_file(tmp_path / "gone.srt")


def test_what_lies_beside_a_video(tmp_path: Path) -> None:
    names = [
        "clip [1].mp4",
        "clip [1].srt",
        "clip [1].eng-US.vtt",
        "clip [1].eng-US.srt",
        "clip [1].ger.json",
        "clip [1].info.json",
        "clip [1].INFO.JSON",
        "clip [1].json",
        "clip [1].jpg",
        "clip [12].vtt",
        "clip [1] too.vtt",
        "clip 1.vtt",
    ]
    for name in names:
        (tmp_path / name).touch()
    found = [path.name for path in beside(tmp_path / "clip [1].mp4")]
    assert found == ["clip [1].eng-US.vtt", "clip [1].ger.json", "clip [1].srt"]
    assert beside(tmp_path / "no such folder" / "clip.mp4") == []


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("mov_text.mp4", "mov_text"),
        ("subrip.mkv", "subrip"),
        ("ass.mkv", "ass"),
        ("webvtt.mkv", "webvtt"),
    ],
)
def test_captions_inside_a_video(clips: Clips, tmp_path: Path, name: str, codec: str) -> None:
    source = written(
        tmp_path, "in.srt", SRT.replace("<i>", "").replace("</i>", "").replace("<3 x >", "3")
    )
    path = tmp_path / name
    run("-i", clips["keep.mp4"], "-i", source, "-map", "0", "-map", "1", "-c", "copy",
        "-c:s", codec, "-metadata:s:s:0", "language=deu", path)  # fmt: skip
    (track,) = read_streams(path)
    assert track.lang == "de"
    assert [cue.text for cue in track.cues] == ["Hello 3", "Bye\nnow"]
    times = [time for cue in track.cues for time in (cue.start, cue.end)]
    assert times == pytest.approx([0, 0.4, 0.5, 0.9], abs=0.05)


@pytest.mark.parametrize("name", ["keep.mp4", "matroska.mkv", "web_page.mp4", "cut_short.mp4"])
def test_most_videos_have_none(clips: Clips, name: str) -> None:
    assert read_streams(clips[name]) == []


def test_a_damaged_video_gives_the_captions_before_the_damage(tmp_path: Path) -> None:
    source = written(
        tmp_path,
        "in.srt",
        "\n\n".join(f"{n}\n00:00:{n:02},000 --> 00:00:{n:02},900\nline {n}" for n in range(1, 50)),
    )
    whole = tmp_path / "whole.mkv"
    run("-i", source, "-c", "copy", whole)
    damaged = tmp_path / "damaged.mkv"
    damaged.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    (all_of_it,), (rest,) = read_streams(whole), read_streams(damaged)
    assert len(all_of_it.cues) == 49
    assert 0 < len(rest.cues) < 49
    assert rest.cues == all_of_it.cues[: len(rest.cues)]


def test_captions_that_are_pictures_are_left_out(tmp_path: Path) -> None:
    source = written(tmp_path, "in.ass", ASS)
    path = tmp_path / "pictures.mkv"
    run("-f", "lavfi", "-i", "color=black:s=64x64:d=1", "-i", source, "-map", "0", "-map", "1",
        "-c:s", "ass", *H264, path)  # fmt: skip
    assert [cue.text for track in read_streams(path) for cue in track.cues] == ["one\ntwo, three"]
    # The same stream under the name of a bitmap codec, equally long.
    path.write_bytes(path.read_bytes().replace(b"S_TEXT/ASS", b"S_HDMV/PGS"))
    assert read_streams(path) == []


@given(st.binary(max_size=400), st.sampled_from(SUFFIXES))
def test_whatever_is_in_a_file_it_is_read_or_refused(data: bytes, ending: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"clip.en{ending}"
        path.write_bytes(data)
        try:
            track = read_file(path)
        except Refused as refusal:
            assert refusal.code == "captions_unreadable"
        else:
            assert all(cue.end > cue.start and cue.text for cue in track.cues)
