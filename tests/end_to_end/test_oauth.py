"""An import by a sign-in in a browser: renewed on the way, taken back, and gone on with."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from importer.model import Action
from importer.pds.kept_sessions import KeptSessions
from importer.pds.oauth import AuthorizationServer, issuer_for
from importer.pds.session import Session
from importer.pds.xrpc import Server
from tests.breaking_proxy import Breakage
from tests.browser import BrowserThread
from tests.conftest import Doorway
from tests.crash.mortal import DRIVER
from tests.end_to_end.command_line import Ended
from tests.end_to_end.conftest import Job, MakeJob
from tests.end_to_end.server_truth import assert_exactly, look
from tests.person import Person, consented
from tests.staged_export import stage
from tests.video_stand_in import VideoStandIn

FITS = (Action.KEEP, Action.REMUX, Action.KEEP)
TOKEN = "/oauth/token"
UPLOAD = "com.atproto.repo.uploadBlob"
PUT = "com.atproto.repo.putRecord"


@pytest.fixture
def job(make_job_at_doorway: MakeJob, doorway: Doorway, tmp_path: Path) -> Job:
    doorway.proxy.forget()
    return make_job_at_doorway(stage(tmp_path / "staged", FITS, photos=1))


@pytest.fixture
def person(browser: BrowserThread, job: Job) -> Iterator[Person]:
    with Person(browser, job.password) as one:
        yield one


def there(job: Job) -> tuple[str, ...]:
    return ("--to", job.account.handle, "--pds", job.account.pds)


def sign_in(job: Job, person: Person) -> None:
    login = ("login", job.account.handle, "--browser", "--pds", job.account.pds, "--json")
    with job.tokaway.running(*login) as running:
        person.allow(running.wait_for("sign_in_page")["url"])
        told = running.wait_for("login")
        assert running.end() == 0
    assert told["did"] == job.account.did and told["ends_at"]


def run(job: Job, *flags: str) -> Ended:
    return job.tokaway("run", job.export, *there(job), "--json", "--pace", "0", *flags)


def test_a_whole_import_with_renewals_in_the_middle(
    job: Job, person: Person, doorway: Doorway
) -> None:
    sign_in(job, person)
    proxy = doorway.proxy
    renewed_before = proxy.statuses(TOKEN).count(200)
    proxy.breakage(UPLOAD, Breakage.EXPIRED_TOKEN, after=1)
    proxy.breakage(PUT, Breakage.EXPIRED_TOKEN, after=2)
    done = run(job)
    assert done.code == 0, done.err
    # Two calls at once that are refused share one renewal.
    assert renewed_before < proxy.statuses(TOKEN).count(200) <= renewed_before + 2
    assert_exactly(job.pds, job.account.did, job.staged.posts)
    for command in (("verify",), ("update",), ("undo", "--yes")):
        ended = job.tokaway(command[0], job.archive, *there(job)[2:], *command[1:], "--json")
        assert ended.code == 0, ended.err
    assert look(job.pds, job.account.did).records == ()


def test_through_a_video_service(job: Job, person: Person, doorway: Doorway) -> None:
    sign_in(job, person)
    with VideoStandIn(job.pds.plc_url, job.pds.did, job.pds.url) as service:
        service.encodes = False
        done = run(job, "--upload", "service", "--video-service", service.url)
        assert done.code == 0, done.err
        assert service.tokens
    assert len(look(job.pds, job.account.did).records) == len(job.staged.posts)


def test_a_grant_that_is_taken_back_in_the_middle(
    job: Job, person: Person, doorway: Doorway, connect: Callable[[str], Server]
) -> None:
    sign_in(job, person)
    (file,) = (job.folder / "home").rglob("sessions/*.json")
    kept = KeptSessions(file.parents[1])

    def take_back() -> None:
        """As in the account's settings."""
        tokens = kept.load(job.account.did)
        Session(connect(job.account.pds), job.account.did, None, tokens=tokens).close()

    doorway.proxy.before(PUT, lambda: None)
    doorway.proxy.before(PUT, take_back)
    ended = run(job)
    assert ended.code == 3, ended.err
    assert 0 < len(look(job.pds, job.account.did).records) < len(job.staged.posts)
    (told,) = ended.named("error")
    assert told["code"] == "session_ended"
    assert "it was taken back" in told["text"] and "Nothing is lost" in told["text"]
    assert f"tokaway login {job.account.handle} --browser" in told["hint"]
    sign_in(job, person)
    again = run(job)
    assert again.code == 0, again.err
    assert_exactly(job.pds, job.account.did, job.staged.posts)


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_it_dies_between_a_renewal_and_keeping_it(
    job: Job, person: Person, doorway: Doorway
) -> None:
    sign_in(job, person)
    doorway.proxy.breakage(PUT, Breakage.EXPIRED_TOKEN, after=1)
    command: tuple[str | Path, ...] = ("run", job.export, *there(job), "--json", "--pace", "0")
    read, write = os.pipe()
    program = (*DRIVER, str(write), "renewed-not-kept", "--")
    died = job.tokaway(*command, program=program, pass_fds=[write])
    os.close(read)
    os.close(write)
    assert died.code == -signal.SIGKILL, died.err
    ended = job.tokaway(*command)
    assert ended.code == 3
    (told,) = ended.named("error")
    assert told["code"] == "session_ended"
    assert "the answer to its last renewal was lost" in told["text"]
    sign_in(job, person)
    assert job.tokaway(*command).code == 0
    assert_exactly(job.pds, job.account.did, job.staged.posts)


