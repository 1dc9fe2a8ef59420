"""Preparing a video: kept, repacked, encoded, cut into parts, and its captions beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from importer.errors import Refused
from importer.landing import landing
from importer.media import cuts
from importer.media.facts import MediaFacts
from importer.media.fit import decide
from importer.media.moments import key_frames, loudness_of
from importer.media.probe import probe
from importer.media.subtitles import beside, read_file, read_streams
from importer.media.transcode import Stretch, convert
from importer.media.webvtt import Track, stretch, write
from importer.model import Action, Fit, Limits, Long, MediaFile, Role
from importer.stages.place import describe, prepared_path
from importer.stages.tools import FileTools, Job, Prepared
from importer.step import Step

# A record holds no more caption files than this.
MOST_CAPTIONS = 20
_SECONDS_TOLERANCE = 0.1


def prepare_video(job: Job, tools: FileTools, step: Step) -> Prepared | Fit:
    """Have the parts of a video, and its captions, as the servers accept them.

    Returns:
        What was made, or the decision to skip it.
    """
    original = job.files[Role.ORIGINAL][0]
    source = job.archive / original.path
    facts = probe(source)
    fit = decide(facts, tools.limits, job.post.long or tools.long, encode=job.post.encode)
    if fit.action is Action.SKIP:
        return fit
    if fit.action is Action.KEEP:
        kept = describe(Role.PREPARED, job.archive, source, facts, fit.action, fit.reason)
        # A file that may be kept has no streams but its picture and sound.
        captions, left_out = _captions(job, [Stretch(0, facts.seconds)], *_beside(source))
        return Prepared((kept, *captions), " ".join([fit.reason, *left_out]))
    if fit.action in {Action.SPLIT, Action.TRIM}:
        fit, stretches = plan_parts(source, facts, fit, tools.limits)
    else:
        stretches = [Stretch(0, facts.seconds)]
    files = []
    for part, piece in enumerate(stretches):
        target = prepared_path(job.archive, job.post.id, part, ".mp4")
        files.append(_make(job, tools, step, source, target, facts, fit, piece, part))
    captions, left_out = _captions(job, stretches, *_tracks(source))
    return Prepared((*files, *captions), " ".join([files[0].reason or fit.reason, *left_out]))


def plan_parts(
    source: Path, facts: MediaFacts, fit: Fit, limits: Limits
) -> tuple[Fit, list[Stretch]]:
    """The stretches of a video that is split or trimmed.

    Where no key frame lies right, the parts must be encoded: the fit then says so.
    """
    # Sound ends with a whole packet, a little after the picture.
    limit = limits.video_seconds - _SECONDS_TOLERANCE
    if fit.action is Action.TRIM:
        return fit, [Stretch(0, limit)]
    with loudness_of(source) as loudness:
        frames = cuts.choose(facts.seconds, limit, key_frames(source), loudness)
    if frames is None:
        edges = [0.0, *cuts.equal(facts.seconds, limit), facts.seconds]
        parts = [Stretch(*pair, to_end=pair[1] == facts.seconds) for pair in pairwise(edges)]
        return Fit(fit.action, fit.reason, Action.TRANSCODE), parts
    starts = [0.0, *(frame.at for frame in frames)]
    parts = [
        Stretch(start, frame.at, frame.decoded_at)
        for start, frame in zip(starts, frames, strict=False)
    ]
    return fit, [*parts, Stretch(starts[-1], facts.seconds, to_end=True)]


def _make(
    job: Job,
    tools: FileTools,
    step: Step,
    source: Path,
    target: Path,
    facts: MediaFacts,
    fit: Fit,
    piece: Stretch,
    part: int,
) -> MediaFile:
    made = None
    if not job.post.encode:
        made = _left_by_a_killed_run(target, source, piece, tools.limits)
    done = fit
    if made is None:
        is_part = fit.parts is not None
        made, done = convert(
            source,
            target,
            facts,
            Fit(fit.parts, fit.reason) if fit.parts else fit,
            tools.limits,
            tools.ffmpeg,
            step,
            stretch=piece if is_part else None,
            encoder=tools.encoder,
        )
        if is_part:
            done = Fit(fit.action, fit.reason)
    return describe(Role.PREPARED, job.archive, target, made, done.action, done.reason, part)


def _left_by_a_killed_run(
    target: Path, source: Path, piece: Stretch, limits: Limits
) -> MediaFacts | None:
    """A finished file that was not noted, if it is newer than its original and right."""
    if not target.is_file() or target.stat().st_mtime < source.stat().st_mtime:
        return None
    try:
        made = probe(target)
    except Refused:
        return None
    is_right = decide(made, limits, Long.SKIP).action is Action.KEEP
    return made if is_right and abs(made.seconds - piece.seconds) <= _SECONDS_TOLERANCE else None


def _captions(
    job: Job, stretches: Sequence[Stretch], tracks: Mapping[str, Track], unusable: Sequence[str]
) -> tuple[list[MediaFile], list[str]]:
    """The caption files of each part, and a sentence for each that had to be left out."""
    left_out = list(unusable)
    files: list[MediaFile] = []
    for part, piece in enumerate(stretches):
        written = [
            (track.lang, number, content)
            for track in tracks.values()
            for number, content in enumerate(write(stretch(track, piece.start, piece.end)))
        ]
        files += [_caption_file(job, part, *one) for one in written[:MOST_CAPTIONS]]
        if len(written) > MOST_CAPTIONS:
            left_out.append(
                f"{len(written) - MOST_CAPTIONS} of {len(written)} caption files left out: "
                f"a post takes {MOST_CAPTIONS}."
            )
    return files, left_out


def _caption_file(job: Job, part: int, lang: str, number: int, content: bytes) -> MediaFile:
    # A second file of a language is told apart by a subtag of our own (RFC 5646, section 2.2.7).
    lang = f"{lang}-x-part{number + 1}" if number else lang
    target = prepared_path(job.archive, job.post.id, part, f".{lang}.vtt")
    with landing(target) as half:
        half.write_bytes(content)
    return MediaFile(
        role=Role.CAPTIONS,
        path=target.relative_to(job.archive).as_posix(),
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        width=0,
        height=0,
        seconds=0.0,
        codecs="webvtt",
        part=part,
        lang=lang,
    )


def _tracks(source: Path) -> tuple[dict[str, Track], list[str]]:
    """One track for each language, what lies beside a video first: it was put there on purpose.

    Returns:
        The tracks by language, and why others cannot be used.
    """
    tracks, unusable = _beside(source)
    for track in read_streams(source):
        tracks.setdefault(track.lang, track)
    return tracks, unusable


def _beside(source: Path) -> tuple[dict[str, Track], list[str]]:
    tracks: dict[str, Track] = {}
    unusable: list[str] = []
    for path in beside(source):
        try:
            track = read_file(path)
        except Refused as refusal:
            unusable.append(refusal.text)
            continue
        tracks.setdefault(track.lang, track)
    return tracks, unusable
