"""Somebody who types the examples of a page, in the folder of their export."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Mapping, Sequence

from tests.end_to_end.command_line import PROGRAM, SECONDS, environment
from tests.end_to_end.conftest import Job

HANDLE = "you.example.com"
PASSWORD_FILE = "app-password"
_TYPED = f"tokaway login {HANDLE}"


class Typist:
    """Has an account, a file with its password, and `tokaway` among their programs.

    Args:
        job: the import that the examples are about.
        names: what stands in the examples, and what is this person's in its place.
        programs: more of their programs: a name, and what the shell does then.
        answers: commands that ask, and are answered with yes.
        variables: what is in their environment besides.
    """

    def __init__(
        self,
        job: Job,
        names: Mapping[str, str] | None = None,
        *,
        programs: Mapping[str, str] | None = None,
        answers: Sequence[str] = (),
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self._job = job
        self._names = {HANDLE: job.account.handle, **(names or {})}
        self._answers = answers
        self._variables = {"TOKAWAY_PDS": job.account.pds, **(variables or {})}
        password = job.folder / PASSWORD_FILE
        password.write_text(f"{job.password}\n", encoding="utf-8")
        password.chmod(0o600)
        bin_ = job.folder / "bin"
        bin_.mkdir()
        tokaway = f'exec {shlex.join(PROGRAM)} "$@"'
        for name, does in {"tokaway": tokaway, **(programs or {})}.items():
            (bin_ / name).write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
            (bin_ / name).chmod(0o700)

    def own(self, text: str) -> str:
        """An example with this person's names in it."""
        for theirs, own in self._names.items():
            text = text.replace(theirs, own)
        return text

    def environment(self) -> dict[str, str]:
        """What the programs that they start find around them."""
        path = f"{self._job.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return environment(self._job.folder / "home") | {"PATH": path} | self._variables

    def types(self, script: str, variables: Mapping[str, str] | None = None) -> str:
        """What a script prints, with some variables besides; what is asked is answered."""
        # Typed there: the password, and yes.
        script = re.sub(
            rf"{re.escape(_TYPED)}$",
            f"{_TYPED} --password-file {PASSWORD_FILE}",
            script,
            flags=re.MULTILINE,
        )
        for asking in self._answers:
            script = re.sub(rf"({asking}.*)$", r"\1 --yes", script, flags=re.MULTILINE)
        done = subprocess.run(
            ["/bin/sh", "-ec", f"{self.own(script)}\nwait"],
            env=self.environment() | dict(variables or {}),
            cwd=self._job.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, (script, done.stdout, done.stderr)
        return done.stdout + done.stderr
