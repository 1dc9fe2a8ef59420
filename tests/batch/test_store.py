"""Files that reach workers, and come back, through an object store: as well as through a folder."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import distributed
import pytest

from importer.batch.file import read_batch
from importer.cluster.carrying import owner
from importer.errors import UserError
from importer.model import Action
from tests.batch.crowd import Crowd
from tests.batch.object_store import BUCKET, ObjectStore
from tests.batch.test_batch import name
from tests.batch.test_cluster import FITS, NOBODY, at_work, files
from tests.crash.mortal import DRIVER
from tests.end_to_end.server_truth import assert_exactly

FOLDER = f"s3://{BUCKET}/somewhere"
THEIRS = "somewhere/tokaway-of-somebody-else.mp4"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """An object store that this process, and all that it starts, may use."""
    with ObjectStore() as made:
        for variable, value in made.variables.items():
            monkeypatch.setenv(variable, value)
        made.put(THEIRS)
        yield made


@pytest.fixture
def workers(store: ObjectStore) -> Iterator[distributed.LocalCluster]:
    """Two worker processes of one thread each."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", host="127.0.0.1"
    ) as cluster:
        yield cluster


def with_one(crowd: Crowd, *more: str) -> Crowd:
    """One creator with a video that must be encoded, and one that need not."""
    crowd.add("anna", (Action.TRANSCODE, Action.KEEP), handle=name())
    crowd.write("", "\n".join(["keep_prepared = true", *more]))
    return crowd


@pytest.mark.cluster
@pytest.mark.parametrize("kind", ["s3", "folder"])
def test_a_store_makes_the_same_files_and_a_worker_that_dies_loses_nothing(
    crowd: Crowd,
    store: ObjectStore,
    workers: distributed.LocalCluster,
    kind: str,
    tmp_path: Path,
) -> None:
    for one in ("anna", "ben"):
        crowd.add(one, FITS, handle=name())
    crowd.write("jobs = 2", "keep_prepared = true")
    # First without a cluster, as a dry run: the files are what counts.
    plain = crowd.tokaway("batch", crowd.file, "--dry-run")
    assert plain.code == 0, plain.err
    made = {one: files(crowd, one) for one in crowd.accounts}
    for one in crowd.accounts:
        crowd.archive(one).rename(crowd.folder / f"{one}.before")

    (tmp_path / "shelf").mkdir()
    url = FOLDER if kind == "s3" else (tmp_path / "shelf").as_uri()
    through = ("--cluster", workers.scheduler_address, "--store", url)
    with crowd.tokaway.running("batch", crowd.file, "--json", *through) as running:
        os.kill(at_work(running, workers), signal.SIGKILL)
        assert running.end() == 0, running.read[-1]
    assert [line for line in running.read if line["event"] == "step_failed"] == []
    for one, account in crowd.accounts.items():
        assert files(crowd, one) == made[one]
        assert_exactly(crowd.pds, account.did, crowd.staged[one].public)
    assert done_by(workers) == {"tokaway-fetch", "tokaway-prepare"}
    assert store.names() == [THEIRS]
    assert list((tmp_path / "shelf").iterdir()) == []


def done_by(workers: distributed.LocalCluster) -> set[str]:
    """What sorts of steps the workers were given."""
    return {one for one in workers.scheduler.task_prefixes if one.startswith("tokaway-")}


MOMENTS = ("carried-not-sent", "made-not-taken", "taken-not-cleared", "cleared-not-noted")


@pytest.mark.cluster
@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_with_files_on_their_way_nothing_is_lost_and_nothing_left_in_the_store(
    crowd: Crowd, store: ObjectStore, workers: distributed.LocalCluster, moment: str
) -> None:
    with_one(crowd)
    through = ("--cluster", workers.scheduler_address, "--store", FOLDER)
    killed_at(crowd, moment, *through)  # with the first original that is fetched
    killed_at(crowd, "prepared-not-noted")  # without a cluster: all are fetched
    killed_at(crowd, moment, *through)  # with the video that is prepared
    if moment != "cleared-not-noted":
        assert len(store.names()) > 1
    ended = crowd.tokaway("batch", crowd.file, "--json", *through)
    assert ended.code == 0, ended.err
    assert ended.named("step_failed") == []
    assert_exactly(crowd.pds, crowd.accounts["anna"].did, crowd.staged["anna"].public)
    assert store.names() == [THEIRS]


