"""What the stages work with, and what they give back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

from importer.media.encoder import SOFTWARE, Encoder
from importer.media.ffmpeg import Ffmpeg
from importer.model import Account, Limits, Long, MediaFile, Photos, Post, Record, Role
from importer.pds.budget import Budget
from importer.pds.repo import Repo
from importer.pds.standing import Notice
from importer.pds.video_service import VideoService
from importer.records.style import USUAL, Style


@dataclass(frozen=True, slots=True)
class Tools:
    """The outside world, as one run has it."""

    account: Account
    repo: Repo
    limits: Limits
    ffmpeg: Ffmpeg
    http: httpx.Client
    now: Callable[[], datetime]
    long: Long = Long.SPLIT
    photos: Photos = Photos.THREAD
    encoder: Encoder = SOFTWARE
    style: Style = USUAL
    budget: Budget = field(default_factory=Budget)
    videos: VideoService | None = None
    """Takes the videos; without one they go straight to the server."""
    may_go_direct: bool = True
    """Whether they may go straight there too, if it turns out that there is no service."""
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """One post, its noted files in the order of their parts, and the archive they lie in.

    `is_absent` says that the account was read in this run, did not have the post, and that
    nothing was written for it since.
    """

    post: Post
    files: Mapping[Role, tuple[MediaFile, ...]]
    archive: Path
    is_absent: bool = False


@dataclass(frozen=True, slots=True)
class Fetched:
    """The original is in place: one video, or every photo."""

    files: tuple[MediaFile, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What will be sent is in place; originals that are right as they are are among it.

    `reason` says in words what was done.
    """

    files: tuple[MediaFile, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Published:
    """Every record is on the PDS, the post's own first; `found` if they stood there before.

    Those found that show the very files of this archive are `ours`: written by a run that died
    before it could note them.
    """

    records: tuple[Record, ...]
    found: bool
    ours: bool = False


Result = Fetched | Prepared | Published


class FileGone(Exception):
    """A file the archive knows is gone or changed: the post goes back to where it can go on."""
