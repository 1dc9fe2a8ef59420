"""`tokaway profile` shows each difference before it writes one, on a real PDS."""

from __future__ import annotations

import hashlib
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from importer import profile_commands
from importer.archive.store import Archive
from importer.archive.view import ArchiveView
from importer.cli import _run as program
from importer.console import open_console
from importer.demo.local_pds import LocalPds
from importer.demo.media_server import MediaServer
from importer.errors import UserError
from importer.model import Account, Profile
from importer.pds.credentials import Given, Password
from importer.pds.repo import Repo
from importer.profile_commands import LOOKS, Asked
from importer.records.cid import blob_cid
from importer.records.profile import COLLECTION, RKEY, Field, Wanted
from tests.breaking_proxy import Breakage, BreakingProxy
from tests.conftest import TestAccount
from tests.end_to_end.command_line import CommandLine
from tests.media.photo_samples import PLACE, exif, jpeg, sample

SignIn = Callable[[str], Repo]
SESSION, PUT, UPLOAD = (
    "com.atproto.server.createSession",
    "com.atproto.repo.putRecord",
    "com.atproto.repo.uploadBlob",
)
INSTAGRAM, YOUTUBE = "https://www.instagram.com/ada.bakes", "https://www.youtube.com/@ada"
FOREIGN: dict[str, Any] = {
    "$type": COLLECTION,
    "displayName": "Ada L.",
    "pronouns": "she/her",
    "orgExampleMood": {"deep": ["in", 1]},
}


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    def named(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == event]


@dataclass(frozen=True, slots=True)
class Creator:
    """One archive, and the account it belongs to through a proxy that counts."""

    folder: Path
    repo: Repo
    account: TestAccount
    proxy: BreakingProxy
    media: MediaServer
    capsys: pytest.CaptureFixture[str] = field(repr=False)

    @property
    def access(self) -> tuple[str, ...]:
        password = self.folder.parent / "password.txt"
        password.write_text(self.account.password, encoding="utf-8")
        return ("--pds", self.proxy.url, "--password-file", str(password))

    def profile(self, *arguments: str, access: tuple[str, ...] | None = None) -> Ended:
        """Run `tokaway profile` to its end."""
        given = self.access if access is None else access
        self.capsys.readouterr()
        code = program(["profile", str(self.folder), *given, *arguments])
        printed = self.capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    def answering(self, confirm: Callable[[], bool], asked: Asked | None = None) -> Ended:
        """Run it with somebody at the terminal."""
        self.capsys.readouterr()
        code = profile_commands.profile(
            open_console(as_json=False, quiet=True),
            self.folder,
            asked or Asked(Wanted()),
            {"pds": self.proxy.url},
            Given(Password(self.account.password)),
            confirm,
        )
        return Ended(code, self.capsys.readouterr().out, "")

    def stored(self) -> dict[str, Any] | None:
        """The profile record, asked past the proxy."""
        found = self.repo.record(COLLECTION, RKEY)
        return found.value if found else None

    def write(self, record: dict[str, Any]) -> None:
        """Change the profile as another app would."""
        found = self.repo.record(COLLECTION, RKEY)
        self.repo.replace(COLLECTION, RKEY, record, found.cid if found else None)

    def told(self, profile: Profile) -> None:
        """Have the export say this of the creator."""
        with Archive.create(self.folder) as archive:
            archive.set_profile(profile)


@pytest.fixture
def creator(
    tmp_path: Path,
    pds: LocalPds,
    account: TestAccount,
    sign_in: SignIn,
    proxy: BreakingProxy,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Creator]:
    """An archive whose account is known, and whose export has all parts of a profile."""
    cdn = tmp_path / "cdn"
    cdn.mkdir()
    (cdn / "avatar.jpeg").write_bytes(jpeg(exif=exif()))
    folder = tmp_path / "ada.tokaway"
    with MediaServer(cdn) as media:
        made = Creator(folder, sign_in(pds.url), account, proxy, media, capsys)
        made.told(
            Profile(
                "ada.bakes",
                "Ada Bakes",
                "Rye\nand oats",
                media.url("avatar.jpeg"),
                (("instagram", "ada.bakes"), ("youtube", "@ada")),
            )
        )
        with Archive.create(folder) as archive:
            archive.set_account(Account(account.did, account.handle, pds.url))
        yield made


