"""All there is to know of one post, for a person who looks at it."""

from __future__ import annotations

from dataclasses import dataclass

from importer.archive.view import ArchiveView
from importer.known import known_limits
from importer.model import MediaFile, Post, Role
from importer.posters import poster_of
from importer.records.destinations import DESTINATIONS
from importer.settings import Settings
from importer.stages.foresee import Foreseen, foresee


@dataclass(frozen=True, slots=True)
class Closeup:
    """One post with its original files, what these need, its still, and where it is to be seen.

    `fit` and `poster` are `None` while there is no file, or none that can be used. `link` is the
    address of the published post in a browser, empty before.
    """

    post: Post
    originals: tuple[MediaFile, ...]
    fit: Foreseen | None
    poster: bytes | None
    link: str


def closeup(archive: ArchiveView, name: str, settings: Settings) -> Closeup | None:
    """Look closely at a post; `None` if the archive has none of that name."""
    post = archive.post(name)
    if post is None:
        return None
    originals = archive.files(name).get(Role.ORIGINAL, ())
    fit = foresee(
        post,
        originals,
        archive.folder,
        known_limits(archive, settings.destinations),
        settings.long,
        settings.photos,
    )
    return Closeup(post, originals, fit, poster_of(archive, post), _link(archive, name))


def _link(archive: ArchiveView, name: str) -> str:
    account = archive.account()
    for record in archive.records(name):
        destination = DESTINATIONS[record.destination]
        if account and record.collection == destination.COLLECTION:
            return destination.page(record.did, account.handle, record.rkey)
    return ""
