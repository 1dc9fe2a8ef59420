"""Preparing a set of photos: each cleaned or converted, or all of them shown in one video."""

from __future__ import annotations

from pathlib import Path

from importer.media.fit import decide
from importer.media.fit_photo import decide_photo
from importer.media.photo_set import SOUNDS
from importer.media.photos import convert_photo, probe_photo
from importer.media.probe import probe
from importer.media.slideshow import make_slideshow
from importer.model import Action, Fit, Long, MediaFile, Photos, Role
from importer.stages.foresee import told_of_photos
from importer.stages.place import describe, post_folder, prepared_path
from importer.stages.tools import FileTools, Job, Prepared
from importer.step import Step


def prepare_photos(job: Job, tools: FileTools, step: Step) -> Prepared | Fit:
    """Have the photos of a post as the servers accept them, or a video that shows them.

    Returns:
        What was made, or the decision to skip it.
    """
    originals = job.files[Role.ORIGINAL]
    wish = job.post.photos or tools.photos
    if wish is Photos.VIDEO:
        return _slideshow(job, originals, tools, step)
    left_out = 0
    if wish is Photos.FIRST:
        left_out = max(0, len(originals) - tools.limits.photos)
        originals = originals[: tools.limits.photos]
    step.unit, step.done, step.total = "photos", 0, len(originals)
    files: list[MediaFile] = []
    for original in originals:
        step.check()
        made = _photo(job, original, tools)
        if isinstance(made, Fit):
            return made
        files.append(made)
        step.done += 1
    fits = [Fit(file.fit, file.reason or "") for file in files if file.fit]
    return Prepared(tuple(files), told_of_photos(fits, left_out))


def _photo(job: Job, original: MediaFile, tools: FileTools) -> MediaFile | Fit:
    source = job.archive / original.path
    cap = tools.limits.photo_bytes
    facts = probe_photo(source)
    fit = decide_photo(facts, cap)
    if fit.action is Action.SKIP:
        return fit
    target = source
    if fit.action is not Action.KEEP:
        stem = prepared_path(job.archive, job.post.id, original.part, "")
        target, facts, fit = convert_photo(source, stem, fit, cap)
    return describe(
        Role.PREPARED, job.archive, target, facts, fit.action, fit.reason, original.part
    )


def _slideshow(
    job: Job, originals: tuple[MediaFile, ...], tools: FileTools, step: Step
) -> Prepared | Fit:
    target = prepared_path(job.archive, job.post.id, 0, ".mp4")
    photos = [job.archive / original.path for original in originals]
    sound = _sound(post_folder(job.archive, job.post.id))
    how = "with its sound" if sound else "without sound, which is not here"
    reason = f"Made into a video of {len(photos)} photos, {how}: you asked for it."
    make_slideshow(photos, sound, target, tools.limits, tools.ffmpeg, step)
    facts = probe(target)
    fit = decide(facts, tools.limits, Long.SKIP)
    if fit.action is not Action.KEEP:
        target.unlink()
        return Fit(Action.SKIP, fit.reason)
    made = describe(Role.PREPARED, job.archive, target, facts, Action.SLIDESHOW, reason)
    return Prepared((made,), reason)


def _sound(folder: Path) -> Path | None:
    return next((path for path in sorted(folder.iterdir()) if path.suffix in SOUNDS), None)