def killed_at(crowd: Crowd, moment: str, *flags: str) -> None:
    """Run the batch, and kill it there."""
    read, write = os.pipe()
    try:
        killed = crowd.tokaway(
            "batch",
            crowd.file,
            *flags,
            program=(*DRIVER, str(write), moment, "--"),
            pass_fds=[write],
        )
    finally:
        os.close(write)
        os.close(read)
    assert killed.code == -signal.SIGKILL, killed.err


@pytest.mark.cluster
def test_a_store_that_is_away_is_waited_for_and_no_post_fails(
    crowd: Crowd, store: ObjectStore, workers: distributed.LocalCluster
) -> None:
    with_one(crowd, "retry_seconds = 1", "tries = 1")
    through = ("--cluster", workers.scheduler_address, "--store", FOLDER)
    with crowd.tokaway.running("batch", crowd.file, "--json", *through) as running:
        running.wait_for("step_started", stage="fetch")
        store.go_away()
        waits = running.wait_for("creator_waits")
        assert "cannot be used now" in waits["reason"] and FOLDER in waits["reason"]
        store.start()
        assert running.end() == 0, running.read[-1]
    failed = [line for line in running.read if line["event"] == "step_failed"]
    assert {line["code"] for line in failed} == {"store_unreachable"}
    assert "failed" not in {line["milestone"] for line in failed}
    assert_exactly(crowd.pds, crowd.accounts["anna"].did, crowd.staged["anna"].public)
    assert store.names() == []


@pytest.mark.cluster
def test_a_run_that_does_not_wait_ends_as_it_does_for_a_server_that_is_away(
    crowd: Crowd, store: ObjectStore, workers: distributed.LocalCluster
) -> None:
    with_one(crowd)
    through = ("--cluster", workers.scheduler_address, "--store", FOLDER, "--no-wait")
    with crowd.tokaway.running("batch", crowd.file, "--json", *through) as running:
        running.wait_for("step_started", stage="fetch")
        store.go_away()
        assert running.end() == 6
    assert crowd.tokaway("batch", crowd.file).code == 0
    assert_exactly(crowd.pds, crowd.accounts["anna"].did, crowd.staged["anna"].public)


@pytest.mark.cluster
def test_a_store_that_is_not_there_is_told_before_anything_is_sent(
    crowd: Crowd, workers: distributed.LocalCluster
) -> None:
    with_one(crowd)
    for url in ("s3://another/somewhere", (crowd.folder / "nowhere").as_uri()):
        through = ("--cluster", workers.scheduler_address, "--store", url)
        ended = crowd.tokaway("batch", crowd.file, *through)
        assert ended.code == 6
        assert f"The store {url} cannot be used" in ended.err
        assert "Nothing was sent" in ended.err and "bucket or folder" in ended.err
    assert crowd.line.calls() == []


def test_a_store_without_its_library_is_told_with_what_to_install(crowd: Crowd) -> None:
    with_one(crowd)
    hidden = "import sys; sys.modules['s3fs'] = None; from importer.cli import main; main()"
    program = (sys.executable, "-c", hidden)
    for url in (FOLDER, "sx://bucket/folder"):
        ended = crowd.tokaway(
            *("batch", crowd.file, "--cluster", NOBODY, "--store", url), program=program
        )
        assert ended.code == 2 and "pip install s3fs" in ended.err
    assert crowd.line.calls() == []


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        ({"store": FOLDER}, "store_alone"),
        ({"store": "bucket", "cluster": NOBODY}, "store_url"),
        ({"store": "s3://", "cluster": NOBODY}, "store_url"),
        ({"store": "ftp://me:secret@host/folder", "cluster": NOBODY}, "store_url"),
    ],
)
def test_a_store_that_cannot_be_meant_is_refused(
    tmp_path: Path, flags: dict[str, str], code: str
) -> None:
    file = tmp_path / "batch.toml"
    file.write_text('[[creators]]\nexport = "anna.zip"\n', encoding="utf-8")
    with pytest.raises(UserError) as refused:
        read_batch(file, flags)
    assert refused.value.code == code
    assert "secret" not in refused.value.text + refused.value.hint


def test_names_in_a_store_tell_archives_apart_and_nothing_of_whose_they_are(tmp_path: Path) -> None:
    one = owner("did:plc:anna", tmp_path / "anna.tokaway")
    others = {
        owner("did:plc:ben", tmp_path / "anna.tokaway"),
        owner("did:plc:anna", tmp_path / "more.tokaway"),
    }
    assert one not in others and len(others) == 2
    assert "anna" not in one
    assert one == owner("did:plc:anna", tmp_path / "moved" / "anna.tokaway")
