"""What a run will do with the files that are at hand, decided for a whole archive."""

from __future__ import annotations

from collections.abc import Iterable

from importer.archive.view import ArchiveView
from importer.model import Limits, Post
from importer.settings import Settings
from importer.stages.foresee import Foreseen, foresee


def foresee_all(
    archive: ArchiveView, posts: Iterable[Post], limits: Limits, settings: Settings
) -> dict[str, Foreseen]:
    """The decision for each of these posts whose original is here, by post."""
    originals = archive.originals()
    found: dict[str, Foreseen] = {}
    for post in posts:
        fit = foresee(
            post,
            originals.get(post.id, ()),
            archive.folder,
            limits,
            settings.long,
            settings.photos,
        )
        if fit:
            found[post.id] = fit
    return found
