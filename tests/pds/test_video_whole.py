"""The way of whole files into a video service: when it is taken, and what is heard there."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from importer.errors import Refused, Stopped, TokawayError, TryLater
from importer.pds.video_service import NoVideoService
from importer.step import Step
from tests.pds.conftest import JOB, PART, START, WHOLE, Bench

SENTENCE = "User has exceeded daily upload videos limit"


def named(error: str, message: str = "") -> dict[str, Any]:
    return {"error": error, "message": message}


def of_no_job(error: str) -> dict[str, Any]:
    return {"did": "", "error": error, "jobId": "", "state": ""}


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, "MultipartDisabled"), (400, "InvalidRequest"), (404, "NotFound"), (501, "Whatever")],
)
def test_a_service_that_takes_no_parts_gets_the_whole_file(
    bench: Bench, status: int, error: str
) -> None:
    bench.stand_in.instead["startUpload"] = status, named(error, "Not at the moment")
    blob = bench.upload()
    assert blob["ref"] == {"$link": bench.made}
    assert bench.proxy.statuses(START) == [status]
    assert bench.proxy.statuses(WHOLE) == [200]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        *(
            (400, named(error))
            for error in (
                *("UnsupportedContentType", "VideoTooLarge", "VideoTooLong", "BadAspectRatio"),
                *("DailyLimitExceeded", "TooManyOpenUploads", "UploadForbidden"),
                "ServiceOverloaded",
            )
        ),
        (400, named("InvalidRequest", SENTENCE)),
        (401, named("BadJwt")),
        (403, named("Forbidden")),
    ],
)
def test_a_refusal_of_the_video_or_the_account_is_not_gone_round(
    bench: Bench, status: int, body: dict[str, Any]
) -> None:
    bench.stand_in.instead["startUpload"] = status, body
    with pytest.raises(TokawayError):
        bench.upload()
    assert not bench.proxy.calls(WHOLE)


def test_a_service_that_knows_parts_only_is_one(bench: Bench) -> None:
    bench.stand_in.instead["startUpload"] = 400, named("TooSquare")
    bench.stand_in.instead["uploadVideo"] = 501, named("MethodNotImplemented")
    with pytest.raises(TryLater, match="did not take the video: TooSquare"):
        bench.upload()
    bench.stand_in.instead["startUpload"] = 501, named("MethodNotImplemented")
    with pytest.raises(NoVideoService):
        bench.upload()


@pytest.mark.parametrize("status", [200, 400, 409])
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"jobStatus": of_no_job("unconfirmed_email")}, "email_unconfirmed"),
        (of_no_job("unconfirmed_email"), "email_unconfirmed"),
        ({"jobStatus": of_no_job(SENTENCE)}, "video_quota"),
        ({"jobStatus": of_no_job("Error")} | named("Error", SENTENCE), "video_quota"),
        ({"jobStatus": of_no_job("server_error")}, "video_service"),
        ({"jobStatus": of_no_job("")}, "video_service"),
        ({}, "video_service"),
    ],
)
def test_a_refusal_is_heard_in_every_shape(
    bench: Bench, status: int, body: dict[str, Any], code: str
) -> None:
    bench.stand_in.knows_parts = False
    bench.stand_in.instead["uploadVideo"] = status, body
    with pytest.raises(TokawayError) as caught:
        bench.upload()
    assert caught.value.code == code
    assert not bench.proxy.calls(JOB)
    assert not bench.known.completed


@pytest.mark.parametrize("status", [200, 409])
@pytest.mark.parametrize("is_wrapped", [False, True])
def test_a_file_that_is_there_already_is_taken_in_every_shape(
    bench: Bench, status: int, is_wrapped: bool
) -> None:
    bench.stand_in.knows_parts = False
    blob = bench.upload()
    (job,) = bench.stand_in.jobs
    bench.note.remove()
    told = named("already_exists", "Video already processed") | {
        "did": "",
        "jobId": job,
        "state": "JOB_STATE_COMPLETED",
    }
    bench.stand_in.instead["uploadVideo"] = status, {"jobStatus": told} if is_wrapped else told
    assert bench.upload() == blob


def test_the_same_file_is_made_once(bench: Bench) -> None:
    bench.stand_in.knows_parts = False
    blob = bench.upload()
    assert blob["ref"] == {"$link": bench.made}
    bench.note.remove()
    # It says "already_exists", with 409, and means yes.
    assert bench.upload() == blob
    assert bench.proxy.statuses(WHOLE) == [200, 409]
    assert sum(bench.stand_in.taken.values()) == 1


def test_a_blob_needs_no_job(bench: Bench) -> None:
    bench.stand_in.knows_parts = False
    blob = bench.upload()
    bench.note.remove()
    bench.stand_in.instead["uploadVideo"] = 200, {"jobStatus": {"jobId": "", "blob": blob}}
    asked = len(bench.proxy.calls(JOB))
    assert bench.upload() == blob
    assert len(bench.proxy.calls(JOB)) == asked
    assert not bench.proxy.calls(PART)


def stopped_while_it_is_encoded(bench: Bench) -> None:
    bench.stand_in.knows_parts = False
    stop = threading.Event()
    bench.proxy.before(JOB, stop.set)
    with pytest.raises(Stopped):
        bench.upload(Step(stop))


def test_what_is_encoded_is_noted_before_it_is_waited_for(bench: Bench) -> None:
    stopped_while_it_is_encoded(bench)
    assert [bench.known.completed] == list(bench.stand_in.jobs)
    blob = bench.upload()
    assert blob["ref"] == {"$link": bench.made}
    assert bench.stand_in.received == bench.file.bytes


@pytest.mark.parametrize(
    ("failure", "error"), [("encoding_failure", TryLater), ("validation_failure", Refused)]
)
def test_a_job_that_fails_meanwhile_is_told_once_and_then_made_anew(
    bench: Bench, failure: str, error: type[Exception]
) -> None:
    bench.stand_in.fail_next = [failure]
    stopped_while_it_is_encoded(bench)
    with pytest.raises(error):
        bench.upload()
    assert not bench.known.completed
    bench.upload()
    assert bench.proxy.statuses(WHOLE) == [200, 200]


def test_a_job_that_nobody_remembers_is_made_anew(bench: Bench) -> None:
    stopped_while_it_is_encoded(bench)
    bench.stand_in.forget_jobs()
    bench.upload()
    assert bench.proxy.statuses(WHOLE) == [200, 200]
