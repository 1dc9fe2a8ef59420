"""`tokaway captions`, as people and programs see it; the user's word is the last one."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from importer.archive.store import Archive
from importer.archive.view import ArchiveView
from importer.media.probe import probe
from importer.model import Milestone, Post, Privacy, Profile, Role
from importer.stages.place import describe
from tests.clips import run
from tests.end_to_end.command_line import CommandLine, Ended
from tests.posts import bring_to, current, exported

CLIPS = Path(__file__).parents[2] / "samples" / "demo" / "media"
FIRST, SECOND, PRIVATE = "20240131T235959", "20240201T000000", "20240201T000001"
ADA = "ada.bakes"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "creator.tokaway"
    with Archive.create(folder) as made:
        made.absorb([exported(), exported(1), exported(2, privacy=Privacy.ONLY_YOU)])
        made.set_profile(Profile(user_name=ADA))
    return folder


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    return folder


def info(folder: Path, stem: str, second: int, **more: object) -> None:
    at = int(datetime(2024, 1, 31, 23, 59, 59, tzinfo=UTC).timestamp()) + second
    said = {
        "extractor_key": "TikTok",
        "id": str((at - 9 << 32) + 1),
        "timestamp": at,
        "uploader": ADA,
        "description": f"Words of {stem}",
    }
    (folder / f"{stem}.info.json").write_text(json.dumps(said | more), encoding="utf-8")


def post(archive: Path, name: str) -> Post:
    with ArchiveView.open(archive) as view:
        found = view.post(name)
    assert found
    return found


def well(ended: Ended) -> Ended:
    assert ended.code == 0, ended.out + ended.err
    return ended


# from a folder


def test_a_folder_gives_captions_and_files(
    tokaway: CommandLine, archive: Path, films: Path
) -> None:
    info(films, "one", 0)
    shutil.copyfile(CLIPS / "clip1.mp4", films / "one.mp4")
    info(films, "two", 1, description="")
    info(films, "theirs", 500, uploader="eve")
    (films / "broken.info.json").write_text("{")
    said = well(tokaway("captions", archive, "--from", films)).out.splitlines()
    assert said == [
        f"{films}: 3 posts known there, 2 matched (2 by date).",
        "1 caption and 1 file taken over.",
        "1 post of other accounts left alone.",
        "! broken.info.json cannot be understood: Input data was truncated.",
        "1 chosen post still without a caption.",
    ]
    first = post(archive, FIRST)
    assert (first.caption, first.caption_source) == ("Words of one", "yt-dlp")
    assert first.source_path == str(films / "one.mp4")
    assert post(archive, SECOND).caption_source == "yt-dlp"
    again = well(tokaway("captions", archive, "--from", films, "--json")).named("captions")
    assert [(line["matched"], line["captions"], line["files"]) for line in again] == [(2, 0, 0)]


def test_what_fits_in_two_ways_is_shown_and_left(
    tokaway: CommandLine, archive: Path, films: Path
) -> None:
    info(films, "one", 0)
    info(films, "other", 0, id=str(int(post_id(0)) + 5))
    ended = well(tokaway("captions", archive, "--from", films))
    assert f"? {FIRST}: one.info.json, other.info.json fit in more than one way" in ended.out
    (line,) = well(tokaway("captions", archive, "--from", films, "--json")).lines
    assert line["ambiguous"] == [
        {
            "posts": [FIRST],
            "paths": [str(films / "one.info.json"), str(films / "other.info.json")],
            "rule": "date",
        }
    ]
    assert post(archive, FIRST).caption == ""


def post_id(second: int) -> str:
    at = int(datetime(2024, 1, 31, 23, 59, 59, tzinfo=UTC).timestamp()) + second
    return str((at - 9 << 32) + 1)


def test_a_file_with_words_is_known_by_what_it_shows(
    tokaway: CommandLine, archive: Path, films: Path
) -> None:
    with Archive.create(archive) as made:
        for name, clip in ((FIRST, "clip1"), (SECOND, "clip2")):
            target = made.media_folder(name) / "original.mp4"
            target.parent.mkdir(parents=True)
            shutil.copyfile(CLIPS / f"{clip}.mp4", target)
            file = describe(Role.ORIGINAL, archive, target, probe(target))
            made.note_fetched(current(made, name), [file])
    shutil.copyfile(CLIPS / "clip1.mp4", films / "holiday.mp4")
    (films / "holiday.description").write_text("By the sea", encoding="utf-8")
    small = ["-vf", "scale=90:160", "-c:v", "libx264", "-preset", "ultrafast", "-an"]
    run("-i", CLIPS / "clip2.mp4", *small, films / "bread.mp4")
    (films / "bread.description").write_text("Rye", encoding="utf-8")
    shutil.copyfile(CLIPS / "clip4.mp4", films / "unknown.mp4")
    (films / "unknown.description").write_text("Another", encoding="utf-8")
    (line,) = well(tokaway("captions", archive, "--from", films, "--json")).lines
    assert line["by_rule"] == {"content": 1, "picture": 1}
    assert post(archive, FIRST).caption == "By the sea"
    assert post(archive, SECOND).caption == "Rye"


def test_a_source_folder_of_a_plan_gives_the_same(
    tokaway: CommandLine, archive: Path, films: Path
) -> None:
    info(films, "one", 0)
    ended = well(tokaway("plan", archive, "--source", films))
    assert "1 matched (1 by date)" in ended.err
    assert "Words of one" in ended.out


# the spreadsheet


def edited(table: Path, change: Callable[[dict[str, str]], object]) -> None:
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        change(row)
    with table.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)


def test_edits_go_out_and_come_back(
    tokaway: CommandLine, archive: Path, films: Path, tmp_path: Path
) -> None:
    with Archive.create(archive) as made:
        bring_to(made, SECOND, Milestone.FETCHED)
    table = tmp_path / "posts.csv"
    told = well(tokaway("captions", archive, "--export", table))
    assert told.out.startswith(f"3 posts written to {table}. Edit the columns caption")

    def change(row: dict[str, str]) -> None:
        if row["post"] == FIRST:
            row["caption"], row["alt text"] = "Mine\nand only mine", "A loaf of bread"
        if row["post"] == SECOND:
            row["chosen"] = "no"

    edited(table, change)
    (line,) = well(tokaway("captions", archive, "--import", table, "--json")).lines
    assert line == {
        "event": "captions_imported",
        "captions": 1,
        "alts": 1,
        "chosen": 0,
        "left_out": 1,
        "published": 0,
        "unchanged": 1,
        "unknown": [],
    }
    first = post(archive, FIRST)
    assert (first.caption, first.alt) == ("Mine\nand only mine", "A loaf of bread")
    assert post(archive, SECOND).milestone == Milestone.SKIPPED
    info(films, "one", 0)
    well(tokaway("captions", archive, "--from", films))
    assert post(archive, FIRST).caption == "Mine\nand only mine"
    again = well(tokaway("captions", archive, "--import", table))
    assert again.out.startswith("0 captions and 0 alt texts changed, 0 posts chosen, 0 left out, 3")


def test_private_posts_are_chosen_only_with_a_clear_word(
    tokaway: CommandLine, archive: Path, tmp_path: Path
) -> None:
    table = tmp_path / "posts.csv"
    well(tokaway("captions", archive, "--export", table))

    def change(row: dict[str, str]) -> None:
        row["chosen"], row["caption"] = "yes", "All of them"

    edited(table, change)
    refused = tokaway("captions", archive, "--import", table)
    assert refused.code == 2
    assert "chooses 1 post that not everyone could see" in refused.err
    assert not post(archive, PRIVATE).chosen
    assert post(archive, FIRST).caption == ""
    well(tokaway("captions", archive, "--import", table, "--yes"))
    assert post(archive, PRIVATE).chosen
    assert post(archive, PRIVATE).milestone == Milestone.FOUND


def test_a_wrong_row_changes_nothing(tokaway: CommandLine, archive: Path, tmp_path: Path) -> None:
    table = tmp_path / "posts.csv"
    table.write_text(f"post,caption,chosen\n{FIRST},Words,yes\n{SECOND},Words,perhaps\n")
    ended = tokaway("captions", archive, "--import", table, "--json")
    (error,) = ended.lines
    assert (ended.code, error["code"], error["exit"]) == (2, "table_row", 2)
    assert "posts.csv, line 3" in error["text"]
    assert post(archive, FIRST).caption == ""


def test_what_was_published_or_is_unknown_is_told(
    tokaway: CommandLine, archive: Path, tmp_path: Path
) -> None:
    with Archive.create(archive) as made:
        bring_to(made, FIRST, Milestone.PUBLISHED)
    table = tmp_path / "posts.csv"
    table.write_text(f"post,caption\n{FIRST},Late\n20200101T000000,Whose\n")
    said = well(tokaway("captions", archive, "--import", table)).out
    assert "1 post published already: to bring new words there too: tokaway update" in said
    assert "1 row of posts that this archive does not have: 20200101T000000" in said


# the command itself


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ((), "Give one of --from, --online, --export and --import."),
        (("--online", "--from", "x"), "Give one of"),
        (("--from", "x", "--user", "ada"), "go with --online"),
    ],
)
def test_one_way_at_a_time(
    tokaway: CommandLine, archive: Path, flags: tuple[str, ...], said: str
) -> None:
    ended = tokaway("captions", archive, *flags)
    assert ended.code == 2
    assert said in ended.err


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        (("--from", "gone"), "not_found"),
        (("--import", "gone.csv"), "table_unreadable"),
        (("--online", "--user", "not a name"), "user_name"),
        (("--online", "--cookies", "gone.txt"), "cookies"),
        (("--online", "--post", "https://example.com/"), "page_link"),
        (("--online", "--posts", "gone.txt"), "post_list"),
    ],
)
def test_what_cannot_be_used_is_told_before_anything_happens(
    tokaway: CommandLine, archive: Path, flags: tuple[str, ...], code: str
) -> None:
    ended = tokaway("captions", archive, *flags, "--json")
    assert (ended.code, ended.lines[-1]["code"]) == (2, code)
    assert ended.lines[-1]["hint"]
    assert "Traceback" not in ended.err


def test_online_without_a_name_asks_for_it(tokaway: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "nameless.tokaway"
    with Archive.create(folder) as made:
        made.absorb([exported()])
    ended = tokaway("captions", folder, "--online", "--json")
    error: dict[str, Any] = ended.lines[-1]
    assert (ended.code, error["code"]) == (2, "no_user_name")
    assert "--user" in error["hint"]
