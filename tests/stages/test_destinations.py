"""One post at several destinations of a real PDS: together, one after the other, taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from importer.demo.local_pds import LocalPds
from importer.errors import Refused, TryLater
from importer.model import Kind, Milestone, Notice, Post, Record, Role
from importer.pds.snapshot import take
from importer.pds.xrpc import TRIES
from importer.records import bluesky, spark
from importer.records.about import source
from importer.records.destination import Bounds, Draft, Twin, Uploaded, Version, Worded
from importer.records.destinations import DESTINATIONS, named
from importer.records.keys import created_at, record_key
from importer.records.style import Style
from importer.stages.present import KEYS_TO_TRY
from importer.stages.publish import publish
from importer.stages.recognise import recognise
from importer.stages.tools import FileGone, Job, Published
from importer.stages.undo import Undone, undo
from importer.stages.update import change_of, update
from importer.stages.verify import compare
from importer.step import Step
from tests.breaking_proxy import Breakage, BreakingProxy
from tests.stages.conftest import POSTED_AT, Desk

DeskAt = Callable[[str], Desk]
UPLOAD = "com.atproto.repo.uploadBlob"
PUT = "com.atproto.repo.putRecord"
TOGETHER = "com.atproto.repo.applyWrites"
KEY = record_key(POSTED_AT, 0)
LONG = "One sentence of a long story. " * 25


def going_to(desk: Desk, *names: str) -> Desk:
    """The desk of a run with other destinations."""
    return replace(desk, tools=replace(desk.tools, destinations=named(names)))


def both(desk: Desk) -> Desk:
    return going_to(desk, "bluesky", "spark")


def at_spark(desk: Desk) -> list[dict[str, Any]]:
    """The account's posts at Spark, newest key first, asked past any proxy."""
    return desk.pds.list_records(desk.tools.account.did, spark.COLLECTION)


def done_with(desk: Desk, job: Job) -> Published:
    return publish(job, desk.tools, Step())


def knowing(job: Job, *done: Published) -> Job:
    """The same post in a later run, which knows what earlier ones did."""
    records = tuple(record for one in done for record in one.records)
    return replace(job, records=records, is_absent=True)


def keys(records: Sequence[dict[str, Any]]) -> list[str]:
    return [record["uri"].rpartition("/")[2] for record in records]


# together


def test_both_records_go_in_one_call_with_one_file_under_one_key(
    proxy: BreakingProxy, desk_at: DeskAt
) -> None:
    desk = both(desk_at(proxy.url))
    done = done_with(desk, desk.job(desk.post()))
    [there], [here] = desk.records(), at_spark(desk)
    assert keys([there]) == keys([here]) == [KEY]
    assert [record.destination for record in done.records] == ["bluesky", "spark"]
    assert {record.uri: record.cid for record in done.records} == {
        one["uri"]: one["cid"] for one in (there, here)
    }
    assert done.own == {there["uri"], here["uri"]}
    assert not done.found
    assert here["value"]["media"]["video"] == there["value"]["embed"]["video"]
    assert here["value"]["createdAt"] == there["value"]["createdAt"]
    assert here["value"]["crossposts"] == [{"uri": there["uri"], "cid": there["cid"]}]
    page = f"https://sprk.so/post/{desk.tools.account.did}/{KEY}"
    assert there["value"]["text"].endswith(f"\n\n{page}")
    assert (len(proxy.calls(UPLOAD)), len(proxy.calls(TOGETHER))) == (1, 1)
    assert proxy.calls(PUT) == []


def test_spark_alone_is_a_single_record_that_names_no_other(desk: Desk) -> None:
    """The server does not know the lexicon, and takes it."""
    desk = going_to(desk, "spark")
    done = done_with(desk, desk.job(desk.post()))
    assert desk.records() == []
    [here] = at_spark(desk)
    assert [record.uri for record in done.records] == [here["uri"]]
    assert "crossposts" not in here["value"]


def test_twice_is_once(proxy: BreakingProxy, desk_at: DeskAt) -> None:
    desk = both(desk_at(proxy.url))
    job = desk.job(desk.post(allow_comments=False))
    first = done_with(desk, job)
    again = done_with(desk, job)
    assert again.found
    assert {record.uri for record in again.records} == {record.uri for record in first.records}
    assert again.own == first.own
    assert (len(desk.records()), len(at_spark(desk))) == (1, 1)
    assert len(proxy.calls(UPLOAD)) == 1


