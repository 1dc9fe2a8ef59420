"""Of several captions and several files of one post: which is the best. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from importer.captions.finding import Finding, Source

# Of several captions of one post, that of the source which keeps them whole and as they are now.
_SOURCES = (
    *(Source.YT_DLP, Source.GALLERY_DL, Source.TIKTOK_PAGE, Source.TOKKIT, Source.MYFAVETT),
    Source.FILE_NAME,
)


def best_caption(findings: Sequence[Finding]) -> tuple[str | None, Source | None]:
    """Words before none, whole sources before others; that there are none is known too."""
    ranked = sorted(
        (found for found in findings if found.caption is not None),
        key=lambda found: (not found.caption, _SOURCES.index(found.source), str(found.path)),
    )
    return (ranked[0].caption, ranked[0].source) if ranked else (None, None)


def best_file(findings: Sequence[Finding], size: Callable[[Path], int]) -> Path | None:
    """Without TikTok's watermark, then the most pixels, then the most bytes."""
    files: dict[Path, Finding] = {}
    for found in findings:
        if found.file and (found.file not in files or found.watermarked is not None):
            files[found.file] = found
    if len(files) < 2:
        return next(iter(files), None)
    marks = {False: 0, None: 1, True: 2}

    def rank(path: Path) -> tuple[int, int, int, str]:
        found = files[path]
        pixels = (found.width or 0) * (found.height or 0)
        return marks[found.watermarked], -pixels, -size(path), str(path)

    return min(files, key=rank)