def test_an_empty_profile_is_filled_once(creator: Creator) -> None:
    ended = creator.profile("--yes")
    assert ended.code == 0, ended.err
    value = creator.stored()
    assert value
    avatar = value.pop("avatar")
    assert value == {
        "$type": COLLECTION,
        "displayName": "Ada Bakes",
        "description": f"Rye\nand oats\n{YOUTUBE}",
        "website": INSTAGRAM,
    }
    uri = f"at://{creator.account.did}/{COLLECTION}/{RKEY}"
    assert ended.out.splitlines() == [
        f"Profile of {creator.account.handle}: it has none yet.",
        "name: set",
        "  + Ada Bakes",
        "avatar: set",
        f"  + JPEG picture of {avatar['size']:,} bytes",
        "links: set",
        f"  + {INSTAGRAM}",
        "bio: set",
        "  + Rye",
        "  + and oats",
        f"  + {YOUTUBE}",
        f"4 changes. The profile is changed: {uri}",
    ]
    (creator.folder.parent / "cdn" / "avatar.jpeg").unlink()  # the link is dead by now
    before = len(creator.proxy.calls())
    again = creator.profile("--yes")
    assert (again.code, again.out.splitlines()[1:]) == (
        0,
        ["Nothing to change: nothing was written."],
    )
    methods = {call.nsid for call in creator.proxy.calls()[before:]}
    assert not methods & {SESSION, PUT, UPLOAD}


def test_the_picture_on_the_server_is_clean(creator: Creator) -> None:
    assert PLACE in (creator.folder.parent / "cdn" / "avatar.jpeg").read_bytes()
    creator.profile("--yes", "--only", "avatar")
    value = creator.stored()
    assert value
    assert value.keys() == {"$type", "avatar"}
    chunks: list[bytes] = []
    cid = value["avatar"]["ref"]["$link"]
    creator.repo.server.download(
        "com.atproto.sync.getBlob",
        {"did": creator.account.did, "cid": cid},
        chunks.append,
        chunks.clear,
    )
    data = b"".join(chunks)
    assert blob_cid(hashlib.sha256(data).digest()) == cid
    assert [secret for secret in (PLACE, b"Exif", b"Phone") if secret in data] == []


def test_what_the_account_has_is_kept_but_told(creator: Creator) -> None:
    creator.write(FOREIGN)
    ended = creator.profile("--yes", "--only", "name", "--only", "bio")
    assert creator.stored() == FOREIGN | {"description": "Rye\nand oats"}
    assert ended.out.splitlines()[1:] == [
        "name: kept as it is",
        "    Ada L.",
        "    TikTok has: Ada Bakes (to take it: --replace name)",
        "bio: set",
        "  + Rye",
        "  + and oats",
        f"1 change. The profile is changed: at://{creator.account.did}/{COLLECTION}/{RKEY}",
    ]


def test_only_what_is_named_is_replaced(creator: Creator) -> None:
    creator.write(FOREIGN | {"website": "https://engines.example"})
    ended = creator.profile("--yes", "--replace", "name", "--json")
    value = creator.stored()
    assert value
    assert (value["displayName"], value["website"]) == ("Ada Bakes", "https://engines.example")
    assert {name: value[name] for name in ("pronouns", "orgExampleMood")} == {
        name: FOREIGN[name] for name in ("pronouns", "orgExampleMood")
    }
    changes = {line["field"]: line for line in ended.named("profile_change")}
    assert changes["name"] == {
        "event": "profile_change",
        "field": "name",
        "verdict": "replaced",
        "before": "Ada L.",
        "after": "Ada Bakes",
        "text": "",
    }
    assert changes["links"]["verdict"] == "kept"
    assert ended.lines[-1] == {
        "event": "profile",
        "did": creator.account.did,
        "handle": creator.account.handle,
        "uri": f"at://{creator.account.did}/{COLLECTION}/{RKEY}",
        "changes": 3,
        "kept": 1,
        "written": True,
    }


