"""Every example in the documents works: run for real, or read by what would read it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from importer.cli import cli
from importer.cli_examples import EXAMPLES
from importer.events import StepDone
from importer.model import Action, Privacy, Stage
from importer.settings import load
from tests.end_to_end.conftest import Job, MakeJob, make_job
from tests.examples import PAGES, PROGRAM, ROOT, Block, blocks, command_lines
from tests.staged_export import stage

__all__ = ["make_job"]

EXPORT = "TikTok_Data_1767225600.zip"
HANDLE, PASSWORD = "you.example.com", "abcd-efgh-ijkl-mnop"
FIRST_IMPORT, PYTHON = ROOT / "docs" / "first-import.md", ROOT / "docs" / "python.md"


def named(block: Block) -> str:
    return f"{block.page.stem}: {block.text.strip().splitlines()[0][:40]}"


def test_each_block_says_what_language_it_is_in() -> None:
    """Else nothing would run it, or read it."""
    for page in PAGES:
        fences = re.findall(r"^ *```(.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert all(fences[::2]) and not any(fences[1::2]), page.name


# command lines


def understand(words: list[str]) -> None:
    """Read a command line as the program does; what is wrong with it raises."""
    program = click.Context(cli, info_name=PROGRAM)
    name, *rest = words
    if name == "--version":
        return
    command = cli.commands[name]
    if not {"-h", "--help"} & set(rest):
        command.make_context(name, rest, parent=program).close()


@pytest.mark.parametrize("block", blocks("sh", "console"), ids=named)
def test_command_lines_are_understood(block: Block) -> None:
    for words in command_lines(block.script):
        understand(words)


@pytest.mark.parametrize("command", cli.commands)
def test_each_command_has_examples_that_are_understood(command: str) -> None:
    assert EXAMPLES[command]
    for example in EXAMPLES[command]:
        (words,) = command_lines(example.line)
        assert words[0] == command
        understand(words)
        assert example.line in (cli.commands[command].epilog or "")


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_a_shell_can_read_each_script() -> None:
    for block in blocks("sh", "console"):
        done = subprocess.run(
            ["bash", "-n"], input=block.script, encoding="utf-8", capture_output=True
        )
        assert not done.stderr, (named(block), done.stderr)


# files


@pytest.mark.parametrize("block", blocks("toml"), ids=named)
def test_settings_are_valid(block: Block, tmp_path: Path) -> None:
    tomllib.loads(block.text)
    if block.text.startswith("# tokaway.toml"):
        file = tmp_path / "tokaway.toml"
        file.write_text(block.text, encoding="utf-8")
        load({}, config=file, environ={})


def test_json_is_valid() -> None:
    for block in blocks("json"):
        for line in block.text.splitlines():
            json.loads(line)


# the first import, as its page tells it


@pytest.fixture(scope="module")
def job(make_job: MakeJob, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """Two posts that anyone could see, and one that only friends could."""
    media = tmp_path_factory.mktemp("media")
    made = make_job(stage(media, [Action.KEEP, Action.REMUX], private=[Privacy.FRIENDS]))
    made.write_export(EXPORT)
    return made


def told(block: Block) -> Iterator[tuple[str, str]]:
    """Each command behind a prompt, with what it prints."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def pattern(output: str) -> re.Pattern[str]:
    """What is printed, where `…` stands for anything, and on a line of its own for any lines."""
    lines = output.replace("App password:\n", "").strip().splitlines()
    parts = [
        r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + r"\n"
        for line in lines
    ]
    return re.compile("".join(parts))


def test_the_first_import_goes_as_its_page_tells(job: Job) -> None:
    variables = {"TOKAWAY_PDS": job.account.pds}
    for block in blocks("console"):
        if block.page != FIRST_IMPORT:
            continue
        for command, output in told(block):
            (words,) = command_lines(command.replace(HANDLE, job.account.handle))
            if words[0] in ("login", "limits"):
                # Typed there, at a terminal.
                words += ["--password-file", str(job.folder / "password.txt")]
            words = [
                str(job.folder / word) if word.startswith("TikTok") else word for word in words
            ]
            ended = job.tokaway(*words, variables=variables)
            assert ended.code in (0, 2 * (words[0] == "doctor")), (command, ended.err)
            expected = pattern(
                output.replace(HANDLE, job.account.handle).replace("https:", "http:")
            )
            assert expected.search(ended.err + ended.out), (command, ended.err + ended.out)


# from Python


@pytest.fixture(scope="module")
def at_python(make_job: MakeJob, tmp_path_factory: pytest.TempPathFactory) -> Job:
    made = make_job(stage(tmp_path_factory.mktemp("media"), [Action.KEEP] * 2))
    made.write_export(EXPORT)
    (made.folder / "batch.toml").write_text(
        f'[[creators]]\nname = "you"\nto = "{made.account.handle}"\nexport = "{EXPORT}"\n'
        'password_file = "password.txt"\n',
        encoding="utf-8",
    )
    return made


@pytest.fixture
def in_its_folder(at_python: Job, monkeypatch: pytest.MonkeyPatch) -> Iterator[Job]:
    monkeypatch.chdir(at_python.folder)
    monkeypatch.setenv("TOKAWAY_PDS", at_python.account.pds)
    before = signal.getsignal(signal.SIGTERM)
    yield at_python
    signal.signal(signal.SIGTERM, before)


def test_the_examples_in_python_do_what_they_say(
    in_its_folder: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    job = in_its_folder
    said = []
    for block in blocks("python"):
        text = block.text.replace(HANDLE, job.account.handle).replace(PASSWORD, job.password)
        left: dict[str, object] = {}
        exec(compile(text, block.page.name, "exec"), left)
        said.append(capsys.readouterr().out)
    an_import, looking, listening, many, verifying, updating = said
    assert an_import.startswith("2 posts wait; published by 2")
    assert "StepDone(" in an_import
    assert an_import.endswith("all_published 0\n")
    assert [line.split()[0] for line in looking.splitlines()] == [
        post.id for post in job.staged.posts
    ]
    assert not listening
    assert many == "you all_published \n1 creators, 0\n"
    assert verifying == "0 posts are not right\n"
    first = job.staged.posts[0].id
    assert updating == f"{first} will say Better words\n0 posts are as they were\n"


def test_the_listener_of_the_example_hears(
    in_its_folder: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    (block,) = (block for block in blocks("python") if "def hear" in block.text)
    left: dict[str, Callable[[object], None]] = {}
    exec(compile(block.text, block.page.name, "exec"), left)
    at = in_its_folder.staged.posts[0].posted_at
    left["hear"](StepDone(at, 1, "20240131T235959", Stage.PUBLISH, 1.0, "published", "at://x"))
    assert capsys.readouterr().out == "published at://x\n"


def test_the_import_takes_ten_lines() -> None:
    first = next(block for block in blocks("python") if block.page == PYTHON)
    assert len([line for line in first.text.splitlines() if line]) == 10


def test_the_examples_are_right_for_a_strict_type_checker(tmp_path: Path) -> None:
    for number, block in enumerate(blocks("python")):
        (tmp_path / f"example{number}.py").write_text(block.text, encoding="utf-8")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            *sorted(tmp_path.glob("*.py")),
        ],
        capture_output=True,
        cwd=ROOT,
        encoding="utf-8",
        env={**os.environ, "MYPYPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stdout
