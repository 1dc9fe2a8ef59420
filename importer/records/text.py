"""Caption to texts: cut to what records may hold, or into several; alt texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import regex

from importer.records.breaks import Breaks, End, Room
from importer.records.facets import Feature, Span, facets, link_facet, spans

MAX_GRAPHEMES = 300
MAX_BYTES = 3_000
ELLIPSIS = "…"
MAX_ALT_GRAPHEMES = 1_000
MAX_ALT_BYTES = 10_000
MAX_TAG_GRAPHEMES = 64
MAX_TAG_BYTES = 640
MOST_TAGS = 8

_GRAPHEME = regex.compile(r"\X")
_CONTROL = regex.compile(r"[\p{Cc}--[\n\t]]", flags=regex.V1)


@dataclass(frozen=True, slots=True)
class Text:
    """Text of one record with its facets as JSON."""

    text: str
    facets: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Composed:
    """A caption as texts of records, the post's own first.

    `tags` are hashtags that are shown in none of them; `cut` tells that words are missing.
    """

    texts: tuple[Text, ...]
    tags: tuple[str, ...]
    cut: bool


def graphemes(text: str) -> list[str]:
    """Split text into what people see as characters (Unicode UAX #29)."""
    return _GRAPHEME.findall(text)


def fits(text: str, max_graphemes: int = MAX_GRAPHEMES, max_bytes: int = MAX_BYTES) -> bool:
    """Whether both limits of the lexicon hold: grapheme clusters and UTF-8 bytes."""
    return len(text.encode()) <= max_bytes and len(graphemes(text)) <= max_graphemes


def clean(caption: str) -> str:
    """A caption without what JSON or the lexicon cannot carry: lone surrogates, control codes."""
    caption = caption.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n")
    return _CONTROL.sub("", caption).strip()


def truncate(
    text: str,
    max_graphemes: int = MAX_GRAPHEMES,
    max_bytes: int = MAX_BYTES,
    found: Sequence[Span] = (),
) -> tuple[str, bool]:
    """Cut text at the end of a word so that both limits hold, and say whether it was cut.

    Where words have no spaces between them, or one is very long, it ends at best after a sentence
    or a comma. No grapheme is ever cut in two, and nothing of what was `found` that there is room
    for.
    """
    if fits(text, max_graphemes, max_bytes):
        return text, False
    clusters, breaks = _breaks(text, found)
    end = breaks.end(0, (max_graphemes - 1, max_bytes - len(ELLIPSIS.encode())), End.WORD)
    return "".join(clusters[:end]).rstrip() + ELLIPSIS, True


def compose(
    caption: str,
    *,
    thread: bool = False,
    name: Callable[[str], Feature | None] = lambda _: None,
    note: str = "",
    links: Sequence[str] = (),
) -> Composed:
    """Make the texts of a post's records from a caption.

    Args:
        caption: as TikTok has it.
        thread: whether a long caption goes on in further texts, instead of being cut.
        name: what an @name becomes: the feature of a facet, `None` for plain text.
        note: words that the first text ends with, whatever becomes of the caption.
        links: pages that it names after them.
    """
    whole = clean(caption)
    found = spans(whole, name) if whole else ()
    suffix = "".join(f"\n\n{word}" for word in (note, *links) if word)
    room = MAX_GRAPHEMES - len(graphemes(suffix)), MAX_BYTES - len(suffix.encode())
    if fits(whole, *room):
        pieces, cut = [(0, len(whole))], False
        first = whole
    elif thread:
        pieces, cut = list(_slices(whole, found, room)), False
        first = whole[slice(*pieces[0])]
    else:
        first, cut = truncate(whole, *room, found)
        pieces = [(0, len(first.removesuffix(ELLIPSIS)))]
    first = (first + suffix).lstrip()
    named = [link_facet(first, link) for link in links]
    texts = [Text(first, (*facets(whole, found, *pieces[0]), *named))]
    texts += [Text(whole[start:end], facets(whole, found, start, end)) for start, end in pieces[1:]]
    return Composed(tuple(texts), _unshown(found, pieces), cut)


@dataclass(frozen=True, slots=True)
class Length:
    """How long words are beside what a record may hold, in what people see as characters.

    A caption that is not `cut` goes on in `records`, the post's own among them.
    """

    characters: int
    most: int
    records: int
    cut: bool


def length_of_caption(caption: str, *, thread: bool) -> Length:
    """How long a caption is, and what becomes of one that is too long (`thread` as `compose`)."""
    made = compose(caption, thread=thread)
    return Length(len(graphemes(clean(caption))), MAX_GRAPHEMES, len(made.texts), made.cut)


def length_of_alt(alt: str) -> Length:
    """How long a description is, and whether its end will be cut off."""
    words = clean(alt)
    return Length(len(graphemes(words)), MAX_ALT_GRAPHEMES, 1, alt_text(alt) != words)


def alt_text(alt: str) -> str:
    """Alt text inside the limits that every PDS version accepts."""
    return truncate(clean(alt), MAX_ALT_GRAPHEMES, MAX_ALT_BYTES)[0]


def _unshown(found: Sequence[Span], pieces: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """Hashtags outside of every piece that a record's `tags` can hold, each once."""
    shown: set[str] = set()
    rest: dict[str, str] = {}
    for span in found:
        if not span.tag:
            continue
        if any(start <= span.start and span.end <= end for start, end in pieces):
            shown.add(span.tag.casefold())
        elif fits(span.tag, MAX_TAG_GRAPHEMES, MAX_TAG_BYTES):
            rest.setdefault(span.tag.casefold(), span.tag)
    return tuple(tag for key, tag in rest.items() if key not in shown)[:MOST_TAGS]


def _breaks(text: str, found: Sequence[Span]) -> tuple[list[str], Breaks]:
    """A text in what people see as characters, and where it may be cut.

    No record has room for a letter with a thousand accents, which is torn instead.
    """
    clusters = [
        part
        for cluster in graphemes(text)
        for part in ([cluster] if len(cluster.encode()) <= MAX_BYTES else cluster)
    ]
    return clusters, Breaks(text, clusters, found)


def _slices(text: str, found: Sequence[Span], room: Room) -> Iterator[tuple[int, int]]:
    """Stretches of a text (in characters) that each fit a record; only spaces lie between them.

    The first has `room`, which may be too little for anything, the others all there is.
    """
    clusters, breaks = _breaks(text, found)
    start = 0
    while start < len(clusters):
        end = last = breaks.end(start, room)
        while last > start and clusters[last - 1].isspace():
            last -= 1
        yield breaks.offsets[start], breaks.offsets[last]
        start = end
        while start < len(clusters) and clusters[start].isspace():
            start += 1
        room = MAX_GRAPHEMES, MAX_BYTES
