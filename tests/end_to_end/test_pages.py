"""Pages of the documents, done as they say by somebody who types each of their examples."""

from __future__ import annotations

import csv
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from importer.archive.view import ArchiveView
from importer.model import Action, Long
from importer.records.profile import COLLECTION
from tests.browser import BrowserThread
from tests.captions.page_server import PageServer, post, profile_page, trusting
from tests.end_to_end.command_line import ROOT, SECONDS
from tests.end_to_end.conftest import Job, MakeJob
from tests.end_to_end.server_truth import assert_exactly
from tests.end_to_end.typist import HANDLE, Typist
from tests.examples import blocks
from tests.media.photo_samples import sample
from tests.person import Person
from tests.staged_export import stage
from tests.tui.terminal import Terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="examples for a shell")
EXPORT = "TikTok_Data_1767225600.zip"
ARCHIVE = "TikTok_Data_1767225600.tokaway"
POST = "20240131T235959"
CREATOR = "ada.bakes.demo"
# Whose examples other tests run.
ELSEWHERE = {
    "batch.md": "tests/batch/test_page.py",
    "first-import.md": "tests/test_docs_examples.py",
    "python.md": "tests/test_docs_examples.py",
    "releasing.md": "tests/test_wheel.py",
    "unattended.md": "tests/end_to_end/test_unattended.py",
}
# What `--help` shows: tests/test_docs_examples.py reads it, tests/test_wheel.py tries each command.
OF_HELP = {"commands.md"}


def scripts(page: str) -> list[str]:
    """What the examples of a page type, in order."""
    return [block.script for block in blocks("sh", "console") if block.page.name == page]


@pytest.fixture
def job(make_job: MakeJob, tmp_path: Path) -> Job:
    made = make_job(stage(tmp_path / "staged", [Action.KEEP] * 2))
    made.write_export(EXPORT)
    return made


def typing(job: Job) -> Typist:
    """Somebody with an export, whose archive is made beside it, and with a setting or two."""
    os.mkfifo(job.folder / "address")
    return Typist(
        job,
        {"ARCHIVE": ARCHIVE, "EXPORT": EXPORT, POST: job.staged.posts[0].id},
        answers=["tokaway update", "tokaway undo", "tokaway profile .*--password-file"],
        variables={
            "BROWSER": str(job.folder / "bin" / "browser"),
            "TOKAWAY_TO": job.account.handle,
            "TOKAWAY_PACE": "0",
            "TOKAWAY_PLC": job.pds.plc_url,
        },
        # What it is asked to open is read by the test.
        programs={"browser": f'printf %s "$1" > {job.folder / "address"}'},
    )


@pytest.fixture
def person(job: Job) -> Typist:
    return typing(job)


def view(job: Job) -> ArchiveView:
    return ArchiveView.open(job.folder / ARCHIVE)


def test_each_page_with_examples_is_done_by_a_test() -> None:
    pages = {block.page.name for block in blocks("sh", "console", "python")} - OF_HELP
    here = {f"{name.removeprefix('test_').replace('_', '-')}.md" for name in globals()}
    assert {name for name in pages - set(ELSEWHERE) if name.lower() not in here} == set()
    assert {test for test in ELSEWHERE.values() if not (ROOT / test).exists()} == set()


def test_readme(job: Job, person: Typist) -> None:
    demo, plan, publish, _ = scripts("README.md")
    assert demo.endswith(".venv/bin/tokaway demo\n")  # tests/test_wheel.py runs it
    assert "2 to publish" in person.types(plan)
    told = person.types(publish)
    assert "Signed in" in told and "2 of 2 chosen posts published." in told
    assert_exactly(job.pds, job.account.did, job.staged.public)


def test_get_your_data(job: Job, person: Typist) -> None:
    (plan, again) = scripts("get-your-data.md")
    dead = datetime.now(UTC) - timedelta(days=1)
    job.write_export(EXPORT, expires_at=dead)
    assert "2 posts" in person.types(plan)
    job.write_export("NEW.zip")
    assert "2 of 2 chosen posts published." in person.types(again.replace("DIR", ARCHIVE))
    assert_exactly(job.pds, job.account.did, job.staged.public)


def test_exit_codes(job: Job, person: Typist) -> None:
    (until_all_is_published,) = scripts("exit-codes.md")
    job.write_export("my-export.zip")
    person.types(until_all_is_published)
    assert_exactly(job.pds, job.account.did, job.staged.public)


def test_captions(job: Job, person: Typist, tmp_path: Path) -> None:
    of_files, online, to_table, from_table = scripts("captions.md")
    first, second = job.staged.posts
    person.types(f"tokaway plan {EXPORT}")
    folder = job.folder / "FOLDER"
    folder.mkdir()
    shutil.copyfile(job.staged.media / first.file, folder / "film.mp4")
    info = {"extractor_key": "TikTok", "timestamp": int(first.posted_at.timestamp())}
    info |= {"id": str(int(first.posted_at.timestamp()) - 8 << 32), "description": "Of a file"}
    (folder / "film.info.json").write_text(json.dumps(info), encoding="utf-8")
    person.types(of_files)

    at = int(second.posted_at.timestamp())
    here = post(1, "Of the page", id=str(at - 7 << 32), createTime=at)
    here["author"]["uniqueId"] = CREATOR
    with PageServer(tmp_path, [here]) as pages:
        pages.answers[f"/@{CREATOR}"] = profile_page(1)
        person.types(online, trusting(pages, tmp_path / "site"))
    person.types(to_table)
    table = job.folder / "posts.csv"
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["caption"] for row in rows] == ["Of a file", "Of the page"]
    rows[0]["caption"] = "Of mine"
    with table.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    person.types(from_table)
    with view(job) as archive:
        assert [one.caption for one in archive.posts()] == ["Of mine", "Of the page"]


