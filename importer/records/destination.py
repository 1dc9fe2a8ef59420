"""What a destination is: one module that writes a TikTok post as records of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from importer.model import Notice, Post
from importer.records.style import Style

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one post of a destination may hold, whatever the account's server would take."""

    video_bytes: int
    video_seconds: float
    image_bytes: int
    photos: int


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A video or photo on the server: its blob reference as `uploadBlob` answered it.

    `width` and `height` are the displayed size in pixels; `captions` are languages (BCP 47) with
    the blobs of their WebVTT files.
    """

    blob: dict[str, Any]
    width: int
    height: int
    captions: tuple[tuple[str, dict[str, Any]], ...] = ()

    @classmethod
    def shaped(
        cls,
        blob: dict[str, Any],
        shown: dict[str, Any],
        captions: tuple[tuple[str, dict[str, Any]], ...] = (),
    ) -> Self:
        """A blob as a record shows it: `shown` holds its `aspectRatio`."""
        ratio = shown["aspectRatio"]
        return cls(blob, ratio["width"], ratio["height"], captions)

    @property
    def aspect_ratio(self) -> dict[str, int]:
        """As records hold it."""
        return {"width": self.width, "height": self.height}

    def as_video(self, kind: str, alt: str, most_captions: int) -> dict[str, Any]:
        """What shows it as a video, as a value of the lexicon `kind`.

        Captions beyond what a record may hold are left out.
        """
        shown: dict[str, Any] = {
            "$type": kind,
            "video": self.blob,
            "aspectRatio": self.aspect_ratio,
        }
        if alt:
            shown["alt"] = alt
        if self.captions:
            shown["captions"] = [
                {"lang": lang, "file": blob} for lang, blob in self.captions[:most_captions]
            ]
        return shown


@dataclass(frozen=True, slots=True)
class Draft:
    """A record to be written: where, which part of its post it is for, and its content as JSON."""

    destination: str
    collection: str
    rkey: str
    part: int
    value: dict[str, Any] = field(repr=False)

    def uri(self, did: str) -> str:
        """Its address in the repo of an account."""
        return uri(did, self.collection, self.rkey)


@dataclass(frozen=True, slots=True)
class Twin:
    """The same post at another destination: its first record.

    `cid` is `None` while it is not known; `link` is the page to name in one's own text, if any.
    """

    uri: str
    cid: str | None
    link: str | None


@dataclass(frozen=True, slots=True)
class Worded:
    """How a post will read, as far as its files do not matter; field by field of its records."""

    texts: tuple[str, ...]
    tags: tuple[str, ...]
    langs: tuple[str, ...]
    labels: tuple[str, ...]
    closed_replies: bool
    closed_quotes: bool


class Destination(Protocol):
    """What the rest of Tokaway asks of a destination; each is a module of this room.

    Every record stands under the key of its post and part (`records.keys`), so that the records
    of one post at several destinations have one key.
    """

    NAME: str
    """In settings, archives and JSON lines."""
    TITLE: str
    """For people."""
    COLLECTION: str
    """Where its posts are."""
    GATES: Mapping[str, str]
    """Where further records stand under the key of a post, with what they say, in words."""
    BY_ARRIVAL: bool
    """Whether its apps show posts by the day they arrive rather than by their date."""
    NOTICE: Notice | None
    """What to know before anything goes there."""

    def bounds(self, pds: Version | None) -> Bounds:
        """What a post may hold on a server of a version of the reference PDS, if it tells one."""

    def drafts(
        self,
        post: Post,
        media: Sequence[Uploaded],
        did: str,
        style: Style,
        *,
        is_video: bool,
        attempt: int = 0,
        twins: Sequence[Twin] = (),
    ) -> list[Draft]:
        """The records of a post, its own first.

        Args:
            post: the TikTok post.
            media: its videos if `is_video`, else its photos, in their order.
            did: the account.
            style: what the user chose.
            is_video: whether videos or photos are shown.
            attempt: which of the post's keys to use.
            twins: the same post elsewhere.
        """

    def worded(self, post: Post, style: Style) -> Worded:
        """What will be written for a post beside its files."""

    def number(self, post: Post, files: int, style: Style, *, is_video: bool) -> int:
        """How many records a post of so many files becomes."""

    def is_ours(self, value: dict[str, Any], uri: str, post: Post, part: int) -> bool:
        """Whether what was found at the address of a record of ours is that of the post."""

    def shown_in(self, value: dict[str, Any]) -> list[Uploaded]:
        """The video or the photos that a record of ours shows; none if it shows nothing."""

    def texts_of(self, value: dict[str, Any]) -> list[str]:
        """The words of a record of ours; none if it has no place for any."""

    def page(self, did: str, handle: str, rkey: str) -> str:
        """Where people see a post in a browser."""

    def profile_page(self, did: str, handle: str) -> str:
        """Where people see an account in a browser."""

    def link(self, did: str, rkey: str) -> str | None:
        """The page that twins of a post name in their texts; `None` if they need not."""


def uri(did: str, collection: str, rkey: str) -> str:
    """The address of a record."""
    return f"at://{did}/{collection}/{rkey}"


def in_parts(media: Sequence[Uploaded], at_once: int) -> list[Sequence[Uploaded]]:
    """The videos or photos of each of a post's records, up to so many in one."""
    return [media[at : at + at_once] for at in range(0, len(media), at_once)]


def blob_cids(value: dict[str, Any]) -> tuple[str, ...]:
    """The CIDs of the blobs a record refers to, in their order."""
    return tuple(_cids(value))


def _cids(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        ref = value.get("ref")
        link = ref.get("$link") if isinstance(ref, dict) else None
        if isinstance(link, str):
            yield link
            return
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _cids(inner)
