"""Everything that can be set, gathered from defaults, files, environment and flags."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import msgspec
import platformdirs

from importer.errors import UserError
from importer.model import Long, Photos

FILE_NAME = "tokaway.toml"
PREFIX = "TOKAWAY_"
# Variables of the same prefix that are no settings of a run.
NOT_SETTINGS = ("TOKAWAY_CACHE",)
_YEAR_SECONDS = 365 * 86_400.0


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run. A layer that comes later wins: see `load`."""

    to: str | None = None
    """Handle or DID of the account to publish to."""
    pds: str | None = None
    """URL of the account's server; found from the handle when not set."""
    ffmpeg: Path | None = None
    """The FFmpeg program; the system's or Tokaway's own when not set."""
    limit: int | None = None
    """How many posts to publish in this run."""
    wait: bool = True
    """Whether to wait for what may be tried later, or to end and say when."""
    fetch_jobs: int = 2
    """How many originals to fetch at once."""
    prepare_jobs: int = 1
    """How many files to prepare at once; FFmpeg uses every core by itself."""
    publish_jobs: int = 2
    """How many posts to publish at once."""
    buffer: int = 8
    """How many posts' prepared files may wait on the disk."""
    keep_prepared: bool = False
    """Whether prepared files stay on the disk when they are published."""
    long: Long = Long.SPLIT
    """What to do with a video that is too long: `split`, `trim` or `skip`."""
    photos: Photos = Photos.THREAD
    """How more than ten photos are published: `thread`, `first` (ten), or any as a `video`."""
    encoder: str = "software"
    """What encodes videos: `software`, `hardware` (whatever works) or one hardware encoder."""
    tries: int = 5
    """How often a post's own step is tried before the post counts as failed."""
    retry_seconds: float = 5.0
    """How long the first wait before another try is; each further wait is longer."""
    patience_seconds: float = 900.0
    """How long a server may be unreachable before the run ends."""


def load(
    flags: Mapping[str, Any],
    *,
    archive: Path | None = None,
    config: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Merge the layers: defaults < user file < archive file < TOKAWAY_* < flags.

    Flags that are `None` were not given.

    Raises:
        UserError: a file cannot be read, or a setting is unknown or has the wrong form.
    """
    user_file = config or platformdirs.user_config_path("tokaway") / FILE_NAME
    merged: dict[str, Any] = {}
    if config is not None and not config.is_file():
        raise UserError(
            f"The settings file {config} does not exist.", hint="Check --config.", code="settings"
        )
    for file in (user_file, archive / FILE_NAME if archive else None):
        if file and file.is_file():
            merged |= _checked(_read(file), str(file))
    variables = os.environ if environ is None else environ
    named = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in variables.items()
        if name.startswith(PREFIX) and name not in NOT_SETTINGS
    }
    merged |= _checked(named, "the environment")
    merged |= {name: value for name, value in flags.items() if value is not None}
    try:
        settings = msgspec.convert(
            merged, Settings, strict=False, dec_hook=lambda kind, value: kind(value)
        )
    except msgspec.ValidationError as error:
        raise UserError(
            f"A setting has the wrong form: {error}.", hint="See docs/settings.md.", code="settings"
        ) from error
    for name in ("fetch_jobs", "prepare_jobs", "publish_jobs", "buffer", "tries"):
        if getattr(settings, name) < 1:
            raise UserError(f"The setting {name} must be 1 or more.", code="settings")
    for name, least in (("retry_seconds", 0.001), ("patience_seconds", 0.0)):
        if not least <= getattr(settings, name) <= _YEAR_SECONDS:
            raise UserError(
                f"The setting {name} must be a number of seconds up to a year.", code="settings"
            )
    return settings


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(
            f"The settings file {file} cannot be read: {error}.",
            hint="Mend the line it names, or move the file away.",
            code="settings",
        ) from error


def _checked(layer: Mapping[str, Any], where: str) -> dict[str, Any]:
    known = {field.name for field in fields(Settings)}
    for name in layer:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            raise UserError(
                f"Unknown setting '{name}' in {where}.",
                hint=f"Did you mean '{near[0]}'?" if near else "See docs/settings.md.",
                code="settings",
            )
    return dict(layer)