def test_media(job: Job, person: Typist) -> None:
    (trim,) = scripts("media.md")
    person.types(f"tokaway plan {EXPORT}")
    person.types(trim)
    with view(job) as archive:
        assert [one.long for one in archive.posts()] == [Long.TRIM, None]


def test_settings(job: Job, person: Typist) -> None:
    (show,) = scripts("settings.md")
    person.types(f"tokaway plan {EXPORT}")
    assert "wait" in person.types(show)


def test_profile(job: Job, person: Typist) -> None:
    both, picture = scripts("profile.md")
    person.types(f"tokaway plan {EXPORT}")
    person.types(both)
    shutil.copyfile(sample(job.folder, "photo.heic"), job.folder / "picture.heic")
    person.types(picture)
    (profile,) = records(job, COLLECTION)
    assert profile["displayName"] == "Ada Bakes" and profile["avatar"]["mimeType"] == "image/jpeg"


def records(job: Job, collection: str) -> list[dict[str, Any]]:
    """What stands in the account."""
    asked = {"repo": job.account.did, "collection": collection}
    there = f"{job.account.pds}/xrpc/com.atproto.repo.listRecords"
    told = httpx.get(there, params=asked).raise_for_status().json()["records"]
    return [one["value"] for one in told]


def test_publishing(make_job_at_doorway: MakeJob, browser: BrowserThread, tmp_path: Path) -> None:
    plan, login, by_browser, update, undo, prove = scripts("publishing.md")
    job = make_job_at_doorway(stage(tmp_path / "staged", [Action.KEEP] * 2))
    job.write_export(EXPORT)
    first, _ = job.staged.posts
    person = typing(job)
    person.types(f"tokaway plan {EXPORT}")
    assert "2 to publish" in person.types(plan)
    with Person(browser, job.password) as visitor, ThreadPoolExecutor(1) as beside:
        signing_in = beside.submit(person.types, by_browser)
        visitor.allow(opened(job))
        assert "Signed in" in signing_in.result()
    assert "Signed in" in person.types(login)
    person.types(f"tokaway run {ARCHIVE} --limit 1\ntokaway run {ARCHIVE} --dry-run")
    assert "2 of 2 chosen posts published." in person.types(f"tokaway run {ARCHIVE}")
    assert "signed all of it" in person.types(prove)
    person.types(f"tokaway posts {ARCHIVE} {first.id} --labels graphic-media")
    assert "1 post brought up to date." in person.types(update)
    person.types(undo)
    assert stand(job) == (1, 0)


def opened(job: Job) -> str:
    """The address that the person's browser is asked to open, once it is."""
    # Open for both ends, so that opening it waits for nobody.
    pipe = os.open(job.folder / "address", os.O_RDWR)
    try:
        assert select.select([pipe], [], [], SECONDS)[0], "nothing was opened"
        return os.read(pipe, select.PIPE_BUF).decode()
    finally:
        os.close(pipe)


def test_spark(job: Job, person: Typist) -> None:
    both, alone, undo = scripts("spark.md")
    person.types(f"tokaway plan {EXPORT}")
    person.types(f"tokaway login {HANDLE}")
    person.types(both)
    assert stand(job) == (2, 2)
    person.types(undo)
    assert stand(job) == (2, 0)
    person.types(alone)
    assert stand(job) == (2, 2)


def stand(job: Job) -> tuple[int, ...]:
    """How many posts stand on Bluesky, and on Spark."""
    return tuple(len(records(job, one)) for one in ("app.bsky.feed.post", "so.sprk.feed.post"))


def test_ui(job: Job, person: Typist, tmp_path: Path) -> None:
    here, in_a_browser = scripts("ui.md")
    with Terminal(("/bin/sh", "-c", here), person.environment(), (100, 30)) as terminal:
        terminal.until("Try the demo")
        terminal.press("\x11")
        assert terminal.ended() == os.EX_OK
    with Terminal(("/bin/sh", "-c", in_a_browser), person.environment(), (100, 30)) as terminal:
        page = httpx.get(opened(job), follow_redirects=True)
        assert "text/html" in page.headers["content-type"] and page.status_code == httpx.codes.OK
        os.killpg(terminal.process.pid, signal.SIGINT)
        terminal.ended()


def test_translating(tmp_path: Path) -> None:
    begin, to_the_end = scripts("translating.md")
    shutil.copytree(ROOT / "tui" / "locale", tmp_path / "tui" / "locale")
    programs = Path(sys.executable).parent
    script = f"{begin}{to_the_end}".replace("LANGUAGE=nl .venv/bin/tokaway ui", "")
    subprocess.run(
        ["/bin/sh", "-ec", script.replace(".venv/bin/", f"{programs}/")],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    assert (tmp_path / "tui" / "locale" / "nl" / "LC_MESSAGES" / "tokaway.mo").exists()
