"""Whom captions notify, by the user's own table of handles: nobody often, never many. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from importer.errors import UserError
from importer.model import Notice, Post
from importer.records.facets import names

# However old a post is, apps tell people at once that it mentions them.
MOST_POSTS = 5
MOST_PEOPLE = 50


def bounded(table: Mapping[str, str], posts: Iterable[Post]) -> dict[str, str]:
    """Handles by TikTok name, without the people who would be notified often.

    It goes by all of an archive's posts that are chosen, whether they are published or not: so
    each run words them in the same way.

    Raises:
        UserError: so many people would be notified that it is bulk.
    """
    number = _posts_by_person(table, (post for post in posts if post.chosen))
    people = sum(0 < times <= MOST_POSTS for times in number.values())
    if people > MOST_PEOPLE:
        raise UserError(
            f"Your table would have {people} people notified, and one import notifies no more than "
            f"{MOST_PEOPLE}. Nothing was sent.",
            hint="Keep in the table whom you really want to tell; other names stay plain text.",
            code="handles",
        )
    return {name: who for name, who in table.items() if number[who.casefold()] <= MOST_POSTS}


def mention_notices(
    table: Mapping[str, str], posts: Iterable[Post], waiting: Iterable[Post]
) -> tuple[Notice, ...]:
    """How many people the posts that wait will notify, and how often; none if nobody.

    Raises:
        UserError: as `bounded`.
    """
    number = _posts_by_person(table, waiting)
    told = {who.casefold() for who in bounded(table, posts).values()} & number.keys()
    times = sum(number[who] for who in told)
    often = len(number) - len(told)
    if not number:
        return ()
    people = "nobody"
    if told:
        people = f"{_some(len(told), 'person', 'people')}, {_some(times, 'time', 'times')} in all"
    plain = ""
    if often:
        plain = (
            f" {_some(often, 'person', 'people')} named in more than {MOST_POSTS} posts will not "
            "be notified: there the name stays plain text."
        )
    return (
        Notice(
            "mentions",
            f"Mentions by your table will notify {people}.{plain}",
            "To notify nobody: --names plain.",
        ),
    )


def _some(number: int, one: str, more: str) -> str:
    return f"{number:,} {one if number == 1 else more}"


def _posts_by_person(table: Mapping[str, str], posts: Iterable[Post]) -> Counter[str]:
    """In how many posts people of a table are named, by their handles in lower case."""
    number: Counter[str] = Counter()
    for post in posts:
        named = {name.casefold() for name in names(post.caption)}
        number.update({table[name].casefold() for name in named if name in table})
    return number
