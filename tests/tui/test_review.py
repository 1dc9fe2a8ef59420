"""The review's screen: what will stand on the account, and what is chosen, before it is sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Select, Static

from importer.archive.store import Archive
from importer.archive.view import ArchiveView
from importer.budgets import HOUR, Kind, Window
from importer.engine.forecast import Forecast
from importer.known import keep_standing
from importer.model import Account, Action, Edit, Photos, Privacy
from importer.pds.standing import Standing
from importer.records.style import Names, Overflow
from importer.stages.foresee import Foreseen
from tests.tui.archives import make_archive, post
from tests.tui.conftest import Picture
from tests.tui.screens import USUAL, WIDE, app_on, shown, until, words
from tui.app import TokawayApp
from tui.desk import Desk, Review
from tui.screens.publish import PublishScreen
from tui.screens.review import ReviewScreen
from tui.widgets.choices import Choices
from tui.widgets.post_table import PostTable

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACCOUNT = Account("did:plc:ewvi7nxzyoun6zhxrhs64oiz", "ada.bakes.example.com", "https://pds.test")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = make_archive(tmp_path / "maker.tokaway")
    with Archive.create(folder) as archive:
        archive.set_account(ACCOUNT)
    return folder


async def opened(pilot: Pilot[int], folder: Path, **flags: object) -> ReviewScreen:
    """The screen by itself, once the first post is shown."""
    app = pilot.app
    assert isinstance(app, TokawayApp)
    app.now = lambda: NOW
    await app.push_screen(ReviewScreen(Desk(folder, flags)))
    screen = await shown(pilot, ReviewScreen)
    await until(pilot, lambda: "Its file" in record(screen))
    return screen


def record(screen: ReviewScreen) -> str:
    return str(screen.query_one("#words", Static).content)


def start(screen: ReviewScreen) -> Button:
    return screen.query_one("#start", Button)


async def at(pilot: Pilot[int], screen: ReviewScreen, row: int) -> str:
    """What is shown of the post in a row."""
    table = screen.query_one(PostTable)
    table.focus()
    table.action_go(row)
    current = table.current
    assert current
    stamp = f"{current.posted_at:%Y-%m-%d %H:%M:%S}"
    await until(pilot, lambda: record(screen).startswith(stamp) and "Its file" in record(screen))
    return record(screen)


async def planned_anew(pilot: Pilot[int], screen: ReviewScreen, before: Review | None) -> Review:
    await until(pilot, lambda: screen._review is not before)
    assert screen._review
    return screen._review


async def test_posts_as_their_records_will_look(folder: Path, state: Path) -> None:
    async with app_on(None, state).run_test(size=USUAL) as pilot:
        screen = await opened(pilot, folder)
        assert "Nothing has been sent so far. 6 posts for @ada.bakes.example.com." in words(pilot)
        assert "2024-03-01 18:30:00 UTC" in record(screen)
        assert "Language: en" in record(screen)
        long = await at(pilot, screen, 1)
        assert "Part 1 of 2" in long and "Reply 2 of 2" in long and "● a video" in long
        assert "(no words)" in await at(pilot, screen, 2)
        linked = await at(pilot, screen, 3)
        assert "https://example.com/recipes/rye→ [markup] \\[/] stays text" in linked
        assert "\n  → https://example.com/recipes/rye\n" in linked
        assert "Nobody may reply, as on TikTok." in linked
        photos = await at(pilot, screen, 4)
        assert "● 10 photos" in photos and "● 2 photos" in photos
        assert "Description: Three loaves on a wooden stall (1/12)" in photos
        assert "Description: Three loaves on a wooden stall (12/12)" in photos
        hostile = await at(pilot, screen, 5)
        assert "evil" in hostile and "ends" in hostile
        assert not set("\u202e\u202c\x1b\x07") & set(hostile)


async def test_what_leads_somewhere_is_marked_without_colours_too(
    folder: Path, state: Path
) -> None:
    async with app_on(None, state).run_test(size=USUAL) as pilot:
        screen = await opened(pilot, folder)
        content = screen.query_one("#words", Static).content
        marked = {
            content.plain[span.start : span.end]  # type: ignore[union-attr]
            for span in content.spans  # type: ignore[union-attr]
            if "underline" in str(span.style)
        }
        assert marked == {"#rye", "#bread"}


async def test_nothing_starts_by_a_stray_key(folder: Path, state: Path) -> None:
    async with app_on(None, state).run_test(size=USUAL) as pilot:
        screen = await opened(pilot, folder)
        await pilot.press("enter", "enter")
        assert pilot.app.screen is screen
        await pilot.press("ctrl+n", "ctrl+n")
        assert pilot.app.screen is screen
        assert screen.focused is start(screen)
        assert str(start(screen).label) == "Publish 6 posts to @ada.bakes.example.com"
        assert str(start(screen).label) in words(pilot)
        await pilot.press("enter")
        publish = await shown(pilot, PublishScreen)
        assert not publish.dry_run


async def test_a_dry_run_is_one_key_away(folder: Path, state: Path) -> None:
    async with app_on(None, state).run_test(size=USUAL) as pilot:
        await opened(pilot, folder)
        await pilot.press("d")
        publish = await shown(pilot, PublishScreen)
        assert publish.dry_run


async def test_without_an_account_nothing_can_be_started(tmp_path: Path, state: Path) -> None:
    folder = make_archive(tmp_path / "nobody.tokaway")
    async with app_on(None, state).run_test(size=USUAL) as pilot:
        screen = await opened(pilot, folder)
        assert "nobody is signed in yet" in words(pilot)
        assert start(screen).disabled
        assert "Sign in first" in str(start(screen).label)
        await pilot.press("d")
        assert pilot.app.screen is screen


async def test_choices_are_for_this_session_and_seen_at_once(folder: Path, state: Path) -> None:
    async with app_on(None, state).run_test(size=USUAL) as pilot:
        screen = await opened(pilot, folder, gates=False)
        assert "Nobody may reply" not in await at(pilot, screen, 3)
        await at(pilot, screen, 1)
        review = screen._review
        await pilot.press("3")
        await until(pilot, lambda: screen.focused is screen.query_one("#overflow"))
        await pilot.press("enter", "down", "enter")
        review = await planned_anew(pilot, screen, review)
        assert review.plan.settings.overflow is Overflow.TRUNCATE
        await until(pilot, lambda: "Part 1 of 2" not in record(screen))
        assert "…" in record(screen)
        assert "Found by these too: #sourdough #slowfood #bakersoftiktok" in record(screen)
        screen.query_one("#names", Select).value = Names.LINK.value
        review = await planned_anew(pilot, screen, review)
        assert "@nils.kneads→" in await at(pilot, screen, 0)
        screen.query_one("#gates", Select).value = "yes"
        review = await planned_anew(pilot, screen, review)
        assert "Nobody may reply" in await at(pilot, screen, 3)
        screen.query_one("#pace", Select).value = "0"
        review = await planned_anew(pilot, screen, review)
        assert review.plan.settings.pace == 0
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is not screen)
        await pilot.app.push_screen(ReviewScreen(screen.desk))
        again = await shown(pilot, ReviewScreen)
        await until(pilot, lambda: again._review is not None)
        assert again.query_one("#pace", Select).value == "0"
        assert again.query_one("#overflow", Select).value == Overflow.TRUNCATE.value


async def test_destinations_are_chosen_and_each_record_says_where_it_stands(
    folder: Path, state: Path
) -> None:
    async with app_on(None, state).run_test(size=USUAL) as pilot:
        screen = await opened(pilot, folder)
        assert "Spark" not in record(screen)
        places = screen.query_one("#destinations", Select)
        told = {value: str(prompt) for prompt, value in places._options}
        assert told == {
            "bluesky": "Bluesky",
            "spark": "Spark; Spark shows them as new posts",
            "bluesky spark": "Bluesky and Spark; Spark shows them as new posts",
        }
        review = screen._review
        places.value = "bluesky spark"
        review = await planned_anew(pilot, screen, review)
        assert review.plan.aims == ("bluesky", "spark")
        await until(pilot, lambda: "── Bluesky ─" in record(screen))
        assert "── Spark ─" in record(screen)
        long = await at(pilot, screen, 1)
        assert "── Bluesky · Part 1 of 2 ─" in long and "── Bluesky · Reply 2 of 2 ─" in long
        assert "── Spark ─" in long
        await pilot.press("2")
        await until(pilot, lambda: "Spark shows imported posts as new" in words(pilot))
        said = " ".join(words(pilot).split())
        assert "→ Publish slowly, or leave Spark out." in said
        places.value = "spark"
        review = await planned_anew(pilot, screen, review)
        assert "Bluesky" not in await at(pilot, screen, 0)


async def test_every_choice_is_in_words(folder: Path, state: Path) -> None:
    async with app_on(None, state).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, folder, pace=40)
        choices = screen.query_one(Choices)
        for select in choices.query(Select):
            values = {str(value) for _told, value in select._options}
            told = {str(prompt) for prompt, _value in select._options}
            assert not told & values
        assert str(screen.query_one("#pace", Select).selection) == "40"
        await pilot.press("3")
        await pilot.pause()
        assert "40 posts an hour" in words(pilot)


async def test_one_post_is_published_in_another_way(folder: Path, state: Path) -> None:
    async with app_on(None, state).run_test(size=USUAL) as pilot:
        screen = await opened(pilot, folder)
        await at(pilot, screen, 4)
        review = screen._review
        await pilot.press("t")
        await until(pilot, lambda: bool(pilot.app.screen.query("#photos")))
        pilot.app.screen.query_one("#photos", Select).value = Photos.VIDEO.value
        await pilot.press("ctrl+s")
        await planned_anew(pilot, screen, review)
        await until(pilot, lambda: "● a video" in record(screen))
        table = screen.query_one(PostTable)
        assert table.cursor == 4
    with ArchiveView.open(folder) as view:
        assert view.posts()[4].photos is Photos.VIDEO
        assert view.posts()[0].photos is None


async def test_words_can_be_mended_here(folder: Path, state: Path) -> None:
    async with app_on(None, state).run_test(size=USUAL) as pilot:
        screen = await opened(pilot, folder)
        await at(pilot, screen, 2)
        await pilot.press("e")
        await until(pilot, lambda: bool(pilot.app.screen.query("#caption")))
        await pilot.press(*"Crumb", "ctrl+s")
        await until(pilot, lambda: "Crumb" in record(screen))


async def test_what_to_know_before_it_begins(folder: Path, state: Path) -> None:
    soon = post(9, "Soon gone")
    dying = replace(soon.links[0], expires_at=NOW + timedelta(hours=5))
    friends = replace(post(8, "For friends"), privacy=Privacy.FRIENDS)
    with Archive.create(folder) as archive:
        archive.absorb([replace(soon, links=(dying,)), friends])
        archive.edit([Edit(friends.id, chosen=True)])
        keep_standing(archive, Standing(followers=1204))
    async with app_on(None, state).run_test(size=(100, 60)) as pilot:
        screen = await opened(pilot, folder)
        await pilot.press("2")
        await until(pilot, lambda: "What you should know" in words(pilot))
        said = " ".join(words(pilot).split())
        assert "! 1 post that not everyone could see on TikTok will be public." in said
        assert "! 1 link dies within two days" in said
        assert "! 1 post will be published without words." in said
        assert "! 6 posts have no description" in said
        assert "! Followers of this account: 1,204." in said
        assert "--pace" not in said and "You can set the pace yourself" in said
        assert "2 To know ! 6" in said
        assert "On TikTok it could be seen by: friends" in await at(pilot, screen, 6)


async def test_ten_thousand_posts_are_shown_one_by_one(tmp_path: Path, state: Path) -> None:
    folder = make_archive(tmp_path / "many.tokaway", 10_000)
    async with app_on(None, state).run_test(size=USUAL) as pilot:
        screen = await opened(pilot, folder)
        assert "10,000 posts" in words(pilot)
        await pilot.press("end")
        table = screen.query_one(PostTable)
        assert table.cursor == 9_999
        await at(pilot, screen, 9_999)


def as_of_one_day(review: Review) -> Review:
    """The plan of an import that takes some days, on a disk of a known size."""
    window = Window(Kind.POSTS, HOUR, 100)
    days = tuple((date(2026, 3, 1 + at), number) for at, number in enumerate((100, 600, 600, 212)))
    plan = replace(
        review.plan,
        summary=replace(
            review.plan.summary,
            finish_at=datetime(2026, 3, 4, 9, 10, tzinfo=UTC),
            limited_by="Tokaway's own pace (100 posts an hour)",
        ),
        forecast=Forecast(datetime(2026, 3, 4, 9, 10, tzinfo=UTC), window, days),
        foreseen={
            review.plan.waiting[0].id: Foreseen(Action.KEEP, "It can be sent exactly as it is."),
            review.plan.waiting[1].id: Foreseen(
                Action.SPLIT,
                "Split into 2 parts or one more, shown as a thread: it is 15 minutes long and the "
                "server takes at most 10 minutes.",
            ),
        },
    )
    of_all = replace(review.sending, bytes=84_000_000, not_here=4, room=612_000_000)
    return Review(plan, of_all, 71_600_000_000)


@pytest.mark.parametrize("size", [USUAL, WIDE])
async def test_pictures(folder: Path, state: Path, picture: Picture, size: tuple[int, int]) -> None:
    wide = "-wide" if size == WIDE else ""
    async with app_on(None, state).run_test(size=size) as pilot:
        screen = await opened(pilot, folder)
        assert screen._review
        screen._planned(screen._wanted, as_of_one_day(screen._review))
        await at(pilot, screen, 1)
        await pilot.wait_for_scheduled_animations()
        await picture(pilot, f"review{wide}")
        await pilot.press("2")
        await until(pilot, lambda: screen.focused is screen.query_one("#scroll"))
        await pilot.wait_for_scheduled_animations()
        await picture(pilot, f"review-know{wide}")
        await pilot.press("3")
        await until(pilot, lambda: screen.focused is screen.query_one("#overflow"))
        await pilot.wait_for_scheduled_animations()
        await picture(pilot, f"review-choices{wide}")
