"""What the stages work with, and what they give back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import httpx

from importer.media.encoders import SOFTWARE, Encoder
from importer.media.ffmpeg import Ffmpeg
from importer.model import (
    Account,
    Limits,
    Long,
    MediaFile,
    Notice,
    Photos,
    Post,
    Record,
    Role,
    Trouble,
)
from importer.pds.appview import AppView
from importer.pds.budget import Budget
from importer.pds.repo import Repo
from importer.pds.video_service import VideoService
from importer.records.destination import Destination
from importer.records.destinations import USUAL as USUAL_DESTINATIONS
from importer.records.destinations import named
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
    appview: AppView | None = None
    """Shows whether videos play; none if none can see the account's server."""
    notices: tuple[Notice, ...] = ()
    destinations: tuple[Destination, ...] = named(USUAL_DESTINATIONS)

    @property
    def in_order(self) -> bool:
        """Whether posts must go out one after another, oldest first."""
        return any(one.BY_ARRIVAL for one in self.destinations)


class FileTools(Protocol):
    """What fetching and preparing need of it; another machine may have this alone."""

    @property
    def limits(self) -> Limits:
        """What the server and the destinations accept."""

    @property
    def ffmpeg(self) -> Ffmpeg:
        """The program."""

    @property
    def encoder(self) -> Encoder:
        """What encodes videos."""

    @property
    def http(self) -> httpx.Client:
        """For downloads."""

    @property
    def long(self) -> Long:
        """What to do with a video that is too long."""

    @property
    def photos(self) -> Photos:
        """How many photos are published."""


@dataclass(frozen=True, slots=True)
class Job:
    """One post, its noted files in the order of their parts, and the archive they lie in.

    `is_absent` says that the account was read in this run, did not have more of the post than
    `records`, and that nothing was written for it since.
    """

    post: Post
    files: Mapping[Role, tuple[MediaFile, ...]]
    archive: Path
    is_absent: bool = False
    records: tuple[Record, ...] = ()


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
    """Every record is on the PDS, the post's own first; `found` if all stood there before.

    `records` are those that the archive did not know. `own` are the URIs of those that this
    archive wrote: now, or in a run that died before it could note them. `left_out` are the
    destinations that do not take the post, with the reasons; `not_right` is what is wrong with
    what a video service made of it.
    """

    records: tuple[Record, ...]
    found: bool
    own: frozenset[str] = frozenset()
    left_out: Mapping[str, Trouble] = field(default_factory=dict)
    not_right: Trouble | None = None

    def of(self, run: int) -> tuple[Record, ...]:
        """The records as they are noted: the archive's own as those of a run."""
        return tuple(
            replace(record, run=run) if record.uri in self.own else record
            for record in self.records
        )

    @property
    def text(self) -> str:
        """What was done, in words."""
        done = "found on the server" if self.found else "published"
        why = [*self.left_out.values(), *([self.not_right] if self.not_right else [])]
        return "; ".join([done, *(one.text for one in why)])


Result = Fetched | Prepared | Published


class FileGone(Exception):
    """A file the archive knows is gone or changed: the post goes back to where it can go on."""
