"""Which videos the archive wants to be looked at, and when it no longer does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from importer.archive.looks import Look
from importer.archive.store import Archive
from importer.model import DOES_NOT_PLAY, Milestone, Post, Record, Role, Trouble
from importer.records.cid import blob_cid
from tests.posts import NOW, bring_to, current, exported, record_of

LATER = NOW + timedelta(minutes=1)
MUTE = Trouble(DOES_NOT_PLAY, "Mute.", "Wait.")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.create(tmp_path / "maker.tokaway") as opened:
        opened.absorb([exported()])
        yield opened


def sent(archive: Archive, post: Post) -> Record:
    """The record of a post that shows the very file that was prepared."""
    [file] = archive.files(post.id)[Role.PREPARED]
    return replace(record_of(post), blob_cids=(blob_cid(bytes.fromhex(file.sha256)),))


def prepared(archive: Archive) -> Post:
    return bring_to(archive, archive.posts()[0].id, Milestone.PREPARED)


def published(archive: Archive) -> Post:
    post = prepared(archive)
    archive.note_published(post, [sent(archive, post)], look_at=LATER)
    return current(archive, post.id)


def test_what_went_straight_to_the_server_is_looked_at(archive: Archive) -> None:
    post = published(archive)
    assert archive.looks() == (1, LATER)
    assert archive.looks_due(NOW, 9) == []
    assert archive.looks_due(LATER, 9) == [Look(post.id, NOW, LATER)]


def test_so_is_what_a_run_wrote_that_died_before_it_could_note_it(archive: Archive) -> None:
    post = prepared(archive)
    assert archive.note_recognised(post, [sent(archive, post)], LATER)
    assert archive.looks() == (1, LATER)


def test_what_a_service_made_or_nobody_can_see_is_not(archive: Archive) -> None:
    post = prepared(archive)
    archive.note_published(post, [record_of(post)], look_at=LATER)
    assert archive.looks() == (0, None)
    archive.note_gone(current(archive, post.id))
    archive.note_published(current(archive, post.id), [sent(archive, post)])
    assert archive.looks() == (0, None)


def test_a_post_that_is_worked_on_is_left_alone(archive: Archive) -> None:
    """It lacks a destination, so a step has it in hand."""
    post = published(archive)
    archive.aim_at(["bluesky", "spark"])
    assert current(archive, post.id).milestone is Milestone.PREPARED
    assert archive.looks() == (0, None) and archive.looks_due(LATER, 9) == []
    archive.aim_at(["bluesky"])
    assert archive.looks() == (1, LATER)


def test_what_is_taken_back_is_forgotten(archive: Archive) -> None:
    post = published(archive)
    archive.note_undone(post, ["bluesky"])
    assert archive.looks() == (0, None)


def test_only_what_is_looked_at_no_more_is_mute(archive: Archive) -> None:
    post = published(archive)
    archive.note_unverified(post, MUTE)
    assert archive.number_mute() == 0
    archive.note_not_right(post, MUTE)
    assert (archive.number_mute(), archive.looks()) == (1, (0, None))
    assert current(archive, post.id).milestone is Milestone.PUBLISHED
    archive.note_plays(current(archive, post.id))
    assert archive.number_mute() == 0
    assert current(archive, post.id).trouble is None


def test_what_was_encoded_anew_is_ready_to_be_published_again(archive: Archive) -> None:
    post = published(archive)
    archive.note_verified(post, LATER)
    [file] = archive.files(post.id)[Role.PREPARED]
    anew = replace(file, sha256="00" * 32)
    archive.encode_anew(current(archive, post.id), [anew])
    again = current(archive, post.id)
    assert (again.milestone, again.encode, again.chosen) == (Milestone.PREPARED, True, True)
    assert archive.files(post.id)[Role.PREPARED] == (anew,)
    assert (archive.records(), archive.looks()) == ([], (0, None))
