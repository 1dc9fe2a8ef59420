"""The words of the command line, completed by a real shell."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from importer.completion import SHELLS
from importer.pds.kept_sessions import INDEX
from tests.end_to_end.command_line import CommandLine, environment

# What bash does when Tab is pressed behind these words.
PRESS_TAB = """
eval "$(tokaway completion bash)"
COMP_WORDS=({words})
COMP_CWORD=$(({number} - 1))
"$(complete -p tokaway | sed 's/.*-F //; s/ .*//')" tokaway
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
CHECKS = {"bash": ("bash", "-n"), "zsh": ("zsh", "-n"), "fish": ("fish", "--no-execute")}


def completed(home: Path, *words: str) -> list[str]:
    """What bash offers for the last of some words."""
    program = home / "bin" / "tokaway"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m importer.cli "$@"\n')
    program.chmod(0o755)
    script = PRESS_TAB.format(words=" ".join(f"'{word}'" for word in words), number=len(words))
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        capture_output=True,
        check=True,
        encoding="utf-8",
        env=environment(home) | {"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"},
        timeout=60,
    )
    assert not done.stderr
    return done.stdout.split()


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("tokaway", "unde"), []),
        (("tokaway", "und"), ["undo"]),
        (("tokaway", "run", "x.zip", "--no-w"), ["--no-wait"]),
        (("tokaway", "plan", "x.zip", "--long", "s"), ["split", "skip"]),
    ],
    ids=["nothing", "a command", "a flag", "a choice"],
)
def test_bash_completes(tmp_path: Path, words: tuple[str, ...], offered: list[str]) -> None:
    assert completed(tmp_path, *words) == offered


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_bash_offers_the_accounts_that_are_signed_in(tmp_path: Path) -> None:
    state = tmp_path / ".local" / "state" / "tokaway"
    state.mkdir(parents=True)
    known = {"did:plc:a": "ada.test", "did:plc:b": "bo.test"}
    (state / INDEX).write_text(json.dumps(known), encoding="utf-8")
    assert completed(tmp_path, "tokaway", "logout", "a") == ["ada.test"]


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_can_read_its_script(tokaway: CommandLine, shell: str) -> None:
    ended = tokaway("completion", shell)
    assert ended.code == 0, ended.err
    assert "_TOKAWAY_COMPLETE" in ended.out
    (line,) = tokaway("completion", shell, "--json").named("completion")
    assert (line["shell"], str(line["script"]).strip()) == (shell, ended.out.strip())
    if shutil.which(shell):
        subprocess.run(CHECKS[shell], input=ended.out, encoding="utf-8", check=True)