def test_a_dry_run_shows_without_a_password_and_writes_nothing(creator: Creator) -> None:
    creator.write(FOREIGN)
    ended = creator.profile("--dry-run", "--json", access=("--pds", creator.proxy.url))
    assert ended.code == 0, ended.err
    assert {line["field"] for line in ended.named("profile_change")} == set(map(str, Field))
    assert ended.lines[-1]["written"] is False
    assert creator.stored() == FOREIGN
    assert creator.proxy.calls(SESSION) == []


def test_with_nobody_at_the_terminal_nothing_is_changed(creator: Creator) -> None:
    ended = creator.profile()
    assert ended.code == 2
    assert "+ Ada Bakes" in ended.out
    assert "--yes" in ended.err
    assert creator.stored() is None
    assert creator.proxy.calls(SESSION) == []


def test_a_change_needs_the_password(creator: Creator) -> None:
    ended = creator.profile("--yes", access=("--pds", creator.proxy.url))
    assert ended.code == 3
    assert "--password-file" in ended.err
    assert creator.stored() is None


def test_a_profile_that_changes_while_it_is_shown_is_shown_again(creator: Creator) -> None:
    questions = 0

    def confirm() -> bool:
        nonlocal questions
        questions += 1
        if questions == 1:
            creator.write(FOREIGN)
        return True

    ended = creator.answering(confirm)
    assert questions == 2
    value = creator.stored()
    assert value
    assert value.items() >= FOREIGN.items()
    assert value["website"] == INSTAGRAM
    shown = ended.out.split("changed by another app meanwhile")
    assert "+ Ada Bakes" in shown[0]
    assert "kept as it is\n    Ada L." in shown[1]
    assert len(creator.proxy.calls(SESSION)) == 1


def test_no_is_no_at_the_second_look_too(creator: Creator) -> None:
    answers = iter([True, False])

    def confirm() -> bool:
        if (answer := next(answers)) is True:
            creator.write(FOREIGN)
        return answer

    with pytest.raises(UserError, match="not changed"):
        creator.answering(confirm)
    assert creator.stored() == FOREIGN


def test_a_profile_that_never_rests_is_left_alone(creator: Creator) -> None:
    moods = iter(range(100))

    def confirm() -> bool:
        creator.write({"$type": COLLECTION, "pronouns": f"mood {next(moods)}"})
        return True

    with pytest.raises(UserError, match="again and again"):
        creator.answering(confirm)
    assert creator.stored() == {"$type": COLLECTION, "pronouns": f"mood {LOOKS - 1}"}


def test_a_dead_link_leaves_the_rest(creator: Creator) -> None:
    dead = creator.media.url("avatar.jpeg", **{"x-expires": 1_700_000_000})
    creator.told(Profile("ada", "Ada Bakes", avatar_url=dead))
    ended = creator.profile("--yes")
    assert ended.code == 0
    assert ended.out.startswith("! The export's link to your profile picture has died")
    assert creator.stored() == {"$type": COLLECTION, "displayName": "Ada Bakes"}
    (left, _) = creator.profile("--yes", "--json").lines
    assert (left["field"], left["verdict"]) == ("avatar", "left_out")


def test_a_picture_of_ones_own_is_taken_instead(creator: Creator, tmp_path: Path) -> None:
    picture = sample(tmp_path, "photo.heic")
    ended = creator.profile("--yes", "--only", "avatar", "--avatar", str(picture))
    assert ended.code == 0, ended.err
    value = creator.stored()
    assert value
    assert value["avatar"]["mimeType"] == "image/jpeg"
    assert creator.media.requests == ()


