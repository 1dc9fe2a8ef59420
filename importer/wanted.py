"""What a person wants of posts: chosen or not, treated in another way. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from importer.model import Edit, Kind, Long, Photos, Post, Privacy


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to change; `None` leaves it as it is."""

    chosen: bool | None = None
    long: Long | None = None
    photos: Photos | None = None
    encode: bool | None = None
    labels: tuple[str, ...] | None = None
    langs: tuple[str, ...] | None = None

    @property
    def is_nothing(self) -> bool:
        """Whether posts are only to be listed."""
        return self == Wanted()

    def of(self, post: Post) -> Edit:
        """The edit for one post: what can only be wanted of videos leaves photos alone."""
        edit = Edit(post.id, chosen=self.chosen, labels=self.labels, langs=self.langs)
        if post.kind == Kind.PHOTO:
            return replace(edit, photos=self.photos)
        return replace(edit, long=self.long, encode=self.encode)


def become_public(edits: Iterable[Edit], posts: Mapping[str, Post]) -> list[Post]:
    """The posts that edits choose, of those by id, that not everyone could see on TikTok."""
    return [
        post
        for edit in edits
        if edit.chosen and (post := posts.get(edit.post))
        if post.privacy is not Privacy.EVERYONE and not post.chosen
    ]
