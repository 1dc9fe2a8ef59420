"""Wherever an import to two destinations dies: each post comes to both, once, and no more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from importer.demo.media_server import MediaServer
from importer.records import bluesky, spark
from tests.crash.conftest import MakeMortal
from tests.crash.mortal import Mortal
from tests.end_to_end.server_truth import look
from tests.staged_export import Staged

BOTH = ("--destination", "bluesky", "--destination", "spark")
POSTS = 4


@pytest.fixture
def mortal(make_mortal: MakeMortal, few: Staged, few_served: MediaServer) -> Iterator[Mortal]:
    made = make_mortal(few, few_served, *BOTH)
    yield made
    made.wait_for_orphans()


@pytest.fixture
def plain(make_mortal: MakeMortal, few: Staged, few_served: MediaServer) -> Iterator[Mortal]:
    """The same import to Bluesky alone."""
    made = make_mortal(few, few_served)
    yield made
    made.wait_for_orphans()


def placed(mortal: Mortal) -> tuple[list[str], list[str]]:
    """The keys at both destinations."""
    there, here = (mortal.pds.list_records(mortal.did, one.COLLECTION) for one in (bluesky, spark))
    return (
        sorted(record["uri"].rpartition("/")[2] for record in there),
        sorted(record["uri"].rpartition("/")[2] for record in here),
    )


def assert_whole(mortal: Mortal) -> None:
    ended = mortal.run()
    assert ended.code == 0, ended.out + ended.err
    there, here = placed(mortal)
    assert there == here
    assert len(there) == len(set(there)) == POSTS
    assert len(look(mortal.pds, mortal.did).blobs) == POSTS
    assert mortal.run(*mortal.verify).code == 0
    assert mortal.run(*mortal.undo).code == 0
    assert placed(mortal) == ([], [])


@pytest.mark.parametrize(
    "moment",
    [
        *("uploading:2", "thread-uploaded:1", "thread-written:3"),
        *("published-not-noted:2", "in-transaction:5"),
    ],
)
def test_it_dies_while_both_are_written(mortal: Mortal, moment: str) -> None:
    mortal.die(moment)
    there, here = placed(mortal)
    assert there == here, "one is never without the other"
    assert_whole(mortal)


@pytest.mark.parametrize(
    "moment", ["in-transaction:3", "uploaded-no-record:2", "record-written:2", "record-written:4"]
)
def test_it_dies_while_spark_is_added(plain: Mortal, moment: str) -> None:
    assert plain.run().code == 0
    before, _ = placed(plain)
    added = plain.with_flags(*BOTH)
    added.die(moment)
    assert placed(plain)[0] == before
    assert_whole(added)