@pytest.mark.parametrize("name", ["empty.jpg", "cut_short.jpg", "missing.jpg"])
def test_a_file_that_is_no_picture_stops_everything(
    creator: Creator, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    if name != "missing.jpg":
        sample(tmp_path, name)
    ended = creator.profile("--yes", "--avatar", str(path))
    assert ended.code == 2
    assert name in ended.err
    assert creator.stored() is None


def test_an_archive_that_knows_no_account_is_told_which(creator: Creator, tmp_path: Path) -> None:
    folder = tmp_path / "new.tokaway"
    with Archive.create(folder) as archive:
        archive.set_profile(Profile(display_name="Ada"))
    new = Creator(
        folder, creator.repo, creator.account, creator.proxy, creator.media, creator.capsys
    )
    unnamed = new.profile("--yes")
    assert (unnamed.code, "--to" in unnamed.err) == (2, True)
    to = ("--to", f"@{creator.account.handle}")
    assert new.profile("--dry-run", *to).code == 0
    with ArchiveView.open(folder) as view:
        assert view.account() is None
    assert new.profile("--yes", *to).code == 0
    with ArchiveView.open(folder) as view:
        account = view.account()
    assert account
    assert account.did == creator.account.did
    assert creator.stored() == {"$type": COLLECTION, "displayName": "Ada"}


def test_another_account_is_refused_before_anything_is_shown(
    creator: Creator, pds: LocalPds
) -> None:
    other = pds.create_account(f"o{creator.account.handle[1:]}", "password")
    ended = creator.profile("--dry-run", "--to", other.handle)
    assert ended.code == 2
    assert "not to" in ended.err
    assert ended.out == ""


def test_an_account_the_server_does_not_have_is_told(creator: Creator, tmp_path: Path) -> None:
    ended = creator.profile("--dry-run", "--to", "nobody-at-all.test")
    assert (ended.code, "nobody-at-all.test" in ended.err) == (2, True)


def test_a_server_that_is_down_is_told(creator: Creator) -> None:
    creator.proxy.breakage(PUT, Breakage.UNAVAILABLE, times=3)
    ended = creator.profile("--yes")
    assert ended.code == 6
    assert "same command" in ended.err
    assert creator.stored() is None


def test_an_export_without_a_profile_has_nothing_to_bring(creator: Creator, tmp_path: Path) -> None:
    folder = tmp_path / "bare.tokaway"
    Archive.create(folder).close()
    assert program(["profile", str(folder), "--dry-run"]) == 2
    assert "says nothing about your TikTok profile" in creator.capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [
        ("--only", "name", "--replace", "bio"),
        ("--only", "name", "--avatar", "a.jpg"),
        ("--only", "face"),
    ],
)
def test_flags_that_do_not_go_together_are_refused(
    creator: Creator, wrong: tuple[str, ...]
) -> None:
    assert creator.profile(*wrong).code == 2
    assert creator.proxy.calls() == []


@pytest.mark.skipif(sys.platform == "win32", reason="There is no SIGKILL on Windows.")
def test_killed_between_picture_and_record_it_goes_on(creator: Creator, tmp_path: Path) -> None:
    creator.write(FOREIGN)
    tokaway = CommandLine(tmp_path / "home")
    reached = threading.Event()
    with tokaway.running("profile", creator.folder, *creator.access, "--yes", "--json") as running:

        def kill() -> None:
            running.signal(signal.SIGKILL)
            reached.set()
            raise ConnectionAbortedError  # the record never gets to the server

        creator.proxy.before(PUT, kill)
        assert reached.wait(60)
        assert running.end() == -signal.SIGKILL
    assert creator.proxy.statuses(UPLOAD) == [200]
    assert creator.stored() == FOREIGN
    ended = creator.profile("--yes")
    assert ended.code == 0, ended.err
    value = creator.stored()
    assert value
    assert value.items() >= FOREIGN.items()
    assert value["website"] == INSTAGRAM
    assert value["avatar"]["mimeType"] == "image/jpeg"
    assert creator.profile("--yes").out.endswith("nothing was written.\n")
