"""What the databases of myfaveTT say about posts.

They lie in `data/.appdata/` as scripts, `db_videos.js` (`{id: {authorId, createTime, …}}`),
`db_texts.js` (`{id: caption}`) and `db_authors.js`, in two encodings: older ones
``window.x=String.raw`{json}` ``, newer ones `window.x_base64="<base64 of gzip of JSON>"`.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from typing import Any

import msgspec

from importer.captions.finding import Source
from importer.captions.names import plausible_id, user_name
from importer.captions.sidecars import Told, moment, words

NAMES = ("db_videos.js", "db_texts.js", "db_authors.js")
# A million posts are some 200 MB of JSON; more is no database of one person's.
LARGEST = 256 << 20

_RAW = re.compile(rb"^\s*(?:window\.|var |let |const )?[\w.]+\s*=\s*String\.raw\s*`", re.ASCII)
_BASE64 = re.compile(rb"^\s*(?:window\.|var |let |const )?[\w.]+\s*=\s*[\"']", re.ASCII)
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


def read_script(data: bytes) -> dict[str, Any]:
    """The object in one of the scripts.

    Raises:
        ValueError: it is none.
    """
    if begin := _RAW.match(data):
        end = data.rfind(b"`")
        text = data[begin.end() : end]
    elif begin := _BASE64.match(data):
        quote = data[begin.end() - 1 : begin.end()]
        end = data.find(quote, begin.end())
        try:
            packed = base64.b64decode(data[begin.end() : end], validate=True)
            unpacker = zlib.decompressobj(_GZIP_WINDOW)
            text = unpacker.decompress(packed, LARGEST)
        except (binascii.Error, zlib.error) as error:
            raise ValueError(str(error)) from None
        if not unpacker.eof:
            raise ValueError("it is cut off or far too large")
    else:
        raise ValueError("it has another form than any known myfaveTT")
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def combine(videos: dict[str, Any], texts: dict[str, Any], authors: dict[str, Any]) -> list[Told]:
    """What the three databases say together, by the order of the IDs."""
    told = []
    for name in sorted(videos.keys() | texts.keys()):
        video_id = plausible_id(name)
        if video_id is None:
            continue
        video = videos.get(name)
        facts = video if isinstance(video, dict) else {}
        told.append(
            Told(
                Source.MYFAVETT,
                video_id=video_id,
                posted_at=moment(facts.get("createTime")),
                author=_author(authors.get(str(facts.get("authorId")))),
                caption=words(texts.get(name)),
            )
        )
    return told


def _author(entry: object) -> str | None:
    if not isinstance(entry, dict):
        return user_name(entry)
    names = entry.get("uniqueId") or entry.get("uniqueIds")
    return user_name(names[0] if isinstance(names, list) and names else names)
