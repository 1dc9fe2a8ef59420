"""The words of the house as types: frozen values that cross the borders between rooms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What a TikTok post shows."""

    VIDEO = "video"
    PHOTO = "photo"


class Privacy(StrEnum):
    """Who could see the post on TikTok. Unknown counts as private everywhere."""

    EVERYONE = "everyone"
    FRIENDS = "friends"
    ONLY_YOU = "only you"
    UNKNOWN = "unknown"


class Stage(StrEnum):
    """One of the three kinds of step."""

    FETCH = "fetch"
    PREPARE = "prepare"
    PUBLISH = "publish"


class Milestone(StrEnum):
    """The last thing that is durably true of a post."""

    FOUND = "found"
    FETCHED = "fetched"
    PREPARED = "prepared"
    PUBLISHED = "published"
    VERIFIED = "verified"
    SKIPPED = "skipped"
    FAILED = "failed"


class LinkKind(StrEnum):
    """What a link of the export leads to."""

    VIDEO = "video"
    IMAGE = "image"
    PAGE = "page"


class Role(StrEnum):
    """What a file in the archive is for."""

    ORIGINAL = "original"
    PREPARED = "prepared"
    CAPTIONS = "captions"


class Action(StrEnum):
    """What must be done to a file before the servers accept it, gentlest first."""

    KEEP = "keep"
    REMUX = "remux"
    AUDIO = "audio"
    TRANSCODE = "transcode"
    SPLIT = "split"
    TRIM = "trim"
    SLIDESHOW = "slideshow"
    SKIP = "skip"


class Long(StrEnum):
    """What becomes of a video that is longer than the server takes."""

    SPLIT = "split"
    TRIM = "trim"
    SKIP = "skip"


class Photos(StrEnum):
    """How a set of photos is published."""

    THREAD = "thread"
    """Up to ten in one post, the others in replies to it."""
    FIRST = "first"
    """The first ten, in one post."""
    VIDEO = "video"
    """As a video that shows one after the other."""


class Route(StrEnum):
    """Which way a video takes to the account's server."""

    AUTO = "auto"
    """By the video service, where the account's server has one."""
    SERVICE = "service"
    DIRECT = "direct"


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a post.

    `key` names the linked object without its signature, so that the same object is recognised
    in a newer export whose links are signed afresh. `expires_at` is UTC, `None` when the link
    does not say. `video_id` is TikTok's 19-digit ID, known for page links only.
    """

    url: str
    kind: LinkKind
    key: str
    expires_at: datetime | None = None
    video_id: str | None = None


def first_death(links: Iterable[Link]) -> datetime | None:
    """When the first of some links dies; `None` if none does."""
    return min((link.expires_at for link in links if link.expires_at), default=None)


def post_id(posted_at: datetime, ordinal: int) -> str:
    """A post's name in the archive, on screen and in folders: `20240131T235959`, `…-1`."""
    stamp = posted_at.strftime("%Y%m%dT%H%M%S")
    return stamp if ordinal == 0 else f"{stamp}-{ordinal}"


@dataclass(frozen=True, slots=True)
class ExportPost:
    """One own post as an export tells it.

    `posted_at` is UTC, to the second. `ordinal` tells apart posts of the same second:
    0 for the oldest. `allow_*` is `None` when the export does not say. `disclosure` is what
    TikTok showed about advertising (`Your Brand, Branded Content`), `ai_generated` what it said
    of AI. `cover_url` is the signed link of the still that stands for a video.
    """

    posted_at: datetime
    ordinal: int
    kind: Kind
    privacy: Privacy
    links: tuple[Link, ...]
    title: str | None = None
    alt: str | None = None
    likes: int | None = None
    allow_comments: bool | None = None
    allow_duets: bool | None = None
    allow_stitches: bool | None = None
    disclosure: str | None = None
    ai_generated: str | None = None
    cover_url: str | None = None

    @property
    def id(self) -> str:
        """The post's name in the archive."""
        return post_id(self.posted_at, self.ordinal)


