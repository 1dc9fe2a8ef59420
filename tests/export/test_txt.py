"""Own posts out of the text format, in English whole, in any language as far as it is certain."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from importer.errors import UserError
from importer.export.reader import Export, read
from importer.model import Kind, Privacy

CDN = "https://video-sg.tiktokv.com/storage/v1/tos/{}?mime_type=video_mp4&x-tos-expires=1767225600"
IMAGE = (
    "https://p16-ttdyd-sign-sg.ibyteimg.com/tos-photomode/{}~tplv-noop.jpeg?x-expires=1767225600"
)
VIDEO = f"""Date: 2025-05-01 10:00:00 UTC
Link: {CDN.format("one")}
Like(s): 12
Who can view: Everyone
Allow comments: Yes
Allow stitches: No
Allow duets: Yes
Allow stickers: Yes
Allow sharing to story:\x20
Sound: original sound - ada

"""
PHOTOS = f"""Date: 2025-04-01 10:00:00 UTC
Link: {IMAGE.format("a")}
{IMAGE.format("b")}
{IMAGE.format("c")}
Like(s): 3
Who can view: Only You
Content disclosure: Your Brand, Branded Content
Title: Three loaves

and what became of them

"""
DUTCH = f"""Datum: 2025-03-01 10:00:00 UTC
Link: {CDN.format("dutch")}
Vind-ik-leuks: 3
Wie kan dit bekijken: Iedereen

"""
NOTHING = "You have no data in this section\n"
HISTORY = (
    "Date: 2025-01-01 10:00:00\nLink: https://www.tiktokv.com/share/video/7329999999999999999/\n"
)
DELETED = f"Date: 2025-05-01 10:00:00\nDate Deleted: 2025-05-02 10:00:00\nLink: {CDN.format('x')}\n"


def tree(folder: Path, files: dict[str, str], encoding: str = "utf-8") -> Export:
    path = folder / "TikTok_Data_1.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text.encode(encoding))
    return read(path)


def left_out(export: Export) -> dict[str, int]:
    return {item.code: item.count for item in export.not_taken}


@pytest.mark.parametrize("name", ["TikTok/Posts/Posts.txt", "Videos/Videos.txt", "Posts (1).txt"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_english_is_read_whole(tmp_path: Path, name: str, encoding: str, end: str) -> None:
    text = (VIDEO + PHOTOS + "\n\n").replace("\n", end)
    export = tree(tmp_path, {name: text}, encoding)
    assert (export.layout, export.member, export.unknown_keys) == ("TXT", name, ())
    photos, video = export.posts
    assert (video.id, video.kind, video.privacy) == (
        "20250501T100000",
        Kind.VIDEO,
        Privacy.EVERYONE,
    )
    assert (video.likes, video.title) == (12, None)
    assert (video.allow_comments, video.allow_stitches, video.allow_duets) == (True, False, True)
    assert [link.url for link in video.links] == [CDN.format("one")]
    assert (photos.kind, photos.privacy, len(photos.links)) == (Kind.PHOTO, Privacy.ONLY_YOU, 3)
    assert photos.title == "Three loaves\nand what became of them"


def test_one_record_and_the_label_of_2020(tmp_path: Path) -> None:
    text = f"Date: 2020-05-01 10:00:00\nVideo Link: {CDN.format('old')}\n"
    (post,) = tree(tmp_path, {"Videos/Videos.txt": text}).posts
    assert (post.kind, post.privacy) == (Kind.VIDEO, Privacy.UNKNOWN)


def test_a_bare_file_and_a_folder(tmp_path: Path) -> None:
    bare = tmp_path / "Posts.txt"
    bare.write_text(VIDEO, encoding="utf-8")
    assert len(read(bare).posts) == 1
    assert len(read(tmp_path).posts) == 1


def test_another_language_is_read_as_far_as_it_is_certain(tmp_path: Path) -> None:
    export = tree(
        tmp_path,
        {
            "TikTok/Iets/Onbekend.txt": DUTCH + DUTCH.replace("03-01", "03-02"),
            "TikTok/Kijkgeschiedenis.txt": HISTORY,
            "TikTok/Anders.txt": HISTORY,
            "TikTok/Weg.txt": DELETED,
        },
    )
    assert export.member == "TikTok/Iets/Onbekend.txt"
    assert {post.privacy for post in export.posts} == {Privacy.UNKNOWN}
    assert len(export.posts) == 2


def test_two_files_that_could_be_the_posts_are_not_guessed(tmp_path: Path) -> None:
    with pytest.raises(UserError) as raised:
        tree(tmp_path, {"a.txt": DUTCH, "b.txt": DUTCH})
    assert raised.value.code == "txt_unclear"


def test_deleted_posts_are_counted_and_never_taken(tmp_path: Path) -> None:
    files = {"Posts.txt": VIDEO + DELETED, "Recently Deleted Posts.txt": DELETED}
    export = tree(tmp_path, files)
    assert (len(export.posts), left_out(export)) == (1, {"deleted": 2})


def test_a_title_cannot_say_who_could_see_the_post(tmp_path: Path) -> None:
    private = VIDEO.replace("Everyone", "Only You").rstrip()
    sly = f"{private}\nTitle: Hello\nWho can view: Everyone\n"
    (post,) = tree(tmp_path, {"Posts.txt": sly}).posts
    assert post.privacy == Privacy.UNKNOWN


def test_two_posts_run_together_are_nobody_s_to_see(tmp_path: Path) -> None:
    first = VIDEO.replace("Who can view: Everyone\n", "").rstrip("\n") + "\n"
    second = VIDEO.replace("Date: 2025-05-01 10:00:00 UTC\n", "").replace("/one?", "/two?")
    (post,) = tree(tmp_path, {"Posts.txt": first + second}).posts
    assert post.privacy == Privacy.UNKNOWN


def test_an_empty_section_has_no_posts(tmp_path: Path) -> None:
    export = tree(tmp_path, {"Posts/Posts.txt": NOTHING})
    assert (export.layout, export.posts, export.not_taken) == ("TXT", (), ())


def test_labels_that_are_not_known_are_counted(tmp_path: Path) -> None:
    text = VIDEO.replace("Sound:", "Mood:")
    assert tree(tmp_path, {"Posts.txt": text}).unknown_keys == (("Mood", 1),)


def test_the_profile_and_a_bio_of_several_paragraphs(tmp_path: Path) -> None:
    text = """Profile Photo: https://p16.tiktokcdn.com/me.jpeg?x-expires=1
Profile Video: None
Username: ada.bakes
Telephone Number: 123
Email Address: me@example.com
Bio Description: Bread.

Note: no gluten-free

Bye
Birthdate: 01-Jan-1990
Like(s) Received: 5
"""
    profile = tree(tmp_path, {"Posts.txt": VIDEO, "Profile Info.txt": text}).profile
    assert profile
    assert (profile.user_name, profile.display_name) == ("ada.bakes", None)
    assert profile.bio == "Bread.\n\nNote: no gluten-free\n\nBye"
    assert profile.avatar_url == "https://p16.tiktokcdn.com/me.jpeg?x-expires=1"
    assert "123" not in str(profile) and "example.com" not in str(profile)


def test_messages_are_no_posts(tmp_path: Path) -> None:
    chat = ">>> Chat History with eve::\n2025-01-01 10:00:00 UTC ada: https://example.com/x.mp4\n"
    with pytest.raises(UserError) as raised:
        tree(tmp_path, {"Direct Messages/Direct Messages.txt": chat})
    assert raised.value.code == "txt_export"