def test_a_thread_there_is_a_series_or_one_post_here(desk: Desk) -> None:
    desk = both(desk)
    done = done_with(desk, desk.job(desk.post(caption=LONG, allow_comments=False)))
    assert (len(desk.records()), len(at_spark(desk))) == (3, 1)
    gates = desk.pds.list_records(desk.tools.account.did, spark.THREADGATE)
    assert keys(gates) == [KEY]
    assert len(done.records) == 3 + 1 + 1 + 1


@pytest.mark.parametrize(
    "fault", [Breakage.DROP_ANSWER, Breakage.CUT_ANSWER, Breakage.CUT_BODY, Breakage.RESET]
)
def test_both_or_none_over_a_bad_line(
    proxy: BreakingProxy, desk_at: DeskAt, fault: Breakage
) -> None:
    desk = both(desk_at(proxy.url))
    job = desk.job(desk.post())
    proxy.breakage(TOGETHER, fault, times=TRIES)
    try:
        done_with(desk, job)
    except TryLater:
        assert len(desk.records()) == len(at_spark(desk))
        done_with(desk, job)
    assert (len(desk.records()), len(at_spark(desk))) == (1, 1)


def test_a_foreign_record_at_one_of_them_moves_both_to_the_next_key(desk: Desk) -> None:
    foreign = {"$type": spark.COLLECTION, "media": {}, "createdAt": "2023-01-01T00:00:00.000Z"}
    desk.repo.create(spark.COLLECTION, KEY, foreign)
    job = both(desk).job(desk.post())
    next_key = record_key(POSTED_AT, 0, attempt=1)
    for is_absent in (True, False):
        done = done_with(both(desk), replace(job, is_absent=is_absent))
        assert [record.rkey for record in done.records] == [next_key, next_key]
        assert done.found == (not is_absent)
    assert (keys(desk.records()), keys(at_spark(desk))) == ([next_key], [next_key, KEY])


def test_no_key_is_free(desk: Desk) -> None:
    foreign = {"$type": spark.COLLECTION, "media": {}, "createdAt": "2023-01-01T00:00:00.000Z"}
    for attempt in range(KEYS_TO_TRY):
        desk.repo.create(spark.COLLECTION, record_key(POSTED_AT, 0, attempt=attempt), foreign)
    with pytest.raises(Refused, match="taken by other posts"):
        done_with(both(desk), desk.job(desk.post()))
    assert desk.records() == []


@pytest.mark.parametrize("caption", ["A walk by the sea #sea", "Edited"])
def test_another_run_that_writes_to_one_of_them_meanwhile(
    pds: LocalPds, proxy: BreakingProxy, desk_at: DeskAt, caption: str
) -> None:
    desk, other = both(desk_at(proxy.url)), desk_at(pds.url)
    theirs = other.job(other.post(caption=caption))
    proxy.before(TOGETHER, lambda: done_with(other, theirs))
    done = done_with(desk, replace(desk.job(desk.post()), is_absent=True))
    assert {record.destination for record in done.records} == {"bluesky", "spark"}
    [there], [here] = desk.records(), at_spark(desk)
    assert there["value"]["text"] == caption
    assert here["value"]["crossposts"] == [{"uri": there["uri"], "cid": there["cid"]}]


# one after the other


def test_spark_is_added_with_the_file_that_is_there(proxy: BreakingProxy, desk_at: DeskAt) -> None:
    desk = desk_at(proxy.url)
    job = desk.job(desk.post())
    first = done_with(desk, job)
    [before] = desk.records()
    # Its copy is gone from the disk: nothing is uploaded.
    (desk.archive / job.files[Role.PREPARED][0].path).unlink()
    done = done_with(both(desk), knowing(job, first))
    assert desk.records() == [before]
    [here] = at_spark(desk)
    assert [record.uri for record in done.records] == [here["uri"]]
    assert here["value"]["media"]["video"] == before["value"]["embed"]["video"]
    assert here["value"]["crossposts"] == [{"uri": before["uri"], "cid": before["cid"]}]
    assert len(proxy.calls(UPLOAD)) == 1
    again = done_with(both(desk), knowing(job, first, done))
    assert again.records == ()


def test_spark_follows_the_key_that_the_post_has(desk: Desk) -> None:
    desk.write_foreign(KEY)
    job = desk.job(desk.post())
    first = done_with(desk, job)
    done = done_with(both(desk), knowing(job, first))
    assert [record.rkey for record in done.records] == [first.records[0].rkey]


