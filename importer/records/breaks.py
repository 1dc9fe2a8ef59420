"""Where a text is cut to fit a record: after a paragraph, a sentence, a word, and how not."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum, auto
from itertools import accumulate

import regex

from importer.records.facets import Span

Room = tuple[int, int]
"""Graphemes and UTF-8 bytes."""

# A record half empty is better than a torn sentence, one nearly empty is not.
_LEAST_FULL = 0.5
_CLOSING = r"[\p{Pe}\p{Pf}\"']*$"
_SENTENCE_END = regex.compile(rf"[.!?\u2026\u3002\uff01\uff1f\u061f\u06d4\u0964]{_CLOSING}")
# Chinese, Japanese, Burmese and Khmer have no space between sentences.
_UNSPACED_SENTENCE_END = regex.compile(rf"[\u3002\uff01\uff1f\uff61\u104b\u17d4]{_CLOSING}")
_UNSPACED_CLAUSE_END = regex.compile(r"[\u3001\uff0c\uff1b\uff64\u104a]$")
# How far back one of these may begin.
_REACH = 8
_NEVER_FIRST = regex.compile(
    r"[\p{Pe}\p{Pf}.,!?:;\u2026\u3001\u3002\uff01\uff0c\uff1b\uff1f\uff61]"
)
_NEVER_LAST = regex.compile(r"[\p{Ps}\p{Pi}]$")


class End(IntEnum):
    """What a piece of a text ends with, the better the higher."""

    BRACKET = auto()
    """A bracket that just opened; or one that closes, or a full stop, would begin the next."""
    LETTER = auto()
    CLAUSE = auto()
    """As a comma ends it where words have no spaces between them."""
    WORD = auto()
    SENTENCE = auto()
    PARAGRAPH = auto()


class Breaks:
    """The places at which a text may be cut; they are counted in `clusters`.

    Args:
        text: the whole of it.
        clusters: the same, in what people see as characters.
        found: what is to stay whole: it is cut only where it alone is longer than the room.
    """

    def __init__(self, text: str, clusters: Sequence[str], found: Sequence[Span]) -> None:
        self._text = text
        self._clusters = clusters
        self._bytes = list(accumulate((len(one.encode()) for one in clusters), initial=0))
        self._inside = {at for span in found for at in range(span.start + 1, span.end)}
        self.offsets = list(accumulate(map(len, clusters), initial=0))
        """Where each cluster begins in the text, in characters."""

    def end(self, start: int, room: Room, best: End = End.PARAGRAPH) -> int:
        """Where to end a piece that begins at `start`: at the end of the text if that has room.

        Else it is the last of the best places, of which none is better than `best`, in the latter
        half of the room; before it only where something there is not to be cut.
        """
        most = self._most(start, room)
        if most in (start, len(self._clusters)):
            return most
        half = start + max(1, int((most - start) * _LEAST_FULL))
        for places, cap in (
            (range(most, half - 1, -1), best),
            (range(half - 1, start, -1), End.LETTER),
        ):
            last: dict[End, int] = {}
            for place in places:
                if self.offsets[place] not in self._inside:
                    last.setdefault(min(self._kind(place), cap), place)
            if last:
                return last[max(last)]
        return most

    def _most(self, start: int, room: Room) -> int:
        end = start
        while (
            end < len(self._clusters)
            and end - start < room[0]
            and self._bytes[end + 1] - self._bytes[start] <= room[1]
        ):
            end += 1
        return end

    def _kind(self, place: int) -> End:
        before, after = self._clusters[place - 1], self._clusters[place]
        at = self.offsets[place]
        tail = self._text[max(0, at - _REACH) : at].rstrip()
        if "\n" in after:
            return End.PARAGRAPH
        if before.isspace() or after.isspace():
            return End.SENTENCE if _SENTENCE_END.search(tail) else End.WORD
        if _NEVER_FIRST.match(after) or _NEVER_LAST.search(before):
            return End.BRACKET
        if _UNSPACED_SENTENCE_END.search(tail):
            return End.SENTENCE
        return End.CLAUSE if _UNSPACED_CLAUSE_END.search(tail) else End.LETTER
