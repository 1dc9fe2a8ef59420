"""The file of a batch: which creators, with what settings, and how many at once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from importer.errors import UserError
from importer.folders import archive_beside
from importer.layers import ALSO, OF_BATCH, Found, Origin, check_names, read_toml
from importer.model import Stage
from importer.settings import NAMES, Settings, load, settings_in

_TABLES = ("batch", "defaults", "creators")
_OWN = ("name", "export", "archive")
# Settings of the command, and what it would have to ask about.
_NOT_HERE = ("json", "quiet", "yes", "include_private", "archive")
_SETTINGS = tuple(name for name in (*NAMES, *ALSO) if name not in _NOT_HERE)
# Settings that name files; like all paths of the file they start from its own folder.
_FILES = ("ffmpeg", "handles", "source", "password_file")
# What belongs to one account or archive, and would be wrong for all.
_NOT_FOR_ALL = ("to", "source", "password_file")
# What is told of all of them together.
_NOT_FOR_ONE = ("notify",)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is bounded over all creators of a batch.

    `jobs` creators are at work at once, with so many steps of each stage in all. After about
    `turn` posts, or ten minutes, a creator lets others have their turn. `cluster` is the address
    of a Dask scheduler whose workers fetch and prepare, `store` the URL of a folder that they and
    this machine reach if they do not see the archives.
    """

    jobs: int = 4
    turn: int = 25
    fetch_jobs: int = 4
    prepare_jobs: int = 1
    publish_jobs: int = 6
    cluster: str | None = None
    store: str | None = None

    @property
    def steps(self) -> dict[Stage, int]:
        """How many steps of each stage are done at once."""
        return {
            Stage.FETCH: self.fetch_jobs,
            Stage.PREPARE: self.prepare_jobs,
            Stage.PUBLISH: self.publish_jobs,
        }


@dataclass(frozen=True, slots=True)
class Creator:
    """One import of a batch. `path` is its export, or its archive; `archive` where the archive is.

    `values` are its settings, those for all among them; `settings` what they come to by themselves.
    """

    name: str
    path: Path
    archive: Path
    values: Mapping[str, Any]
    settings: Settings

    def check(self) -> None:
        """Make sure that the export is where the file says.

        Raises:
            UserError: it is not.
        """
        if self.path != self.archive and not self.path.exists():
            raise UserError(
                f"There is no file or folder {self.path}. No video was touched.",
                hint="Mend export in the batch's file. If it is gone and the archive made from it "
                "is there, name that instead: archive = FOLDER.tokaway",
                code="not_found",
            )


@dataclass(frozen=True, slots=True)
class BatchFile:
    """What a file asks for. `notify` is where to send word of all creators together."""

    path: Path
    bounds: Bounds
    creators: tuple[Creator, ...]
    notify: tuple[str, ...] = field(default=(), repr=False)


def read_batch(path: Path, flags: Mapping[str, Any]) -> BatchFile:
    """Read and check a file; `flags` count for all creators and win over what it says.

    Raises:
        UserError: it cannot be read, or asks for something that cannot be.
    """
    hint = "Mend the line it names; docs/batch.md shows a whole file."
    told = read_toml(path, "The batch file", hint=hint, code="batch_file")
    check_names(told, _TABLES, str(path), "table")
    at_once, for_all = _table(path, told, "batch"), _table(path, told, "defaults")
    check_names(at_once, [bound.name for bound in fields(Bounds)], f"[batch] of {path}")
    check_names(
        for_all, [one for one in _SETTINGS if one not in _NOT_FOR_ALL], f"[defaults] of {path}"
    )
    given = {name: value for name, value in flags.items() if value is not None}
    # Flags that bound the batch as a whole; the others are settings of each creator.
    by_flag = {one: given.pop(one) for one in OF_BATCH if one in given}
    bounds = _bounds(path, _of_environment() | at_once | by_flag)
    listed = told.get("creators", [])
    if not isinstance(listed, list) or not listed:
        raise _wrong(path, "It names no creators.", "Add a [[creators]] table for each of them.")
    creators = [_creator(path, place, row, for_all, given) for place, row in enumerate(listed, 1)]
    for what, names in (
        ("name", [one.name for one in creators]),
        ("archive", [str(one.archive) for one in creators]),
    ):
        (name, times) = Counter(names).most_common(1)[0]
        if times > 1:
            raise _wrong(
                path,
                f"{times} creators have the {what} {name}.",
                "Give each one an archive and a name of its own: archive = …, name = …",
            )
    notify = load({"notify": for_all.get("notify")}).notify
    return BatchFile(path, bounds, tuple(creators), notify)


