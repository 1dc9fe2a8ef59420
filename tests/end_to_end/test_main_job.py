"""The job Tokaway is for, by the real command line against a real PDS, from the ZIP to the end."""

from __future__ import annotations

import os
import re
import signal
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from importer.model import Action, Privacy
from tests.end_to_end.command_line import Ended, JsonLine
from tests.end_to_end.conftest import Job, MakeJob
from tests.end_to_end.server_truth import assert_exactly, look, stored_anywhere
from tests.staged_export import PHOTOS, PLACE, Staged, stage

CAPTIONS = {
    0: "First loaf 🍞🔥 #baking and #sourdough, recipe: https://example.com/rye?b=1",
    1: "Schöne Grüße\naus der Küche 👩‍👩‍👧‍👦 #Brot_2019",
    3: "no tags here, 100 % rye",
}
FITS = (
    *(Action.KEEP, Action.REMUX, Action.KEEP, Action.TRANSCODE),
    *(Action.REMUX, Action.KEEP, Action.KEEP, Action.REMUX),
)
WITH_PLACE = "v0004.mp4"
ENGINE_EVENTS = frozenset(
    {"run_started", "recognised", "step_started", "step_done", "step_failed", "waiting"}
    | {"stopping", "run_finished"}
)
STAGES = ("fetch", "prepare", "publish")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
posix_only = pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")
JWT = re.compile(rb"eyJ[\w-]{8,}\.eyJ[\w-]{8,}")


def creators_posts(media: Path) -> Staged:
    """Eight public videos, two private ones and a photo post; new bytes each time."""
    made = stage(
        media, FITS, captions=CAPTIONS, private=[Privacy.ONLY_YOU, Privacy.FRIENDS], photos=1
    )
    assert PLACE in (made.media / WITH_PLACE).read_bytes()
    return made


@pytest.fixture(scope="module")
def plain_posts(tmp_path_factory: pytest.TempPathFactory) -> Staged:
    """Twelve videos without words, all sent as they are: quick, but not over in a moment."""
    return stage(tmp_path_factory.mktemp("plain"), [Action.KEEP] * 12)


@pytest.fixture
def job(make_job: MakeJob, plain_posts: Staged) -> Job:
    return make_job(plain_posts)


@dataclass(frozen=True, slots=True)
class Done:
    """A whole import, and what each command said."""

    job: Job
    json: bool
    planned: Ended
    first: Ended
    again: Ended
    status: Ended
    verified: Ended

    @property
    def all(self) -> tuple[Ended, ...]:
        return self.planned, self.first, self.again, self.status, self.verified


@pytest.fixture(scope="module", params=[False, True], ids=["words", "json"])
def done(
    request: pytest.FixtureRequest, make_job: MakeJob, tmp_path_factory: pytest.TempPathFactory
) -> Done:
    as_json = ["--json"] if request.param else []
    job = make_job(creators_posts(tmp_path_factory.mktemp("staged")))
    before = len(stored_anywhere(job.pds))
    planned = job.tokaway("plan", job.export, *as_json)
    assert planned.code == 0, planned.err
    assert job.media.requests == ()
    assert look(job.pds, job.account.did).records == ()
    assert len(stored_anywhere(job.pds)) == before
    return Done(
        job,
        bool(request.param),
        planned,
        job.run(*as_json),
        job.run(*as_json),
        job.tokaway("status", job.archive, *as_json),
        job.tokaway("verify", job.archive, *as_json),
    )


def test_plan_shows_the_posts(done: Done) -> None:
    if done.json:
        shown = {line["post"]: line for line in done.planned.named("plan_post")}
        assert shown.keys() == {post.id for post in done.job.staged.posts}
        assert {name for name, line in shown.items() if line["chosen"]} == {
            post.id for post in done.job.staged.public
        }
        assert all(shown[post.id]["caption"] == post.caption for post in done.job.staged.public)
        assert done.planned.lines[-1]["event"] == "plan"
    else:
        for post in done.job.staged.public:
            assert f"{post.posted_at:%Y-%m-%d %H:%M:%S} UTC" in done.planned.out
            assert post.caption.split("\n")[0][:50] in done.planned.out
        assert "11 posts: 9 to publish, 0 published, 2 left out." in done.planned.out
        assert "Nothing was sent." in done.planned.out


