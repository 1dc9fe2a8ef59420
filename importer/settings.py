"""Everything that can be set, gathered from defaults, files, environment and flags."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from importer.addresses import handle_in, server_in
from importer.errors import UserError
from importer.layers import Found, gather
from importer.model import Kind, Long, Photos, Route
from importer.records.destinations import DESTINATIONS, USUAL
from importer.records.style import LABELS, MOST_LANGS, Names, Overflow
from importer.selection import Selection

SECRETS = ("notify",)
"""Settings whose values are shown to nobody."""
_LISTS = ("langs", "labels", "destinations", "notify")
_YEAR_SECONDS = 365 * 86_400.0
_MOST_HEADROOM = 0.9


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run. A layer that comes later wins: see `load`."""

    to: str | None = None
    """Handle or DID of the account to publish to."""
    pds: str | None = None
    """URL of the account's server; found from the handle when not set."""
    ffmpeg: Path | None = None
    """The FFmpeg program; the system's or Tokaway's own when not set."""
    destinations: tuple[str, ...] = USUAL
    """Where posts go: `bluesky`, `spark`, or both."""
    limit: int | None = None
    """How many posts to publish in this run."""
    dry_run: bool = False
    """Whether to fetch and prepare as many posts as `buffer` holds, and to publish none."""
    wait: bool = True
    """Whether to wait for what may be tried later, or to end and say when."""
    fetch_jobs: int = 2
    """How many originals to fetch at once."""
    prepare_jobs: int = 1
    """How many files to prepare at once; FFmpeg uses every core by itself."""
    publish_jobs: int = 3
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
    overflow: Overflow = Overflow.THREAD
    """What becomes of a caption too long for one record: `thread` or `truncate`."""
    names: Names = Names.PLAIN
    """What becomes of @names in captions: `plain`, `link` (to TikTok) or `mention`."""
    handles: Path | None = None
    """A table (CSV) of TikTok names and handles, for `names = "mention"`."""
    langs: tuple[str, ...] = ()
    """The languages of all posts (BCP 47); told from each caption when not set."""
    labels: tuple[str, ...] = ()
    """Content labels for all posts, such as `sexual` or `graphic-media`."""
    gates: bool = True
    """Whether nobody may reply where TikTok's comments were closed."""
    quote_gates: bool = False
    """Whether nobody may quote where stitches or duets were closed: the nearest thing."""
    disclose: bool = False
    """Whether posts say in words what TikTok showed about AI and advertising."""
    provenance: bool = False
    """Whether records name the TikTok post they stand for."""
    upload: Route = Route.AUTO
    """How videos go up: by the video `service`, `direct`, or `auto`: where there is one."""
    video_service: str | None = None
    """URL of the video service, if not Bluesky's; then it is used on any server."""
    appview: str = "https://public.api.bsky.app"
    """The app view that is asked whether posts are shown and play; empty for none."""
    plc: str | None = None
    """URL of the directory of did:plc, if not the usual one."""
    pace: int | None = None
    """How many posts to publish an hour, 0 for as many as the server allows. When not set, 100
    an hour, and fewer in the first days of an account that is new or has followers."""
    headroom: float = 0.2
    """The share of each of the server's limits that is left for your own posting."""
    tries: int = 5
    """How often a post's own step is tried before the post counts as failed."""
    retry_seconds: float = 5.0
    """How long the first wait before another try is; each further wait is longer."""
    patience_seconds: float = 900.0
    """How long a server may be unreachable before the run ends."""
    look_seconds: float = 90.0
    """How long a run stays at its end to see whether what it published plays."""
    mute_seconds: float = 3600.0
    """How long a video may be shown and not play before it is encoded anew."""
    archive: Path | None = None
    """Where to keep the archive of an export; beside it when not set."""
    source: Path | None = None
    """A folder with files the creator already has."""
    include_private: bool = False
    """Whether to publish posts that not everyone could see."""
    yes: bool = False
    """Whether questions of a plan or a run count as answered with yes."""
    since: date | None = None
    """The first day (UTC) whose posts are published."""
    until: date | None = None
    """The last day (UTC) whose posts are published."""
    min_likes: int | None = None
    """How many likes a post needs to be published."""
    kind: Kind | None = None
    """Whether to publish only `video` or only `photo` posts."""
    match: str = ""
    """Words that a post must have in it to be published."""
    password_file: Path | None = None
    """A file whose first line is the account's (app) password; `-` for standard input."""
    keyring: bool = True
    """Whether sessions are kept in the system's keyring, if it has one, rather than in files."""
    notify: tuple[str, ...] = field(default=(), repr=False)
    """Where to send word when the import ends, fails or needs a person: Apprise URLs."""
    json: bool = False
    """Whether to print JSON lines."""
    quiet: bool = False
    """Whether to print the result only."""

    @property
    def selection(self) -> Selection:
        """Which posts are meant."""
        return Selection(self.since, self.until, self.min_likes, self.kind, match=self.match)


NAMES = tuple(one.name for one in fields(Settings))
"""The names of all settings."""


