"""Where settings are found: in files, in the environment, as flags; the last one wins."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import platformdirs

from importer.errors import UserError

FILE_NAME = "tokaway.toml"
PREFIX = "TOKAWAY_"
CONFIG = "TOKAWAY_CONFIG"
# What bounds a batch as a whole, by the names of its flags and its file.
OF_BATCH = {"jobs": "TOKAWAY_JOBS", "cluster": "TOKAWAY_CLUSTER", "store": "TOKAWAY_STORE"}
# Variables of the same prefix that are no settings of a run.
NOT_SETTINGS = ("TOKAWAY_CACHE", "TOKAWAY_STATE", CONFIG, *OF_BATCH.values())
# What a setting may be called besides: one destination is named in the singular.
ALSO = {"destination": "destinations"}
# What is a path in a file is meant from where that file lies.
_PATHS = ("archive", "source", "password_file", "handles")
# An archive cannot say where it is.
_NOT_IN_ARCHIVE = ("archive",)


class Origin(StrEnum):
    """The kinds of places in which a setting is found, each above the ones before."""

    DEFAULT = "default"
    USER_FILE = "user file"
    ARCHIVE_FILE = "archive file"
    ENVIRONMENT = "environment"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Found:
    """One value as it was written, and where: `place` is the file, or the variable."""

    value: Any
    origin: Origin
    place: str = ""

    @property
    def where(self) -> str:
        """The place in words."""
        match self.origin:
            case Origin.ENVIRONMENT:
                return "the environment"
            case Origin.FLAG:
                return "the flags"
            case _:
                return self.place


def gather(
    known: Collection[str],
    flags: Mapping[str, Any],
    *,
    archive: Path | None = None,
    config: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> dict[str, Found]:
    """Every setting that was found anywhere, from the place that wins.

    Flags that are `None` were not given; `config` among them names the settings file, unless it is
    given itself.

    Raises:
        UserError: a file cannot be read, or a setting is not `known`.
    """
    variables = os.environ if environ is None else environ
    merged: dict[str, Found] = {}
    for file, origin in _files(archive, config or flags.get("config"), variables):
        for name, value in _read(file).items():
            name = _named(name, known, str(file))
            if origin is Origin.ARCHIVE_FILE and name in _NOT_IN_ARCHIVE:
                raise UserError(
                    f"The setting {name} in {file} cannot be set there: the archive is where it "
                    "is.",
                    hint="Put it into your own settings file; see docs/settings.md.",
                    code="settings",
                )
            merged[name] = Found(_from(file.parent, name, value), origin, str(file))
    for name, value in variables.items():
        if name.startswith(PREFIX) and name not in NOT_SETTINGS:
            setting = _named(name.removeprefix(PREFIX).lower(), known, "the environment")
            merged[setting] = Found(value, Origin.ENVIRONMENT, name)
    for name, value in flags.items():
        if value is not None and name != "config":
            merged[_named(name, known, "the flags")] = Found(value, Origin.FLAG)
    return merged


def check_names(
    names: Iterable[str], known: Collection[str], where: str, what: str = "setting"
) -> None:
    """Refuse what is not known by its name, and say what may be meant.

    Raises:
        UserError: one is unknown.
    """
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            raise UserError(
                f"Unknown {what} '{name}' in {where}.",
                hint=f"Did you mean '{near[0]}'?" if near else "See docs/settings.md.",
                code="settings",
            )


def user_file() -> Path | None:
    """The settings file of this machine's user; `None` where nobody has a home."""
    try:
        file = platformdirs.user_config_path("tokaway") / FILE_NAME
    except RuntimeError:
        return None
    return file if file.is_absolute() else None


def _files(
    archive: Path | None, config: Path | None, variables: Mapping[str, str]
) -> Iterator[tuple[Path, Origin]]:
    by_variable = Path(variables[CONFIG]) if variables.get(CONFIG) else None
    named = config or by_variable
    if named and not named.is_file():
        raise UserError(
            f"The settings file {named} does not exist.",
            hint="Check --config." if config else f"Check the variable {CONFIG}.",
            code="settings",
        )
    own = named or user_file()
    if own and own.is_file():
        yield own, Origin.USER_FILE
    if archive and (archive / FILE_NAME).is_file():
        yield archive / FILE_NAME, Origin.ARCHIVE_FILE


def read_toml(file: Path, what: str, *, hint: str, code: str) -> dict[str, Any]:
    """What a file says; `what` it is called.

    Raises:
        UserError: it cannot be read, with this hint and code.
    """
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise UserError(f"{what} {file} cannot be read: {why}.", hint=hint, code=code) from error


def _read(file: Path) -> dict[str, Any]:
    hint = "Mend the line it names, or move the file away."
    return read_toml(file, "The settings file", hint=hint, code="settings")


def _named(name: str, known: Collection[str], where: str) -> str:
    name = ALSO.get(name, name)
    check_names([name], known, where)
    return name


def _from(folder: Path, name: str, value: Any) -> Any:
    """A path as it is meant in a file of this folder; all else as it is."""
    if name not in _PATHS or not isinstance(value, str) or value in ("", "-"):
        return value
    with_home = os.path.expanduser(value)  # noqa: PTH111  where nobody has a home `~` stays
    return str(folder.absolute() / with_home)
