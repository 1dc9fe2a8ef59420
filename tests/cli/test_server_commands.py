"""`undo`, `update` and `verify` as the user gives them: shown first, and nothing else touched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from importer.archive.ledger import Ledger, default_folder
from importer.archive.store import Archive
from importer.archive.view import ArchiveView
from importer.budgets import DAY, Kind
from importer.cli import _run as program
from importer.clock import utc_now
from importer.console import open_console
from importer.demo.local_pds import LocalPds
from importer.engine.stop import Stop
from importer.engine.verification import Checked
from importer.errors import Stopped
from importer.model import Edit, Milestone, Role, Trouble
from importer.pds.credentials import Given, Password
from importer.pds.standing import A_DAY, FIRST_DAY
from importer.records.bluesky import COLLECTION, THREADGATE
from importer.server_commands import Access, update_posts
from importer.settings import load
from importer.stages.publish import publish
from importer.step import Step
from importer.verifying import Repair, repair
from tests.appview_stand_in import AppViewStandIn
from tests.breaking_proxy import Breakage, BreakingProxy
from tests.conftest import TestAccount
from tests.posts import exported
from tests.stages.conftest import Desk, desk, desk_at

__all__ = ["desk", "desk_at"]
FIRST, SECOND, THIRD = "20240131T235959", "20240201T000000", "20240201T000001"
COUNT = 3


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str

    def objects(self, name: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.out.splitlines()]
        return [line for line in lines if line["event"] == name]


@dataclass(frozen=True, slots=True)
class Shop:
    """An archive with three published posts, the first found there rather than written."""

    folder: Path
    desk: Desk
    password: Path
    capsys: pytest.CaptureFixture[str]

    def __call__(self, command: str, *arguments: str) -> Ended:
        code = program([command, str(self.folder), *arguments])
        printed = self.capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    def signed_in(self, command: str, *arguments: str) -> Ended:
        return self(command, *arguments, "--password-file", str(self.password))

    def rkeys(self, collection: str = COLLECTION) -> list[str]:
        listed = self.desk.pds.list_records(self.desk.tools.account.did, collection)
        return sorted(record["uri"].rpartition("/")[2] for record in listed)

    def texts(self) -> list[str]:
        return [record["value"]["text"] for record in reversed(self.desk.records())]

    def milestones(self) -> list[Milestone]:
        with ArchiveView.open(self.folder) as view:
            return [post.milestone for post in view.posts()]

    @property
    def whose(self) -> tuple[str, str]:
        """Whose limits are counted: host and account."""
        return urlsplit(self.desk.pds.url).netloc, self.desk.tools.account.did

    def fetch_one_more(self, archive: Archive) -> None:
        """Have another post ready to be published."""
        archive.absorb([exported(COUNT, title="One more")])
        post = archive.posts()[COUNT]
        [file] = self.desk.job(post).files[Role.PREPARED]
        archive.note_fetched(post, [replace(file, role=Role.ORIGINAL)])
        archive.note_prepared(post, [file])

    def edit(self, **changes: Any) -> None:
        with Archive.create(self.folder) as archive:
            archive.edit([Edit(SECOND, **changes)])


@pytest.fixture
def shop(
    desk: Desk,
    account: TestAccount,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Shop:
    monkeypatch.setenv("TOKAWAY_PDS", desk.pds.url)
    folder = tmp_path / "maker.tokaway"
    password = tmp_path / "password"
    password.write_text(account.password)
    with Archive.create(folder) as archive:
        archive.set_account(replace(desk.tools.account, pds=desk.pds.url))
        posts = [exported(n, title=f"Post {n}") for n in range(COUNT)]
        archive.absorb([replace(post, allow_comments=False) for post in posts])
        run = archive.start_run(utc_now())
        inside = replace(desk, archive=folder)
        for post in archive.posts():
            job = inside.job(post)
            [file] = job.files[Role.PREPARED]
            archive.note_fetched(post, [replace(file, role=Role.ORIGINAL)])
            archive.note_prepared(post, [file])
            records = publish(job, inside.tools, Step()).records
            if post.id != FIRST:
                records = tuple(replace(record, run=run) for record in records)
            archive.note_published(post, records)
    return Shop(folder, inside, password, capsys)


# undo


def test_undo_takes_back_what_this_archive_wrote(shop: Shop) -> None:
    desk = shop.desk
    desk.write_foreign("3kkc6yzpk222c")
    ended = shop.signed_in("undo", "--yes", "--json")
    assert ended.code == 0
    assert [(one["post"], one["result"]) for one in ended.objects("undone")] == [
        (THIRD, "deleted"),
        (SECOND, "deleted"),
    ]
    assert ended.objects("undo") == [{"event": "undo", "deleted": 2, "gone": 0, "changed": 0}]
    assert len(shop.rkeys()) == 2
    assert len(shop.rkeys(THREADGATE)) == 1
    assert shop.milestones() == [Milestone.PUBLISHED, Milestone.SKIPPED, Milestone.SKIPPED]
    assert shop.signed_in("undo", "--yes", "--found").code == 0
    assert shop.rkeys() == ["3kkc6yzpk222c"]
    assert "Nothing to take back." in shop.signed_in("undo", "--yes").out


@pytest.mark.parametrize("flag", [(), ("--post",)])
def test_undo_of_one_post_or_one_run(shop: Shop, flag: tuple[str, ...]) -> None:
    assert shop.signed_in("undo", "--yes", "--run", "9").out.startswith("Nothing to take back.")
    assert shop.signed_in("undo", *flag, SECOND, "--yes").code == 0
    assert shop.milestones()[1] == Milestone.SKIPPED
    assert len(shop.rkeys()) == 2
    assert shop.signed_in("undo", "--run", "1", "--yes").code == 0
    assert len(shop.rkeys()) == 1


def test_the_password_file_may_be_a_setting(shop: Shop) -> None:
    setting = f"password_file = {json.dumps(str(shop.password))}\n"
    (shop.folder / "tokaway.toml").write_text(setting, encoding="utf-8")
    assert shop("undo", "--yes").code == 0
    # The one that was found there is left alone.
    assert len(shop.rkeys()) == 1


def test_undo_shows_first_and_asks(shop: Shop) -> None:
    ended = shop.signed_in("undo")
    assert ended.code == 2
    assert "2 posts of" in ended.out
    assert "Post 2" in ended.out
    assert "Nobody is here to answer" in ended.err
    assert len(shop.rkeys()) == COUNT


def test_undo_leaves_what_was_edited_elsewhere(shop: Shop) -> None:
    last = shop.desk.records()[0]
    shop.desk.overwrite(last["uri"].rpartition("/")[2], last["value"] | {"text": "Mine"})
    ended = shop.signed_in("undo", "--yes")
    assert ended.code == 1
    assert "1 left alone because they were edited elsewhere" in ended.out
    assert len(shop.rkeys()) == 2


def test_what_was_taken_back_can_be_published_again(shop: Shop) -> None:
    before = shop.rkeys()
    shop.signed_in("undo", SECOND, "--yes")
    assert shop("posts", SECOND, "--choose").code == 0
    assert shop.signed_in("run", "--yes").code == 0
    assert shop.rkeys() == before


def test_undo_of_a_post_that_is_not_there(shop: Shop) -> None:
    ended = shop.signed_in("undo", "20200101T000000", "--yes")
    assert ended.code == 2
    assert "No post is called 20200101T000000" in ended.err


# update


def test_update_brings_edited_words(shop: Shop) -> None:
    shop.edit(caption="Other words", alt="A cat")
    shown = shop.signed_in("update", "--json")
    assert shown.code == 2
    assert shown.objects("update_post") == [
        {
            "event": "update_post",
            "post": SECOND,
            "before": ["Post 1"],
            "after": ["Other words"],
            "others": ["its description"],
        }
    ]
    assert shop.texts() == ["Post 0", "Post 1", "Post 2"]
    ended = shop.signed_in("update", "--yes")
    assert ended.code == 0
    assert "1 post brought up to date." in ended.out
    assert shop.texts() == ["Post 0", "Other words", "Post 2"]
    assert "nothing to update" in shop.signed_in("update", "--yes").out
    assert shop("verify").code == 0


def test_update_of_several_posts_at_once(shop: Shop) -> None:
    shop.edit(caption="Other words")
    with Archive.create(shop.folder) as archive:
        archive.edit([Edit(THIRD, caption="The last words")])
    ended = shop.signed_in("update", "--yes")
    assert (ended.code, shop.texts()) == (0, ["Post 0", "Other words", "The last words"])
    assert "2 posts brought up to date." in ended.out


def test_update_leaves_what_is_edited_elsewhere_while_it_asks(shop: Shop) -> None:
    shop.edit(caption="Other words")
    with Archive.create(shop.folder) as archive:
        archive.edit([Edit(THIRD, caption="The last words")])
    stored = shop.desk.records()[1]

    def confirm(question: str) -> bool:
        shop.desk.overwrite(stored["uri"].rpartition("/")[2], stored["value"] | {"text": "Mine"})
        return True

    console = open_console(as_json=False, quiet=True)
    password = Given(Password(shop.password.read_text()))
    assert update_posts(console, shop.folder, (), Access({}, password, confirm)) == 1
    said = shop.capsys.readouterr().out
    assert "edited elsewhere" in said and "1 post brought up to date." in said
    assert shop.texts() == ["Post 0", "Mine", "The last words"]
    with ArchiveView.open(shop.folder) as view:
        assert view.reworded() == [SECOND]


def test_update_shows_what_else_changes(shop: Shop) -> None:
    shop.edit(alt="A cat")
    shown = shop.signed_in("update")
    assert shown.code == 2
    assert "changed: its description" in shown.out
    assert "- Post 1" not in shown.out


def test_update_of_what_was_edited_elsewhere(shop: Shop) -> None:
    shop.edit(caption="Other words")
    stored = shop.desk.records()[1]
    shop.desk.overwrite(stored["uri"].rpartition("/")[2], stored["value"] | {"text": "Mine"})
    ended = shop.signed_in("update", "--yes")
    assert ended.code == 1
    assert "edited elsewhere" in ended.out
    assert shop.texts()[1] == "Mine"


def test_a_run_never_updates_by_itself(shop: Shop) -> None:
    shop.edit(caption="Other words")
    assert shop.signed_in("run").code == 0
    assert shop.texts()[1] == "Post 1"


# verify


class View(BaseHTTPRequestHandler):
    """An app view that shows all posts but the second, and plays all but the third."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path.endswith("/app.bsky.feed.getPosts"):
            uris = parse_qs(parts.query)["uris"]
            base = f"http://{self.headers['Host']}"
            shown = [uri for at, uri in enumerate(uris) if at != 1]
            posts = [
                {"uri": uri, "embed": {"playlist": f"{base}/{at}.m3u8"}}
                for at, uri in enumerate(shown)
            ]
            self._say(200, json.dumps({"posts": posts}).encode())
        elif parts.path.endswith("/app.bsky.actor.getProfile"):
            told = {"followersCount": 1204, "createdAt": "2023-05-01T10:00:00.000Z"}
            self._say(200, json.dumps(told).encode())
        elif parts.path == "/0.m3u8":
            self._say(200, b"#EXTM3U\n")
        else:
            self._say(404, b"")

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def appview(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), View) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        url = f"http://localhost:{server.server_address[1]}"
        monkeypatch.setenv("TOKAWAY_APPVIEW", url)
        monkeypatch.setenv("TOKAWAY_LOOK_SECONDS", "0")
        yield url
        server.shutdown()
        thread.join()


