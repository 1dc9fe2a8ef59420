"""A file goes to a post only where its name leaves no other choice."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.captions.source_folder import Matches, Rule, describe, match, scan
from importer.errors import UserError
from importer.export.links import classify
from importer.model import ExportPost, Kind, Link, LinkKind, Privacy

NOON = datetime(2025, 6, 1, 12, 0, 0, tzinfo=UTC)


def minted(moment: datetime, low_bits: int = 0x0123_4567) -> str:
    return str(int(moment.timestamp()) << 32 | low_bits)


def post(
    seconds: int = 0, *, ordinal: int = 0, page: str | None = None, kind: Kind = Kind.VIDEO
) -> ExportPost:
    url = f"https://www.tiktokv.com/share/video/{page}/" if page else "https://x.example/o.mp4"
    link = classify(url)
    assert link is not None
    return ExportPost(
        posted_at=NOON + timedelta(seconds=seconds),
        ordinal=ordinal,
        kind=kind,
        privacy=Privacy.EVERYONE,
        links=(link,),
    )


def matched(posts: list[ExportPost], *names: str) -> Matches:
    return match(posts, [describe(Path(name)) for name in names])


def chosen(outcome: Matches) -> dict[str, tuple[str, Rule]]:
    return {key: (found.path.name, found.rule) for key, found in outcome.matched.items()}


@pytest.mark.parametrize(
    "name",
    [
        "My title 🎈 [{id}].mp4",
        "author_1748779190_{id}.mov",
        "snaptik_{id}_v2.MP4",
        "{id}.webm",
        "SnapTik_{id}.m4v",
    ],
)
def test_the_id_of_the_page_link(name: str) -> None:
    video_id = minted(NOON - timedelta(days=3))
    file = name.format(id=video_id)
    outcome = matched([post(page=video_id), post(60)], file, "other.mp4")
    assert chosen(outcome) == {"20250601T120000": (file, Rule.ID)}
    assert outcome.ambiguous == []


@pytest.mark.parametrize(
    "name",
    [
        "2025-06-01-12-00-00.mp4",
        "20250601_120000.mp4",
        "20250601T120000.mkv",
        "TikTok video - 2025-06-01 at 12-00-00.mp4",
        "TikTok video - 2025-06-01 at 12-00-00 (2).mp4",
        "2025-06-01-12-00-00(1).mp4",
    ],
)
def test_the_date_of_the_export(name: str) -> None:
    outcome = matched([post(), post(1)], name)
    assert chosen(outcome) == {"20250601T120000": (name, Rule.DATE)}


@pytest.mark.parametrize(
    "name",
    [
        "VID_20250601_120000.mp4",
        "2025-06-01-12-00-00-edit.mp4",
        "20250601120000.mp4",
        "2025-13-01-12-00-00.mp4",
        "1234567890123456789.mp4",
        "75590000000000000001234.mp4",
        "clip.mp4",
    ],
)
def test_other_names_say_nothing(name: str) -> None:
    file = describe(Path(name))
    assert (file.video_id, file.named_at) == (None, None)


def test_two_ids_in_a_name_say_nothing() -> None:
    name = f"{minted(NOON)} reply to {minted(NOON, 7)}.mp4"
    assert describe(Path(name)).video_id is None


@pytest.mark.parametrize(("seconds", "fits"), [(0, True), (7, True), (120, True), (121, False)])
def test_the_time_in_the_id(seconds: int, fits: bool) -> None:
    name = f"{minted(NOON - timedelta(seconds=seconds))}.mp4"
    expected = {"20250601T120000": (name, Rule.ID_TIME)} if fits else {}
    assert chosen(matched([post()], name)) == expected


def test_an_id_made_after_the_post_is_another_post() -> None:
    assert matched([post()], f"{minted(NOON + timedelta(seconds=1))}.mp4").matched == {}


def test_a_post_whose_id_is_known_takes_no_other() -> None:
    known = minted(NOON - timedelta(seconds=9))
    outcome = matched([post(page=known)], f"{minted(NOON - timedelta(seconds=5))}.mp4")
    assert outcome == Matches({}, [])


def test_two_posts_for_one_file_are_reported() -> None:
    name = f"{minted(NOON - timedelta(seconds=5))}.mp4"
    outcome = matched([post(), post(60), post(7200)], name)
    assert outcome.matched == {}
    assert [(a.posts, [p.name for p in a.paths], a.rule) for a in outcome.ambiguous] == [
        (("20250601T120000", "20250601T120100"), [name], Rule.ID_TIME)
    ]


def test_two_files_for_one_post_are_reported() -> None:
    video_id = minted(NOON)
    outcome = matched([post(page=video_id)], f"a/{video_id}.mp4", f"b/{video_id}.mp4")
    assert outcome.matched == {}
    assert outcome.ambiguous[0].paths == (Path(f"a/{video_id}.mp4"), Path(f"b/{video_id}.mp4"))


def test_twins_of_one_second_are_reported_once() -> None:
    names = ["2025-06-01-12-00-00.mp4", "2025-06-01-12-00-00 (2).mp4"]
    outcome = matched([post(), post(ordinal=1)], *names)
    assert outcome.matched == {}
    assert len(outcome.ambiguous) == 1
    assert len(outcome.ambiguous[0].paths) == 2


def test_a_settled_post_still_speaks_against_a_guess() -> None:
    # The second file was made for the first post too; it must not fall to the neighbour.
    spare = f"{minted(NOON - timedelta(seconds=5))}.mp4"
    outcome = matched([post(), post(60)], "2025-06-01-12-00-00.mp4", spare)
    assert list(outcome.matched) == ["20250601T120000"]
    assert [a.posts for a in outcome.ambiguous] == [("20250601T120000", "20250601T120100")]


def test_a_further_copy_of_a_settled_post_is_no_question() -> None:
    spare = f"{minted(NOON - timedelta(seconds=5))}.mp4"
    outcome = matched([post()], "2025-06-01-12-00-00.mp4", spare)
    assert chosen(outcome) == {"20250601T120000": ("2025-06-01-12-00-00.mp4", Rule.DATE)}
    assert outcome.ambiguous == []


def test_photo_posts_have_no_video_files() -> None:
    assert matched([post(kind=Kind.PHOTO)], "2025-06-01-12-00-00.mp4") == Matches({}, [])


def test_the_scan_finds_videos_below_and_leaves_the_rest(tmp_path: Path) -> None:
    for name in (
        "a.mp4",
        "deep/er/b.MOV",
        "c.txt",
        "d.mp4.part",
        ".hidden.mp4",
        "._e.mp4",
        ".thumbs/f.mp4",
        "__MACOSX/g.mp4",
        "me.tokaway/media/h.mp4",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    found = [file.path.relative_to(tmp_path).as_posix() for file in scan(tmp_path)]
    assert found == ["a.mp4", "deep/er/b.MOV"]


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError) as raised:
        scan(tmp_path / "nothing")
    assert raised.value.code == "not_found"


@pytest.mark.skipif(
    os.name == "nt" or os.geteuid() == 0, reason="who may open everything sees no locked folder"
)
def test_a_locked_folder(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0)
    with pytest.raises(UserError) as raised:
        scan(folder)
    assert raised.value.code == "unreadable"


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[ExportPost], list[str]]:
    seconds = draw(st.lists(st.integers(0, 200), max_size=6))
    posts: list[ExportPost] = []
    for at in seconds:
        ordinal = [other.posted_at for other in posts].count(NOON + timedelta(seconds=at))
        page = minted(NOON, draw(st.integers(0, 3))) if draw(st.booleans()) else None
        posts.append(post(at, ordinal=ordinal, page=page))
    moments = [NOON + timedelta(seconds=draw(st.integers(-30, 200))) for _ in range(6)]
    names = [
        f"{number}/{minted(moment, number % 4)}.mp4"
        if draw(st.booleans())
        else f"{number}/{moment:%Y%m%d_%H%M%S}.mp4"
        for number, moment in enumerate(moments)
    ]
    return posts, names


def flat(groups: Iterable[Iterable[str]]) -> list[str]:
    return [item for group in groups for item in group]


@given(worlds())
def test_no_file_is_given_twice_and_nothing_is_both_settled_and_open(
    world: tuple[list[ExportPost], list[str]],
) -> None:
    posts, names = world
    outcome = matched(posts, *names)
    given_away = [found.path for found in outcome.matched.values()]
    assert len(given_away) == len(set(given_away))
    assert set(outcome.matched) <= {each.id for each in posts}
    reordered = matched(posts[::-1], *names[::-1])
    assert reordered.matched == outcome.matched
    assert set(flat(a.posts for a in reordered.ambiguous)) == set(
        flat(a.posts for a in outcome.ambiguous)
    )


def test_ten_thousand_posts_and_files_are_quick() -> None:
    posts = [post(number * 600) for number in range(10_000)]
    files = [
        describe(Path(f"{minted(each.posted_at - timedelta(seconds=8))}.mp4")) for each in posts
    ]
    assert len(match(posts, files).matched) == 10_000


def test_a_link_without_an_id_is_no_id() -> None:
    link = Link("https://vm.tiktok.com/x", LinkKind.PAGE, "k")
    lone = ExportPost(NOON, 0, Kind.VIDEO, Privacy.EVERYONE, (link,))
    assert match([lone], [describe(Path("clip.mp4"))]) == Matches({}, [])