def test_run_publishes_exactly_the_public_posts(done: Done) -> None:
    assert done.first.code == 0, done.first.err
    assert_exactly(done.job.pds, done.job.account.did, done.job.staged.public)
    if not done.json:
        assert "9 of 9 chosen posts published." in done.first.out


def test_tags_and_links_are_facets(done: Done) -> None:
    truth = look(done.job.pds, done.job.account.did)
    found: dict[str, list[tuple[str, str]]] = {}
    for record in truth.records:
        text = record["value"]["text"].encode()
        for facet in record["value"].get("facets", ()):
            at = slice(facet["index"]["byteStart"], facet["index"]["byteEnd"])
            (feature,) = facet["features"]
            target = feature.get("tag") or feature["uri"]
            found.setdefault(text.decode(), []).append((text[at].decode(), target))
    assert found == {
        CAPTIONS[0]: [
            ("#baking", "baking"),
            ("#sourdough", "sourdough"),
            ("https://example.com/rye?b=1", "https://example.com/rye?b=1"),
        ],
        CAPTIONS[1]: [("#Brot_2019", "Brot_2019")],
    }


def test_the_same_command_again_does_nothing_and_says_so(done: Done) -> None:
    assert done.again.code == 0
    if done.json:
        (line,) = done.again.named("status")
        assert (line["published"], line["unfinished"]) == (9, 0)
        assert not done.again.named("step_started")
    else:
        assert "Nothing to do: 9 of 9 chosen posts published before" in done.again.out
    asked = [request.path for request in done.job.media.requests]
    assert len(asked) == len(set(asked)) == 8 + PHOTOS


def test_status_tells_where_it_stands(done: Done) -> None:
    assert done.status.code == 0
    if done.json:
        (line,) = done.status.lines
        assert line["counts"]["published"] == 9
        assert line["counts"]["skipped"] == 2
        assert line["account"]["did"] == done.job.account.did
    else:
        assert "11 posts: 9 published, 2 left out" in done.status.out


def test_verify_finds_all_right(done: Done) -> None:
    assert done.verified.code == 0
    if done.json:
        assert done.verified.lines[-1] == {
            "event": "verify",
            "records": 9,
            "wrong": 0,
            "reasons": {},
            "proved": False,
        }
        assert [line["ok"] for line in done.verified.named("verified")] == [True] * 9
    else:
        assert "9 records checked: record, files and date are right." in done.verified.out


def test_json_lines_are_whole(done: Done) -> None:
    if not done.json:
        assert not any(ended.out.lstrip().startswith("{") for ended in done.all)
        return
    lines = [line for ended in done.all for line in ended.lines]
    assert {"plan", "plan_post", "run_started", "step_done", "verified"} <= {
        line["event"] for line in lines
    }
    told = [line for line in lines if line["event"] in ENGINE_EVENTS]
    assert all(TIME.fullmatch(line["at"]) and line["run"] == 1 for line in told)
    run = done.first.lines
    assert run[0]["event"] == "run_started"
    assert run[-1]["event"] == "run_finished"
    assert (run[-1]["outcome"], run[-1]["exit"]) == ("all_published", 0)
    assert run[-1]["counts"]["published"] == 9
    assert [line["at"] for line in run] == sorted(line["at"] for line in run)
    steps = {(post.id, stage) for post in done.job.staged.public for stage in STAGES}
    for event in ("step_started", "step_done"):
        assert sorted(_steps(run, event)) == sorted(steps)
    uris = {line["uri"] for line in run if line["event"] == "step_done" and line["uri"]}
    assert uris == {record["uri"] for record in look(done.job.pds, done.job.account.did).records}


def _steps(lines: list[JsonLine], event: str) -> list[tuple[str, str]]:
    return [(line["post"], line["stage"]) for line in lines if line["event"] == event]


