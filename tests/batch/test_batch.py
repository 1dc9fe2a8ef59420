"""The batch on the real command line: its plan, its limits, its troubles and its ends."""

from __future__ import annotations

import secrets
import shutil
import signal
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from importer.archive.lock import locked
from importer.demo.local_pds import LocalPds
from importer.model import Action
from tests.batch.conftest import MakeCrowd
from tests.batch.crowd import PASSWORD, Crowd, published
from tests.breaking_proxy import Breakage
from tests.end_to_end.command_line import PROGRAM, environment
from tests.end_to_end.server_truth import assert_exactly, look

UPLOADS_A_DAY, LEFT, KEPT = 1_000, 45, 10
FULL = Path("/dev/full")
UPLOAD = "com.atproto.repo.uploadBlob"
SIGN_IN = "com.atproto.server.createSession"


def name() -> str:
    """A handle that no other test has."""
    return f"b{secrets.token_hex(6)}"


def two(crowd: Crowd, posts: int = 2) -> None:
    for one in ("anna", "ben"):
        crowd.add(one, [Action.KEEP] * posts, handle=name())


def test_a_plan_over_all_sends_nothing_and_tells_who_cannot_work(crowd: Crowd) -> None:
    two(crowd)
    crowd.add("carla", [Action.KEEP], handle=name())
    (crowd.folder / "carla.zip").unlink()
    crowd.write("jobs = 2")
    shown = crowd.tokaway("batch", crowd.file, "--plan")
    assert shown.code == 2
    assert f"anna: 2 posts to {crowd.accounts['anna'].handle} (Bluesky), 0 published" in shown.out
    assert "carla.zip" in shown.out
    assert "4 posts of 3 creators to publish in all." in shown.out
    assert "Nothing was sent." in shown.out
    told = crowd.tokaway("batch", crowd.file, "--plan", "--json")
    plans = {line["creator"]: line for line in told.named("creator_plan")}
    assert [one["to_publish"] for one in plans.values()] == [2, 2, 0]
    assert plans["anna"]["code"] is None and plans["carla"]["hint"]
    assert crowd.line.calls() == []


def test_what_an_address_may_upload_is_shared_by_all_and_never_exceeded(
    make_crowd: MakeCrowd, limited_pds: LocalPds
) -> None:
    crowd = make_crowd(limited_pds)
    for number in range(5):
        crowd.add(f"maker{number}", [Action.KEEP] * 10)
    crowd.write("jobs = 4\nturn = 3", f"publish_jobs = 1\nheadroom = {KEPT / UPLOADS_A_DAY}")
    _use_up(crowd, UPLOADS_A_DAY - LEFT)
    first = crowd.tokaway("batch", crowd.file, "--no-wait", "--json")
    assert first.code == 75
    assert crowd.refused() == []
    done = Counter(published(first.lines))
    # What is in hand at the end keeps room that it may not need.
    assert LEFT - KEPT - 6 <= done.total() <= LEFT - KEPT
    # Everybody had a share of it.
    assert min(done[one] for one in crowd.accounts) >= 3, done
    (end,) = first.named("batch_done")
    assert end["next_try_at"] and len(end["outcomes"]["budget_empty"]) >= 3
    # A day later; the limits of the reference PDS live in its memory, and ours in a file.
    limited_pds.restart()
    for file in (crowd.folder / "home").rglob("spending.db*"):
        file.unlink()
    second = crowd.tokaway("batch", crowd.file, "--no-wait", "--json")
    assert (second.code, crowd.refused()) == (0, [])
    for one, account in crowd.accounts.items():
        assert_exactly(limited_pds, account.did, crowd.staged[one].public)


def _use_up(crowd: Crowd, uploads: int) -> None:
    """Upload so many files from this address before."""
    account = crowd.pds.create_account("earlier.test", PASSWORD)
    with httpx.Client(
        base_url=f"{crowd.pds.url}/xrpc/", trust_env=False, verify=False, timeout=60
    ) as client:
        session = client.post(
            "com.atproto.server.createSession",
            json={"identifier": account.did, "password": PASSWORD},
        ).json()
        headers = {
            "Authorization": f"Bearer {session['accessJwt']}",
            "Content-Type": "text/plain",
        }

        def upload(number: int) -> int:
            return client.post(UPLOAD, content=str(number), headers=headers).status_code

        with ThreadPoolExecutor(4) as threads:
            assert set(threads.map(upload, range(uploads))) == {200}


def test_a_dry_run_publishes_nothing(crowd: Crowd) -> None:
    two(crowd)
    crowd.write("jobs = 2")
    done = crowd.tokaway("batch", crowd.file, "--dry-run")
    assert done.code == 0, done.err
    assert "2 posts would be sent now." in done.out
    assert crowd.sent() == []


def test_an_archive_in_use_and_one_without_its_export_fail_alone(crowd: Crowd) -> None:
    for one in ("anna", "ben", "carla", "dora"):
        crowd.add(one, [Action.KEEP], handle=name())
    crowd.write("jobs = 4")
    crowd.archive("ben").mkdir()
    (crowd.folder / "carla.txt").unlink()
    (crowd.folder / "dora.zip").unlink()
    with locked(crowd.archive("ben")):
        done = crowd.tokaway("batch", crowd.file, "--json")
    ends = {line["creator"]: (line["outcome"], line["exit"]) for line in done.named("creator_done")}
    assert ends == {
        "anna": ("all_published", 0),
        "ben": ("archive_in_use", 5),
        "carla": ("password_file", 2),
        "dora": (ends["dora"][0], 2),
    }
    assert done.code == 2
    assert_exactly(crowd.pds, crowd.accounts["anna"].did, crowd.staged["anna"].public)


