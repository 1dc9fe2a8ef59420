"""New words for published posts: seen first, whole or not at all, the files untouched."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from importer.errors import Refused
from importer.model import Post, Record
from importer.records.bluesky import COLLECTION, THREADGATE
from importer.records.style import USUAL, Style
from importer.stages.publish import publish
from importer.stages.update import Change, change_of, update
from importer.step import Step
from tests.stages.conftest import Desk

NOW = datetime(2026, 11, 23, tzinfo=UTC)
LONG = "One sentence of a long story. " * 25


def published(desk: Desk, post: Post) -> tuple[Record, ...]:
    return publish(desk.job(post), desk.tools, Step()).records


def change(
    desk: Desk, post: Post, records: tuple[Record, ...], style: Style = USUAL
) -> Change | None:
    return change_of(post, records, desk.repo, style, NOW)


def texts(desk: Desk) -> list[str]:
    return [record["value"]["text"] for record in reversed(desk.records())]


def test_nothing_differs_from_what_was_just_published(desk: Desk) -> None:
    post = desk.post(caption=LONG, allow_comments=False)
    assert change(desk, post, published(desk, post)) is None


def test_new_words_come_and_all_else_stays(desk: Desk) -> None:
    post = desk.post()
    records = published(desk, post)
    [before] = desk.records()
    seen = change(desk, replace(post, caption="Other words #now", alt="A cat"), records)
    assert seen
    assert (seen.before, seen.after) == (("A walk by the sea #sea",), ("Other words #now",))
    assert desk.records() == [before]
    update(seen, desk.repo)
    [after] = desk.records()
    assert after["uri"] == before["uri"]
    assert after["cid"] == seen.records[0].cid
    assert after["value"]["embed"] == before["value"]["embed"] | {"alt": "A cat"}
    assert after["value"]["createdAt"] == before["value"]["createdAt"]


def test_a_longer_caption_becomes_a_thread_and_a_shorter_one_a_post_again(desk: Desk) -> None:
    post = desk.post(allow_comments=False)
    records = published(desk, post)
    longer = replace(post, caption=LONG)
    seen = change(desk, longer, records)
    assert seen
    update(seen, desk.repo)
    assert "".join(texts(desk)).replace(" ", "") == LONG.replace(" ", "")
    [root, *replies] = reversed(desk.records())
    for reply in replies:
        assert reply["value"]["reply"]["root"] == {"uri": root["uri"], "cid": root["cid"]}
    assert change(desk, longer, seen.records) is None
    shorter = change(desk, replace(post, caption="Short"), seen.records)
    assert shorter
    update(shorter, desk.repo)
    assert texts(desk) == ["Short"]
    assert len(desk.pds.list_records(desk.tools.account.did, THREADGATE)) == 1


def test_what_a_run_wrote_that_died_is_recognised(desk: Desk) -> None:
    post = desk.post(caption=LONG)
    records = published(desk, post)
    edited = replace(post, caption="Short")
    seen = change(desk, edited, records)
    assert seen
    update(seen, desk.repo)
    again = change(desk, edited, records)
    assert again
    assert again.writes == ()
    assert again.records == seen.records
    back = change(desk, post, again.records)
    assert back
    update(back, desk.repo)
    told = change(desk, post, again.records)
    assert told
    assert told.writes == ()
    assert [record.rkey for record in told.records] == [record.rkey for record in records]


def test_what_was_edited_or_deleted_elsewhere_is_left_alone(desk: Desk) -> None:
    post = desk.post()
    records = published(desk, post)
    [stored] = desk.records()
    desk.overwrite(records[0].rkey, stored["value"] | {"text": "Mine"})
    with pytest.raises(Refused) as caught:
        change(desk, replace(post, caption="New"), records)
    assert caught.value.code == "record_changed"
    assert texts(desk) == ["Mine"]
    desk.delete(records[0].rkey)
    with pytest.raises(Refused):
        change(desk, replace(post, caption="New"), records)
    assert texts(desk) == []


def test_nothing_is_written_over_what_came_meanwhile(desk: Desk) -> None:
    post = desk.post()
    records = published(desk, post)
    seen = change(desk, replace(post, caption="New"), records)
    assert seen
    desk.write_foreign("3kkc6yzpk222c")
    with pytest.raises(Refused) as caught:
        update(seen, desk.repo)
    assert caught.value.code == "busy_account"
    assert post.caption in texts(desk)


def test_gates_follow_the_settings(desk: Desk) -> None:
    post = desk.post(allow_comments=False)
    records = published(desk, post)
    assert {record.collection for record in records} == {COLLECTION, THREADGATE}
    seen = change(desk, post, records, Style(gates=False))
    assert seen
    assert seen.others == ("who may reply or quote",)
    update(seen, desk.repo)
    assert desk.pds.list_records(desk.tools.account.did, THREADGATE) == []


def test_what_differs_besides_the_words_is_named(desk: Desk) -> None:
    post = desk.post()
    records = published(desk, post)
    other = replace(post, alt="A cat", langs=("nl",), labels=("nudity",))
    seen = change(desk, other, records, Style(provenance=True))
    assert seen
    assert seen.before == seen.after
    assert seen.others == ("its description", "its language", "its content labels", "its source")
