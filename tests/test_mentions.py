"""People are mentioned by the user's own table: each in few posts, few in all, and it is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from importer.archive.store import Archive
from importer.clock import utc_now
from importer.console import open_console
from importer.demo.local_pds import LocalPds
from importer.errors import UserError
from importer.known import style_of
from importer.mentions import MOST_PEOPLE, MOST_POSTS
from importer.model import Edit, Milestone, Notice
from importer.pds.repo import Repo
from importer.plans import make_plan
from importer.records.style import Names
from importer.reviewing import sending
from importer.run_commands import Sources, plan
from importer.settings import Settings
from importer.toolbox import style_at
from tests.conftest import TestAccount
from tests.posts import bring_to, exported
from tui.plan_words import warnings

ADA = "did:plc:ada"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    table = tmp_path / "people.csv"
    table.write_text("tiktok,handle\n@Ada.Bakes,ada.test\nada2,Ada.test\nbob,bob.test\n", "utf-8")
    return Settings(names=Names.MENTION, handles=table)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.create(tmp_path / "maker.tokaway") as archive:
        yield archive


def say(archive: Archive, captions: Sequence[str]) -> None:
    archive.absorb([exported(at, title=caption) for at, caption in enumerate(captions)])


def told(archive: Archive, settings: Settings) -> list[Notice]:
    return [one for one in make_plan(archive, settings).notices if one.code == "mentions"]


def notified(people: int, times: int) -> str:
    who = "1 person" if people == 1 else f"{people} people"
    often = "1 time" if times == 1 else f"{times} times"
    return f"Mentions by your table will notify {who}, {often} in all."


def mentioned(archive: Archive, settings: Settings) -> set[str]:
    """The names that become mentions, when the server finds everybody."""
    return set(style_of(settings, archive, lambda table: table).accounts)


def test_it_is_told_how_many_are_notified_and_how_often(
    archive: Archive, settings: Settings
) -> None:
    say(archive, ["with @ada.bakes, @ADA2 and @ada.bakes", "@bob!", "@bob @ada2", "@eve", "bob"])
    [notice] = told(archive, settings)
    assert notice.text == notified(2, 4)
    assert "--names plain" in notice.hint


def test_whoever_is_named_often_stays_plain_text_everywhere(
    archive: Archive, settings: Settings
) -> None:
    often = ["@ada2", "@ada.bakes"] * MOST_POSTS
    say(archive, [*often[: MOST_POSTS + 1], *["@bob"] * MOST_POSTS])
    assert mentioned(archive, settings) == {"bob"}
    [notice] = told(archive, settings)
    assert notice.text == (
        f"{notified(1, 5)} 1 person named in more than 5 posts will not be notified: there the "
        "name stays plain text."
    )


def test_what_is_published_counts_so_that_all_runs_write_the_same(
    archive: Archive, settings: Settings
) -> None:
    say(archive, ["@ada2"] * (MOST_POSTS + 1) + ["@bob"])
    for post in archive.posts()[:-2]:
        bring_to(archive, post.id, Milestone.PUBLISHED)
    assert mentioned(archive, settings) == {"bob"}


def test_posts_that_are_not_chosen_do_not_count(archive: Archive, settings: Settings) -> None:
    say(archive, ["@ada2"] * (MOST_POSTS + 1))
    archive.edit([Edit(archive.posts()[0].id, chosen=False)])
    assert mentioned(archive, settings) == {"ada.bakes", "ada2", "bob"}
    [notice] = told(archive, settings)
    assert notice.text == notified(1, 5)


def test_many_people_are_not_notified_at_all(archive: Archive, settings: Settings) -> None:
    assert settings.handles
    names = [f"name{number}" for number in range(MOST_PEOPLE + 1)]
    lines = ["tiktok,handle", *(f"{name},{name}.test" for name in names)]
    settings.handles.write_text("\n".join(lines), "utf-8")
    say(archive, [f"with @{name}" for name in names[:-1]])
    assert told(archive, settings)[0].text == notified(50, 50)
    say(archive, [f"with @{name}" for name in names])
    with pytest.raises(UserError) as caught:
        make_plan(archive, settings)
    assert caught.value.code == "handles"
    assert "51 people" in caught.value.text


def test_the_plan_says_so_on_every_way(
    archive: Archive, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    say(archive, ["@bob"])
    flags = {"names": settings.names, "handles": settings.handles}
    sources = Sources(archive.folder)
    for as_json in (False, True):
        plan(open_console(as_json=as_json, quiet=True), sources, flags)
        printed = capsys.readouterr().out.splitlines()
        if as_json:
            [notice] = json.loads(printed[-1])["notices"]
            assert notice["code"] == "mentions"
        else:
            assert f"! {notified(1, 1)} To notify nobody: --names plain." in printed
    made = make_plan(archive, settings)
    shown = dict(warnings(made, sending(made), 10**12, utc_now()))
    assert shown[notified(1, 1)] == "Under Choices, names can stay words."


def test_who_is_notified_is_whom_the_server_knows(
    archive: Archive,
    settings: Settings,
    pds: LocalPds,
    account: TestAccount,
    sign_in: Callable[[str], Repo],
) -> None:
    assert settings.handles
    settings.handles.write_text(f"tiktok,handle\nbob,{account.handle}\nada,{ADA}\n", "utf-8")
    say(archive, ["@bob"] + ["@ada"] * (MOST_POSTS + 1))
    style = style_at(sign_in(pds.url).server, settings, archive)
    mention = {"$type": "app.bsky.richtext.facet#mention", "did": account.did}
    assert [style.name(name) for name in ("Bob", "ada")] == [mention, None]


@pytest.mark.parametrize("names", [Names.PLAIN, Names.LINK])
def test_nothing_is_told_where_nobody_is_notified(
    archive: Archive, settings: Settings, names: Names
) -> None:
    say(archive, ["@bob"])
    assert told(archive, Settings(names=names, handles=settings.handles)) == []
    say(archive, ["nobody", "@eve", "mail bob@example.com"])
    assert told(archive, Settings()) == []