def _creator(
    path: Path, place: int, row: Any, for_all: Mapping[str, Any], flags: Mapping[str, Any]
) -> Creator:
    where = f"creator {place} of {path}"
    if not isinstance(row, dict):
        raise _wrong(path, f"Creator {place} is no table.", "Begin each of them with [[creators]].")
    check_names(row, [*_OWN, *(one for one in _SETTINGS if one not in _NOT_FOR_ONE)], where)
    named = {one: _place(path, row[one], where) for one in _OWN[1:] if one in row}
    export, archive = named.get("export"), named.get("archive")
    if export is None and archive is None:
        raise _wrong(
            path, f"Creator {place} names neither export nor archive.", "export = FILE.zip"
        )
    folder = archive or archive_beside(export or path)
    values = _in_full(for_all) | _in_full(row)
    values = {name: value for name, value in values.items() if name not in _OWN} | dict(flags)
    for one in _FILES:
        if one in values:
            values[one] = _place(path, values[one], where)
    found = {one: Found(value, Origin.USER_FILE, str(path)) for one, value in values.items()}
    try:
        settings = settings_in(found)
    except UserError as error:
        raise UserError(f"{where}: {error.text}", hint=error.hint, code=error.code) from error
    name = str(row.get("name") or row.get("to") or folder.stem).removeprefix("@")
    return Creator(name, export or folder, folder, values, settings)


def _of_environment() -> dict[str, Any]:
    """The bounds that variables name."""
    told: dict[str, Any] = {
        one: value for one, name in OF_BATCH.items() if (value := os.environ.get(name))
    }
    if (jobs := told.get("jobs")) and not jobs.isdecimal():
        raise UserError(
            f"The variable {OF_BATCH['jobs']} must be a number of creators.",
            hint="See docs/batch.md.",
            code="settings",
        )
    return told | ({"jobs": int(jobs)} if jobs else {})


def _bounds(path: Path, told: Mapping[str, Any]) -> Bounds:
    try:
        bounds = msgspec.convert(dict(told), Bounds)
    except msgspec.ValidationError as error:
        raise _wrong(path, f"[batch] has the wrong form: {error}.", "See docs/batch.md.") from error
    for bound in fields(Bounds):
        value = getattr(bounds, bound.name)
        if isinstance(value, int) and value < 1:
            raise _wrong(path, f"{bound.name} in [batch] must be 1 or more.", "")
    if bounds.store is not None:
        _check_store(bounds.store, bounds.cluster)
    return bounds


def _check_store(store: str, cluster: str | None) -> None:
    parts = urlsplit(store)
    if not (parts.scheme and parts.path.strip("/") + parts.netloc):
        raise UserError(
            f"{store!r} is no URL of a store.",
            hint="Name a bucket and a folder in it, such as s3://bucket/folder.",
            code="store_url",
        )
    if parts.password is not None:
        raise UserError(
            "The URL of the store holds a password, which others may see there.",
            hint="Leave it out: the library of the store finds its keys in the environment or in "
            "files of its own (docs/batch.md).",
            code="store_url",
        )
    if cluster is None:
        raise UserError(
            "A store is only of use with a cluster: without one all work is done here.",
            hint="Name the cluster too (--cluster URL), or leave the store out.",
            code="store_alone",
        )


def _place(path: Path, value: Any, where: str) -> Path:
    if not isinstance(value, str) or not value:
        raise UserError(f"{where}: {value!r} is no path.", code="settings")
    return path.absolute().parent / Path(value).expanduser()


def _in_full(told: Mapping[str, Any]) -> dict[str, Any]:
    return {ALSO.get(name, name): value for name, value in told.items()}


def _table(path: Path, told: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = told.get(name, {})
    if not isinstance(table, dict):
        raise _wrong(path, f"{name} is no table.", f"Write [{name}] on a line of its own.")
    return table


def _wrong(path: Path, what: str, hint: str) -> UserError:
    return UserError(f"The batch file {path}: {what}", hint=hint, code="batch_file")
