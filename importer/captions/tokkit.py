"""What the database of 4K Tokkit says about posts.

`data.sqlite` holds `MediaItems(id, authorName, description, relativePath, downloaded)`; an image
of a photo post has the ID `<id>_index_N`. The file is another program's: it is read only.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from importer.captions.finding import Source
from importer.captions.names import plausible_id, user_name
from importer.captions.sidecars import Told, words
from importer.model import Kind

NAME = "data.sqlite"


def read_database(path: Path) -> list[Told]:
    """What the database says, by the order of its IDs.

    Raises:
        ValueError: it is no database of 4K Tokkit.
    """
    # Immutable: not even a lock or a journal is put beside another program's file.
    address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            connection.text_factory = lambda raw: raw.decode(errors="replace")
            rows = connection.execute(
                "SELECT id, authorName, description, relativePath FROM MediaItems ORDER BY id"
            ).fetchall()
    except sqlite3.Error as error:
        raise ValueError(str(error)) from None
    told: dict[str, Told] = {}
    for name, author, description, relative in rows:
        digits, _, index = str(name).partition("_index_")
        video_id = plausible_id(digits)
        if video_id and video_id not in told:
            told[video_id] = Told(
                Source.TOKKIT,
                video_id=video_id,
                author=user_name(author),
                kind=Kind.PHOTO if index else None,
                caption=words(description),
                file=str(relative).replace("\\", "/") if relative else None,
            )
    return list(told.values())