def test_bluesky_is_added_with_a_link_to_what_is_at_spark(desk: Desk) -> None:
    job = desk.job(desk.post())
    first = done_with(going_to(desk, "spark"), job)
    [before] = at_spark(desk)
    done_with(both(desk), knowing(job, first))
    [there] = desk.records()
    assert there["value"]["text"].endswith(f"/{KEY}")
    assert at_spark(desk) == [before]


def test_what_was_deleted_there_meanwhile_is_sent_from_here(desk: Desk) -> None:
    job = desk.job(desk.post())
    first = done_with(desk, job)
    desk.delete(KEY)
    done = done_with(both(desk), knowing(job, first))
    assert [record.destination for record in done.records] == ["spark"]
    assert "crossposts" not in at_spark(desk)[0]["value"]
    desk.repo.blob_sha256(done.records[0].blob_cids[0])
    other = desk.job(desk.post(ordinal=1))
    first = done_with(desk, other)
    desk.delete(first.records[0].rkey)
    (desk.archive / other.files[Role.PREPARED][0].path).unlink()
    with pytest.raises(FileGone):
        done_with(both(desk), knowing(other, first))


def test_a_video_too_long_for_one_is_left_out_there(desk: Desk) -> None:
    job = desk.job(desk.post())
    (file,) = job.files[Role.PREPARED]
    job = replace(job, files={Role.PREPARED: (replace(file, seconds=200.0),)})
    done = done_with(both(desk), job)
    assert [record.destination for record in done.records] == ["bluesky"]
    assert done.left_out.keys() == {"spark"}
    assert done.left_out["spark"].code == "too_long"
    assert at_spark(desk) == []
    assert "sprk.so" not in desk.records()[0]["value"]["text"]
    with pytest.raises(Refused) as caught:
        done_with(going_to(desk, "spark"), replace(job, post=desk.post(ordinal=1)))
    assert caught.value.skip


# read back


def look(desk: Desk, posts: list[Post], recorded: Any = ()) -> dict[str, list[str]]:
    """The URIs of the records recognised in the account as it is now, by post."""
    path = desk.archive / "account.car"
    snapshot = take(desk.repo.server, desk.tools.account.did, path)
    found = recognise(posts, desk.tools, snapshot, recorded)
    return {post.id: [record.uri for record in records] for post, records in found}


def test_a_lost_archive_finds_the_records_at_both_whatever_it_wants_now(desk: Desk) -> None:
    posts = [desk.post(ordinal=n, caption=LONG, allow_comments=False) for n in range(2)]
    first = done_with(both(desk), desk.job(posts[0]))
    second = done_with(going_to(desk, "spark"), desk.job(posts[1]))
    fresh = [replace(post, milestone=Milestone.FOUND) for post in posts]
    found = look(desk, fresh)
    assert {name: set(uris) for name, uris in found.items()} == {
        posts[0].id: {record.uri for record in first.records},
        posts[1].id: {record.uri for record in second.records},
    }
    known = {(posts[0].id, "bluesky"), (posts[1].id, "spark")}
    (only,) = look(desk, fresh, known).values()
    assert set(only) == {r.uri for r in first.records if r.destination == "spark"}


def test_both_are_verified_and_a_missing_one_is_told(desk: Desk) -> None:
    post = desk.post(allow_comments=False)
    records = done_with(both(desk), desk.job(post)).records

    def wrong() -> dict[str, str]:
        snapshot = take(desk.repo.server, desk.tools.account.did, desk.archive / "account.car")
        found = compare({post.id: post}, records, snapshot)
        return {collection: trouble.code for (collection, _), trouble in found.items()}

    assert wrong() == {}
    [here] = at_spark(desk)
    desk.repo.replace(spark.COLLECTION, KEY, here["value"] | {"langs": ["nl"]}, here["cid"])
    desk.delete(KEY)
    assert wrong() == {spark.COLLECTION: "record_changed", bluesky.COLLECTION: "record_missing"}


def test_both_are_taken_back_together_or_one_alone(desk: Desk) -> None:
    records = done_with(both(desk), desk.job(desk.post(allow_comments=False))).records
    here = [record for record in records if record.destination == "spark"]
    assert undo(here, desk.repo) is Undone.DELETED
    assert (len(desk.records()), len(at_spark(desk))) == (1, 0)
    assert undo(records, desk.repo) is Undone.DELETED
    assert (len(desk.records()), len(at_spark(desk))) == (0, 0)


