"""What sources know comes to the right posts, or to none: nothing is guessed."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.captions.finding import Finding, Source
from importer.captions.join import Ambiguity, Joined, Match, Rule, join
from importer.model import Kind, Link, LinkKind, Milestone, Post, Privacy, post_id

FIRST = datetime(2023, 5, 4, 12, 0, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return FIRST + timedelta(seconds=seconds)


def video_id(seconds: float, tail: int = 0) -> str:
    """An ID made at a second."""
    return str((int(at(seconds).timestamp()) << 32) + tail)


def post(
    seconds: int = 0, ordinal: int = 0, *, kind: Kind = Kind.VIDEO, page: str | None = None
) -> Post:
    links = (
        (Link(f"https://www.tiktok.com/@a/video/{page}", LinkKind.PAGE, page, video_id=page),)
        if page
        else ()
    )
    return Post(
        id=post_id(at(seconds), ordinal),
        ordinal=ordinal,
        posted_at=at(seconds),
        kind=kind,
        privacy=Privacy.EVERYONE,
        links=links,
        chosen=True,
        milestone=Milestone.FOUND,
    )


def sidecar(name: str, **more: object) -> Finding:
    return replace(Finding(Source.YT_DLP, Path(f"{name}.info.json")), **more)  # type: ignore[arg-type]


def film(name: str, **more: object) -> Finding:
    path = Path(f"{name}.mp4")
    return replace(Finding(Source.FILE_NAME, path, file=path), **more)  # type: ignore[arg-type]


def joined(posts: Iterable[Post], *findings: Finding, owner: str | None = None) -> Joined:
    return join(list(posts), findings, owner=owner, size=lambda path: len(path.name))


# by ID


def test_the_id_in_the_page_link_is_the_post() -> None:
    one = post(page=video_id(-500))
    found = sidecar("a", video_id=video_id(-500), caption="Words", author="somebody.else")
    assert joined([one], found, owner="ada").matches == {
        one.id: Match(one.id, Rule.ID, "Words", Source.YT_DLP)
    }


def test_a_post_of_a_known_id_takes_no_other() -> None:
    one = post(page=video_id(-500))
    assert joined([one], film("a", video_id=video_id(-5))).matches == {}


# by date


def test_tiktoks_own_date_is_the_posts() -> None:
    found = sidecar(
        "a", video_id=video_id(-7), posted_at=at(0), caption="Words", file=Path("a.mp4")
    )
    assert joined([post(), post(60)], found).matches == {
        post().id: Match(post().id, Rule.DATE, "Words", Source.YT_DLP, Path("a.mp4"))
    }


def test_several_files_of_one_date_are_of_one_post() -> None:
    (match,) = joined(
        [post()],
        sidecar("a", video_id=video_id(-7), posted_at=at(0), caption="Words"),
        film("b", video_id=video_id(-7)),
        film("20230504_120000", posted_at=at(0)),
    ).matches.values()
    assert (match.caption, match.file) == ("Words", Path("20230504_120000.mp4"))


def test_two_ids_of_one_date_and_one_post_are_left_open() -> None:
    outcome = joined(
        [post()],
        sidecar("a", video_id=video_id(-7), posted_at=at(0)),
        sidecar("b", video_id=video_id(-9), posted_at=at(0)),
    )
    assert outcome.matches == {}
    assert outcome.ambiguous == (
        Ambiguity((post().id,), (Path("a.info.json"), Path("b.info.json")), Rule.DATE),
    )


def test_posts_of_one_second_go_by_the_order_of_their_ids() -> None:
    first, second = post(0, 0), post(0, 1)
    outcome = joined(
        [first, second],
        sidecar("later", video_id=video_id(-7, 9), posted_at=at(0), caption="Two"),
        sidecar("earlier", video_id=video_id(-7, 1), posted_at=at(0), caption="One"),
    )
    assert {name: match.caption for name, match in outcome.matches.items()} == {
        first.id: "One",
        second.id: "Two",
    }


def test_posts_of_one_second_with_one_id_are_left_open() -> None:
    posts = [post(0, 0), post(0, 1)]
    outcome = joined(posts, sidecar("a", video_id=video_id(-7), posted_at=at(0), caption="One"))
    assert outcome.matches == {}
    assert outcome.ambiguous[0].posts == (posts[0].id, posts[1].id)


def test_a_copy_without_an_id_is_left_open_between_posts_of_one_second() -> None:
    posts = [post(0, 0), post(0, 1)]
    outcome = joined(posts, film("20230504_120000", posted_at=at(0)))
    assert (outcome.matches, len(outcome.ambiguous)) == ({}, 1)


def test_a_video_is_not_given_to_a_photo_post() -> None:
    assert joined([post(kind=Kind.PHOTO)], film("a", posted_at=at(0))).matches == {}
    words = sidecar("a", posted_at=at(0), caption="Words")
    assert joined([post(kind=Kind.PHOTO)], words).matches[post().id].caption == "Words"


# by the time of the ID


@pytest.mark.parametrize(("early", "fits"), [(0, True), (49, True), (120, True), (121, False)])
def test_an_id_is_made_shortly_before_the_post(early: int, *, fits: bool) -> None:
    outcome = joined([post()], film("a", video_id=video_id(-early)))
    assert bool(outcome.matches) == fits
    assert (outcome.by_rule == {Rule.ID_TIME: 1}) == fits


def test_an_id_made_after_the_post_is_not_its() -> None:
    assert joined([post()], film("a", video_id=video_id(1))).matches == {}


def test_neighbours_that_fit_in_one_way_only_are_matched() -> None:
    posts = [post(0), post(60)]
    outcome = joined(posts, film("a", video_id=video_id(-7)), film("b", video_id=video_id(50)))
    assert {n: m.file for n, m in outcome.matches.items()} == {
        posts[0].id: Path("a.mp4"),
        posts[1].id: Path("b.mp4"),
    }


def test_neighbours_that_fit_in_two_ways_are_left_open() -> None:
    posts = [post(0), post(10)]
    outcome = joined(posts, film("a", video_id=video_id(-9)), film("b", video_id=video_id(-7)))
    assert outcome.matches == {}
    assert outcome.ambiguous[0].posts == (posts[0].id, posts[1].id)


def test_a_second_id_near_a_settled_post_is_not_given_to_its_neighbour() -> None:
    posts = [post(0), post(60)]
    outcome = joined(
        posts,
        sidecar("a", video_id=video_id(-7), posted_at=at(0)),
        film("b", video_id=video_id(-20)),
    )
    assert outcome.matches.keys() == {posts[0].id}
    assert outcome.ambiguous[0].posts == (posts[1].id,)


def test_among_thousands_of_strangers_nearness_proves_nothing() -> None:
    posts = [post(day * 86_400) for day in range(300)]
    strangers = [film(f"s{n}", video_id=video_id(n * 8_640 + 4_000)) for n in range(3_000)]
    near = film("near", video_id=video_id(86_400 - 7))
    outcome = joined(posts, near, *strangers)
    assert outcome.matches == {}
    assert any(Path("near.mp4") in open_.paths for open_ in outcome.ambiguous)
    named = replace(near, author="ada")
    assert joined(posts, named, *strangers, owner="Ada").by_rule == {Rule.ID_TIME: 1}


# accounts


def test_other_accounts_are_left_alone() -> None:
    outcome = joined(
        [post()],
        sidecar("a", video_id=video_id(-7), posted_at=at(0), author="eve", caption="Theirs"),
        owner="@Ada",
    )
    assert (outcome.matches, outcome.foreign, outcome.known) == ({}, 1, 1)


def test_an_older_name_of_the_account_is_told_by_its_dates() -> None:
    posts = [post(n * 1000) for n in range(3)]
    findings = [
        sidecar(f"{n}", posted_at=at(n * 1000), author="ada.old", caption=f"{n}") for n in range(3)
    ]
    assert len(joined(posts, *findings, owner="ada").matches) == 3
    assert len(joined(posts, *findings).matches) == 3


def test_without_any_name_strangers_are_told_by_their_dates() -> None:
    posts = [post(n * 1000) for n in range(3)]
    ours = [sidecar(f"{n}", posted_at=at(n * 1000), author="ada") for n in range(2)]
    theirs = film("x", video_id=video_id(2000 - 5), author="eve")
    outcome = joined(posts, *ours, theirs)
    assert (len(outcome.matches), outcome.foreign) == (2, 1)
    assert outcome.unmatched == (Path("x.mp4"),)


# the best of several


def test_the_best_file_has_no_watermark_then_most_pixels_then_most_bytes() -> None:
    same = video_id(-7)
    marked = film("marked", video_id=same, watermarked=True, width=1080, height=1920)
    small = film("small", video_id=same, watermarked=False, width=576, height=1024)
    large = film("large", video_id=same, watermarked=False, width=1080, height=1920)
    unknown, longer = film("x", video_id=same), film("x-long", video_id=same)

    def best(*findings: Finding) -> str:
        (match,) = joined([post()], *findings).matches.values()
        assert match.file
        return match.file.stem

    assert best(marked, small, large, unknown) == "large"
    assert best(marked, small, unknown) == "small"
    assert best(marked, unknown) == "x"
    assert best(unknown, longer) == "x-long"
    assert best(marked) == "marked"


def test_the_best_caption_has_words_and_comes_from_the_surest_source() -> None:
    same = video_id(-7)
    whole = sidecar("a", video_id=same, caption="Whole")
    older = replace(whole, source=Source.MYFAVETT, path=Path("db"), caption="Older")
    empty = replace(whole, path=Path("e"), caption="")

    def best(*findings: Finding) -> tuple[str | None, Source | None]:
        (match,) = joined([post()], *findings).matches.values()
        return match.caption, match.caption_source

    assert best(older, whole, empty) == ("Whole", Source.YT_DLP)
    assert best(older, empty) == ("Older", Source.MYFAVETT)
    assert best(empty) == ("", Source.YT_DLP)
    assert best(film("f", video_id=same)) == (None, None)


# by content


class Looked:
    """Files whose content is known to be like some posts'."""

    def __init__(self, bytes_of: dict[str, list[str]], pictures_of: dict[str, list[str]]) -> None:
        self.bytes_of, self.pictures_of = bytes_of, pictures_of
        self.looked: list[str] = []

    def same_bytes(self, path: Path) -> list[str]:
        self.looked.append(path.name)
        return self.bytes_of.get(path.name, [])

    def same_pictures(self, path: Path) -> list[str]:
        return self.pictures_of.get(path.name, [])


