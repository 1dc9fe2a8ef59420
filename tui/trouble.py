"""What went wrong, in words."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from importer.errors import Fault, TokawayError
from tui.language import _


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong, in words, and what a developer would want to know."""

    error: TokawayError
    details: str = ""


def trouble_of(error: Exception) -> Trouble:
    """An error in words: ours say it themselves, any other is a mistake of ours."""
    details = "".join(traceback.format_exception(error))
    if isinstance(error, TokawayError):
        return Trouble(error, details)
    if isinstance(error, OSError):
        said = f"{error.strerror or error}" + (f" ({error.filename})" if error.filename else "")
        return Trouble(TokawayError(said, code="system"), details)
    fault = Fault(
        _("Tokaway made a mistake ({name}). Nothing is lost.").format(name=type(error).__name__),
        hint=_("Please report this with the details below."),
    )
    return Trouble(fault, details)