@dataclass(frozen=True, slots=True)
class Profile:
    """What an export says about its owner's account, as far as others could see it.

    `avatar_url` is signed and lives two days (measured 2025). `links` are the external links by
    name: `("instagram", …)`, as the owner wrote them.
    """

    user_name: str | None = None
    display_name: str | None = None
    bio: str | None = None
    avatar_url: str | None = None
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Post:
    """One TikTok post as the archive knows it. Times are UTC.

    `long`, `photos` and `encode` (its video anew, whether needed or not) are the user's word on
    this one post; `None` leaves it to the settings, and so do empty `labels` (of content) and
    `langs` (BCP 47).
    """

    id: str
    ordinal: int
    posted_at: datetime
    kind: Kind
    privacy: Privacy
    links: tuple[Link, ...]
    chosen: bool
    milestone: Milestone
    chosen_by: str = "rule"
    caption: str = ""
    caption_source: str | None = None
    alt: str = ""
    alt_source: str | None = None
    likes: int | None = None
    cover_url: str | None = None
    source_path: str | None = None
    allow_comments: bool | None = None
    allow_duets: bool | None = None
    allow_stitches: bool | None = None
    disclosure: str = ""
    ai_generated: str = ""
    long: Long | None = None
    photos: Photos | None = None
    encode: bool = False
    labels: tuple[str, ...] = ()
    langs: tuple[str, ...] = ()
    tries: int = 0
    next_try_at: datetime | None = None
    trouble_code: str | None = None
    trouble: str | None = None
    hint: str | None = None

    @property
    def link_expires_at(self) -> datetime | None:
        """When the first of its links dies; `None` if none does."""
        return first_death(self.links)


CAPTION_FROM_TITLE = "title"
"""`Post.caption_source` of a caption that is the title in the export."""
CAPTION_FROM_USER = "user"
"""`Post.caption_source` of a caption that the user wrote: no scan replaces it."""
ALT_FROM_EXPORT = "export"
ALT_FROM_USER = "user"
"""`Post.alt_source` of a description that TikTok's export has, or that the user wrote."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What the user wants of one post; `None` leaves a field as it is."""

    post: str
    caption: str | None = None
    alt: str | None = None
    chosen: bool | None = None
    long: Long | None = None
    photos: Photos | None = None
    encode: bool | None = None
    labels: tuple[str, ...] | None = None
    langs: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """How long and how large the original of a post is, all photos of a set together."""

    seconds: float
    bytes: int
    files: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was when it was last read: while size and time stay it is not read again.

    `told` is what it said, in a form of the scanner's own; empty if it said nothing.
    """

    size: int
    changed_ns: int
    told: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a post stands still: a stable code, a sentence, and what to do next."""

    code: str
    text: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Why a post is not at one destination although it is published elsewhere."""

    post: str
    destination: str
    code: str
    text: str
    hint: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to know before posts go out: a stable code, a sentence, and what can be done."""

    code: str
    text: str
    hint: str = ""


DOES_NOT_FIT = "does_not_fit"
"""`Trouble.code` of a post left out because no treatment makes its media acceptable."""
DOES_NOT_PLAY = "does_not_play"
NOT_SHOWN = "not_shown"
NOT_WHOLE = "wrong_video"


@dataclass(frozen=True, slots=True)
class Fit:
    """The decision for one file against the limits, with its reason in words.

    Parts of a file that is split or trimmed are then treated as `parts` says.
    """

    action: Action
    reason: str
    parts: Action | None = None


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file of a post inside the archive.

    `path` is relative to the archive with forward slashes; `sha256` is lower-case hex. `part`
    counts the photos of a post, or the parts a video was split into; `lang` is the language of
    captions (BCP 47), which belong to the video of the same part.
    """

    role: Role
    path: str
    bytes: int
    sha256: str
    width: int
    height: int
    seconds: float
    codecs: str
    part: int = 0
    lang: str = ""
    fit: Action | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A record on a PDS that stands for a post, or for one `part` of it. Times are UTC.

    `run` is the number of the run of this archive that wrote it, `None` if it was found there.
    """

    post: str
    did: str
    destination: str
    collection: str
    rkey: str
    uri: str
    cid: str
    blob_cids: tuple[str, ...]
    published_at: datetime
    part: int = 0
    verified_at: datetime | None = None
    run: int | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Where records are written: `pds` is the URL of the server that holds the repo."""

    did: str
    handle: str
    pds: str


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What the account's server says it accepts; `version` is that of the reference PDS."""

    blob_bytes: int
    version: tuple[int, ...] | None
    source: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What the server and the destinations of a run accept, and who said so.

    `blob_bytes` binds every file, `video_bytes` and `image_bytes` those in a post besides.
    `video_seconds` is the longest video, `photos` the most that one post shows.
    """

    blob_bytes: int
    video_bytes: int
    video_seconds: float
    source: str
    image_bytes: int = 1_000_000
    photos: int = 10

    @property
    def bytes(self) -> int:
        """The largest video file that can be published."""
        return min(self.blob_bytes, self.video_bytes)

    @property
    def photo_bytes(self) -> int:
        """The largest photo file that can be published."""
        return min(self.blob_bytes, self.image_bytes)
