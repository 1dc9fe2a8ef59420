"""The demo's server and export, for as long as the program runs."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Demo:
    """A sample export, and the account it may be moved to. `flags` are as of `tokaway run`."""

    export: Path
    handle: str
    password: str = field(repr=False)
    flags: Mapping[str, str]


class DemoGround:
    """Starts the demo once, and ends it with all its files. For worker threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._standing = ExitStack()
        self.demo: Demo | None = None

    def ready(self, say: Callable[[str], None]) -> Demo:
        """The demo, started now if it does not run yet; `say` hears what takes long.

        Raises:
            UserError: a part of it cannot be had on this machine.
        """
        with self._lock:
            if self.demo is None:
                self.demo = self._start(say)
            return self.demo

    def end(self) -> None:
        """Stop the servers and remove what they made; waits for a start that is under way."""
        with self._lock:
            self._standing.close()
            self.demo = None

    def _start(self, say: Callable[[str], None]) -> Demo:
        # Loading it takes a moment that nobody else need wait for.
        from importer.demo.ground import ground

        with ExitStack() as stack:
            folder = tempfile.TemporaryDirectory(prefix="tokaway-demo-", ignore_cleanup_errors=True)
            made = stack.enter_context(ground(Path(stack.enter_context(folder)), say))
            self._standing.push(stack.pop_all())
        account = made.account
        return Demo(
            export=made.export,
            handle=account.handle,
            password=made.password.value,
            flags={"to": account.handle, "pds": account.pds, "plc": made.plc},
        )
