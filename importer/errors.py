"""Every error Tokaway raises on purpose, sorted by what happens next.

TokawayError
├── UserError        before a run: bad export, settings, no ffmpeg             exit 2
├── StepError        this post only
│   ├── TryLater     the post waits in the table until its next try
│   └── Refused      failed (or skipped) with a reason and a hint
├── RunError         the run stops, nothing is lost
│   ├── SignInNeeded                                                           exit 3
│   ├── DiskFull                                                               exit 4
│   ├── ArchiveInUse                                                           exit 5
│   ├── Unreachable                                                            exit 6
│   │   └── WorkersLost  those who do the steps, for all runs that share them
│   ├── Fault        three unknown exceptions in a row                         exit 70
│   └── BudgetEmpty                                                            exit 75
Stopped              not an error: the user asked to stop, the step never happened
"""

from __future__ import annotations

import errno
from datetime import datetime
from typing import ClassVar


class TokawayError(Exception):
    """Base of the tree.

    `text` says what happened and what it means for the user's videos, `hint` what to do next,
    `code` is a stable word for programs.
    """

    exit_code: ClassVar[int] = 1
    default_code: ClassVar[str] = "error"

    def __init__(self, text: str, *, hint: str = "", code: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint
        self.code = code or self.default_code


class UserError(TokawayError):
    """Something must be put right before a run can start."""

    exit_code = 2
    default_code = "usage"


class StepError(TokawayError):
    """This post has trouble; the run goes on."""

    default_code = "step"


class TryLater(StepError):
    """The step may work later.

    `at` (UTC) is when the server allows the next try, `None` for the usual back-off.
    `whole_stage` marks trouble that is not the post's own (a rate limit, a dead network):
    the stage pauses for all posts and the try is not counted. `unreachable` adds that the
    other side did not answer at all, `shared` that all posts need that very one.
    """

    default_code = "try_later"

    def __init__(
        self,
        text: str,
        *,
        hint: str = "",
        code: str | None = None,
        at: datetime | None = None,
        whole_stage: bool = False,
        unreachable: bool = False,
        shared: bool = False,
    ) -> None:
        super().__init__(text, hint=hint, code=code)
        self.at = at
        self.whole_stage = whole_stage
        self.unreachable = unreachable
        self.shared = shared


class Refused(StepError):
    """The step cannot work; `skip` marks a decision of ours rather than a failure."""

    default_code = "refused"

    def __init__(
        self, text: str, *, hint: str = "", code: str | None = None, skip: bool = False
    ) -> None:
        super().__init__(text, hint=hint, code=code)
        self.skip = skip


class RunError(TokawayError):
    """The run stops here; the same command goes on later."""

    default_code = "run"


class SignInNeeded(RunError):
    """The server wants a password, or refuses the one it got."""

    exit_code = 3
    default_code = "sign_in"


class DiskFull(RunError):
    """No room for the next file or for the archive itself."""

    exit_code = 4
    default_code = "disk_full"


class ArchiveInUse(RunError):
    """Another run holds the archive."""

    exit_code = 5
    default_code = "archive_in_use"


class Unreachable(RunError):
    """The server or the network does not answer."""

    exit_code = 6
    default_code = "unreachable"


class WorkersLost(Unreachable):
    """Those who do the steps of many runs are gone: none of these can go on."""

    default_code = "cluster_lost"


class Fault(RunError):
    """Tokaway itself is broken: three unknown exceptions in a row."""

    exit_code = 70
    default_code = "fault"


class BudgetEmpty(RunError):
    """Nothing more may be sent before `until` (UTC)."""

    exit_code = 75
    default_code = "budget_empty"

    def __init__(
        self, text: str, *, until: datetime, hint: str = "", code: str | None = None
    ) -> None:
        super().__init__(text, hint=hint, code=code)
        self.until = until


class Stopped(Exception):
    """The user asked to stop at once: the step counts as never begun."""


def of_system(error: OSError) -> TokawayError:
    """What the system refused, in words: a full disk has its own exit code."""
    if error.errno == errno.ENOSPC:
        return DiskFull(
            "The disk is full. Nothing is lost.",
            hint="Free some space and give the same command again.",
        )
    where = f" ({error.filename})" if error.filename else ""
    return UserError(f"{error.strerror or error}{where}.", code="system")
