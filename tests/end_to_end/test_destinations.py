"""Spark beside Bluesky or alone, by the real command line against a real PDS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from importer.model import Action
from importer.records.spark import COLLECTION as SPARK
from importer.records.spark import THREADGATE as SPARK_GATE
from tests.clips import H264, PLAIN, run
from tests.end_to_end.command_line import Ended
from tests.end_to_end.conftest import Job, MakeJob
from tests.end_to_end.server_truth import COLLECTION, look, micros
from tests.staged_export import Staged, stage

BOTH = ("--destination", "bluesky", "--destination", "spark")
CAPTION = "One sentence of a long story. " * 20
NEW = "Spark shows imported posts as new"


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Staged:
    """Five videos, one with a long caption and one with closed comments, and thirteen photos."""
    return stage(
        tmp_path_factory.mktemp("spark"),
        [Action.KEEP] * 5,
        captions={0: "A walk #sea", 1: CAPTION},
        closed=[2],
        photos=1,
        photos_each=13,
    )


@pytest.fixture
def job(make_job: MakeJob, posts: Staged) -> Job:
    return make_job(posts)


def listed(job: Job, collection: str) -> list[dict[str, Any]]:
    """The records of an account by the order of their keys."""
    records = job.pds.list_records(job.account.did, collection)
    return sorted(records, key=lambda record: str(record["uri"]))


def keys(records: list[dict[str, Any]]) -> list[str]:
    return [record["uri"].rpartition("/")[2] for record in records]


def first_parts(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one, key in zip(records, keys(records), strict=True) if not micros(key) % 1000]


def published(ended: Ended) -> list[str]:
    return [line["post"] for line in ended.named("step_done") if line["stage"] == "publish"]


def assert_both(job: Job) -> None:
    """Assert that each public post is at both, once, with one file and the links between them."""
    there, here = listed(job, COLLECTION), listed(job, SPARK)
    posts = sorted(job.staged.public, key=lambda post: post.micros)
    roots = first_parts(there)
    assert [micros(key) for key in keys(roots)] == [post.micros for post in posts]
    assert keys(first_parts(here)) == keys(roots)
    assert len(here) == len(posts) + 1, "thirteen photos are two posts"
    for record, twin in zip(roots, first_parts(here), strict=True):
        assert twin["value"]["crossposts"] == [{"uri": record["uri"], "cid": record["cid"]}]
        assert twin["value"]["createdAt"] == record["value"]["createdAt"]
        page = f"https://sprk.so/post/{job.account.did}/{keys([twin])[0]}"
        assert page in record["value"]["text"]
    assert keys(listed(job, SPARK_GATE)) == keys(listed(job, "app.bsky.feed.threadgate"))
    shown = {digest for post in posts for digest in post.files}
    assert len(look(job.pds, job.account.did).blobs) == len(shown), "each file is there once"


def test_a_plan_says_what_will_differ_and_warns(job: Job) -> None:
    told = job.tokaway("plan", job.export, *BOTH, "-v")
    assert told.code == 0, told.err
    assert "Destination: Bluesky and Spark." in told.out
    assert NEW in told.out
    assert f"    on Spark: {CAPTION[:40]}" in told.out
    (plan,) = job.tokaway("plan", job.export, *BOTH, "--json").named("plan")
    assert plan["destinations"] == ["bluesky", "spark"]
    assert [notice["code"] for notice in plan["notices"]] == ["spark_shows_as_new"]
    posts = job.tokaway("plan", job.export, *BOTH, "--json").named("plan_post")
    (long,) = [post for post in posts if post["caption"] == CAPTION.strip()]
    assert (len(long["texts"]), len(long["elsewhere"]["spark"]["texts"])) == (2, 1)
    plain = job.tokaway("plan", job.export)
    assert "Destination: Bluesky." in plain.out
    assert "Spark" not in plain.out


def test_both_at_once_and_again(job: Job) -> None:
    ended = job.run(*BOTH, "--json")
    assert ended.code == 0, ended.err
    (notice,) = [n for n in ended.named("notice") if n["code"] == "spark_shows_as_new"]
    assert ended.lines.index(notice) < ended.lines.index(ended.named("step_started")[0])
    assert published(ended) == [
        post.id for post in sorted(job.staged.public, key=lambda post: post.micros)
    ]
    assert_both(job)
    before = look(job.pds, job.account.did), listed(job, SPARK)
    for flags in (BOTH, (), ("--destination", "spark")):
        again = job.run(*flags)
        assert again.code == 0
        assert "Nothing to do: 6 of 6 chosen posts published before" in again.out
    verified = job.tokaway("verify", job.archive)
    assert verified.code == 0, verified.out
    # An archive that is lost finds both again.
    (job.archive / "archive.db").unlink()
    again = job.run(*BOTH)
    assert "6 posts found on the server already" in again.err
    assert (look(job.pds, job.account.did), listed(job, SPARK)) == before
    report = (job.archive / "report.html").read_text(encoding="utf-8")
    assert "https://sprk.so/post/" in report
    assert "https://bsky.app/profile/" in report


def test_spark_is_added_later_without_a_file_being_sent(job: Job) -> None:
    assert job.run().code == 0
    before = look(job.pds, job.account.did)
    assert listed(job, SPARK) == []
    assert "6 to publish" in job.tokaway("plan", job.archive, "--destination", "spark").out
    for original in (job.archive / "media").glob("*/original*"):
        original.unlink()
    ended = job.run("--destination", "spark", "--json", path=job.archive)
    assert ended.code == 0, ended.err
    assert {line["stage"] for line in ended.named("step_started")} == {"publish"}
    after = look(job.pds, job.account.did)
    assert (after.records, after.blobs) == (before.records, before.blobs)
    here = listed(job, SPARK)
    assert keys(first_parts(here)) == keys(first_parts(list(after.records)))
    crossposts = [one["value"]["crossposts"][0]["uri"] for one in first_parts(here)]
    assert crossposts == [record["uri"] for record in first_parts(list(after.records))]


def test_spark_alone_and_by_a_settings_file(job: Job, tmp_path: Path) -> None:
    config = tmp_path / "tokaway.toml"
    config.write_text('destination = "spark"\n', encoding="utf-8")
    assert job.run("--config", config).code == 0
    assert listed(job, COLLECTION) == []
    here = listed(job, SPARK)
    assert [len(one["value"]["media"].get("images", "v")) for one in here].count(12) == 1
    assert all("crossposts" not in one["value"] for one in here)
    assert job.tokaway("verify", job.archive).code == 0


def test_one_of_them_is_taken_back_and_stays_so(job: Job) -> None:
    assert job.run(*BOTH).code == 0
    access = ("--password-file", job.folder / "password.txt", "--yes")
    undone = job.tokaway("undo", job.archive, "--destination", "spark", *access)
    assert undone.code == 0, undone.err
    assert listed(job, SPARK) == listed(job, SPARK_GATE) == []
    assert len(first_parts(listed(job, COLLECTION))) == 6
    assert "Nothing to do" in job.run(*BOTH).out
    assert "6 not on Spark — You took it back." in job.tokaway("status", job.archive).out
    chosen = job.tokaway("posts", job.archive, job.staged.public[0].id, "--choose")
    assert chosen.code == 0, chosen.err
    assert job.run(*BOTH).code == 0
    assert len(listed(job, SPARK)) == 1
    assert job.tokaway("undo", job.archive, *access).code == 0
    assert listed(job, SPARK) == listed(job, COLLECTION) == []


def test_a_video_too_long_for_spark_is_whole_on_bluesky_and_told(
    make_job: MakeJob, tmp_path: Path
) -> None:
    staged = stage(tmp_path / "long", [Action.KEEP, Action.KEEP])
    long, short = sorted(staged.public, key=lambda post: post.micros)
    video = staged.media / long.file
    seconds = ("-f", "lavfi", "-i", "testsrc2=s=64x64:r=5:d=200")
    run(*seconds, *H264, "-g", "25", *PLAIN, "-f", "mp4", video)
    job = make_job(staged)
    why = (
        "1 not on Spark — Spark shows videos of up to 3 minutes, and this one is longer elsewhere."
    )
    # The plan can only tell once the files are here.
    assert job.run("--limit", "1", *BOTH).code == 0
    planned = job.tokaway("plan", job.archive, *BOTH)
    assert why in planned.out
    ended = job.run(*BOTH)
    assert ended.code == 0, ended.err
    assert why in ended.out
    there, here = listed(job, COLLECTION), listed(job, SPARK)
    assert [micros(key) for key in keys(there)] == [long.micros, short.micros]
    assert [micros(key) for key in keys(here)] == [short.micros]
    assert "sprk.so" not in there[0]["value"]["text"]
    assert why in job.tokaway("status", job.archive).out
    assert "Not on Spark" in (job.archive / "report.html").read_text(encoding="utf-8")
    assert "Nothing to do" in job.run(*BOTH).out
    # An archive of its own has it there in parts, beside what is on Bluesky.
    other = ("--archive", job.folder / "other.tokaway", "--destination", "spark")
    assert job.run(*other).code == 0
    here = listed(job, SPARK)
    assert [micros(key) for key in keys(here)] == [long.micros, long.micros + 1, short.micros]
    assert listed(job, COLLECTION) == there
    assert job.tokaway("verify", job.folder / "other.tokaway").code == 0


def test_an_unknown_destination_ends_before_anything_is_sent(job: Job) -> None:
    assert job.run("--destination", "myspace").code == 2
    wrong = job.tokaway("run", job.export, variables={"TOKAWAY_DESTINATIONS": "bluesky,sparc"})
    assert wrong.code == 2
    assert "Unknown destination 'sparc'" in wrong.err
    assert not job.archive.exists()
