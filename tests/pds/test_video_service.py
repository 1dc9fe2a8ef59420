"""The client of video services, against the stand-in and the real PDS."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from importer.errors import Refused, SignInNeeded, Stopped, TryLater
from importer.pds.authorization import Bearer
from importer.pds.video_parts import PARTS_AT_ONCE
from importer.pds.video_service import NoVideoService
from importer.pds.xrpc import TRIES
from importer.step import Step
from tests.breaking_proxy import Breakage
from tests.pds.conftest import (
    ABORT,
    FINISH,
    JOB,
    LIMITS,
    PART,
    START,
    STATUS,
    TOKEN,
    WHOLE,
    Bench,
)
from tests.stages.conftest import CLIP


def test_a_video_goes_up_in_parts(bench: Bench) -> None:
    step = Step()
    blob = bench.upload(step)
    assert blob["ref"] == {"$link": bench.made}
    assert bench.stand_in.received == bench.file.bytes
    assert len(bench.proxy.statuses(PART)) == -(-bench.file.bytes // 5_000) > 3
    assert bench.proxy.statuses(JOB) == [200] * 4
    assert not bench.stand_in.open_uploads


def test_what_was_finished_is_not_sent_again(bench: Bench) -> None:
    assert bench.upload() == bench.upload()
    assert bench.stand_in.received == bench.file.bytes
    assert bench.proxy.statuses(START) == [200]


def test_parts_go_up_side_by_side(bench: Bench) -> None:
    together = threading.Barrier(PARTS_AT_ONCE, timeout=30)
    for _ in range(PARTS_AT_ONCE):
        bench.proxy.before(PART, together.wait)
    bench.upload()
    assert not together.broken


@pytest.mark.parametrize("fault", [*Breakage])
@pytest.mark.parametrize("method", [START, PART, FINISH, STATUS, JOB, WHOLE, TOKEN])
def test_each_call_may_break(bench: Bench, method: str, fault: Breakage) -> None:
    bench.stand_in.knows_parts = method != WHOLE
    bench.proxy.rate_limit_seconds = bench.pds.rate_limit_seconds = 1
    if method == STATUS:
        # It is asked once the answer to this is lost.
        bench.proxy.breakage(FINISH, Breakage.RESET, times=TRIES)
    (bench.pds if method == TOKEN else bench.proxy).breakage(method, fault)
    for _ in range(3):
        try:
            blob = bench.upload()
            break
        except TryLater:
            continue
    broken = (bench.pds if method == TOKEN else bench.proxy).calls(method)
    assert fault in [call.fault for call in broken]
    assert blob["ref"] == {"$link": bench.made}
    assert not bench.stand_in.open_uploads or method == START
    assert sum(bench.stand_in.taken.values()) == 1


@pytest.mark.parametrize("fault", [*Breakage])
def test_the_end_of_an_upload_may_break(bench: Bench, fault: Breakage) -> None:
    bench.proxy.rate_limit_seconds = 1
    stop = threading.Event()
    bench.proxy.before(PART, stop.set)
    bench.proxy.breakage(ABORT, fault)
    with pytest.raises(Stopped):
        bench.upload(Step(stop))
    assert fault in [call.fault for call in bench.proxy.calls(ABORT)]
    bench.upload()
    assert not bench.stand_in.open_uploads
    assert sum(bench.stand_in.taken.values()) == 1


@pytest.mark.parametrize("fault", [*Breakage])
def test_the_question_for_the_quota_may_break(bench: Bench, fault: Breakage) -> None:
    bench.proxy.rate_limit_seconds = 1
    bench.proxy.breakage(LIMITS, fault)
    quota = None
    for _ in range(2):
        try:
            quota = bench.client.quota()
            break
        except TryLater:
            continue
    assert fault in [call.fault for call in bench.proxy.calls(LIMITS)]
    assert quota and quota.videos == 25


@pytest.mark.parametrize("methods", [[START], [PART], [FINISH, STATUS]])
def test_a_line_that_stays_broken_leaves_an_upload_to_go_on_with(
    bench: Bench, methods: list[str]
) -> None:
    for method in methods:
        # Several parts are under way at once.
        bench.proxy.breakage(method, Breakage.RESET, times=TRIES * (5 if method == PART else 1))
    with pytest.raises(TryLater):
        bench.upload()
    bench.proxy.calm()
    bench.upload()
    assert sum(bench.stand_in.taken.values()) == 1
    assert bench.stand_in.received <= 1.05 * bench.file.bytes + 3 * 5_000


def test_a_stop_gives_the_share_back(bench: Bench) -> None:
    stop = threading.Event()
    bench.proxy.before(FINISH, stop.set)
    with pytest.raises(Stopped):
        bench.upload(Step(stop))
    # It was finished before it could be stopped: the next run takes what came of it.
    assert not bench.stand_in.open_uploads
    bench.upload()
    assert bench.stand_in.received == bench.file.bytes


def test_a_stop_under_way_ends_the_upload(bench: Bench) -> None:
    stop = threading.Event()
    bench.proxy.before(PART, stop.set)
    with pytest.raises(Stopped):
        bench.upload(Step(stop))
    assert not bench.stand_in.open_uploads
    bench.upload()


def test_a_stop_that_the_service_did_not_hear_is_gone_on_from(bench: Bench) -> None:
    stop = threading.Event()
    bench.proxy.before(PART, stop.set)
    bench.proxy.breakage(ABORT, Breakage.RESET, times=TRIES)
    with pytest.raises(Stopped):
        bench.upload(Step(stop))
    (job,) = bench.stand_in.open_uploads
    bench.upload()
    assert list(bench.stand_in.uploads) == [job]
    assert not bench.stand_in.open_uploads


@pytest.mark.parametrize(
    ("refusal", "is_over"),
    [
        ("UploadNotFound", True),
        ("UploadExpired", True),
        ("UploadAborted", True),
        ("UploadFailed", True),
        ("UploadAlreadyCompleted", True),
        ("Forbidden", False),
        ("MethodNotImplemented", False),
    ],
)
def test_an_end_that_is_refused_counts_only_if_there_is_nothing_to_end(
    bench: Bench, refusal: str, is_over: bool
) -> None:
    stop = threading.Event()
    bench.proxy.before(PART, stop.set)
    bench.stand_in.instead["abortUpload"] = 400, {"error": refusal}
    with pytest.raises(Stopped):
        bench.upload(Step(stop))
    (job,) = bench.stand_in.open_uploads
    assert bench.known.job == ("" if is_over else job)
    bench.upload()
    assert len(bench.stand_in.uploads) == (2 if is_over else 1)


def test_a_service_may_take_a_while_to_put_the_parts_together(bench: Bench) -> None:
    bench.stand_in.finishing_looks = 3
    blob = bench.upload()
    assert blob["ref"] == {"$link": bench.made}
    assert len(bench.proxy.statuses(STATUS)) == 3
    assert bench.stand_in.received == bench.file.bytes


def test_an_upload_that_is_being_finished_is_waited_for_by_the_next_run(bench: Bench) -> None:
    bench.stand_in.finishing_looks = 3
    bench.proxy.breakage(STATUS, Breakage.RESET, times=TRIES)
    with pytest.raises(TryLater):
        bench.upload()
    bench.upload()
    assert list(bench.stand_in.uploads) == [bench.known.job]
    assert bench.stand_in.received == bench.file.bytes


def test_an_end_that_is_refused_with_all_parts_there_is_not_asked_for_again(bench: Bench) -> None:
    bench.stand_in.instead["finishUpload"] = 400, {"error": "UploadForbidden"}
    with pytest.raises(SignInNeeded) as caught:
        bench.upload()
    assert caught.value.code == "upload_forbidden"
    assert bench.proxy.statuses(FINISH) == [400]
    assert not bench.stand_in.open_uploads


@pytest.mark.parametrize("fault", [Breakage.EXPIRED_TOKEN, Breakage.DROP_ANSWER, Breakage.RESET])
def test_an_end_that_breaks_sends_no_part_again(bench: Bench, fault: Breakage) -> None:
    bench.proxy.breakage(FINISH, fault, times=2)
    bench.upload()
    assert bench.stand_in.received == bench.file.bytes
    assert bench.proxy.statuses(START) == [200]


@pytest.mark.parametrize("looks", [0, 2])
@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("encoding_failure", "encoding_failure"),
        ("User has exceeded daily upload bytes limit", "video_quota"),
        ("", "video_service"),
    ],
)
def test_an_upload_that_fails_while_it_is_finished(
    bench: Bench, reason: str, code: str, looks: int
) -> None:
    bench.stand_in.finishing_looks, bench.stand_in.finish_failures = looks, [reason]
    with pytest.raises(TryLater) as caught:
        bench.upload()
    assert caught.value.code == code
    assert not bench.stand_in.open_uploads
    bench.upload()
    assert bench.proxy.statuses(START) == [200, 200]


def test_an_upload_that_ended_meanwhile_is_begun_anew(bench: Bench) -> None:
    bench.proxy.breakage(FINISH, Breakage.RESET, times=TRIES)
    bench.proxy.breakage(STATUS, Breakage.RESET, times=TRIES)
    with pytest.raises(TryLater):
        bench.upload()
    bench.stand_in.now = lambda: datetime.now(UTC) + timedelta(hours=2)
    bench.upload()
    assert bench.proxy.statuses(START) == [200, 200]


def test_where_there_is_no_service(bench: Bench) -> None:
    bench.stand_in.is_there = False
    with pytest.raises(NoVideoService):
        bench.upload()
    with pytest.raises(NoVideoService):
        bench.client.quota()


def test_the_quota_is_told_and_obeyed(bench: Bench) -> None:
    bench.stand_in.videos_a_day = 1
    quota = bench.client.quota()
    assert quota and quota.videos == 1
    bench.upload()
    with pytest.raises(TryLater) as caught:
        bench.client.quota()
    assert caught.value.code == "video_quota" and caught.value.whole_stage
    bench.note.remove()
    bench.path.write_bytes(CLIP.read_bytes() + b"\0\0\0\x08free")
    with pytest.raises(TryLater) as caught:
        bench.upload()
    assert caught.value.code == "video_quota"


@pytest.mark.parametrize("knows_parts", [True, False])
def test_bytes_have_a_quota_too(bench: Bench, knows_parts: bool) -> None:
    bench.stand_in.knows_parts = knows_parts
    bench.stand_in.bytes_a_day = bench.file.bytes
    quota = bench.client.quota()
    assert quota and quota.bytes == bench.file.bytes
    bench.upload()
    with pytest.raises(TryLater, match="no more bytes") as caught:
        bench.client.quota()
    assert caught.value.code == "video_quota" and caught.value.whole_stage
    bench.note.remove()
    bench.path.write_bytes(CLIP.read_bytes() + b"\0\0\0\x08free")
    with pytest.raises(TryLater, match="no more bytes"):
        bench.upload()


@pytest.mark.parametrize("knows_parts", [True, False])
@pytest.mark.parametrize(("status", "is_all"), [(400, False), (404, False), (403, True)])
def test_a_job_that_nobody_knows_is_the_trouble_of_its_video_only(
    bench: Bench, knows_parts: bool, status: int, is_all: bool
) -> None:
    bench.stand_in.knows_parts = knows_parts
    bench.stand_in.instead["getJobStatus"] = status, {"error": "JobNotFound"}
    with pytest.raises(TryLater) as caught:
        bench.upload()
    assert len(bench.proxy.calls(JOB)) > 50
    assert (caught.value.whole_stage, caught.value.unreachable) == (is_all, is_all)
    # What is not known any more is not asked for again, and the file goes anew.
    assert bool(bench.known.completed) is is_all


@pytest.mark.parametrize(
    ("failure", "error"), [("encoding_failure", TryLater), ("validation_failure", Refused)]
)
def test_a_job_that_fails(bench: Bench, failure: str, error: type[Exception]) -> None:
    bench.stand_in.fail_next = [failure]
    with pytest.raises(error):
        bench.upload()
    bench.upload()
    assert sum(bench.stand_in.taken.values()) == 2


def test_a_token_that_ends_is_made_anew(bench: Bench) -> None:
    token = bench.client._token
    token._value, token._ends = Bearer("rubbish"), datetime.now(UTC) + timedelta(hours=1)
    bench.upload()
    assert 401 in bench.proxy.statuses(START)
