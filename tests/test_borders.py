"""Borders between rooms as they are at run time, imports inside functions and all."""

import subprocess
import sys

import pytest

PURE = (
    "importer.export.reader",
    "importer.records.bluesky",
    "importer.records.keys",
    "importer.media.fit",
    "importer.engine.schedule",
    "importer.archive.matching",
)
IO = ("av", "ffmpeg", "httpx", "sqlite3", "sqlite_utils", "subprocess", "yt_dlp")


def _loaded_by(*modules: str) -> set[str]:
    """Top-level modules that a fresh process holds after importing these."""
    code = f"import sys, {', '.join(modules)}; print(*{{m.partition('.')[0] for m in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


def test_the_whole_headless_program_never_loads_the_terminal_ui_nor_what_is_an_extra() -> None:
    assert not _loaded_by("importer.cli", "importer.demo.demo") & {"textual", "tui", "apprise"}


def test_nothing_of_dask_is_loaded_unless_a_cluster_is_named() -> None:
    assert not _loaded_by("importer.cli", "importer.batch.work") & {
        "dask",
        "distributed",
        "fsspec",
    }


@pytest.mark.parametrize("module", PURE)
def test_a_pure_room_loads_nothing_that_does_io(module: str) -> None:
    assert not _loaded_by(module) & set(IO)
