"""A table that went through a spreadsheet says what its user wrote, and nothing else."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from importer.captions.table import COLUMNS, Edits, read_table, write_table
from importer.errors import UserError
from importer.model import Edit, Kind, Milestone, Post, Privacy, post_id

FIRST = datetime(2024, 1, 31, 23, 59, 59, tzinfo=UTC)
NOTHING = Edits((), 1, ())


def make(caption: str = "", number: int = 0, ordinal: int = 0, **more: object) -> Post:
    at = FIRST + timedelta(days=number)
    post = Post(
        id=post_id(at, ordinal),
        ordinal=ordinal,
        posted_at=at,
        kind=Kind.VIDEO,
        privacy=Privacy.EVERYONE,
        links=(),
        chosen=True,
        milestone=Milestone.FOUND,
        caption=caption,
    )
    return replace(post, **more)  # type: ignore[arg-type]


Rows = list[list[str]]


def rows_of(path: Path) -> Rows:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def saved(rows: Rows, separator: str = ",", end: str = "\r\n") -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator=end).writerows(rows)
    return text.getvalue()


def excel(rows: Rows) -> bytes:
    return b"\xef\xbb\xbf" + saved(rows).encode()


def excel_in_german(rows: Rows) -> bytes:
    return b"\xef\xbb\xbf" + saved(rows, ";").encode()


def excel_unicode_text(rows: Rows) -> bytes:
    return saved(rows, "\t").encode("utf-16")


def libreoffice(rows: Rows) -> bytes:
    return saved(rows, end="\n").encode()


def google_sheets(rows: Rows) -> bytes:
    """Sheets takes a leading apostrophe as its own mark for text."""
    return saved([[cell.removeprefix("'") for cell in row] for row in rows]).encode()


SPREADSHEETS: list[Callable[[Rows], bytes]] = [
    *(excel, excel_in_german, excel_unicode_text, libreoffice, google_sheets)
]


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    """Write posts, change the rows, and save them as a spreadsheet does."""

    def through(
        posts: Sequence[Post],
        change: Callable[[Rows], object] = lambda rows: None,
        spreadsheet: Callable[[Rows], bytes] = excel,
    ) -> Path:
        path = tmp_path / "posts.csv"
        path.unlink(missing_ok=True)
        write_table(posts, path)
        rows = rows_of(path)
        change(rows)
        path.write_bytes(spreadsheet(rows))
        return path

    return through


def put(column: str, text: str, row: int = 1) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        rows[row][rows[0].index(column)] = text

    return change


def refused(path: Path, posts: Sequence[Post], code: str) -> UserError:
    with pytest.raises(UserError) as raised:
        read_table(path, posts)
    assert raised.value.code == code
    assert raised.value.hint
    assert "Nothing was changed." in raised.value.text
    return raised.value


# writing


def test_the_table_shows_what_a_post_is(tmp_path: Path) -> None:
    posts = [
        make("Rye 🍞\nand more", caption_source="yt-dlp", alt="A loaf"),
        make(number=1, ordinal=1, chosen=False, privacy=Privacy.ONLY_YOU),
    ]
    write_table(posts, tmp_path / "posts.csv")
    data = (tmp_path / "posts.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfpost,")
    assert rows_of(tmp_path / "posts.csv") == [
        list(COLUMNS),
        [
            *("20240131T235959", "2024-01-31 23:59:59", "video", "everyone", "found", "yes"),
            *("Rye 🍞\nand more", "A loaf", "yt-dlp"),
        ],
        [
            *("20240201T235959-1", "2024-02-01 23:59:59", "video", "only you", "found", "no"),
            *("", "", ""),
        ],
    ]


@pytest.mark.parametrize("caption", ["=1+1", "+49 30 1234", "-5", "@ada", "\tx", "'tis", "00123"])
def test_what_a_spreadsheet_would_take_for_something_else_is_marked_as_text(
    tmp_path: Path, caption: str
) -> None:
    write_table([make(caption)], tmp_path / "posts.csv")
    assert rows_of(tmp_path / "posts.csv")[1][6] == f"'{caption}"


def test_a_file_that_exists_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("edits of an evening")
    with pytest.raises(UserError) as raised:
        write_table([make()], path)
    assert raised.value.code == "table_exists"
    assert path.read_text() == "edits of an evening"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError) as raised:
        write_table([make()], tmp_path / "gone" / "posts.csv")
    assert raised.value.code == "table_not_writable"


# reading back


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)
TRICKY = st.sampled_from(["=", "'", "''=", "'=", "+1", "-", "@a", "1e5", "TRUE", "3/4", '"', ";"])


@pytest.mark.parametrize("spreadsheet", SPREADSHEETS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TEXTS | TRICKY | st.builds("{}{}".format, TRICKY, TEXTS), min_size=1, max_size=5))
def test_what_was_not_edited_is_no_edit(
    table: Callable[..., Path], spreadsheet: Callable[[Rows], bytes], captions: list[str]
) -> None:
    posts = [make(text, number, alt=text) for number, text in enumerate(captions)]
    path = table(posts, spreadsheet=spreadsheet)
    assert read_table(path, posts) == Edits((), len(posts), ())


@pytest.mark.parametrize("spreadsheet", SPREADSHEETS)
@pytest.mark.parametrize(
    "text", ["New words #rye 🍞", 'Two\nlines; and, “quotes” "here"', "C'est l'été", ""]
)
def test_what_the_user_wrote_comes_back(
    table: Callable[..., Path], spreadsheet: Callable[[Rows], bytes], text: str
) -> None:
    posts = [make("Old words", alt="Old alt")]
    for column, edit in ((6, Edit(posts[0].id, caption=text)), (7, Edit(posts[0].id, alt=text))):
        path = table(posts, put(COLUMNS[column], text), spreadsheet)
        assert read_table(path, posts) == Edits((edit,), 0, ())


@pytest.mark.parametrize("formula", ["'=1+1", "=1+1"])
def test_a_caption_that_begins_like_a_formula_can_be_written(
    table: Callable[..., Path], formula: str
) -> None:
    posts = [make("Old words")]
    (edit,) = read_table(table(posts, put("caption", formula)), posts).edits
    assert edit.caption == "=1+1"


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_line_breaks_of_any_kind_are_the_same(table: Callable[..., Path], end: str) -> None:
    posts = [make("One\nTwo")]
    assert read_table(table(posts, put("caption", f"One{end}Two")), posts) == NOTHING


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        *((word, True) for word in ("yes", "YES", " Yes ", "x", "1", "TRUE", "WAHR", "VRAI", "Sí")),
        *((word, False) for word in ("no", "No", "0", "", "FALSE", "FALSCH", "FAUX", "não")),
    ],
)
@pytest.mark.parametrize("before", [True, False])
def test_choosing(table: Callable[..., Path], word: str, *, wanted: bool, before: bool) -> None:
    posts = [make(chosen=before)]
    read = read_table(table(posts, put("chosen", word)), posts)
    assert read == (
        NOTHING if wanted == before else Edits((Edit(posts[0].id, chosen=wanted),), 0, ())
    )


def test_an_unknown_word_for_chosen_is_named_with_its_line(table: Callable[..., Path]) -> None:
    posts = [make("Two\nlines"), make(number=1)]
    error = refused(table(posts, put("chosen", "perhaps", 2)), posts, "table_row")
    assert "line 4" in error.text and "perhaps" in error.text


def test_columns_may_move_and_others_may_come(table: Callable[..., Path]) -> None:
    posts = [make("Old")]

    def move(rows: Rows) -> None:
        rows[1][COLUMNS.index("caption")] = "New"
        for row, extra in zip(rows, ("my notes", "funny"), strict=True):
            row.reverse()
            row.insert(0, extra)

    read = read_table(table(posts, move), posts)
    assert read.edits == (Edit(posts[0].id, caption="New"),)


def test_a_table_of_two_columns_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("Post,Caption\n20240131T235959,New\n", encoding="utf-8")
    assert read_table(path, [make("Old")]).edits == (Edit("20240131T235959", caption="New"),)


def test_a_caption_may_be_called_post(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("post,caption\n20240131T235959,post\n", encoding="utf-8")
    assert read_table(path, [make("Old")]).edits == (Edit("20240131T235959", caption="post"),)


def test_rows_may_go_and_empty_ones_may_come(table: Callable[..., Path]) -> None:
    posts = [make("One"), make("Two", 1)]

    def change(rows: Rows) -> None:
        del rows[1]
        rows += [["", "", ""], []]

    assert read_table(table(posts, change), posts) == Edits((), 1, ())


def test_posts_that_the_archive_has_not_are_told(table: Callable[..., Path]) -> None:
    posts = [make("One"), make("Two", 1)]
    read = read_table(table(posts), posts[:1])
    assert read == Edits((), 1, (posts[1].id,))


def test_a_post_in_two_rows_is_an_error_with_both_lines(table: Callable[..., Path]) -> None:
    posts = [make("One")]
    error = refused(table(posts, lambda rows: rows.append(rows[1])), posts, "table_row")
    assert "line 3" in error.text and "line 2" in error.text


# what cannot be read


def test_question_marks_in_the_place_of_emoji_are_noticed(table: Callable[..., Path]) -> None:
    posts = [make("Rye 🍞 bread")]
    for spoiled in ("Rye ? bread", "Rye ?? bread"):
        error = refused(table(posts, put("caption", spoiled)), posts, "table_row")
        assert "question marks" in error.text and "UTF-8" in error.hint


def test_an_old_encoding_is_told_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_bytes("post;caption\r\n20240131T235959;Schöne Grüße\r\n".encode("cp1252"))
    assert "CSV UTF-8" in refused(path, [make()], "table_encoding").hint


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"PK\x03\x04 a workbook", "table_workbook"),
        (b"\xd0\xcf\x11\xe0 an old workbook", "table_workbook"),
        (b"", "table_columns"),
        (b"name,words\n1,2\n", "table_columns"),
        (b"post\n20240131T235959\n", "table_columns"),
        (b"post,caption,caption\n1,2,3\n", "table_row"),
        (b'post,caption\n1,"' + bytes(200_000).replace(b"\0", b"a"), "table_row"),
        ("post,caption\n1,a\n".encode("utf-16-le"), "table_encoding"),
    ],
)
def test_what_is_no_table_is_told(tmp_path: Path, data: bytes, code: str) -> None:
    path = tmp_path / "posts.csv"
    path.write_bytes(data)
    refused(path, [make()], code)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    refused(tmp_path / "gone.csv", [make()], "table_unreadable")


def test_ten_thousand_posts_come_back(table: Callable[..., Path]) -> None:
    posts = [make(f"Words of {n}\n#tag 🍞", n % 3000, ordinal=n // 3000) for n in range(10_000)]
    assert read_table(table(posts), posts) == Edits((), 10_000, ())
