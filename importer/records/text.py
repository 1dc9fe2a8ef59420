"""Caption to post text: cut to what a record may hold, with tags and links as facets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import regex

MAX_GRAPHEMES = 300
MAX_BYTES = 3_000
ELLIPSIS = "…"
MAX_ALT_GRAPHEMES = 1_000
MAX_ALT_BYTES = 10_000
MAX_TAG_GRAPHEMES = 64
MAX_TAG_BYTES = 640

_GRAPHEME = regex.compile(r"\X")
_CONTROL = regex.compile(r"[\p{Cc}--[\n\t]]", flags=regex.V1)


@dataclass(frozen=True, slots=True)
class Text:
    """Text of a record with its facets as JSON, and whether the caption had to be cut."""

    text: str
    facets: tuple[dict[str, Any], ...]
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
    text: str, max_graphemes: int = MAX_GRAPHEMES, max_bytes: int = MAX_BYTES
) -> tuple[str, bool]:
    """Cut text at the end of a word so that both limits hold, and say whether it was cut.

    A word that is cut away goes whole, so no tag, link or grapheme is ever cut in two; only a
    text without any space is cut inside.
    """
    if fits(text, max_graphemes, max_bytes):
        return text, False
    room = max_bytes - len(ELLIPSIS.encode())
    kept: list[str] = []
    for cluster in graphemes(text)[: max_graphemes - 1]:
        room -= len(cluster.encode())
        if room < 0:
            break
        kept.append(cluster)
    head = "".join(kept)
    if not text[len(head) : len(head) + 1].isspace():
        words = regex.match(r"(?s)(.*\S)\s+\S*$", head)
        head = words.group(1) if words else head
    return head.rstrip() + ELLIPSIS, True


def facets(text: str) -> tuple[dict[str, Any], ...]:
    """Hashtags and links of a text as facets with UTF-8 byte ranges.

    TikTok @names stay plain text: they have no DID, and a mention would notify a stranger.
    """
    # Imported here: the SDK's generated models take a second to load, which `plan` and
    # `status` should not pay for.
    from atproto_client.utils.facet_detection import detect_facets

    found: list[dict[str, Any]] = []
    end = 0
    for facet in detect_facets(text):
        written = facet.model_dump(by_alias=True, exclude_none=True, mode="json")
        feature = written["features"][0]
        tag = feature.get("tag", "")
        if tag.startswith("$"):  # a price or a meme on TikTok, hardly ever a stock
            continue
        if not fits(tag, MAX_TAG_GRAPHEMES, MAX_TAG_BYTES):  # servers refuse the whole record
            continue
        index = {key: written["index"][key] for key in ("byteStart", "byteEnd")}
        if index["byteStart"] < end:  # a tag inside a link is part of the link
            continue
        end = index["byteEnd"]
        found.append({"index": index, "features": [feature]})
    return tuple(found)


def compose(caption: str) -> Text:
    """Make the text of a post from a caption."""
    whole = clean(caption)
    text, cut = truncate(whole)
    # Looked for in the whole caption: what the cut went through is no tag or link any more, and
    # the ellipsis would be taken for the end of a link.
    kept = len((text.removesuffix(ELLIPSIS) if cut else text).encode())
    found = facets(whole) if whole else ()
    return Text(text, tuple(facet for facet in found if facet["index"]["byteEnd"] <= kept), cut)


def alt_text(alt: str) -> str:
    """Alt text inside the limits that every PDS version accepts."""
    return truncate(clean(alt), MAX_ALT_GRAPHEMES, MAX_ALT_BYTES)[0]
