"""The still by which a person knows a post again on the screen."""

from __future__ import annotations

from pathlib import Path

from importer.archive.view import ArchiveView
from importer.media.poster import kept_poster, poster
from importer.model import Post, Role


def poster_of(archive: ArchiveView, post: Post) -> bytes | None:
    """A small WebP of a post's original, in the archive or in a folder of the creator's.

    `None` while there is no file, or none that can be shown. Beside the creator's own files
    nothing is kept.
    """
    originals = archive.files(post.id).get(Role.ORIGINAL, ())
    if originals:
        return kept_poster(archive.path(originals[0].path))
    return poster(Path(post.source_path)) if post.source_path else None