def test_the_browser_is_on_another_machine(job: Job, person: Person) -> None:
    login = ("login", job.account.handle, "--paste", "--pds", job.account.pds, "--json")
    with job.tokaway.running(*login, hears=True) as running:
        page = running.wait_for("sign_in_page")
        running.tell(person.allow_elsewhere(page["url"]))
        assert running.wait_for("login")["did"] == job.account.did
        assert running.end() == 0
    (told,) = job.tokaway("logout", "--json").named("logout")
    assert told["ended"] is True


def test_nobody_consents(job: Job, person: Person) -> None:
    login = ("login", job.account.handle, "--browser", "--pds", job.account.pds, "--json")
    with job.tokaway.running(*login) as running:
        person.refuse(running.wait_for("sign_in_page")["url"])
        told = running.wait_for("error")
        assert running.end() == 3
    assert told["code"] == "not_allowed"
    assert run(job).code == 3


def test_a_grant_that_permits_too_little_is_found_out_before_anything_is_sent(
    job: Job, person: Person, doorway: Doorway
) -> None:
    sign_in(job, person)
    (file,) = (job.folder / "home").rglob("sessions/*.json")
    with closing(AuthorizationServer(issuer_for(job.account.pds))) as authority:
        scope = "atproto repo:app.bsky.feed.post?action=create blob:image/*"
        tokens = consented(authority, job.account, scope, person.allow)
    KeptSessions(file.parents[1]).save(tokens)
    ended = run(job)
    assert ended.code == 3
    (told,) = ended.named("error")
    assert told["code"] == "not_permitted"
    for lacking in ("to write app.bsky.feed.post,", "to upload video files"):
        assert lacking in told["text"]
    assert "--browser" in told["hint"]
    assert doorway.proxy.calls(UPLOAD) == doorway.proxy.calls(PUT) == []


def test_the_end_of_the_two_weeks_is_told_in_time(job: Job, person: Person) -> None:
    sign_in(job, person)
    (file,) = (job.folder / "home").rglob("sessions/*.json")
    kept = KeptSessions(file.parents[1])
    tokens = kept.load(job.account.did)
    assert tokens and tokens.grant
    soon = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    kept.save(replace(tokens, grant=replace(tokens.grant, ends_at=soon)))
    ended = job.tokaway("run", job.export, *there(job), "--pace", "0")
    assert ended.code == 0
    assert "The sign-in in the browser ends on" in ended.err
    assert f"tokaway login {job.account.handle} --browser" in ended.err