def test_a_server_that_is_away_for_a_while_is_tried_again(crowd: Crowd) -> None:
    two(crowd, posts=1)
    crowd.write("jobs = 1", "retry_seconds = 0.05")
    crowd.line.breakage("com.atproto.server.describeServer", Breakage.UNAVAILABLE, times=3)
    done = crowd.tokaway("batch", crowd.file, "--json")
    assert done.code == 0, done.err
    waits = done.named("creator_waits")
    assert len(waits) == 1 and waits[0]["until"] and "is not well" in waits[0]["reason"]
    for one, account in crowd.accounts.items():
        assert_exactly(crowd.pds, account.did, crowd.staged[one].public)


def test_a_server_that_is_away_ends_a_batch_that_may_not_wait(crowd: Crowd) -> None:
    two(crowd, posts=1)
    crowd.write("jobs = 1")
    crowd.line.breakage("com.atproto.server.describeServer", Breakage.UNAVAILABLE, times=3)
    done = crowd.tokaway("batch", crowd.file, "--no-wait", "--json")
    assert done.code == 6
    assert [line["outcome"] for line in done.named("creator_done")] == [
        "unreachable",
        "all_published",
    ]


def test_ctrl_c_finishes_what_is_in_hand_and_the_same_command_goes_on(crowd: Crowd) -> None:
    two(crowd, posts=6)
    crowd.write("jobs = 1\nturn = 2")
    with crowd.tokaway.running("batch", crowd.file, "--json") as running:
        running.wait_for("step_done", stage="publish")
        running.signal(signal.SIGINT)
        assert running.end() == 130
    end = running.read[-1]
    assert (end["event"], end["exit"]) == ("batch_done", 130)
    assert end["outcomes"] == {"interrupted": ["anna", "ben"]}
    again = crowd.tokaway("batch", crowd.file, "--json")
    assert again.code == 0
    for one, account in crowd.accounts.items():
        assert_exactly(crowd.pds, account.did, crowd.staged[one].public)


def test_only_what_a_creator_wants_is_published_and_no_more_than_its_limit(crowd: Crowd) -> None:
    crowd.add("anna", [Action.KEEP] * 4, handle=name(), more="limit = 3\n")
    crowd.add("ben", [Action.KEEP] * 3, handle=name(), more="since = 2019-06-02\n")
    crowd.write("jobs = 1\nturn = 1", "publish_jobs = 1")
    done = crowd.tokaway("batch", crowd.file, "--json")
    ends = {line["creator"]: line["outcome"] for line in done.named("creator_done")}
    assert (done.code, ends["anna"]) == (0, "limit_reached")
    assert len(look(crowd.pds, crowd.accounts["anna"].did).records) == 3
    after = [one for one in crowd.staged["ben"].public if one.posted_at.day > 1]
    assert_exactly(crowd.pds, crowd.accounts["ben"].did, after)


def test_a_creator_signs_in_once_for_all_turns_and_again_when_the_session_is_lost(
    crowd: Crowd,
) -> None:
    two(crowd, posts=4)
    crowd.write("jobs = 1\nturn = 1", "publish_jobs = 1")
    # The server forgets one of the two sessions.
    crowd.line.breakage("com.atproto.server.getSession", Breakage.EXPIRED_TOKEN)
    crowd.line.breakage("com.atproto.server.refreshSession", Breakage.EXPIRED_TOKEN)
    done = crowd.tokaway("batch", crowd.file, "--json")
    assert done.code == 0, done.err
    turns = Counter(line["creator"] for line in done.named("creator_turn"))
    assert min(turns.values()) >= 4, turns
    sign_ins = [call.status for call in crowd.line.calls() if call.nsid == SIGN_IN]
    assert sign_ins == [200, 200, 200]
    assert not list((crowd.folder / "home").rglob("sessions/*.json"))
    for one, account in crowd.accounts.items():
        assert_exactly(crowd.pds, account.did, crowd.staged[one].public)


def test_who_waited_longest_comes_first_next_time(crowd: Crowd) -> None:
    two(crowd, posts=1)
    crowd.write("jobs = 1")
    assert crowd.tokaway("batch", crowd.file).code == 0
    # Ben's archive is lost: nobody knows of a run of his.
    shutil.rmtree(crowd.archive("ben"))
    again = crowd.tokaway("batch", crowd.file, "--json")
    assert [line["creator"] for line in again.named("creator_done")] == ["ben", "anna"]


@pytest.mark.skipif(not FULL.exists(), reason="this system has no such file")
def test_a_batch_whose_lines_nobody_can_write_any_more_stops(crowd: Crowd) -> None:
    two(crowd, posts=1)
    crowd.write("jobs = 2")
    with FULL.open("w") as full:
        done = subprocess.run(
            [*PROGRAM, "batch", str(crowd.file), "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=environment(crowd.folder / "home"),
            timeout=60,
        )
    assert done.returncode == 4, done.stderr