def test_a_file_without_id_and_date_is_joined_by_its_content() -> None:
    posts = [post(0), post(1000), post(2000)]
    one, two, three = (
        film(name, caption=f"Words of {name}", source=Source.YT_DLP) for name in "abc"
    )
    look = Looked({"a.mp4": [posts[0].id]}, {"b.mp4": [posts[1].id], "c.mp4": [posts[2].id]})
    outcome = join(posts, [one, two, film("plain")], look=look, size=lambda _: 1)
    assert {n: (m.rule, m.caption) for n, m in outcome.matches.items()} == {
        posts[0].id: (Rule.CONTENT, "Words of a"),
        posts[1].id: (Rule.PICTURE, "Words of b"),
    }
    assert look.looked == ["a.mp4", "b.mp4"]  # a file without words is not worth the look
    assert outcome.unmatched == (Path("plain.mp4"),)
    both = Looked({}, {"c.mp4": [posts[1].id, posts[2].id]})
    open_ = join(posts, [three], look=both).ambiguous
    assert open_ == (Ambiguity((posts[1].id, posts[2].id), (Path("c.mp4"),), Rule.PICTURE),)


# properties


SECONDS = st.integers(0, 400)
FINDINGS = st.lists(
    st.builds(
        lambda n, minted, dated, author, words: film(
            f"f{n}",
            video_id=None if minted is None else video_id(minted, n % 3),
            posted_at=None if dated is None else at(dated),
            author=author,
            caption=words,
        ),
        st.integers(0, 99),
        st.none() | SECONDS,
        st.none() | SECONDS,
        st.sampled_from([None, "ada", "eve"]),
        st.none() | st.sampled_from(["", "Words"]),
    ),
    max_size=8,
    unique_by=lambda finding: finding.path,
)
POSTS = st.lists(
    st.builds(post, SECONDS, st.integers(0, 1)), max_size=6, unique_by=lambda made: made.id
)