def test_private_posts_are_on_no_server(done: Done) -> None:
    assert len(done.job.staged.private) == 2
    asked = {request.path for request in done.job.media.requests}
    assert not asked & {f"/{file}" for post in done.job.staged.private for file in post.files}
    said = str(look(done.job.pds, done.job.account.did).records)
    assert not any(post.caption in said for post in done.job.staged.private)
    for path in stored_anywhere(done.job.pds):
        data = path.read_bytes()
        assert not any(post.marker in data for post in done.job.staged.private)


def test_no_blob_tells_a_place(done: Done) -> None:
    assert WITH_PLACE in {file for post in done.job.staged.public for file in post.files}
    for path in stored_anywhere(done.job.pds):
        assert PLACE not in path.read_bytes()


def test_secrets_are_nowhere(done: Done) -> None:
    said = [text.encode() for ended in done.all for text in (ended.out, ended.err)]
    kept = [path.read_bytes() for path in done.job.archive.rglob("*") if path.is_file()]
    assert any(b"SQLite" in data for data in kept)
    for data in (*said, *kept):
        assert done.job.password.encode() not in data
        assert not JWT.search(data)
    # The signature in a link opens the video to anybody who has it.
    told = ("run.log", "report.html")
    for data in (*said, *((done.job.archive / name).read_bytes() for name in told)):
        assert b"x-tos-signature" not in data


def test_private_posts_are_published_on_demand(make_job: MakeJob, tmp_path: Path) -> None:
    job = make_job(creators_posts(tmp_path / "staged"))
    staged = job.staged
    refused = job.run("--include-private", given="n\n")
    assert refused.code == 130
    assert look(job.pds, job.account.did).records == ()
    allowed = job.run("--include-private", "--yes")
    assert allowed.code == 0, allowed.err
    assert_exactly(job.pds, job.account.did, [*staged.public, *staged.private])


def test_private_posts_may_follow_the_public_ones(done: Done) -> None:
    """The last word about this import: tests above look at it before."""
    allowed = done.job.run("--include-private", "--yes")
    assert allowed.code == 0, allowed.err
    assert_exactly(
        done.job.pds, done.job.account.did, [*done.job.staged.public, *done.job.staged.private]
    )


def test_a_dry_run_sends_nothing(job: Job) -> None:
    dry = job.run("--dry-run")
    assert dry.code == 0, dry.err
    assert "would be sent now" in dry.out and "Nothing was sent." in dry.out
    assert look(job.pds, job.account.did).records == ()
    told = job.run("--dry-run", "--json")
    assert told.lines[-1]["outcome"] == "dry_run"
    assert told.lines[-1]["counts"]["prepared"] > 0
    assert job.run().code == 0
    assert_exactly(job.pds, job.account.did, job.staged.public)


def test_only_what_is_selected_is_published_and_the_rest_by_the_next_run(job: Job) -> None:
    days = sorted(post.posted_at.date().isoformat() for post in job.staged.public)
    planned = job.tokaway("plan", job.export, "--until", days[0], "--json")
    assert planned.code == 0, planned.err
    first = job.run("--until", days[0], "--json")
    assert (first.code, first.lines[-1]["outcome"]) == (0, "limit_reached")
    assert len(look(job.pds, job.account.did).records) == days.count(days[0])
    rest = job.run()
    assert rest.code == 0, rest.err
    assert_exactly(job.pds, job.account.did, job.staged.public)


def test_the_archive_can_be_moved(job: Job, tmp_path: Path) -> None:
    part = job.run("--limit", "5", "--json")
    assert (part.code, part.lines[-1]["outcome"]) == (0, "limit_reached")
    assert len(look(job.pds, job.account.did).records) == 5
    moved = job.archive.rename(tmp_path / "elsewhere")
    job.export.unlink()
    # The archive knows the account; the password comes another way.
    rest = job.tokaway(
        *("run", moved, "--pds", job.account.pds, "--password-file", "-"), given=job.password
    )
    assert rest.code == 0, rest.err
    assert_exactly(job.pds, job.account.did, job.staged.public)
    assert not job.archive.exists()
    checked = job.tokaway("verify", moved)
    assert checked.code == 0


