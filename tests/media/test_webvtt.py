"""Captions are written short, valid and whole, in as few files as the limit allows."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.media.subtitles import read_file
from importer.media.webvtt import MAX_BYTES, Cue, Track, language, stretch, write


def track(*cues: Cue) -> Track:
    return Track("en", cues)


def read_back(content: bytes) -> tuple[Cue, ...]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "captions.en.vtt"
        path.write_bytes(content)
        return read_file(path).cues


def test_a_file_is_as_short_as_the_format_allows() -> None:
    (content,) = write(track(Cue(0, 1.5, "Hello"), Cue(3661.25, 3662, "Bye")))
    assert content.decode() == (
        "WEBVTT\n\n00:00.000 --> 00:01.500\nHello\n\n01:01:01.250 --> 01:01:02.000\nBye\n"
    )


def test_what_has_a_meaning_in_the_format_is_escaped() -> None:
    text = "<3 x > & --> <b>not bold</b>"
    (content,) = write(track(Cue(0, 1, text)))
    assert b"-->" not in content.split(b"\n", 3)[3]
    assert read_back(content) == (Cue(0, 1, text),)


def test_a_blank_line_does_not_end_a_caption() -> None:
    (content,) = write(track(Cue(0, 1, "one\r\n\r\n  two\n")))
    assert read_back(content) == (Cue(0, 1, "one\ntwo"),)


def test_captions_of_one_text_that_touch_are_one() -> None:
    (content,) = write(track(Cue(0, 1, "la"), Cue(1, 2, "la"), Cue(2.5, 3, "la")))
    assert read_back(content) == (Cue(0, 2, "la"), Cue(2.5, 3, "la"))


def test_what_shows_nothing_is_not_written() -> None:
    assert write(track(Cue(0, 1, " \n"), Cue(2, 2, "no time"), Cue(4, 3, "backwards"))) == []
    assert write(track()) == []


def test_a_caption_of_a_millisecond_is_written_whatever_its_time() -> None:
    (content,) = write(track(Cue(1.0, 1.001, "short")))
    assert b"00:01.000 --> 00:01.001" in content


def test_what_is_shorter_than_a_file_can_say_is_not_written() -> None:
    assert write(track(Cue(1.0, 1.0004, "a blink"))) == []


def test_any_amount_of_space_takes_no_time() -> None:
    (content,) = write(track(Cue(0, 1, "a" + " " * 1_000_000 + "\n" + "\t" * 1_000_000 + "b")))
    assert read_back(content) == (Cue(0, 1, "a\nb"),)


def test_ten_minutes_of_speech_fit_into_one_file() -> None:
    said = [Cue(2.0 * n, 2.0 * n + 1.9, "some five words or so") for n in range(300)]
    assert len(write(track(*said))) == 1


def test_more_than_a_server_takes_goes_into_several_files() -> None:
    said = [Cue(n, n + 1, f"caption number {n} of a very long talk") for n in range(1000)]
    files = write(track(*said))
    assert all(len(content) <= MAX_BYTES for content in files)
    assert [cue for content in files for cue in read_back(content)] == said
    assert len(files) == -(-sum(map(len, files)) // MAX_BYTES)


@pytest.mark.parametrize("gap", [" ", "\n"])
def test_a_caption_too_large_by_itself_is_cut_at_a_word(gap: str) -> None:
    (content,) = write(track(Cue(0, 1, f"word{gap}" * 100)), max_bytes=200)
    assert len(content) <= 200
    (cue,) = read_back(content)
    assert cue.text.endswith("word…")


def test_a_part_of_a_video_has_its_own_captions() -> None:
    whole = track(Cue(0, 10, "first"), Cue(58, 62, "over the cut"), Cue(70, 80, "last"))
    assert stretch(whole, 0, 60).cues == (Cue(0, 10, "first"), Cue(58, 60, "over the cut"))
    assert stretch(whole, 60, 100).cues == (Cue(0, 2, "over the cut"), Cue(10, 20, "last"))


@pytest.mark.parametrize(
    ("said", "tag"),
    [
        ("eng-US", "en-US"),
        ("eng", "en"),
        ("ger", "de"),
        ("deu", "de"),
        ("pt_BR", "pt-BR"),
        ("zho-Hans", "zh-Hans"),
        ("fil-PH", "fil-PH"),
        ("en", "en"),
        ("und", "und"),
        ("", "und"),
        (None, "und"),
        ("xx", "und"),
        ("english subtitles", "und"),
    ],
)
def test_languages(said: str | None, tag: str) -> None:
    assert language(said) == tag


millis = st.integers(0, 8_000_000).map(lambda number: number / 1000)
some_cues = st.lists(
    st.builds(
        lambda start, length, text: Cue(start, start + length / 1000, text),
        millis,
        st.integers(1, 9_000),
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60),
    ),
    max_size=40,
)


@given(some_cues, st.integers(700, 3000))
def test_no_word_is_lost(cues: list[Cue], max_bytes: int) -> None:
    files = write(track(*cues), max_bytes)
    assert all(len(content) <= max_bytes for content in files)
    found = [cue for content in files for cue in read_back(content)]
    assert [cue.start for cue in found] == sorted(cue.start for cue in found)
    assert told(found) == told(sorted(cues, key=lambda cue: (cue.start, cue.end)))


def told(cues: list[Cue]) -> list[str]:
    """What is said one after the other; what is repeated at once counts once."""
    words = (" ".join(cue.text.split()) for cue in cues)
    return [text for text, _ in groupby(filter(None, words))]


@given(st.text(max_size=40))
def test_whatever_is_called_a_language_has_a_tag(said: str) -> None:
    assert language(said)
