"""Which published videos are still to be looked at, until it is seen that they play."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from importer.archive.intake import Intake
from importer.archive.rows import NO_TROUBLE, Row, instant, moment
from importer.archive.view import PLACED
from importer.model import DOES_NOT_PLAY, NOT_SHOWN, NOT_WHOLE, Post, Record, Role
from importer.records.bluesky import COLLECTION
from importer.records.cid import blob_cid


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of one post whose video was sent straight to the server. Times are UTC.

    `since` is when it was published, `next_at` when the app view is asked next, `mute_since` when
    it first showed the post without its video. A post that `goes_back` is being deleted, to be
    published again with its video encoded anew.
    """

    post: str
    since: datetime
    next_at: datetime
    mute_since: datetime | None = None
    goes_back: bool = False


class Looks(Intake):
    """An archive that remembers which videos nobody has seen playing yet."""

    def looks_due(self, now: datetime, limit: int) -> list[Look]:
        """The looks at published posts whose time has come; what goes back comes first."""
        rows = self._rows(
            "SELECT looks.* FROM looks JOIN posts ON id = post "  # noqa: S608
            "WHERE milestone IN ('published', 'verified') AND next_at <= ? "
            f"{self._are_meant} ORDER BY goes_back DESC, next_at LIMIT ?",
            [moment(now), limit],
        )
        return [_look(row) for row in rows]

    def put_look(self, look: Look) -> None:
        """Remember when a post is looked at next, or that it goes back."""
        with self._change():
            row: Row = asdict(look) | {
                "since": moment(look.since),
                "next_at": moment(look.next_at),
                "mute_since": moment(look.mute_since) if look.mute_since else None,
                "goes_back": int(look.goes_back),
            }
            self._db.table("looks").insert(row, pk="post", replace=True)

    def forget_look(self, post_id: str) -> None:
        """A post needs no further look."""
        with self._change():
            self._db.execute("DELETE FROM looks WHERE post = ?", [post_id])

    def note_plays(self, post: Post) -> None:
        """The video of a post was seen playing, whatever was said of it before."""
        with self._change():
            self.forget_look(post.id)
            if post.trouble_code in (DOES_NOT_PLAY, NOT_SHOWN):
                self._set(post.id, **NO_TROUBLE)

    def number_mute(self) -> int:
        """How many published posts have a video that will not play, or not to its end."""
        marks = ", ".join("?" * len(PLACED))
        row = self._one(
            f"SELECT count(*) AS n FROM posts WHERE milestone IN ({marks}) "  # noqa: S608
            "AND trouble_code IN (?, ?) AND NOT EXISTS (SELECT 1 FROM looks WHERE post = posts.id)",
            [*PLACED, DOES_NOT_PLAY, NOT_WHOLE],
        )
        return int(row["n"])

    def _look_at(self, post: Post, records: Sequence[Record], at: datetime | None) -> None:
        """Remember to look at a post whose records show the very videos that were prepared.

        What a video service made are other files, and it has told already that they play.
        """
        prepared = self.files(post.id).get(Role.PREPARED, ())
        sent = {blob_cid(bytes.fromhex(file.sha256)) for file in prepared if file.seconds}
        shown = [record for record in records if record.collection == COLLECTION]
        if at and post.chosen and any(sent.intersection(record.blob_cids) for record in shown):
            self.put_look(Look(post.id, max(record.published_at for record in shown), at))


def _look(row: Row) -> Look:
    return Look(
        row["post"],
        datetime.fromisoformat(row["since"]),
        datetime.fromisoformat(row["next_at"]),
        instant(row["mute_since"]),
        bool(row["goes_back"]),
    )
