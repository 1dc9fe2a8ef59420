"""The summary: its numbers and reasons, and what can be done from it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Log

import tui.screens.summary
from importer.archive.ledger import default_folder
from importer.demo.local_pds import LocalPds
from importer.engine.stop import Stop
from importer.engine.wishes import Wishes
from importer.model import Account, Action, Edit, Kind, Milestone, Post, Privacy
from importer.pds.kept_sessions import KeptSessions
from importer.pds.repo import Repo, Write
from importer.records.bluesky import COLLECTION
from importer.summary import Reason, Summary
from importer.undoing import Published, Selected
from importer.updating import Change
from tests.end_to_end.server_truth import look
from tests.tui import canned
from tests.tui.conftest import Picture
from tests.tui.import_at_hand import Import
from tests.tui.screens import USUAL, WIDE, app_on, shown, until, words
from tui.desk import Desk
from tui.screens.confirm import ConfirmScreen
from tui.screens.publish import PublishScreen
from tui.screens.rewording import RewordingScreen
from tui.screens.summary import SummaryScreen
from tui.screens.taking_back import TakingBackScreen
from tui.screens.trouble import TroubleScreen

MakeImport = Callable[..., Import]
KEEP = Action.KEEP


class Canned(SummaryScreen):
    """The screen with no archive behind it."""

    CSS_PATH = tui.screens.summary.__file__.replace(".py", ".tcss")
    now = staticmethod(lambda: canned.AT)

    def look(self) -> None:
        pass


def numbers(counts: dict[Milestone, int], *reasons: Reason) -> Summary:
    full = dict.fromkeys(Milestone, 0) | counts
    unfinished = full[Milestone.FETCHED]
    seen = canned.AHEAD.forecast
    assert seen
    return Summary(
        archive="/home/ada/ada.tokaway",
        account=Account("did:plc:a", canned.HANDLE, "https://pds.example"),
        posts=sum(full.values()),
        chosen=sum(full.values()) - full[Milestone.SKIPPED],
        published=full[Milestone.PUBLISHED],
        unfinished=unfinished,
        counts=full,
        reasons=reasons,
        destinations=("bluesky",),
        left_out=(),
        links_expire_at=None,
        next_try_at=canned.TOMORROW if unfinished else None,
        links_dead=0,
        links_alive=0,
        last_link_expires_at=None,
        safe=0,
        without_caption=0,
        finish_at=seen.finish_at if unfinished else None,
        limited_by="the video service's daily limit (25 videos a day)" if unfinished else "",
    )


PART = numbers(
    {
        Milestone.PUBLISHED: 412,
        Milestone.FETCHED: 604,
        Milestone.FAILED: 14,
        Milestone.SKIPPED: 31,
    },
    Reason(
        Milestone.SKIPPED,
        "private",
        "Only you could see it on TikTok.",
        "Choose it yourself if it may be public.",
        28,
    ),
    Reason(
        Milestone.FAILED,
        "gone",
        "The link of this video has died.",
        "Request your data from TikTok once more, and open the new file here.",
        12,
    ),
    Reason(Milestone.SKIPPED, "left_out", "You left it out.", "", 3),
    Reason(Milestone.FAILED, "damaged", "The file [broken].mp4 is damaged.", "", 2),
)
DONE = numbers({Milestone.PUBLISHED: 1030})


@asynccontextmanager
async def showing(
    summary: Summary, state: Path, size: tuple[int, int] = USUAL
) -> AsyncIterator[Pilot[int]]:
    """The screen with these numbers."""
    app = app_on(None, state)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        screen = Canned(Desk(Path("/home/ada/ada.tokaway"), {}))
        await app.push_screen(screen)
        screen.show_summary(summary)
        await pilot.pause()
        yield pilot


@pytest.mark.parametrize(("name", "size"), [("summary", USUAL), ("summary-wide", WIDE)])
async def test_reasons_are_grouped_and_counted(
    state: Path, picture: Picture, name: str, size: tuple[int, int]
) -> None:
    async with showing(PART, state, size) as pilot:
        said = " ".join(words(pilot).split())
        assert "412 of 1,030 posts are published; 604 wait." in said
        assert "The next try is at tomorrow 09:10." in said
        assert "12 failed: The link of this video has died." in said
        assert "28 left out: Only you could see it" in said
        await picture(pilot, name)


async def test_everything_that_can_be_offered_has_room(state: Path) -> None:
    async with showing(PART, state) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, SummaryScreen)
        screen.show_edited(3)
        await pilot.pause()
        last = screen.query_one("#undo")
        assert last.region.right <= screen.size.width and last.region.width


A_POST = Post("1", 0, canned.AT, Kind.VIDEO, Privacy.EVERYONE, (), True, Milestone.PUBLISHED)
LONG = ("One sentence of a long story. " * 9,)
CHANGE = Change(A_POST, LONG, LONG * 2, (), (), "", ("its language",))


@pytest.mark.parametrize(
    ("make", "yes"),
    [
        (lambda: RewordingScreen((CHANGE,) * 20), "Change them"),
        (lambda: TakingBackScreen(Selected((Published(A_POST, ()),) * 20, 3)), "Delete them"),
    ],
)
async def test_the_answers_are_on_the_screen_however_much_is_asked_about(
    state: Path, make: Callable[[], ConfirmScreen], yes: str
) -> None:
    async with showing(PART, state) as pilot:
        await pilot.app.push_screen(make())
        await pilot.pause()
        assert yes in words(pilot)


async def test_all_done(state: Path, picture: Picture) -> None:
    async with showing(DONE, state) as pilot:
        said = words(pilot)
        assert "All done! All 1,030 posts are published." in said
        assert "Try again" not in said
        await picture(pilot, "summary-done")


@asynccontextmanager
async def after(made: Import, state: Path) -> AsyncIterator[tuple[Pilot[int], SummaryScreen]]:
    """The summary of an import as it stands."""
    app = app_on(None, state)
    async with app.run_test(size=USUAL) as pilot:
        await pilot.pause()
        screen = SummaryScreen(made.desk)
        await app.push_screen(screen)
        await until(pilot, lambda: screen.summary is not None)
        yield pilot, screen


def published(make_import: MakeImport, posts: int) -> Import:
    """An import that is done."""
    made = make_import([KEEP] * posts)
    outcome = made.desk.run(lambda event: None, Stop(), Wishes())
    assert outcome and outcome.word == "all_published"
    return made


async def test_everything_is_checked(make_import: MakeImport, state: Path) -> None:
    made = published(make_import, 3)
    async with after(made, state) as (pilot, screen):
        await pilot.press("v")
        await until(pilot, lambda: not screen.is_at_work and made.counts()["verified"] == 3)
        assert "Checked 3 posts: text, files and date are right." in words(pilot)


async def test_what_is_not_right_is_named(
    make_import: MakeImport, sign_in: Callable[[str], Repo], state: Path
) -> None:
    made = published(make_import, 2)
    with made.desk.looking() as view:
        gone = view.posts()[0]
        [record] = view.records(gone.id)
    sign_in(made.proxy.url).apply([Write("delete", record.collection, record.rkey)])
    async with after(made, state) as (pilot, screen):
        await pilot.press("v")
        await until(pilot, lambda: "posts are not right" in words(pilot))
        assert any(gone.id in line for line in screen.query_one(Log).lines)


async def test_taking_back_shows_asks_and_deletes(
    make_import: MakeImport, pds: LocalPds, state: Path
) -> None:
    made = published(make_import, 3)
    async with after(made, state) as (pilot, screen):
        await pilot.press("u")
        dialog = await shown(pilot, TakingBackScreen)
        assert "Delete 3 posts from your account?" in words(pilot)
        assert dialog.focused and dialog.focused.id == "no"
        await pilot.press("enter")
        await shown(pilot, SummaryScreen)
        assert len(look(pds, made.account.did).keys) == 3
        await pilot.press("u")
        await shown(pilot, TakingBackScreen)
        await pilot.click("#yes")
        await until(pilot, lambda: made.counts()["skipped"] == 3 and not screen.is_at_work)
        assert "3 posts are off your account." in words(pilot)
    assert look(pds, made.account.did).keys == []


def reword(made: Import, *words: str) -> None:
    """Edit the words of the first posts."""
    with made.desk.looking() as view:
        posts = view.posts()
    made.desk.edit(Edit(post.id, caption=text) for post, text in zip(posts, words, strict=False))


def texts(made: Import, pds: LocalPds) -> list[str]:
    listed = pds.list_records(made.account.did, COLLECTION)
    return sorted(record["value"]["text"] for record in listed)


async def test_edited_words_are_shown_asked_about_and_brought(
    make_import: MakeImport, pds: LocalPds, state: Path
) -> None:
    made = published(make_import, 3)
    before = texts(made, pds)
    reword(made, "Better [b]words[/b]", "Other words")
    async with after(made, state) as (pilot, screen):
        await until(pilot, lambda: "Reword" in words(pilot))
        await pilot.press("w")
        dialog = await shown(pilot, RewordingScreen)
        said = words(pilot)
        assert "Change 2 posts on your account?" in said
        assert "+ Better [b]words[/b]" in said and "+ Other words" in said
        assert dialog.focused and dialog.focused.id == "no"
        await pilot.press("enter")
        await shown(pilot, SummaryScreen)
        assert "Nothing was changed yet." in words(pilot)
        assert texts(made, pds) == before
        await pilot.press("w")
        await shown(pilot, RewordingScreen)
        await pilot.click("#yes")
        await until(pilot, lambda: "2 posts have their new words." in words(pilot))
        await until(pilot, lambda: not screen.check_action("reword", ()))
        assert "Reword" not in words(pilot)
    assert {"Better [b]words[/b]", "Other words"} < set(texts(made, pds))
    assert len(texts(made, pds)) == 3


async def test_words_edited_elsewhere_stay(
    make_import: MakeImport, pds: LocalPds, sign_in: Callable[[str], Repo], state: Path
) -> None:
    made = published(make_import, 2)
    reword(made, "Mine", "Other words")
    with made.desk.looking() as view:
        [record] = view.records(view.posts()[0].id)
    repo = sign_in(made.proxy.url)
    stored = repo.record(record.collection, record.rkey)
    assert stored
    elsewhere = stored.value | {"text": "Theirs"}
    repo.apply([Write("update", record.collection, record.rkey, elsewhere)])
    async with after(made, state) as (pilot, screen):
        await until(pilot, lambda: bool(screen.check_action("reword", ())))
        await pilot.press("w")
        await shown(pilot, RewordingScreen)
        await pilot.click("#yes")
        await until(pilot, lambda: "1 post has its new words. 1 stay" in words(pilot))
    assert texts(made, pds) == ["Other words", "Theirs"]


async def test_edited_words_without_a_session_say_so(make_import: MakeImport, state: Path) -> None:
    made = published(make_import, 1)
    reword(made, "Better words")
    KeptSessions(default_folder()).remove(made.account.did)
    async with after(made, state) as (pilot, screen):
        await until(pilot, lambda: bool(screen.check_action("reword", ())))
        await pilot.press("w")
        await shown(pilot, TroubleScreen)
        assert "Nobody is signed in" in words(pilot)


async def test_taking_back_without_a_session_says_so(make_import: MakeImport, state: Path) -> None:
    made = published(make_import, 1)
    KeptSessions(default_folder()).remove(made.account.did)
    async with after(made, state) as (pilot, _):
        await pilot.press("u")
        await shown(pilot, TakingBackScreen)
        await pilot.click("#yes")
        await shown(pilot, TroubleScreen)
        assert "Nobody is signed in" in words(pilot)
    assert made.counts()["published"] == 1


async def test_failed_posts_are_tried_again(
    make_import: MakeImport, pds: LocalPds, state: Path
) -> None:
    made = make_import([KEEP] * 3)
    lost = made.staged.posts[1]
    away = made.staged.media / "away.mp4"
    (made.staged.media / lost.file).rename(away)
    app = app_on(None, state)
    async with app.run_test(size=USUAL) as pilot:
        await pilot.pause()
        screen = PublishScreen(made.desk)
        await app.push_screen(screen)
        await until(pilot, lambda: screen.verdict is not None)
        assert "some posts did not work" in words(pilot)
        await pilot.press("ctrl+n")
        summary = await shown(pilot, SummaryScreen)
        await until(pilot, lambda: summary.summary is not None)
        assert "1 did not work" in words(pilot)
        away.rename(made.staged.media / lost.file)
        await pilot.press("r")
        await until(pilot, lambda: made.counts()["published"] == 3)
        await shown(pilot, SummaryScreen)
    assert len(look(pds, made.account.did).keys) == 3


async def test_report_and_profile_are_handed_over(make_import: MakeImport, state: Path) -> None:
    made = published(make_import, 1)
    async with after(made, state) as (pilot, _):
        asked: list[str | Path] = []
        pilot.app.hand_over = asked.append  # type: ignore[attr-defined]
        await pilot.press("o")
        await until(pilot, lambda: len(asked) == 1)
        await pilot.press("b")
        await until(pilot, lambda: len(asked) == 2)
    report = made.folder / "report.html"
    assert asked == [report, f"https://bsky.app/profile/{made.account.handle}"]
    assert report.is_file()


@pytest.mark.parametrize(
    ("places", "page"),
    [
        (("bluesky",), f"https://bsky.app/profile/{canned.HANDLE}"),
        (("spark",), f"https://sprk.so/profile/{canned.HANDLE}"),
        (("spark", "bluesky"), f"https://bsky.app/profile/{canned.HANDLE}"),
    ],
)
async def test_the_profile_is_where_the_posts_are(
    places: tuple[str, ...], page: str, state: Path
) -> None:
    async with showing(replace(DONE, destinations=places), state) as pilot:
        asked: list[str | Path] = []
        pilot.app.hand_over = asked.append  # type: ignore[attr-defined]
        await pilot.press("b")
        assert asked == [page]


async def test_leaving_while_something_is_checked_stops_it_first(
    make_import: MakeImport, state: Path
) -> None:
    made = published(make_import, 1)
    held = made.hold("com.atproto.sync.getRepo")
    async with after(made, state) as (pilot, screen):
        await pilot.press("v")
        await until(pilot, held.reached.is_set)
        await pilot.press("ctrl+q")
        assert pilot.app.is_running
        held.release()
        await until(pilot, lambda: not pilot.app.is_running)
        assert not screen.is_at_work