def test_verify_says_what_an_app_view_does_not_show_or_play(shop: Shop, appview: str) -> None:
    ended = shop("verify", "--json")
    assert ended.code == 1
    assert [one["code"] for one in ended.objects("verified")] == [
        None,
        "not_shown",
        "does_not_play",
    ]
    assert shop.milestones() == [Milestone.VERIFIED, Milestone.PUBLISHED, Milestone.PUBLISHED]


def test_a_followed_account_is_told_so_and_begins_gently(shop: Shop, appview: str) -> None:
    with Archive.create(shop.folder) as archive:
        shop.fetch_one_more(archive)
    ended = shop.signed_in("run", "--json")
    assert ended.code == 0
    first, second = ended.objects("notice")
    assert first["code"] == "followed" and "1,204" in first["text"]
    assert second["code"] == "gentle_start" and "100 posts on the first day" in second["text"]
    assert not shop.signed_in("run", "--json", "--pace", "50").objects("notice")
    with closing(Ledger(default_folder())) as ledger:
        windows = {(one.kind, one.seconds): one for one in ledger.windows(*shop.whose)}
    assert windows[Kind.POSTS, DAY].used == A_DAY - FIRST_DAY + 1


@pytest.mark.parametrize("visits", [True, False])
def test_a_run_remembers_to_look_where_an_app_view_knows_the_account(
    shop: Shop, pds: LocalPds, monkeypatch: pytest.MonkeyPatch, visits: bool
) -> None:
    with Archive.create(shop.folder) as archive:
        shop.fetch_one_more(archive)
    with AppViewStandIn(pds) as view:
        view.visits = visits
        monkeypatch.setenv("TOKAWAY_APPVIEW", view.url)
        monkeypatch.setenv("TOKAWAY_MUTE_SECONDS", "30")
        assert shop.signed_in("run", "--no-wait").code == 0
        status = shop("status", "--json").objects("status")[0]
        assert (status["unseen"], view.asked) == (int(visits), [])
        said = "Whether 1 video that went straight to the server plays is still to be seen"
        assert (said in shop("status").out) is visits


