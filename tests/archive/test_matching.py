"""Which post of an export is which post of the archive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.archive.matching import match_posts, reason_to_skip
from importer.model import ExportPost, Milestone, Post, Privacy
from tests.posts import exported, link


def known(post: ExportPost, ordinal: int | None = None) -> Post:
    """A post of an export as the archive knows it."""
    mine = post.ordinal if ordinal is None else ordinal
    return Post(
        id=replace(post, ordinal=mine).id,
        ordinal=mine,
        posted_at=post.posted_at,
        kind=post.kind,
        privacy=post.privacy,
        links=post.links,
        chosen=True,
        milestone=Milestone.FOUND,
    )


def names(pairs: Sequence[tuple[ExportPost, Post]]) -> list[tuple[str, str]]:
    return [(post.links[0].key, mine.id) for post, mine in pairs]


def test_a_first_export_is_all_new() -> None:
    posts = [exported(0), exported(5), exported(5, 1)]
    assert match_posts(posts, []) == ([], [(posts[0], 0), (posts[1], 0), (posts[2], 1)])


def test_the_same_export_again_is_all_known() -> None:
    posts = [exported(0), exported(5), exported(5, 1)]
    pairs, new = match_posts(posts, [known(post) for post in posts])
    assert [(post.id, mine.id) for post, mine in pairs] == [(post.id, post.id) for post in posts]
    assert new == []


def test_a_post_keeps_its_ordinal_when_its_older_neighbour_was_deleted() -> None:
    first, second = exported(0, 0), exported(0, 1)
    moved_up = replace(second, ordinal=0)
    pairs, new = match_posts([moved_up], [known(first), known(second)])
    assert names(pairs) == [(second.links[0].key, second.id)]
    assert new == []


def test_a_new_post_never_takes_the_ordinal_of_another() -> None:
    old = exported(0, 0, links=(link("old"),))
    newcomer = exported(0, 0, links=(link("new"),))
    pairs, new = match_posts([newcomer, replace(old, ordinal=1)], [known(old)])
    assert names(pairs) == [("old", old.id)]
    assert new == [(newcomer, 1)]


def test_an_ordinal_is_not_given_a_second_time_after_a_gap() -> None:
    second = exported(0, 1, links=(link("second"),))
    newcomer = exported(0, 1, links=(link("new"),))
    pairs, new = match_posts([replace(second, ordinal=0), newcomer], [known(second)])
    assert names(pairs) == [("second", second.id)]
    assert new == [(newcomer, 2)]


def test_links_without_a_common_key_are_matched_by_ordinal() -> None:
    first, second = exported(0, 0), exported(0, 1)
    renamed = [
        replace(first, links=(link("renamed-1"),)),
        replace(second, links=(link("renamed-2"),)),
    ]
    pairs, new = match_posts(renamed, [known(first), known(second)])
    assert names(pairs) == [("renamed-1", first.id), ("renamed-2", second.id)]
    assert new == []


def test_a_key_in_another_second_is_another_post() -> None:
    links = (link("same"),)
    pairs, new = match_posts([exported(1, links=links)], [known(exported(0, links=links))])
    assert pairs == []
    assert [ordinal for _, ordinal in new] == [0]


def test_a_post_without_links_is_matched_by_its_second() -> None:
    bare = exported(0, links=())
    pairs, new = match_posts([bare], [known(bare)])
    assert [mine.id for _, mine in pairs] == [bare.id]
    assert new == []


def one_second(keys: Sequence[str]) -> list[ExportPost]:
    """An export of posts of one second: its ordinals have no gaps."""
    return [exported(0, ordinal, links=(link(key),)) for ordinal, key in enumerate(keys)]


@given(
    st.lists(st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=6), max_size=6),
)
def test_however_neighbours_come_and_go_no_two_posts_share_a_name(
    exports: list[list[str]],
) -> None:
    archive: dict[str, Post] = {}
    for keys in exports:
        pairs, new = match_posts(one_second(keys), list(archive.values()))
        assert len(pairs) + len(new) == len(keys)
        matched = [post.id for _, post in pairs]
        assert len(set(matched)) == len(matched)
        for post, ordinal in new:
            mine = known(post, ordinal)
            assert mine.id not in archive
            archive[mine.id] = mine
        for post, mine in pairs:
            archive[mine.id] = replace(mine, links=post.links)


@given(
    st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1, max_size=6),
    st.data(),
)
def test_after_any_deletion_each_object_is_still_the_same_post(
    keys: list[str], data: st.DataObject
) -> None:
    posts = one_second(keys)
    named = {post.links[0].key: post.id for post in posts}
    left = [key for key in keys if data.draw(st.booleans())]
    pairs, new = match_posts(one_second(left), [known(post) for post in posts])
    assert names(pairs) == [(key, named[key]) for key in left]
    assert new == []


@pytest.mark.parametrize(
    ("privacy", "code"),
    [
        (Privacy.EVERYONE, None),
        (Privacy.FRIENDS, "private"),
        (Privacy.ONLY_YOU, "private"),
        (Privacy.UNKNOWN, "private"),
    ],
)
def test_only_public_posts_are_chosen_by_rule(privacy: Privacy, code: str | None) -> None:
    trouble = reason_to_skip(privacy)
    assert (trouble.code if trouble else None) == code
    if trouble:
        assert trouble.text.endswith(".")
        assert trouble.hint