def load(
    flags: Mapping[str, Any],
    *,
    archive: Path | None = None,
    config: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Merge the layers: defaults < user file < archive file < TOKAWAY_* < flags.

    Flags that are `None` were not given. The user's file is `config`, or the flag of this name.

    Raises:
        UserError: a file cannot be read, or a setting is unknown or has the wrong form.
    """
    return load_with_origins(flags, archive=archive, config=config, environ=environ)[0]


def load_with_origins(
    flags: Mapping[str, Any],
    *,
    archive: Path | None = None,
    config: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> tuple[Settings, dict[str, Found]]:
    """As `load`, with where each setting was found that does not have its default.

    Raises:
        UserError: a file cannot be read, or a setting is unknown or has the wrong form.
    """
    found = gather(NAMES, flags, archive=archive, config=config, environ=environ)
    return settings_in(found), found


def settings_in(found: Mapping[str, Found]) -> Settings:
    """The settings that were found; the others have their defaults.

    Raises:
        UserError: one has the wrong form.
    """
    # A variable or a flag holds a list as words with commas between them.
    merged = {
        name: _words(one.value) if name in _LISTS and isinstance(one.value, str) else one.value
        for name, one in found.items()
    }
    try:
        settings = msgspec.convert(
            merged, Settings, strict=False, dec_hook=lambda kind, value: kind(value)
        )
    except msgspec.ValidationError as error:
        name = "".join(re.findall(r"\$\.(\w+)", str(error))[:1])
        where = f" {name} in {found[name].where}" if name in found else ""
        raise UserError(
            f"The setting{where} has the wrong form: {error}.",
            hint="See docs/settings.md.",
            code="settings",
        ) from error
    _check_words(settings)
    settings = replace(
        settings,
        to=handle_in(settings.to) if settings.to else None,
        destinations=_checked_destinations(settings.destinations),
        pds=server_in(settings.pds or ""),
        plc=server_in(settings.plc or ""),
        video_service=server_in(settings.video_service or ""),
    )
    for name in ("fetch_jobs", "prepare_jobs", "publish_jobs", "buffer", "tries"):
        if getattr(settings, name) < 1:
            raise UserError(f"The setting {name} must be 1 or more.", code="settings")
    if settings.min_likes is not None and settings.min_likes < 0:
        raise UserError("The setting min_likes must be a number of likes.", code="settings")
    seconds = {"retry_seconds": 0.001, "patience_seconds": 0, "look_seconds": 0, "mute_seconds": 0}
    for name, least in seconds.items():
        if not least <= getattr(settings, name) <= _YEAR_SECONDS:
            raise UserError(
                f"The setting {name} must be a number of seconds up to a year.", code="settings"
            )
    if settings.pace is not None and settings.pace < 0:
        raise UserError("The setting pace must be a number of posts, or 0.", code="settings")
    if not 0 <= settings.headroom <= _MOST_HEADROOM:
        raise UserError(
            f"The setting headroom must be a share between 0 and {_MOST_HEADROOM}.",
            code="settings",
        )
    return settings


def talk(
    flags: Mapping[str, Any], archive: Path | None = None, config: Path | None = None
) -> tuple[bool, bool]:
    """Whether to print JSON lines, and whether the result only; told even if all else is wrong."""
    for files in ((archive, config), (None, None)):
        try:
            found = gather(NAMES, flags, archive=files[0], config=files[1])
            told = settings_in({name: found[name] for name in ("json", "quiet") if name in found})
        except UserError:
            continue
        return told.json, told.quiet
    return bool(flags.get("json")), bool(flags.get("quiet"))


def labels_of(text: str | None) -> tuple[str, ...] | None:
    """Content labels from words with commas between them.

    Raises:
        UserError: one is unknown.
    """
    if text is None:
        return None
    check_labels(labels := _words(text))
    return labels


def langs_of(text: str | None) -> tuple[str, ...] | None:
    """Languages from tags with commas between them.

    Raises:
        UserError: one is no language tag, or there are more than a record takes.
    """
    if text is None:
        return None
    check_langs(langs := _words(text))
    return langs


def check_labels(labels: Collection[str]) -> None:
    """Refuse content labels that apps do not know.

    Raises:
        UserError: one is unknown, or there are too many.
    """
    for label in labels:
        if label not in LABELS:
            near = difflib.get_close_matches(label, LABELS, 1)
            raise UserError(
                f"Unknown content label '{label}'.",
                hint=f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(LABELS)}.",
                code="settings",
            )


def check_langs(langs: Collection[str]) -> None:
    """Refuse what is no language.

    Raises:
        UserError: one is no language tag (BCP 47), or there are more than a record takes.
    """
    if not langs:
        return
    # Every command reads settings, hardly any has languages set.
    import langcodes

    wrong = [lang for lang in langs if not langcodes.tag_is_valid(lang)]
    if wrong or len(langs) > MOST_LANGS:
        raise UserError(
            f"'{wrong[0]}' is no language." if wrong else f"{len(langs)} languages for one post.",
            hint=f"Up to {MOST_LANGS} tags such as en or pt-BR.",
            code="settings",
        )


def _checked_destinations(names: Collection[str]) -> tuple[str, ...]:
    """Destinations in their usual order, each once."""
    unknown = [name for name in names if name not in DESTINATIONS]
    if unknown or not names:
        raise UserError(
            f"Unknown destination '{unknown[0]}'." if unknown else "No destination is named.",
            hint=f"Known: {', '.join(DESTINATIONS)}.",
            code="settings",
        )
    return tuple(name for name in DESTINATIONS if name in names)


def _check_words(settings: Settings) -> None:
    check_labels(settings.labels)
    check_langs(settings.langs)
    if settings.names is Names.MENTION and settings.handles is None:
        raise UserError(
            "To mention people, Tokaway needs your table of their handles.",
            hint="Name it with the setting handles; see docs/settings.md.",
            code="settings",
        )


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for part in text.split(",") if (word := part.strip()))