def test_verify_goes_on_without_an_app_view(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKAWAY_APPVIEW", "http://localhost:9")
    ended = shop("verify")
    assert ended.code == 0
    assert "Whether posts are shown was not checked" in ended.out


def test_a_video_that_does_not_play_is_encoded_anew_once(shop: Shop, appview: str) -> None:
    before = shop.rkeys()
    assert shop.signed_in("verify", "--repair", "--yes").code == 1  # the second is not shown
    assert shop.rkeys() == before[:2]
    with ArchiveView.open(shop.folder) as view:
        third = view.posts()[2]
    assert (third.milestone, third.encode) == (Milestone.FETCHED, True)
    assert shop.signed_in("run").code == 0
    assert shop.rkeys() == before
    ended = shop.signed_in("verify", "--repair", "--yes")
    assert "cannot be repaired from here" in ended.out
    assert shop.rkeys() == before


def test_verify_proves_with_the_key_of_the_account(
    shop: Shop, pds: LocalPds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKAWAY_PLC", pds.plc_url)
    ended = shop("verify", "--prove")
    assert ended.code == 0
    assert "The account's own key has signed all of it." in ended.out


def test_verify_repairs_a_deleted_post_on_request_only(shop: Shop) -> None:
    before = shop.rkeys()
    shop.desk.delete(before[1])
    assert shop("verify").code == 1
    assert shop.milestones()[1] == Milestone.PUBLISHED
    ended = shop("verify", "--repair")
    assert ended.code == 2
    assert shop.milestones()[1] == Milestone.PUBLISHED
    assert shop("verify", "--repair", "--yes").code == 0
    assert shop.milestones()[1] == Milestone.PREPARED
    # Its gate still stands there: it is ours, and not in the way.
    assert shop.signed_in("run").code == 0
    assert shop.rkeys() == before
    assert len(shop.rkeys(THREADGATE)) == COUNT


def lose_blob(desk: Desk, cid: str) -> None:
    """As when an account has moved and its files are still to follow."""
    import sqlite3

    did = desk.tools.account.did
    [path] = desk.pds._data.glob(f"actors/*/{did}/store.sqlite")
    with sqlite3.connect(path, timeout=30) as database:
        database.execute("DELETE FROM blob WHERE cid = ?", [cid])
    database.close()
    for file in desk.pds._data.glob(f"blobs/{did}/{cid}"):
        file.unlink()


@pytest.mark.parametrize("how", [Repair.AGAIN, Repair.FILES])
def test_whoever_stops_a_repair_waits_for_one_post_at_the_most(shop: Shop, how: Repair) -> None:
    password = Given(Password(shop.password.read_text().strip()))
    stop, mended = Stop(), 0
    with Archive.create(shop.folder) as archive:
        wrong = [
            Checked(post, tuple(archive.records(post.id)), Trouble("test", "For a test."))
            for post in archive.posts()
        ]
        with pytest.raises(Stopped):
            for _ in repair(archive, load({}), password, how, wrong, stop):
                mended += 1
                stop.ask()
    assert mended == 1


def test_verify_sends_lost_files_again(shop: Shop) -> None:
    with ArchiveView.open(shop.folder) as view:
        [cid] = view.records(SECOND)[0].blob_cids
    lose_blob(shop.desk, cid)
    told = shop("verify", "--json").objects("verify")
    assert told[0]["reasons"] == {"blob_missing": COUNT}
    ended = shop.signed_in("verify", "--repair", "--yes")
    assert ended.code == 0, ended
    assert shop("verify").code == 0


def test_mending_waits_for_the_server_as_all_changes_do(
    shop: Shop, proxy: BreakingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ArchiveView.open(shop.folder) as view:
        [cid] = view.records(SECOND)[0].blob_cids
    lose_blob(shop.desk, cid)
    monkeypatch.setenv("TOKAWAY_PDS", proxy.url)
    proxy.rate_limit_seconds = 1
    proxy.breakage("com.atproto.repo.uploadBlob", Breakage.RATE_LIMIT, times=2)
    monkeypatch.setenv("TOKAWAY_WAIT", "false")
    ended = shop.signed_in("verify", "--repair", "--yes")
    assert ended.code == 75 and "Give the same command again after" in ended.err
    monkeypatch.setenv("TOKAWAY_WAIT", "true")
    ended = shop.signed_in("verify", "--repair", "--yes")
    assert ended.code == 0 and "Waiting until" in ended.err, ended
    assert shop("verify").code == 0
