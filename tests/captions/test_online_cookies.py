"""The creator's own cookies: sent to TikTok alone, changed and shown by nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from importer.captions import online
from importer.captions.finding import Finding
from importer.errors import UserError
from tests.captions.page_server import (
    PROFILE,
    Answer,
    PageServer,
    Waits,
    profile_page,
    trouble,
)


def read(stop: Waits, **more: Any) -> list[Finding]:
    return list(online.profile("some.one", stop=stop, clock=stop.clock, **more))


def cookies_file(folder: Path, *lines: str) -> Path:
    file = folder / "cookies.txt"
    file.write_bytes("\r\n".join(["# Netscape HTTP Cookie File", "", *lines, ""]).encode())
    return file


def cookie(domain: str, name: str, value: str, expiry: str = "1999999999") -> str:
    return f"{domain}\tTRUE\t/\tTRUE\t{expiry}\t{name}\t{value}"


def test_they_are_sent_and_the_file_stays_as_it_is(
    pages: PageServer, stop: Waits, tmp_path: Path
) -> None:
    file = cookies_file(
        tmp_path,
        cookie("#HttpOnly_.tiktok.com", "sessionid", "s3cret"),
        cookie("www.tiktok.com", "msToken", "t0ken", "0"),
        cookie(".example.com", "other", "elsewhere"),
        cookie("nottiktok.com", "wrong", "elsewhere"),
        "a line of another kind: s3cret",
    )
    file.chmod(0o400)
    before, stamp = file.read_bytes(), file.stat().st_mtime_ns
    pages.answers[PROFILE] = Answer(
        profile_page(40).body, 200, {"Set-Cookie": "ttwid=new; Domain=.tiktok.com; Path=/"}
    )
    assert len(read(stop, cookies=file)) == 40
    assert all("sessionid=s3cret" in asked.cookie for asked in pages.asked)
    assert all("msToken=t0ken" in asked.cookie for asked in pages.asked)
    assert "ttwid=new" in pages.asked[-1].cookie
    assert not any("elsewhere" in asked.cookie for asked in pages.asked)
    assert (file.read_bytes(), file.stat().st_mtime_ns) == (before, stamp)
    assert {path.name for path in tmp_path.iterdir()} == {"server", "cookies.txt"}


def test_without_a_file_no_session_is_sent(pages: PageServer, stop: Waits) -> None:
    read(stop)
    assert not any("sessionid" in asked.cookie for asked in pages.asked)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'[{"domain": ".tiktok.com", "name": "sessionid", "value": "s3cret"}]',
        b"sessionid=s3cret; msToken=s3cret",
        b"\xff\xfes\x003\x00c\x00",
        b".example.com\tTRUE\t/\tTRUE\t0\tname\ts3cret",
        b".tiktok.com TRUE / TRUE 0 sessionid s3cret",
    ],
)
def test_files_that_hold_none(
    pages: PageServer,
    stop: Waits,
    tmp_path: Path,
    content: bytes,
    capfd: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "cookies.txt"
    file.write_bytes(content)
    with pytest.raises(UserError) as raised:
        online.profile("some.one", stop=stop, cookies=file)
    assert raised.value.code == "cookies" and raised.value.hint
    assert "s3cret" not in raised.value.text + raised.value.hint
    assert capfd.readouterr() == ("", "")
    assert file.read_bytes() == content
    assert pages.tunnels == []


@pytest.mark.parametrize("name", ["missing.txt", "."])
def test_files_that_cannot_be_read(stop: Waits, tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError) as raised:
        online.profile("some.one", stop=stop, cookies=tmp_path / name)
    assert raised.value.code == "cookies"


@pytest.mark.parametrize(
    "line",
    [
        cookie("tiktok.com", "sessionid", "s3cret"),
        cookie(".tiktok.com", "sessionid", "s3cret", "soon"),
        cookie(".tiktok.com", "sessionid", "s3cret", "1999999999.5"),
        cookie(".TikTok.com", "sessionid", "s3cret", ""),
        "\ufeff" + cookie(".tiktok.com", "sessionid", "s3cret"),
    ],
)
def test_odd_lines_are_put_right_in_silence(
    pages: PageServer,
    stop: Waits,
    tmp_path: Path,
    line: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "cookies.txt"
    file.write_text(line, encoding="utf-8")
    assert len(read(stop, cookies=file)) == 40
    assert capfd.readouterr() == ("", "")


def test_no_failure_shows_them(
    pages: PageServer,
    stop: Waits,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    file = cookies_file(tmp_path, cookie(".tiktok.com", "sessionid", "s3cret"))
    before = file.read_bytes()
    for answer in (
        profile_page(0, 10222),
        Answer("", 403),
        Answer("", 429),
        Answer("", 0),
        Answer("new"),
    ):
        pages.answers[PROFILE] = answer
        _, error = trouble(online.profile("some.one", stop=stop, clock=stop.clock, cookies=file))
        chain: BaseException | None = error
        while chain is not None:
            assert "s3cret" not in repr(chain)
            chain = chain.__cause__ or chain.__context__
    assert "s3cret" not in "".join(capfd.readouterr())
    assert file.read_bytes() == before
