"""All there is to know of one post, for a person who looks at it."""

from __future__ import annotations

from dataclasses import dataclass

from importer.archive.view import ArchiveView
from importer.model import MediaFile, Post, Role
from importer.pds.limits import assumed
from importer.posters import poster_of
from importer.records.bluesky import COLLECTION
from importer.settings import Settings
from importer.stages.foresee import Foreseen, foresee
from importer.wording import web_link


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
        archive.limits() or assumed(),
        settings.long,
        settings.photos,
    )
    return Closeup(post, originals, fit, poster_of(archive, post), _link(archive, name))


def _link(archive: ArchiveView, name: str) -> str:
    account = archive.account()
    posts = [record for record in archive.records(name) if record.collection == COLLECTION]
    return web_link(posts[0].uri, account.handle) if account and posts else ""
