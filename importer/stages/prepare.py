"""Prepare: have files that the servers accept, touched as little as possible."""

from __future__ import annotations

from importer.errors import Refused
from importer.model import DOES_NOT_FIT, Fit, Kind, Role
from importer.stages.place import in_place
from importer.stages.prepare_photos import prepare_photos
from importer.stages.prepare_video import prepare_video
from importer.stages.tools import FileGone, FileTools, Job, Prepared
from importer.step import Step

_OTHERWISE = "To have it treated otherwise: tokaway posts ARCHIVE --help"


def prepare(job: Job, tools: FileTools, step: Step) -> Prepared:
    """Decide what the original needs, and do it.

    A file that is right already is sent as it is: the prepared file is then the original.

    Raises:
        FileGone: the original is no longer there.
        Refused: a file is damaged, or no treatment makes it fit; skipped or failed.
        DiskFull: there is no room.
        Stopped: the step was told to stop.
    """
    if not in_place(job.archive, job.files.get(Role.ORIGINAL, ())):
        raise FileGone
    work = prepare_photos if job.post.kind == Kind.PHOTO else prepare_video
    made = work(job, tools, step)
    if isinstance(made, Fit):
        raise Refused(made.reason, code=DOES_NOT_FIT, hint=_OTHERWISE, skip=True)
    return made
