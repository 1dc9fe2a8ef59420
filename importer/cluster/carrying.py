"""What is carried to a worker and back through a store: the files of one post, each by its hash.

Names in the store say whose they are and which run put them there: what another run left is
nobody's. Within a run the same name always means the same bytes, so whatever is done twice, because
somebody died or seemed to, does no harm.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from importer.cluster.store import Store
from importer.landing import landing
from importer.model import Action, MediaFile, Role, Stage
from importer.stages.foresee import foresee
from importer.stages.place import MEDIA, ORIGINAL, in_place
from importer.stages.tools import FileTools, Job
from importer.step import Step

# Done sooner than its file could be carried.
_LIGHT = frozenset({Action.KEEP, Action.REMUX, Action.SKIP})
Check = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Parcel:
    """A file on its way. `path` is where it lies in an archive, with forward slashes."""

    path: str
    sha256: str

    @classmethod
    def of(cls, file: MediaFile) -> Parcel:
        """A file that a step made."""
        return cls(file.path, file.sha256)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where a run puts the files of one post: all names there begin with `start`."""

    store: Store
    start: str

    def put(self, archive: Path, parcel: Parcel) -> None:
        """Put a file of an archive there."""
        self.store.put(archive / parcel.path, self.start + parcel.sha256)

    def take(self, archive: Path, parcel: Parcel) -> None:
        """Bring a file into an archive, whole or not at all.

        Raises:
            TryLater: the store is away, or does not have it as it was put there.
            DiskFull: there is no room.
        """
        target = archive / parcel.path
        target.parent.mkdir(parents=True, exist_ok=True)
        with landing(target) as half:
            self.store.get(self.start + parcel.sha256, half)
            if _hash(half) != parcel.sha256:
                raise self.store.away("a file came back damaged")

    def clear(self) -> None:
        """Remove all of it."""
        self.store.remove(self.store.names(self.start))


def owner(did: str, archive: Path) -> str:
    """How names in a store begin that are of one archive; it may be moved, but not renamed."""
    return f"tokaway-{hashlib.sha256(f'{did}/{archive.name}'.encode()).hexdigest()[:16]}."


def sweep(store: Store, whose: str, run: str) -> None:
    """Remove what other runs left of one owner."""
    left = store.names(whose)
    store.remove([name for name in left if not name.startswith(f"{whose}{run}.")])


def is_worth_it(stage: Stage, job: Job, tools: FileTools) -> bool:
    """Whether a worker should do it: not what was begun here, nor what needs no encoding."""
    if stage is Stage.FETCH:
        is_begun = any((job.archive / MEDIA / job.post.id).glob(f"{ORIGINAL}*"))
        return job.post.source_path is None and not is_begun
    originals = job.files.get(Role.ORIGINAL, ())
    if not in_place(job.archive, originals):
        return False
    seen = foresee(job.post, originals, job.archive, tools.limits, tools.long, tools.photos)
    return seen is not None and seen.action not in _LIGHT


def pack(shelf: Shelf, job: Job, step: Step) -> tuple[Parcel, ...]:
    """Put there what a step needs: the originals, and the captions and sound beside them."""
    parcels = []
    for path in sorted((job.archive / MEDIA / job.post.id).glob(f"{ORIGINAL}*")):
        if path.is_file() and ".part" not in path.suffixes:
            step.check()
            parcel = Parcel(path.relative_to(job.archive).as_posix(), _hash(path))
            shelf.put(job.archive, parcel)
            parcels.append(parcel)
    return tuple(parcels)


def carry(
    files: Collection[MediaFile],
    given: Collection[Parcel],
    check: Check,
    how: Callable[[Parcel], None],
) -> None:
    """Do something with each file that a step made, and was not given."""
    for parcel in dict.fromkeys(map(Parcel.of, files)):
        if parcel not in given:
            check()
            how(parcel)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
