"""When a batch will be finished: what creators share counts, as a batch on a real server shows."""

from __future__ import annotations

from datetime import datetime, timedelta

from importer.batch.file import Bounds
from importer.batch.forecast import BatchForecast, Load, forecast_batch
from importer.budgets import DAY, HOUR, Kind, Need, Window
from importer.demo.local_pds import LocalPds
from tests.batch.conftest import MakeCrowd
from tests.crash.faked_time import FakedTime
from tests.posts import NOW

HERE, THERE = "one.example.com", "two.example.com"
UPLOADS = Window(Kind.UPLOADS, DAY, 100, kept=20)
PACE = Window(Kind.POSTS, HOUR, 10)
A_DAY = timedelta(days=1)


def load(
    creator: str, posts: int, *windows: Window, host: str = HERE, seconds: float = 3.0
) -> Load:
    return Load(creator, host, [Need()] * posts, windows or (UPLOADS,), seconds)


def foreseen(*loads: Load, jobs: int = 4, turn: int = 25) -> BatchForecast:
    seen = forecast_batch(loads, Bounds(jobs=jobs, turn=turn), NOW)
    assert seen
    return seen


def days(seen: BatchForecast) -> int:
    return round((seen.finish_at - NOW) / A_DAY)


def test_what_an_address_may_upload_is_shared_at_one_server_only() -> None:
    assert days(foreseen(load("anna", 80))) == 0
    together = foreseen(load("anna", 80), load("ben", 80), load("carla", 80))
    assert days(together) == 2
    assert together.limit == UPLOADS and together.is_shared
    apart = foreseen(load("anna", 80), load("ben", 80, host=THERE))
    assert days(apart) == 0 and apart.limit is None


def test_what_an_account_may_publish_is_its_own() -> None:
    seen = foreseen(load("anna", 30, PACE), load("ben", 10, PACE), load("carla", 30, PACE))
    assert timedelta(hours=2) < seen.finish_at - NOW < timedelta(hours=2.1)
    assert seen.limit == PACE and not seen.is_shared
    assert seen.ends["ben"] - NOW == timedelta(seconds=30)


def test_turns_let_nobody_wait_for_the_whole_archive_of_another() -> None:
    seen = foreseen(load("prolific", 75), load("small", 5), jobs=1)
    assert seen.ends["small"] < seen.ends["prolific"]
    # The day's uploads are shared fairly: who has little is done on the first day.
    seen = foreseen(load("prolific", 500), load("small", 30), turn=10)
    assert seen.ends["small"] - NOW < timedelta(hours=1) and days(seen) == 6


def test_each_leaves_to_the_person_what_its_settings_say() -> None:
    greedy = Window(Kind.UPLOADS, DAY, 100, kept=0)
    seen = foreseen(load("anna", 80), load("ben", 100, greedy))
    # Ben goes on where Anna stops: a hundred on the first day, and eighty on the next.
    assert days(seen) == 1


def test_what_is_used_already_and_what_waits_for_itself_count() -> None:
    used = Window(Kind.UPLOADS, DAY, 100, 20, used=80, resets_at=NOW + timedelta(hours=5))
    seen = foreseen(load("anna", 1), load("ben", 1, used))
    assert seen.finish_at - NOW > timedelta(hours=5)
    late = NOW + timedelta(hours=9)
    assert foreseen(Load("anna", HERE, [Need()], (), 3.0, not_before=late)).finish_at == late
    assert forecast_batch([load("anna", 0)], Bounds(), NOW) is None


def test_a_plan_foresees_when_a_batch_on_a_real_server_ends(
    make_crowd: MakeCrowd, limited_pds: LocalPds
) -> None:
    crowd = make_crowd(limited_pds)
    for number, posts in enumerate((4, 8, 10)):
        crowd.add(f"sharer{number}", photos=posts)
    # Of 1,000 uploads a day a hundred are for us: ten posts.
    crowd.write("jobs = 2\nturn = 2", "headroom = 0.9")
    with FakedTime(None, limited_pds) as time:
        began_at = time.now()
        shown = crowd.tokaway("batch", crowd.file, "--plan", "--json", variables=time.variables)
        assert shown.code == 0, shown.err
        (told,) = shown.named("batch_plan")
        assert told["is_shared"] and "1,000 uploads a day" in told["limited_by"]
        alone = {line["creator"]: line["finish_at"] for line in shown.named("creator_plan")}
        finished_at = began_at
        for _ in range(20):
            ended = crowd.tokaway(
                "batch", crowd.file, "--no-wait", "--json", variables=time.variables
            )
            assert ended.code in (0, 75), ended.err
            published = [at(line["at"]) for line in ended.named("step_done")]
            finished_at = max([finished_at, *published])
            (end,) = ended.named("batch_done")
            if ended.code == 0:
                break
            time.pass_to(at(end["next_try_at"]) + timedelta(seconds=1))
            # Its windows end by timers, which know nothing of the moved clock.
            limited_pds.restart()
    assert ended.code == 0
    took, expected = finished_at - began_at, at(told["finish_at"]) - began_at
    assert abs(expected - took) < 0.1 * took, (expected, took)
    # As if each worked alone, it would be finished a day too soon.
    assert max(map(at, alone.values())) - began_at < 0.9 * took
    assert crowd.refused() == []


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)
