"""Prepare: have a file that the servers accept, touched as little as possible."""

from __future__ import annotations

from pathlib import Path

from importer.errors import Refused
from importer.media.fit import decide
from importer.media.probe import probe
from importer.media.transcode import convert
from importer.model import Action, Fit, Limits, MediaFacts, Role
from importer.stages.place import PREPARED_NAME, describe, is_in_place, post_folder
from importer.stages.tools import FileGone, Job, Prepared, Tools
from importer.step import Step


def prepare(job: Job, tools: Tools, step: Step) -> Prepared:
    """Decide what the original needs, and do it.

    A file that is right already is sent as it is: the prepared file is then the original.

    Raises:
        FileGone: the original is no longer there.
        Refused: the file is damaged, or no treatment makes it fit; skipped or failed.
        DiskFull: there is no room.
        Stopped: the step was told to stop.
    """
    archive = job.archive
    original = job.files.get(Role.ORIGINAL)
    if original is None or not is_in_place(archive, original):
        raise FileGone
    source = archive / original.path
    facts = probe(source)
    fit = decide(facts, tools.limits)
    if fit.action == Action.SKIP:
        raise Refused(fit.reason, code="does_not_fit", hint="", skip=True)
    if fit.action == Action.KEEP:
        file = describe(Role.PREPARED, archive, source, facts, fit.action, fit.reason)
        return Prepared(file)
    target = post_folder(archive, job.post.id) / PREPARED_NAME
    made = _left_by_a_killed_run(target, source, facts, tools.limits)
    if made is None:
        made, fit = convert(source, target, facts, fit, tools.limits, tools.ffmpeg, step)
    return Prepared(describe(Role.PREPARED, archive, target, made, fit.action, fit.reason))


def _left_by_a_killed_run(
    target: Path, source: Path, facts: MediaFacts, limits: Limits
) -> MediaFacts | None:
    """A finished file that was not noted, if it is newer than its original and right."""
    if not target.is_file() or target.stat().st_mtime < source.stat().st_mtime:
        return None
    try:
        made = probe(target)
    except Refused:
        return None
    accepted: Fit = decide(made, limits)
    same_length = abs(made.seconds - facts.seconds) <= 0.1
    return made if accepted.action == Action.KEEP and same_length else None