def test_new_words_come_to_both_and_the_links_hold(desk: Desk) -> None:
    post = desk.post()
    records = done_with(both(desk), desk.job(post)).records
    now = datetime(2026, 11, 23, tzinfo=UTC)

    def change(edited: Post, of: tuple[Record, ...] = records) -> Any:
        return change_of(edited, of, desk.repo, desk.tools.style, now)

    assert change(post) is None
    seen = change(replace(post, caption="Other words"))
    update(seen, desk.repo)
    [there], [here] = desk.records(), at_spark(desk)
    assert there["value"]["text"].startswith("Other words\n\nhttps://sprk.so/")
    assert here["value"]["caption"] == {"text": "Other words"}
    assert here["value"]["crossposts"] == [{"uri": there["uri"], "cid": there["cid"]}]
    assert {record.destination for record in seen.records} == {"bluesky", "spark"}
    assert change(replace(post, caption="Other words"), seen.records) is None


# a third


@dataclass
class Third:
    """A destination that nothing but this test knows."""

    NAME: str = "third"
    TITLE: str = "Third"
    COLLECTION: str = "test.third.post"
    GATES: Any = field(default_factory=dict)
    BY_ARRIVAL: bool = False
    NOTICE: Notice | None = None

    def bounds(self, pds: Version | None) -> Bounds:
        return Bounds(1_000_000, 60.0, 1_000_000, 1)

    def drafts(
        self,
        post: Post,
        media: Sequence[Uploaded],
        did: str,
        style: Style,
        *,
        is_video: bool,
        attempt: int = 0,
        twins: Sequence[Twin] = (),
    ) -> list[Draft]:
        rkey = record_key(post.posted_at, post.ordinal, attempt=attempt)
        value = {
            "$type": self.COLLECTION,
            "words": post.caption,
            "shows": media[0].blob,
            "size": media[0].aspect_ratio,
            "at": created_at(post.posted_at, post.ordinal),
            "twins": [twin.uri for twin in twins],
            **source(post, style),
        }
        return [Draft(self.NAME, self.COLLECTION, rkey, 0, value)]

    def worded(self, post: Post, style: Style) -> Worded:
        return Worded((post.caption,), (), (), (), closed_replies=False, closed_quotes=False)

    def number(self, post: Post, files: int, style: Style, *, is_video: bool) -> int:
        return 1

    def is_ours(self, value: dict[str, Any], uri: str, post: Post, part: int) -> bool:
        return part == 0 and value.get("at") == created_at(post.posted_at, post.ordinal)

    def shown_in(self, value: dict[str, Any]) -> list[Uploaded]:
        return [Uploaded(value["shows"], value["size"]["width"], value["size"]["height"])]

    def texts_of(self, value: dict[str, Any]) -> list[str]:
        return [value["words"]]

    def page(self, did: str, handle: str, rkey: str) -> str:
        return f"https://third.test/{did}/{rkey}"

    def profile_page(self, did: str, handle: str) -> str:
        return f"https://third.test/{did}"

    def link(self, did: str, rkey: str) -> str | None:
        return None


def test_a_third_destination_needs_nothing_else_to_know_of_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    third = Third()
    monkeypatch.setitem(DESTINATIONS, third.NAME, third)
    desk = going_to(desk, "bluesky", "spark", "third")
    post = desk.post()
    job = desk.job(post)
    first = done_with(going_to(desk, "spark"), job)
    done = done_with(desk, knowing(job, first))
    assert [record.destination for record in done.records] == ["bluesky", "third"]
    [listed] = desk.pds.list_records(desk.tools.account.did, third.COLLECTION)
    assert listed["value"]["twins"] == [done.records[0].uri, first.records[0].uri]
    records = (*first.records, *done.records)
    fresh = replace(post, milestone=Milestone.FOUND)
    assert set(look(desk, [fresh])[post.id]) == {record.uri for record in records}
    snapshot = take(desk.repo.server, desk.tools.account.did, desk.archive / "account.car")
    assert compare({post.id: post}, records, snapshot) == {}
    edited = replace(post, caption="Other words", kind=Kind.VIDEO)
    seen = change_of(edited, records, desk.repo, desk.tools.style, datetime.now(UTC))
    assert seen
    assert seen.after[-1] == "Other words"
    update(seen, desk.repo)
    assert undo(seen.records, desk.repo) is Undone.DELETED
    assert desk.pds.list_records(desk.tools.account.did, third.COLLECTION) == []
