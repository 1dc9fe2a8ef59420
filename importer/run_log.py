"""`run.log` in the archive: every event but the ticking status, and tracebacks, as JSON lines."""

from __future__ import annotations

import json
import logging
from contextvars import ContextVar, Token
from pathlib import Path
from types import TracebackType

from importer.clock import utc_now
from importer.events import Event, Status, jsonable, to_json

NAME = "run.log"
_CURRENT: ContextVar[RunLog | None] = ContextVar("current", default=None)


class RunLog(logging.Handler):
    """Appends to an archive's log; a full disk never stops the run that is being logged."""

    def __init__(self, archive: Path) -> None:
        super().__init__(logging.WARNING)
        self._path = archive / NAME
        self._before: Token[RunLog | None] | None = None

    def event(self, event: Event) -> None:
        """Keep one event."""
        if not isinstance(event, Status):
            self._append(to_json(event))

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one warning or error of our own, with its traceback, unless it is another run's."""
        if _CURRENT.get() not in (None, self):
            return
        traceback = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
        self._append(
            {
                "event": "log",
                "at": jsonable(utc_now()),
                "text": record.getMessage(),
                "traceback": traceback,
            }
        )

    def __enter__(self) -> RunLog:
        logging.getLogger("tokaway").addHandler(self)
        self._before = _CURRENT.set(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        logging.getLogger("tokaway").removeHandler(self)
        if self._before:
            _CURRENT.reset(self._before)

    def _append(self, line: dict[str, object]) -> None:
        try:
            # In JSON an escape of what is no text is right as well.
            with self._path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError:
            return
