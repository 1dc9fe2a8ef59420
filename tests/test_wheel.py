"""What is installed: built as for a release, and every command tried outside of the repository."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from importer import __version__
from importer.cli import cli
from importer.demo.node_packages import default_cache
from importer.model import Action
from tests.end_to_end.command_line import CommandLine, Ended, environment
from tests.end_to_end.conftest import Job, MakeJob, make_job
from tests.staged_export import stage
from tests.tui.terminal import Terminal

__all__ = ["make_job"]

ROOT = Path(__file__).parents[1]
PACKAGES = ("importer", "tokaway", "tui")
NOT_CODE = (
    "importer/demo/pds_server/package-lock.json",
    "importer/demo/pds_server/package.json",
    "importer/demo/pds_server/start.mjs",
    "importer/demo/sample/media/clip1.mp4",
    "importer/demo/sample/user_data_tiktok.json",
    "importer/py.typed",
    "importer/report.html.j2",
    "tokaway/py.typed",
    "tui/locale/tokaway.pot",
)


def hatchling(folder: Path, target: str, where: Path) -> Path:
    """Build a wheel or a source distribution of what lies in `folder`."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", where],
        check=True,
        capture_output=True,
        cwd=folder,
    )
    (made,) = where.glob("*.whl" if target == "wheel" else "*.tar.gz")
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made of the source distribution as installers do."""
    folder = tmp_path_factory.mktemp("built")
    with tarfile.open(hatchling(ROOT, "sdist", folder)) as packed:
        packed.extractall(folder / "source", filter="data")
    (source,) = (folder / "source").iterdir()
    return hatchling(source, "wheel", folder)


@dataclass(frozen=True, slots=True)
class Installed:
    """The wheel in an environment of its own, which borrows only the dependencies."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def program(self) -> tuple[str]:
        return (str(self.folder / "bin" / "tokaway"),)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    made = Installed(tmp_path_factory.mktemp("installed"))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", made.folder], check=True)
    pip = (sys.executable, "-m", "pip", "--python", made.python)
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", wheel], check=True)
    (libraries,) = (made.folder / "lib").glob("python*/site-packages")
    # A line of this file adds a folder, but not what files like it in that folder would add:
    # the checkout stays out.
    (libraries / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return made


def test_the_package_has_all_that_lies_beside_the_code(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    ours = [file for name in PACKAGES for file in (ROOT / name).rglob("*") if file.is_file()]
    wanted = {
        file.relative_to(ROOT).as_posix()
        for file in ours
        if not {"__pycache__", "node_modules"} & set(file.parts)
    }
    assert wanted | set(NOT_CODE) <= names
    assert {suffix for name in wanted if (suffix := Path(name).suffix)} >= {
        ".py",
        ".tcss",
        ".html",
        ".css",
        ".js",
        ".pot",
    }
    tops = {name.partition("/")[0] for name in names}
    assert tops == {*PACKAGES, f"tokaway-{__version__}.dist-info"}


def test_it_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        told = packed.read(f"tokaway-{__version__}.dist-info/METADATA").decode("utf-8")
        entry = packed.read(f"tokaway-{__version__}.dist-info/entry_points.txt").decode("utf-8")
    lines = told.splitlines()
    assert f"Version: {__version__}" in lines
    assert "License-Expression: MIT" in lines
    for minor in range(11, 15):
        assert f"Classifier: Programming Language :: Python :: 3.{minor}" in lines
    assert "tokaway = importer.cli:main" in entry


@dataclass(frozen=True, slots=True)
class Smoke:
    """A command line to try, and words that tell that it did something."""

    words: Callable[[Job], tuple[str | Path, ...]]
    says: str


# In the order in which a creator would give them; the screens and the demo follow below.
STORY: Mapping[str, Smoke] = {
    "doctor": Smoke(lambda job: (), "FFmpeg"),
    "completion": Smoke(lambda job: ("bash",), "_TOKAWAY_COMPLETE"),
    "limits": Smoke(lambda job: (job.account.handle, *job.access[2:]), "videos of up to"),
    "login": Smoke(lambda job: (job.account.handle, *job.access[2:]), "Signed in"),
    "plan": Smoke(lambda job: (job.export,), "2 to publish"),
    "posts": Smoke(lambda job: (job.archive,), "20190601T183005"),
    "captions": Smoke(lambda job: (job.archive, "--export", job.folder / "posts.csv"), "posts.csv"),
    "run": Smoke(lambda job: (job.archive, *job.access[:4]), "2 of 2 chosen posts published"),
    "status": Smoke(lambda job: (job.archive,), "2 published"),
    "config": Smoke(lambda job: (job.archive,), "pace"),
    "schedule": Smoke(lambda job: (job.archive,), "OnCalendar="),
    "verify": Smoke(lambda job: (job.archive, *job.access[2:4]), "are right"),
    "profile": Smoke(lambda job: (job.archive, "--dry-run", *job.access[2:4]), "Profile of"),
    "update": Smoke(lambda job: (job.archive, *job.access[2:4], "--yes"), "nothing to update"),
    "retry": Smoke(lambda job: (job.archive,), "0 posts put back"),
    "report": Smoke(lambda job: (job.archive,), "report.html"),
    "batch": Smoke(lambda job: (a_batch(job), "--plan"), "Nothing was sent"),
    "undo": Smoke(lambda job: (job.archive, *job.access[2:4], "--yes"), "2 posts"),
    "logout": Smoke(lambda job: (job.account.handle,), "Signed out"),
}
OF_THEIR_OWN = ("demo", "ui")


def a_batch(job: Job) -> Path:
    """A file that names one archive."""
    file = job.folder / "creators.toml"
    file.write_text(f"[[creators]]\narchive = '{job.archive}'\n", encoding="utf-8")
    return file


def test_every_command_is_tried() -> None:
    assert {*STORY, *OF_THEIR_OWN} == set(cli.commands)


@pytest.fixture
def tokaway(installed: Installed, tmp_path: Path) -> Callable[..., Ended]:
    """The installed program; nothing of the checkout is on its path."""
    run = CommandLine(tmp_path / "home")

    def call(*words: str | Path) -> Ended:
        variables = {"PYTHONPATH": "", "TOKAWAY_CACHE": str(default_cache())}
        return run(*words, program=installed.program, variables=variables)

    return call


def test_it_runs_from_where_it_was_installed(installed: Installed, tmp_path: Path) -> None:
    where = (
        "import importer, tokaway, tui; print(importer.__file__, tokaway.__file__, tui.__file__)"
    )
    done = subprocess.run(
        [installed.python, "-c", where],
        capture_output=True,
        check=True,
        cwd=tmp_path,
        encoding="utf-8",
        env=environment(tmp_path) | {"PYTHONPATH": ""},
    )
    assert all(str(installed.folder) in path for path in done.stdout.split())


def test_each_command_works(
    tokaway: Callable[..., Ended], make_job: MakeJob, tmp_path: Path
) -> None:
    job = make_job(stage(tmp_path / "media", [Action.KEEP, Action.REMUX]))
    # The demo, which brings its own server and sample, takes about as long as some of the others.
    with ThreadPoolExecutor(1) as beside:
        demo = beside.submit(tokaway, "demo")
        for name, smoke in STORY.items():
            ended = tokaway(name, *smoke.words(job))
            assert ended.code == 0, (name, ended.err, ended.out)
            assert smoke.says in ended.out + ended.err, (name, ended.out, ended.err)
    assert "<html" in (job.archive / "report.html").read_text(encoding="utf-8")
    assert demo.result().code == 0, demo.result().err
    assert "6 of 6 chosen posts published." in demo.result().out


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of the system")
def test_the_screens_open(installed: Installed, tmp_path: Path) -> None:
    variables = environment(tmp_path) | {"PYTHONPATH": ""}
    with Terminal((*installed.program, "ui"), variables, (100, 30)) as terminal:
        terminal.until("Try the demo")
        terminal.press("\x11")
        assert terminal.ended() == os.EX_OK