@given(POSTS, FINDINGS, st.randoms(use_true_random=False))
def test_the_order_of_the_findings_does_not_matter(
    posts: list[Post], findings: list[Finding], dice: random.Random
) -> None:
    shuffled = list(findings)
    dice.shuffle(shuffled)
    assert joined(posts, *findings) == joined(posts[::-1], *shuffled)


@given(POSTS, FINDINGS)
def test_nothing_belongs_twice_and_nothing_of_another_account_belongs(
    posts: list[Post], findings: list[Finding]
) -> None:
    outcome = joined(posts, *findings, owner="ada")
    files = [match.file for match in outcome.matches.values() if match.file]
    assert len(files) == len(set(files))
    open_posts = {name for open_ in outcome.ambiguous for name in open_.posts}
    open_files = {path for open_ in outcome.ambiguous for path in open_.paths}
    settled_dates = {name for name, m in outcome.matches.items() if m.rule == Rule.DATE}
    assert not (outcome.matches.keys() - settled_dates) & open_posts
    assert not set(files) & open_files
    eves = {f.posted_at for f in findings if f.author == "eve" and f.posted_at}
    if len(eves) < 2:  # else it may be an older name of the same account
        theirs = {f.file for f in findings if f.author == "eve"} - {
            f.file for f in findings if f.video_id and f.author != "eve"
        }
        by_id = {f.video_id for f in findings if f.author != "eve"}
        alone = {f.file for f in findings if f.file in theirs and f.video_id not in by_id - {None}}
        assert not alone & set(files)


@given(POSTS, FINDINGS)
def test_what_has_nothing_to_do_with_a_post_changes_nothing(
    posts: list[Post], findings: list[Finding]
) -> None:
    far = film("far", video_id=video_id(-10_000_000), author="ada", caption="Far")
    assert joined(posts, *findings, far).matches == joined(posts, *findings).matches


def test_a_large_folder_is_joined_whole() -> None:
    posts = [post(n * 600) for n in range(10_000)]
    findings = [
        sidecar(f"{n}", video_id=video_id(n * 600 - 7), posted_at=at(n * 600), caption="x")
        for n in range(10_000)
    ]
    findings += [film(f"{n}", video_id=video_id(n * 600 - 7)) for n in range(10_000)]
    assert len(joined(posts, *findings).matches) == 10_000
