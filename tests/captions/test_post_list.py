"""Lists of posts to read on TikTok's pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from importer.captions.post_list import LARGEST, read_list
from importer.errors import UserError

ID, OTHER = "7329999999999999999", "7330000000000000000"
PAGE = "https://www.tiktok.com/@ada/video/{}"


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "list.txt"
    path.write_text(text, encoding)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_download_archive(tmp_path: Path, encoding: str) -> None:
    text = f"tiktok {ID}\nyoutube abc\n tiktok {OTHER}\r\ntiktok {ID}\n"
    assert read_list(written(tmp_path, text, encoding)) == (
        f"https://www.tiktokv.com/share/video/{ID}/",
        f"https://www.tiktokv.com/share/video/{OTHER}/",
    )


def test_page_links(tmp_path: Path) -> None:
    text = f"{PAGE.format(ID)}\n\n{PAGE.format(OTHER)}\n{PAGE.format(ID)}\n"
    assert read_list(written(tmp_path, text)) == (PAGE.format(ID), PAGE.format(OTHER))


@pytest.mark.parametrize("text", ["", "my videos", "youtube abc", "tiktok 12"])
def test_a_text_without_posts(tmp_path: Path, text: str) -> None:
    with pytest.raises(UserError) as caught:
        read_list(written(tmp_path, text))
    assert (caught.value.code, bool(caught.value.hint)) == ("post_list", True)


def test_what_cannot_be_a_list(tmp_path: Path) -> None:
    huge = tmp_path / "huge.txt"
    with huge.open("wb") as file:
        file.truncate(LARGEST + 1)
    for path in (tmp_path / "gone.txt", tmp_path, huge):
        with pytest.raises(UserError) as caught:
            read_list(path)
        assert caught.value.code == "post_list"
