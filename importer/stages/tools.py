"""What the stages work with, and what they give back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

from importer.media.ffmpeg import Ffmpeg
from importer.model import Account, Limits, MediaFile, Post, Record, Role
from importer.pds.repo import Repo


@dataclass(frozen=True, slots=True)
class Tools:
    """The outside world, as one run has it."""

    account: Account
    repo: Repo
    limits: Limits
    ffmpeg: Ffmpeg
    http: httpx.Client
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Job:
    """One post, its noted files, and the archive folder they lie in."""

    post: Post
    files: Mapping[Role, MediaFile]
    archive: Path


@dataclass(frozen=True, slots=True)
class Fetched:
    """The original is in place."""

    file: MediaFile


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file that the servers accept is in place; it may be the original itself."""

    file: MediaFile


@dataclass(frozen=True, slots=True)
class Published:
    """The record is on the PDS; `found` if it stood there before."""

    record: Record
    found: bool


Result = Fetched | Prepared | Published


class FileGone(Exception):
    """A file the archive knows is gone or changed: the post goes back to where it can go on."""