@posix_only
def test_interrupted_once_it_finishes_what_is_in_hand(job: Job) -> None:
    with job.running() as run:
        run.wait_for("step_started")
        run.signal(signal.SIGINT)
        assert run.end() == 130
    told = [line["event"] for line in run.read]
    (stopping,) = (line for line in run.read if line["event"] == "stopping")
    assert stopping["at_once"] is False
    assert "step_started" not in told[told.index("stopping") :]
    assert sorted(_steps(run.read, "step_started")) == sorted(_steps(run.read, "step_done"))
    assert (run.read[-1]["outcome"], run.read[-1]["exit"]) == ("interrupted", 130)
    assert job.run().code == 0
    assert_exactly(job.pds, job.account.did, job.staged.public)


class Frozen:
    """The server stands still between `with` and its end: nothing answers, nothing is refused."""

    def __init__(self, job: Job) -> None:
        self._pid = job.pds.pid or 0

    def __enter__(self) -> None:
        os.kill(self._pid, signal.SIGSTOP)

    def __exit__(self, *_: object) -> None:
        os.kill(self._pid, signal.SIGCONT)


@posix_only
def test_interrupted_twice_it_leaves_at_once(job: Job) -> None:
    with job.running() as run:
        run.wait_for("step_started")
        with Frozen(job):
            run.wait_for("step_started", stage="publish")
            run.signal(signal.SIGINT)
            run.wait_for("stopping", at_once=False)
            run.signal(signal.SIGINT)
            asked = time.monotonic()
            run.wait_for("stopping", at_once=True)
            assert run.end() == 130
            # A call that is not answered would be waited for a whole minute.
            assert time.monotonic() - asked < 45
    assert (run.read[-1]["outcome"], run.read[-1]["exit"]) == ("interrupted", 130)
    after = job.run()
    assert after.code == 0, after.err
    assert_exactly(job.pds, job.account.did, job.staged.public)


@posix_only
def test_others_beside_a_run(job: Job) -> None:
    with job.running() as run:
        run.wait_for("step_started")
        with Frozen(job):
            run.wait_for("step_started", stage="publish")
            status = job.tokaway("status", job.archive, "--json")
            second = job.run("--json")
        assert run.end() == 0
    assert status.code == 0, status.err
    (line,) = status.lines
    assert line["unfinished"] > 0
    assert second.code == 5, second.err
    (error,) = second.lines
    assert (error["event"], error["code"], error["exit"]) == ("error", "archive_in_use", 5)
    assert error["hint"]
    assert_exactly(job.pds, job.account.did, job.staged.public)


def test_dead_links_and_a_fresh_export(job: Job) -> None:
    dead = job.write_export("dead.zip", datetime.now(UTC) - timedelta(days=1))
    archive = job.folder / "mine"
    first = job.run("--archive", archive, "--json", path=dead)
    assert first.code == 1
    failed = first.named("step_failed")
    assert len(failed) == len(job.staged.public)
    assert {(line["code"], line["milestone"], line["retry_at"]) for line in failed} == {
        ("link_expired", "failed", None)
    }
    assert all("fresh export" in line["hint"] for line in failed)
    assert (first.lines[-1]["outcome"], first.lines[-1]["exit"]) == ("some_failed", 1)
    told = job.tokaway("status", archive)
    assert "12 failed" in told.out and "fresh export" in told.out
    assert look(job.pds, job.account.did).records == ()
    again = job.run("--archive", archive, path=dead)
    assert again.code == 1
    fresh = job.run("--archive", archive, path=job.write_export("fresh.zip"))
    assert fresh.code == 0, fresh.out + fresh.err
    assert "12 with fresher links" in fresh.err
    assert_exactly(job.pds, job.account.did, job.staged.public)


def test_posts_are_told_apart(done: Done) -> None:
    """What the tests above lean on: shared seconds, and bytes that differ."""
    staged = done.job.staged
    assert any(post.ordinal for post in staged.public)
    assert any(post.ordinal for post in staged.private)
    bytes_of = [(staged.media / file).read_bytes() for post in staged.posts for file in post.files]
    assert len(set(bytes_of)) == len(bytes_of) == 10 + PHOTOS
