"""What a run will do with the files that are at hand, and where posts will be left out for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from importer.archive.view import ArchiveView
from importer.model import LeftOut, Limits, Post
from importer.records.destination import Destination
from importer.records.destinations import too_much
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


def foresee_left_out(
    archive: ArchiveView,
    posts: Iterable[Post],
    foreseen: Mapping[str, Foreseen],
    destinations: Sequence[Destination],
) -> list[LeftOut]:
    """Where these posts will be left out, because others show more of them than is taken there.

    What is not published yet is prepared for the most that any of the destinations takes.
    """
    lengths = archive.lengths() | {name: fit.seconds for name, fit in foreseen.items()}
    return [
        LeftOut(post.id, one.NAME, why.code, why.text, why.hint)
        for post in posts
        for one in destinations
        if (why := too_much(one, lengths.get(post.id, 0.0)))
    ]
