"""What preparing will do with a post whose original is at hand: decided, not done."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from importer.errors import Refused
from importer.media.fit import decide
from importer.media.fit_photo import decide_photo
from importer.media.photo_set import photo_set
from importer.media.probe import probe
from importer.model import Action, Fit, Kind, Limits, LinkKind, Long, MediaFile, Photos, Post
from importer.stages.place import in_place

DONE = {
    Action.KEEP: "sent as they are",
    Action.REMUX: "cleaned without loss",
    Action.TRANSCODE: "converted",
}


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The decision for a post, with its reason in words; `trouble` if its file cannot be used."""

    action: Action
    reason: str
    trouble: str | None = None
    seconds: float = 0.0
    """How long the longest of its videos will be, about; 0 for photos."""


def foresee(
    post: Post,
    originals: Sequence[MediaFile],
    archive: Path,
    limits: Limits,
    long: Long,
    photos: Photos,
) -> Foreseen | None:
    """Look at the original of a post and decide; `None` while it is not here to be looked at.

    Args:
        post: the post; what the user wants of it goes before `long` and `photos`.
        originals: its noted originals.
        archive: the folder these lie in.
        limits: what the server takes.
        long: what becomes of videos that are too long.
        photos: how sets of photos are published.
    """
    try:
        if post.kind == Kind.PHOTO:
            paths = _photo_paths(post, originals, archive)
            return _photos(paths, limits, post.photos or photos) if paths else None
        path = _video(post, originals, archive)
        if path is None:
            return None
        facts = probe(path)
        fit = decide(facts, limits, post.long or long, encode=post.encode)
        parts = math.ceil(facts.seconds / limits.video_seconds)
        seconds = facts.seconds / parts if fit.action is Action.SPLIT else facts.seconds
        return Foreseen(fit.action, fit.reason, seconds=min(seconds, limits.video_seconds))
    except Refused as refusal:
        return Foreseen(Action.SKIP, refusal.text, refusal.code)
    except OSError:
        # An unplugged disk: fetching will say what is wrong with it.
        return None


def told_of_photos(fits: Sequence[Fit], left_out: int) -> str:
    """What is done with a set of photos, in words."""
    if len(fits) == 1 and not left_out:
        return fits[0].reason
    done = Counter(fit.action for fit in fits)
    told = ", ".join(f"{number} {DONE[action]}" for action, number in done.items())
    rest = f"; {left_out} left out, as you asked" if left_out else ""
    return f"{len(fits)} photos: {told}{rest}."


def _video(post: Post, originals: Sequence[MediaFile], archive: Path) -> Path | None:
    if in_place(archive, originals):
        return archive / originals[0].path
    source = Path(post.source_path) if post.source_path else None
    return source if source and source.is_file() else None


def _photo_paths(post: Post, originals: Sequence[MediaFile], archive: Path) -> list[Path]:
    if in_place(archive, originals):
        return [archive / original.path for original in originals]
    source = Path(post.source_path) if post.source_path else None
    if source is None or not source.is_file():
        return []
    own, _ = photo_set(source)
    links = sum(link.kind == LinkKind.IMAGE for link in post.links)
    # A set that lacks some is not taken: see fetching.
    return own if len(own) >= links else []


def _photos(paths: Sequence[Path], limits: Limits, wish: Photos) -> Foreseen:
    if wish is Photos.VIDEO:
        reason = f"Made into a video of {len(paths)} photos: you asked for it."
        return Foreseen(Action.SLIDESHOW, reason)
    # Imported here: few posts are photos, and Pillow is large.
    from importer.media.photos import probe_photo

    shown = paths[: limits.photos] if wish is Photos.FIRST else paths
    fits = [decide_photo(probe_photo(path), limits.photo_bytes) for path in shown]
    order = list(Action)
    hardest = max((fit.action for fit in fits), key=order.index)
    return Foreseen(hardest, told_of_photos(fits, len(paths) - len(shown)))
