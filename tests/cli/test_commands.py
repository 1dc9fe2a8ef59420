"""What plan, status, retry and the others say about a small archive, without any network."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from importer import commands, run_commands, verify_command
from importer.archive.lock import locked
from importer.archive.store import Archive
from importer.clock import utc_now
from importer.console import Console, open_console
from importer.engine.stop import Stop
from importer.errors import ArchiveInUse, UserError
from importer.model import ExportPost, Milestone, Privacy, Trouble
from importer.run_commands import Sources
from importer.server_commands import NOBODY
from importer.wording import local
from tests.posts import ACCOUNT, bring_to, exported, link

Say = Callable[[Callable[[Console], int]], list[str]]
Tell = Callable[[Callable[[Console], int]], list[dict[str, Any]]]
SAMPLE = Path(__file__).parents[2] / "samples" / "demo" / "user_data_tiktok.json"
FIRST, SECOND, THIRD = "20240131T235959", "20240201T000000", "20240201T000001"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "creator.tokaway"


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """What a command that ends well prints for people."""

    def lines(command: Callable[[Console], int]) -> list[str]:
        assert command(open_console(as_json=False, quiet=True)) == 0
        return capsys.readouterr().out.splitlines()

    return lines


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Tell:
    """What a command that ends well prints for programs."""

    def objects(command: Callable[[Console], int]) -> list[dict[str, Any]]:
        assert command(open_console(as_json=True, quiet=True)) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return objects


def make(folder: Path, *posts: ExportPost, failed: str | None = None) -> None:
    with Archive.create(folder) as archive:
        archive.absorb(posts)
        if failed:
            post = archive.post(failed)
            assert post
            archive.note_failed(post, Trouble("gone", "It is gone.", "Request a fresh export."))


def counts(**at: int) -> dict[str, int]:
    return {milestone.value: at.get(milestone.value, 0) for milestone in Milestone}


# plan


def test_plan_lists_what_is_to_be_published_and_why_the_rest_is_not(say: Say, folder: Path) -> None:
    make(folder, exported(title="Rye\nloaf"), exported(1), exported(2, privacy=Privacy.ONLY_YOU))
    assert say(lambda console: run_commands.plan(console, Sources(folder))) == [
        f"Archive: {folder}",
        "3 posts: 2 to publish, 0 published, 1 left out.",
        "Destination: Bluesky.",
        "  2024-01-31 23:59:59 UTC  Rye loaf",
        "  2024-02-01 00:00:00 UTC  (no caption)",
        "The server takes videos of 300.0 MB and 10 minutes, photos of 2.0 MB: assumed, as of "
        "August 2026: not signed in yet.",
        "Their files: 2 decided when they are fetched.",
        run_commands.ARCHIVED,
        "  1 left out — Only you could see it on TikTok; everything on the AT Protocol is public. "
        "To publish it all the same: tokaway run … --include-private",
        "2 posts without alt text, for people who cannot see them. To write it: tokaway captions "
        f"{folder} --export FILE.csv",
        f"1 post would be published without words. To add them: tokaway captions {folder} --help",
        "Nothing was sent.",
    ]


def test_plan_tells_programs_about_each_post_and_the_whole(tell: Tell, folder: Path) -> None:
    dies = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    make(folder, exported(title="Rye", links=(link("a", dies),)), exported(1), failed=SECOND)
    told = tell(lambda console: run_commands.plan(console, Sources(folder)))
    assert told[0] == {
        "event": "plan_post",
        "post": FIRST,
        "posted_at": "2024-01-31T23:59:59.000Z",
        "kind": "video",
        "privacy": "everyone",
        "likes": None,
        "chosen": True,
        "milestone": "found",
        "caption": "Rye",
        "caption_source": "title",
        "links_expire_at": "2030-01-02T03:04:05.000Z",
        "long": None,
        "photos": None,
        "encode": False,
        "fit": None,
        "fit_reason": None,
        "code": None,
        "text": None,
        "hint": None,
        "texts": ["Rye"],
        "tags": [],
        "langs": [],
        "labels": [],
        "closed_replies": False,
        "closed_quotes": False,
        "elsewhere": {},
    }
    assert (told[1]["milestone"], told[1]["code"]) == ("failed", "gone")
    finish = datetime.fromisoformat(told[2].pop("finish_at"))
    assert finish - utc_now() < timedelta(minutes=1)
    assert told[2:] == [
        {
            "event": "plan",
            "archive": str(folder),
            "account": None,
            "posts": 2,
            "chosen": 2,
            "published": 0,
            "unfinished": 1,
            "counts": counts(found=1, failed=1),
            "reasons": [
                {
                    "milestone": "failed",
                    "code": "gone",
                    "text": "It is gone.",
                    "hint": "Request a fresh export.",
                    "posts": 1,
                }
            ],
            "links_expire_at": "2030-01-02T03:04:05.000Z",
            "next_try_at": None,
            "links_dead": 0,
            "links_alive": 1,
            "last_link_expires_at": "2030-01-02T03:04:05.000Z",
            "safe": 0,
            "without_caption": 0,
            "destinations": ["bluesky"],
            "left_out": [],
            "limited_by": "",
            "unseen": 0,
            "look_at": None,
            "without_alt": 1,
            "limits": {
                "blob_bytes": 314_572_800,
                "video_bytes": 300_000_000,
                "video_seconds": 600.0,
                "image_bytes": 2_000_000,
                "photos": 10,
                "source": "assumed, as of August 2026: not signed in yet",
            },
            "to_be_left_out": [],
            "notices": [],
        }
    ]


def test_plan_makes_the_archive_of_an_export_beside_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    export = tmp_path / "export.json"
    export.write_bytes(SAMPLE.read_bytes())
    console = open_console(as_json=False, quiet=False)
    for new in (8, 0):
        assert run_commands.plan(console, Sources(export)) == 0
        printed = capsys.readouterr()
        assert printed.out.startswith(f"Archive: {tmp_path / 'export.tokaway'}\n8 posts: 6 to ")
        assert f"export.json: 8 posts (V4 layout), {new} new, 0 with" in printed.err


@pytest.mark.parametrize("name", ["v1", "quirks", "txt-2025"])
def test_what_is_private_in_an_export_reaches_no_file_of_ours(
    say: Say, folder: Path, name: str
) -> None:
    export = SAMPLE.parents[1] / "exports" / name
    private = [b"example.test", b"02-Feb-1991", b"01-Jan-1990", b"Lovely", b"Chat History", b"7459"]
    private += [b"7070123456789012345", b"7590123456789012345", b"Settings", b"IsFastLane"]
    given = b"".join(path.read_bytes() for path in export.rglob("*") if path.is_file())
    assert sum(word in given for word in private) >= 3
    say(lambda console: run_commands.plan(console, Sources(export, folder)))
    kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"posts" in kept
    assert [word for word in private if word in kept] == []


def test_plan_shows_twenty_posts_unless_asked_for_all(say: Say, folder: Path) -> None:
    make(folder, *(exported(second) for second in range(22)))
    few = say(lambda console: run_commands.plan(console, Sources(folder)))
    assert few[-7] == "  … and 2 more (-v shows all)"
    every = say(lambda console: run_commands.plan(console, Sources(folder), every_post=True))
    assert sum(line.endswith("(no caption)") for line in every) == 22


def test_plan_includes_private_posts_on_request_only(say: Say, folder: Path) -> None:
    make(folder, exported(privacy=Privacy.FRIENDS))
    assert "0 to publish" in say(lambda console: run_commands.plan(console, Sources(folder)))[1]
    with_private = Sources(folder, include_private=True)
    assert "1 to publish" in say(lambda console: run_commands.plan(console, with_private))[1]


def test_plan_and_status_tell_how_long_links_live(say: Say, folder: Path) -> None:
    first, last = utc_now() + timedelta(days=3, hours=1), utc_now() + timedelta(days=9, hours=1)
    make(
        folder,
        exported(title="A", links=(link("a", last),)),
        exported(1, title="B", links=(link("b", first),)),
    )
    lines = say(lambda console: run_commands.plan(console, Sources(folder)))
    assert lines[3:5] == [
        "  2024-01-31 23:59:59 UTC  A  [the link dies in 9 days]",
        "  2024-02-01 00:00:00 UTC  B  [the link dies in 3 days]",
    ]
    said = (
        "The links of 2 posts still work: the first in 3 days, the last dies in 9 days "
        f"({local(last)}). Fetch before then with: tokaway run {folder}"
    )
    assert lines[-2] == said
    assert said in say(lambda console: commands.status(console, folder))


def test_dead_links_are_told_with_the_way_to_fresh_ones_and_what_is_safe(
    say: Say, folder: Path
) -> None:
    died, alive = utc_now() - timedelta(days=1), utc_now() + timedelta(hours=5, minutes=1)
    links = (died, died, died, alive)
    make(folder, *(exported(n, links=(link(f"{n}", at),)) for n, at in enumerate(links)))
    with Archive.create(folder) as archive:
        bring_to(archive, FIRST, Milestone.FETCHED)
    lines = say(lambda console: run_commands.plan(console, Sources(folder)))
    assert "  2024-02-01 00:00:00 UTC  (no caption)  [the link has died]" in lines
    dead, living = lines[-3:-1]
    assert dead.startswith("The links of 2 posts have died. To get fresh ones: in TikTok open")
    assert dead.endswith("Safe already: 1 post fetched or published.")
    assert living.startswith("The links of 1 post still work: the last dies in 5 hours")


# status


def test_status_counts_and_names_what_failed_and_how_to_go_on(say: Say, folder: Path) -> None:
    make(folder, exported(), exported(1), exported(2), failed=SECOND)
    with Archive.create(folder) as archive:
        archive.set_account(ACCOUNT)
        bring_to(archive, FIRST, Milestone.PUBLISHED)
    assert say(lambda console: commands.status(console, folder)) == [
        f"Archive: {folder}",
        "Account: maker.test on https://pds.test",
        "3 posts: 1 found, 1 published, 1 failed",
        "  1 failed — It is gone. Request a fresh export.",
        f"1 post would be published without words. To add them: tokaway captions {folder} --help",
        f"To go on: tokaway run {folder}",
    ]


def test_status_tells_programs_the_same(tell: Tell, folder: Path) -> None:
    make(folder, exported(), exported(1))
    later = datetime(2035, 1, 1, tzinfo=UTC)
    with Archive.create(folder) as archive:
        archive.set_account(ACCOUNT)
        bring_to(archive, FIRST, Milestone.VERIFIED)
        trouble = Trouble("rate_limited", "Enough for now.")
        archive.note_try_later(archive.posts()[1], trouble, later, count=True)
    (told,) = tell(lambda console: commands.status(console, folder))
    assert told.pop("finish_at") == "2035-01-01T00:00:00.000Z"
    assert told.pop("limited_by") == ""
    assert told == {
        "event": "status",
        "archive": str(folder),
        "account": {"did": ACCOUNT.did, "handle": "maker.test", "pds": "https://pds.test"},
        "posts": 2,
        "chosen": 2,
        "published": 1,
        "unfinished": 1,
        "counts": counts(found=1, verified=1),
        "reasons": [],
        "links_expire_at": None,
        "next_try_at": "2035-01-01T00:00:00.000Z",
        "links_dead": 0,
        "links_alive": 0,
        "last_link_expires_at": None,
        "safe": 1,
        "without_caption": 1,
        "destinations": ["bluesky"],
        "left_out": [],
        "unseen": 0,
        "look_at": None,
        "without_alt": 1,
        "last_day": None,
    }


def test_status_of_an_empty_archive_is_no_trouble(say: Say, folder: Path) -> None:
    make(folder)
    assert say(lambda console: commands.status(console, folder)) == [
        f"Archive: {folder}",
        "0 posts: none",
    ]


def test_status_can_be_asked_while_a_run_works(say: Say, folder: Path) -> None:
    make(folder, exported())
    with locked(folder):
        assert say(lambda console: commands.status(console, folder))


# retry


def test_retry_puts_failed_posts_back_to_what_their_files_support(say: Say, folder: Path) -> None:
    make(folder, exported(), exported(1), failed=FIRST)
    with Archive.create(folder) as archive:
        fetched = bring_to(archive, SECOND, Milestone.FETCHED)
        archive.note_failed(fetched, Trouble("ffmpeg_failed", "It did not work."))
    assert say(lambda console: commands.retry(console, folder, ())) == [
        f"{FIRST} goes on as found",
        f"{SECOND} goes on as fetched",
        f"2 posts put back. Go on with: tokaway run {folder}",
    ]
    assert "1 found, 1 fetched" in say(lambda console: commands.status(console, folder))[1]


def test_retry_of_one_post_leaves_the_others_failed(tell: Tell, folder: Path) -> None:
    make(folder, exported(), exported(1), failed=FIRST)
    make(folder, failed=SECOND)
    told = tell(lambda console: commands.retry(console, folder, (SECOND,)))
    assert told == [{"event": "retried", "post": SECOND, "milestone": "found"}]
    (after,) = tell(lambda console: commands.status(console, folder))
    assert after["counts"] == counts(found=1, failed=1)


def test_retry_of_a_post_that_did_not_fail_changes_nothing(tell: Tell, folder: Path) -> None:
    make(folder, exported(), exported(1), failed=FIRST)
    console = open_console(as_json=True, quiet=True)
    with pytest.raises(UserError, match=f"No failed post is called {SECOND}, {THIRD}."):
        commands.retry(console, folder, (FIRST, THIRD, SECOND))
    (after,) = tell(lambda console: commands.status(console, folder))
    assert after["counts"]["failed"] == 1


def test_retry_waits_for_no_run(folder: Path) -> None:
    make(folder, exported(), failed=FIRST)
    with locked(folder), pytest.raises(ArchiveInUse):
        commands.retry(open_console(as_json=True, quiet=True), folder, ())


# the others


def test_report_says_where_it_lies(say: Say, tell: Tell, folder: Path) -> None:
    make(folder, exported())
    path = str(folder / "report.html")
    assert say(lambda console: commands.report(console, folder)) == [path]
    assert tell(lambda console: commands.report(console, folder)) == [
        {"event": "report", "path": path}
    ]


def test_there_is_nothing_to_verify_before_anything_is_published(folder: Path) -> None:
    make(folder, exported())
    with pytest.raises(UserError, match="nothing to verify"):
        verify_command.verify(open_console(as_json=True, quiet=True), folder, NOBODY)


@pytest.mark.parametrize("failed", [None, SECOND])
def test_a_run_with_nothing_to_do_asks_for_no_password(
    capsys: pytest.CaptureFixture[str], folder: Path, failed: str | None
) -> None:
    make(folder, exported(), exported(1, privacy=Privacy.ONLY_YOU), exported(2))
    with Archive.create(folder) as archive:
        for post in (FIRST, THIRD):
            bring_to(archive, post, Milestone.PUBLISHED)
    if failed:
        with Archive.create(folder) as archive:
            archive.choose_private()
        make(folder, failed=SECOND)

    class NoPassword:
        def given(self) -> None:
            pytest.fail("asked for a password")

        typed = given

    console = open_console(as_json=False, quiet=True)
    code = run_commands.run_import(console, Sources(folder), {}, NoPassword(), Stop())
    assert code == (1 if failed else 0)
    said = f"Nothing to do: 2 of {3 if failed else 2} chosen posts published before, nothing sent"
    assert capsys.readouterr().out.startswith(said)
