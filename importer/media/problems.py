"""Why the container of a video cannot be sent as it is, in words for its author."""

from __future__ import annotations

from collections.abc import Iterable

from importer.media.boxes import Boxes

# What a PDS recognises as video/mp4 by looking at the first bytes.
_MP4_BRANDS = frozenset(
    {"isom", "iso2", "iso4", "iso5", "iso6", "iso8", "avc1", "mp41", "mp42", "dash", "MSNV", "hvc1"}
)
# By these names of FFmpeg's. What is said there is looked at in the boxes of an MP4.
_HARMLESS_TAGS = frozenset(
    {"major_brand", "minor_version", "compatible_brands"}
    | {"encoder", "handler_name", "vendor_id", "language", "duration"}
)
_BOX_WORDS = {
    "©nam": "title",
    "©cmt": "comment",
    "©ART": "artist",
    "©day": "date",
    "©swr": "software",
    "©mak": "make",
    "©mod": "model",
    "desc": "description",
    "covr": "cover picture",
    "©too": "encoder",
    "hdlr": "name of a track",
    "uuid": "data of another program",
}
_PLACE_TAGS = frozenset({"©xyz", "loci"})


def problems(
    frame: Boxes, form: str, streams: int, has_sound: bool, tags: Iterable[str]
) -> list[str]:
    """What is wrong with a container, gravest first.

    Args:
        frame: its boxes.
        form: what FFmpeg calls the container, for those that are no MP4.
        streams: how many streams it holds, and `has_sound` whether one of them is sound.
        tags: names of the tags FFmpeg found; those of `frame` are added here.
    """
    found: list[str] = []
    is_quicktime = frame.is_iso_media and (frame.brand == "qt  " or not frame.ftyp_first)
    if not frame.is_iso_media:
        found.append(f"it is not an MP4 file ({form})")
    elif is_quicktime:
        found.append("it is a QuickTime (MOV) file")
    elif frame.brand not in _MP4_BRANDS:
        found.append(f"servers do not take its kind of MP4 (“{(frame.brand or '').strip()}”)")
    if frame.fragmented:
        found.append("it is cut into fragments")
    elif frame.is_iso_media and not frame.moov_before_mdat:
        found.append(
            "its index comes last, so it cannot start to play before all of it has arrived"
        )
    if streams > 1 + has_sound:
        found.append("it holds more than one picture and one sound track")
    # QuickTime has many boxes of its own, and all that is not needed goes when it is repacked.
    if frame.strays and not is_quicktime:
        found.append(f"it holds unknown data ({_listed(frame.strays)})")
    return found + _hidden(dict.fromkeys((*tags, *frame.tags)))


def _hidden(tags: Iterable[str]) -> list[str]:
    """What the tags give away; several names of one thing are told once."""
    found: list[str] = []
    names = [name for name in tags if name.lower() not in _HARMLESS_TAGS]
    places = {name for name in names if name in _PLACE_TAGS or "location" in name.lower()}
    if places:
        found.append("it tells where it was recorded")
    if "creation_time" in names:
        found.append("it tells when it was recorded")
    others = dict.fromkeys(
        _BOX_WORDS.get(name, name)
        for name in names
        if name not in places and name != "creation_time"
    )
    if others:
        found.append(f"it carries hidden notes ({_listed(others)})")
    return found


def _listed(names: Iterable[str]) -> str:
    """At most four names; they come from the file, so only what can be printed."""
    clean = ["".join(c if c.isprintable() else "?" for c in name)[:40] for name in names]
    return ", ".join(clean[:4]) + (" …" if len(clean) > 4 else "")
