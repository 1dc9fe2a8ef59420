"""What was published can be taken back: just that, and only as it was published."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from importer.pds.xrpc import TRIES
from importer.records.bluesky import COLLECTION, POSTGATE, THREADGATE
from importer.records.style import Style
from importer.stages.publish import publish
from importer.stages.undo import Undone, undo
from importer.step import Step
from tests.breaking_proxy import Breakage, BreakingProxy
from tests.stages.conftest import Desk
from tests.stages.test_parts import DeskAt

COLLECTIONS = (COLLECTION, THREADGATE, POSTGATE)
WRITE = "com.atproto.repo.applyWrites"
GUARDED: dict[str, Any] = {"allow_comments": False, "allow_duets": False}


def guarded(desk: Desk) -> Desk:
    """A desk whose posts bring their gates."""
    return replace(desk, tools=replace(desk.tools, style=Style(quote_gates=True)))


def left(desk: Desk) -> dict[str, int]:
    did = desk.tools.account.did
    return {name: len(desk.pds.list_records(did, name)) for name in COLLECTIONS}


def test_a_post_goes_with_its_replies_and_gates(desk: Desk) -> None:
    desk = guarded(desk)
    post = desk.post(caption="One sentence of a long story. " * 25, **GUARDED)
    records = publish(desk.job(post), desk.tools, Step()).records
    assert left(desk) == {COLLECTION: 3, THREADGATE: 1, POSTGATE: 3}
    assert undo(records, desk.repo) is Undone.DELETED
    assert left(desk) == {COLLECTION: 0, THREADGATE: 0, POSTGATE: 0}
    assert undo(records, desk.repo) is Undone.GONE


def test_other_posts_stay(desk: Desk) -> None:
    desk.write_foreign("3kkc6yzpk222c")
    other = publish(desk.job(desk.post(ordinal=1)), desk.tools, Step()).records
    records = publish(desk.job(desk.post()), desk.tools, Step()).records
    assert undo(records, desk.repo) is Undone.DELETED
    kept = {record["uri"].rpartition("/")[2] for record in desk.records()}
    assert kept == {"3kkc6yzpk222c", other[0].rkey}


def test_what_was_edited_elsewhere_is_left_alone_whole(desk: Desk) -> None:
    desk = guarded(desk)
    records = publish(desk.job(desk.post(**GUARDED)), desk.tools, Step()).records
    [stored] = desk.records()
    desk.overwrite(records[0].rkey, stored["value"] | {"text": "Mine"})
    assert undo(records, desk.repo) is Undone.CHANGED
    assert left(desk) == {COLLECTION: 1, THREADGATE: 1, POSTGATE: 1}


def test_what_is_half_gone_goes_whole(desk: Desk) -> None:
    desk = guarded(desk)
    records = publish(desk.job(desk.post(**GUARDED)), desk.tools, Step()).records
    desk.delete(records[0].rkey)
    assert undo(records, desk.repo) is Undone.DELETED
    assert left(desk) == {COLLECTION: 0, THREADGATE: 0, POSTGATE: 0}


@pytest.mark.parametrize("breakage", [Breakage.DROP_ANSWER, Breakage.RESET, Breakage.UNAVAILABLE])
def test_a_bad_line_leaves_all_or_nothing(
    desk_at: DeskAt, proxy: BreakingProxy, breakage: Breakage
) -> None:
    desk = guarded(desk_at(proxy.url))
    records = publish(desk.job(desk.post(**GUARDED)), desk.tools, Step()).records
    proxy.breakage(WRITE, breakage, times=TRIES - 1)
    assert undo(records, desk.repo) in {Undone.DELETED, Undone.GONE}
    assert left(desk) == {COLLECTION: 0, THREADGATE: 0, POSTGATE: 0}
