"""Own posts out of exports in every known shape."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from importer.errors import UserError
from importer.export.reader import Export, read
from importer.model import Kind, LinkKind, Privacy

SAMPLES = Path(__file__).parents[2] / "samples"
LINK = (
    "https://video-va.tiktokv.com/storage/v1/tos-x/o{}?mime_type=video_mp4&x-tos-expires=1767225600"
)


def written(folder: Path, root: object) -> Path:
    path = folder / "user_data_tiktok.json"
    path.write_text(json.dumps(root, ensure_ascii=False), encoding="utf-8")
    return path


def of_rows(folder: Path, *rows: object) -> Export:
    return read(written(folder, {"Post": {"Posts": {"VideoList": rows}}}))


def row(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {"Date": "2025-06-01 12:00:00", "Link": LINK.format(number)} | fields


def left_out(export: Export) -> dict[str, int]:
    return {item.code: item.count for item in export.not_taken}


def test_the_demo_export() -> None:
    export = read(SAMPLES / "demo" / "user_data_tiktok.json")
    assert (export.layout, export.username) == ("V4", "ada.bakes.demo")
    assert [post.id for post in export.posts] == [
        "20240721T152633",
        "20250309T120001",
        "20250602T211147",
        "20250814T063000",
        "20251031T190355",
        "20251031T190355-1",
        "20251128T081530",
        "20251220T174209",
    ]
    assert export.not_taken == ()
    assert export.unknown_sections == ()
    public = [post for post in export.posts if post.privacy == Privacy.EVERYONE]
    assert [post.kind for post in public].count(Kind.VIDEO) == 5
    names = [post.links[0].url.split("?")[0].rsplit("/", 1)[1] for post in public]
    assert [name for name in names if name.startswith("clip")] == [
        f"clip{number}.mp4" for number in range(1, 6)
    ]
    photo = next(post for post in export.posts if post.kind == Kind.PHOTO)
    assert len(photo.links) == 3
    assert photo.alt == "Three loaves on a wooden stall"


def test_the_last_of_one_second_is_the_oldest() -> None:
    export = read(SAMPLES / "demo" / "user_data_tiktok.json")
    twins = [post for post in export.posts if post.id.startswith("20251031")]
    assert [post.title and post.title[:6] for post in twins] == ["Part 1", "Part 2"]


def test_v4_with_all_its_troubles() -> None:
    export = read(SAMPLES / "exports" / "v4")
    assert export.member == "user_data_tiktok.json"
    assert left_out(export) == {
        "deleted": 1,
        "story": 1,
        "no_date": 1,
        "no_link": 1,
        "duplicate": 1,
        "unreadable": 1,
    }
    posts = {post.id: post for post in export.posts}
    assert posts["20251201T100000"].privacy == Privacy.FRIENDS
    assert posts["20251105T093000"].kind == Kind.PHOTO
    assert posts["20251102T183011"].privacy == Privacy.UNKNOWN
    assert posts["20251010T101010"].links[0].kind == LinkKind.PAGE
    assert posts["20250808T080808"].privacy == Privacy.ONLY_YOU


def test_v3() -> None:
    export = read(SAMPLES / "exports" / "v3" / "user_data_tiktok.json")
    assert (export.layout, export.username, len(export.posts)) == ("V3", "deniz.demo", 3)
    photo = export.posts[1]
    assert (photo.kind, photo.title, photo.alt) == (
        Kind.PHOTO,
        "Güneşli bir gün",
        "Deniz ve gökyüzü",
    )
    assert export.posts[2].title is None
    assert export.posts[2].likes == 120
    assert export.posts[0].allow_comments is False
    assert export.posts[2].allow_duets is True


def test_v2_with_two_sections_only() -> None:
    export = read(SAMPLES / "exports" / "v2")
    assert (export.layout, export.username, len(export.posts)) == ("V2", "old.timer.demo", 2)


@pytest.mark.parametrize("nothing", [None, {}, [], "", "N/A", "None"])
def test_every_way_to_say_nothing(tmp_path: Path, nothing: object) -> None:
    for root in (
        {"Post": {"Posts": {"VideoList": nothing}}, "Your Activity": None},
        {"Post": {"Posts": nothing}, "Your Activity": nothing},
        {"Post": nothing, "Your Activity": nothing},
    ):
        export = read(written(tmp_path, root))
        assert (export.posts, export.not_taken, export.username) == ((), (), None)


def test_keys_are_compared_loosely(tmp_path: Path) -> None:
    rows = [{"date": "2021-05-06 07:08:09 UTC", "VideoLink": LINK.format(1), "who can view": "x"}]
    export = read(written(tmp_path, {"VIDEO": {"videos": {"Video List:": rows}}}))
    assert export.posts[0].posted_at == datetime(2021, 5, 6, 7, 8, 9, tzinfo=UTC)


def test_the_watch_history_is_never_taken(tmp_path: Path) -> None:
    history = {"VideoList": [row()]}
    export = read(
        written(tmp_path, {"Your Activity": {"Watch History": history}, "VideoList": [row()]})
    )
    assert export.posts == ()
    assert export.unknown_sections == ("VideoList",)


def test_posts_in_both_places_are_taken_once(tmp_path: Path) -> None:
    posts = {"VideoList": [row(1), row(2)]}
    export = read(written(tmp_path, {"Post": {"Posts": posts}, "Video": {"Videos": posts}}))
    assert [post.id for post in export.posts] == ["20250601T120000", "20250601T120000-1"]
    assert left_out(export) == {"duplicate": 2}


def test_a_row_without_link_keeps_its_number(tmp_path: Path) -> None:
    export = of_rows(tmp_path, row(2), row(1, Link="N/A"))
    assert [post.ordinal for post in export.posts] == [1]
    assert left_out(export) == {"no_link": 1}


def test_a_second_holds_a_thousand_posts(tmp_path: Path) -> None:
    export = of_rows(tmp_path, *(row(number) for number in range(1002)))
    assert export.posts[-1].ordinal == 999
    assert left_out(export) == {"crowded": 2}


@pytest.mark.parametrize(
    "date",
    ["", "yesterday", "2025-13-01 00:00:00", "2025-06-01", "1969-12-31 23:59:59", None, 17, [], {}],
)
def test_an_unreadable_date_is_counted(tmp_path: Path, date: object) -> None:
    assert left_out(of_rows(tmp_path, row(Date=date))) == {"no_date": 1}


@pytest.mark.parametrize(
    ("text", "privacy"),
    [
        ("Everyone", Privacy.EVERYONE),
        ("public", Privacy.EVERYONE),
        ("Friends", Privacy.FRIENDS),
        ("Followers", Privacy.FRIENDS),
        ("Only You", Privacy.ONLY_YOU),
        ("Only me", Privacy.ONLY_YOU),
        ("Private", Privacy.ONLY_YOU),
        ("Herkes", Privacy.UNKNOWN),
        (None, Privacy.UNKNOWN),
        (True, Privacy.UNKNOWN),
    ],
)
def test_who_can_view(tmp_path: Path, text: object, privacy: Privacy) -> None:
    assert of_rows(tmp_path, row(WhoCanView=text)).posts[0].privacy == privacy


def test_an_absent_privacy_is_unknown(tmp_path: Path) -> None:
    assert of_rows(tmp_path, row()).posts[0].privacy == Privacy.UNKNOWN


def test_wrong_types_in_a_row_cost_only_the_field(tmp_path: Path) -> None:
    post = of_rows(
        tmp_path, row(Likes={"n": 1}, Title=[1], AllowComments=3, AllowDuets="maybe", Sound=1e300)
    ).posts[0]
    assert (post.likes, post.title, post.allow_comments, post.allow_duets) == (None,) * 4


@pytest.mark.parametrize(
    ("likes", "expected"), [("12", 12), (12, 12), ("1.2K", None), ("9" * 5000, None), (-3, None)]
)
def test_likes(tmp_path: Path, likes: object, expected: int | None) -> None:
    assert of_rows(tmp_path, row(Likes=likes)).posts[0].likes == expected


@pytest.mark.parametrize("rows", [5, "text", {"0": {}}, True])
def test_a_list_that_is_none_is_counted(tmp_path: Path, rows: object) -> None:
    export = read(written(tmp_path, {"Post": {"Posts": {"VideoList": rows}}}))
    assert left_out(export) == {"unreadable": 1}


def test_several_pages_are_a_photo_post_and_several_videos_are_not(tmp_path: Path) -> None:
    pages = "\n".join(f"https://www.tiktokv.com/share/video/755900000000000000{n}/" for n in "12")
    videos = LINK.format(1) + "\n" + LINK.format(2)
    one, other = of_rows(tmp_path, row(Link=pages), row(Link=videos)).posts
    assert (other.kind, one.kind) == (Kind.PHOTO, Kind.VIDEO)


def test_half_an_emoji_spoils_nothing(tmp_path: Path) -> None:
    path = tmp_path / "user_data_tiktok.json"
    title = r"cut \ud83d here, not \\ud83d there, \ud83d\ude00 whole"
    whole = written(tmp_path, {"Post": {"Posts": {"VideoList": [row(Title="#")]}}})
    whole.write_text(path.read_text().replace("#", title))
    assert read(path).posts[0].title == "cut \ufffd here, not \\ud83d there, 😀 whole"


def test_stray_bytes_spoil_only_themselves(tmp_path: Path) -> None:
    path = written(tmp_path, {"Post": {"Posts": {"VideoList": [row(Title="caf#")]}}})
    path.write_bytes(path.read_bytes().replace(b"caf#", b"caf\xe9"))
    assert read(path).posts[0].title == "caf\ufffd"


def test_unknown_sections_are_named(tmp_path: Path) -> None:
    export = read(written(tmp_path, {"Post": {"Posts": {}, "Drafts": {}}, "Ads and rich data": 1}))
    assert export.unknown_sections == ("Ads and rich data", "Post.Drafts")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"Post": {"Posts": {"VideoList": [{"Date": "2025', "truncated_json"),
        ('{"Post": {"Posts": {"VideoList": [NaN]}}}', "damaged_json"),
        ('{"Post": {"Posts": {"VideoList": [1,]}}}', "damaged_json"),
        ("[1, 2]", "no_tiktok_data"),
        ('{"name": "something else", "video": {"codec": "h264"}}', "no_tiktok_data"),
    ],
)
def test_hostile_json_is_a_clear_error(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "user_data_tiktok.json"
    path.write_text(text)
    with pytest.raises(UserError) as raised:
        read(path)
    assert raised.value.code == code
    assert raised.value.hint


@pytest.mark.parametrize("depth", [200_000, 5_000_000])
def test_endless_nesting_is_a_clear_error(tmp_path: Path, depth: int) -> None:
    path = tmp_path / "user_data_tiktok.json"
    # How deep it is followed differs between versions of Python.
    for text, read_to_its_end in [
        ('{"Post":' + "[" * depth + "]" * depth + "}", "no_tiktok_data"),
        ('{"Post":' + '{"a":' * depth, "truncated_json"),
    ]:
        path.write_text(text)
        with pytest.raises(UserError) as raised:
            read(path)
        assert raised.value.code in {"damaged_json", read_to_its_end}
        assert raised.value.hint


def test_truncated_json_says_where(tmp_path: Path) -> None:
    path = tmp_path / "user_data_tiktok.json"
    path.write_text('{"Post": {"Posts": ' + " " * 1500)
    with pytest.raises(UserError, match="byte 1,519"):
        read(path)


@pytest.mark.parametrize("number", ["1e999999", "9" * 5000, "-" + "9" * 400, "1" + "0" * 400])
def test_huge_numbers_are_survived(tmp_path: Path, number: str) -> None:
    path = tmp_path / "user_data_tiktok.json"
    path.write_text(
        '{"Big": %s, "Post": {"Posts": {"VideoList": [{"Date": %s}, %s]}}}' % ((number,) * 3)
    )
    assert left_out(read(path)) == {"no_date": 1, "unreadable": 1}
