"""Nothing secret is left anywhere: not in files, not in what is printed, not in arguments."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import click
import pytest

from importer.cli import cli
from importer.media.ffmpeg import Ffmpeg
from importer.model import Action
from tests.breaking_proxy import Breakage, BreakingProxy
from tests.browser import BrowserThread
from tests.captions.page_server import PROFILE, PageServer, post, profile_page, trusting
from tests.conftest import Doorway
from tests.end_to_end.command_line import PROGRAM, Ended, environment
from tests.end_to_end.conftest import Job, MakeJob
from tests.person import Person
from tests.staged_export import stage
from tests.stand_in import StandIn
from tests.tui.terminal import Terminal
from tests.video_stand_in import VideoStandIn
from tests.webhook import Hook

FITS = (Action.KEEP, Action.REMUX, Action.KEEP)
# The program with a mistake in it, where all that is secret is at hand.
MISTAKEN = """
from importer.cli import main
from importer.pds.repo import Repo

send = Repo.upload_blob

def upload_blob(self, *given, **named):
    send(self, *given, **named)
    raise KeyError(self)

Repo.upload_blob = upload_blob
main()
"""


@pytest.fixture
def job(make_job: MakeJob, tmp_path: Path) -> Job:
    return make_job(stage(tmp_path / "staged", FITS, photos=1))


def everything_in(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file but those that hold secrets on purpose, for their owner alone."""
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "password.txt" and path.parent.name != "sessions":
            yield path, path.read_bytes()


def leaks(secrets: Collection[str], pieces: Iterable[tuple[Path, bytes]]) -> list[Path]:
    """Where something secret stands."""
    return [path for path, content in pieces for one in secrets if one.encode() in content]


def noted_ffmpeg(folder: Path, ffmpeg: Ffmpeg) -> Path:
    """An FFmpeg that notes the arguments of its processes in the folder."""
    noting = folder / "noting-ffmpeg"
    noting.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" >> "{folder}/arguments.txt"\nexec "{ffmpeg.path}" "$@"\n'
    )
    noting.chmod(0o700)
    return noting


def test_nothing_secret_is_left_anywhere(
    job: Job, video_service: VideoStandIn, ffmpeg: Ffmpeg
) -> None:
    told: list[Ended] = []
    with BreakingProxy(job.pds.url, rate_limit_seconds=1) as proxy:
        there = ("--pds", proxy.url)
        service = ("--upload", "service", "--video-service", video_service.url)
        told.append(
            job.tokaway(
                *("login", job.account.handle, *there),
                *("--password-file", job.folder / "password.txt"),
            )
        )
        (kept,) = (job.folder / "home").rglob("sessions/*.json")
        proxy.breakage("com.atproto.repo.uploadBlob", Breakage.EXPIRED_TOKEN)
        proxy.breakage("com.atproto.repo.putRecord", Breakage.BAD_GATEWAY)
        proxy.breakage("com.atproto.repo.putRecord", Breakage.RATE_LIMIT)
        run = ("run", job.export, "--to", job.account.handle, *there, *service)
        program = ("--ffmpeg", noted_ffmpeg(job.folder, ffmpeg))
        told.append(job.tokaway(*run, *program, "--json", "--pace", "0"))
        told.append(job.tokaway("verify", job.archive, *there, "--json"))
        told.append(job.tokaway("undo", job.archive, *there, "--yes", "--json"))
        bearers = [call.headers.get("authorization", "") for call in proxy.calls()]
    told += [job.tokaway("status", job.archive), job.tokaway("report", job.archive)]
    assert [ended.code for ended in told] == [0] * 6, [ended.err for ended in told]
    secrets = {job.password} | {word.removeprefix("Bearer ") for word in bearers}
    secrets |= video_service.tokens
    secrets |= {part for part in kept.read_text(encoding="utf-8").split('"') if part[:3] == "eyJ"}
    secrets.discard("")
    assert len(secrets) >= 5
    pieces = [(Path("printed"), (ended.out + ended.err).encode()) for ended in told]
    pieces += everything_in(job.folder)
    assert len(pieces) > 20
    assert "-version" in (job.folder / "arguments.txt").read_text()
    assert leaks(secrets, pieces) == []


def test_nothing_secret_is_left_of_a_sign_in_in_a_browser(
    make_job_at_doorway: MakeJob, doorway: Doorway, browser: BrowserThread, tmp_path: Path
) -> None:
    doorway.proxy.forget()
    job = make_job_at_doorway(stage(tmp_path / "staged", FITS))
    there = ("--pds", job.account.pds)
    login = ("login", job.account.handle, "--paste", *there, "--json")
    with (
        Person(browser, job.password) as person,
        job.tokaway.running(*login, hears=True) as signing,
    ):
        ended_at = person.allow_elsewhere(signing.wait_for("sign_in_page")["url"])
        signing.tell(ended_at)
        assert signing.end() == 0
    (kept,) = (job.folder / "home").rglob("sessions/*.json")
    before = json.loads(kept.read_text(encoding="utf-8"))
    doorway.proxy.breakage("com.atproto.repo.uploadBlob", Breakage.EXPIRED_TOKEN)
    doorway.proxy.breakage("com.atproto.repo.putRecord", Breakage.BAD_GATEWAY)
    run = ("run", job.export, "--to", job.account.handle, *there, "--json", "--pace", "0")
    told = [job.tokaway(*run), job.tokaway("report", job.archive)]
    assert [ended.code for ended in told] == [0, 0], [ended.err for ended in told]
    after = json.loads(kept.read_text(encoding="utf-8"))
    # A renewal that fails, because another one was made of the same tokens, says why.
    kept.write_text(json.dumps(before), encoding="utf-8")
    told.append(job.tokaway("verify", job.archive, *there, "--json"))
    told.append(job.tokaway("undo", job.archive, *there, "--yes", "--json"))
    assert told[-1].code == 3, told[-1].err
    secrets = {job.password, before["grant"]["key"]["d"]}
    secrets |= {session[name] for session in (before, after) for name in ("access", "refresh")}
    secrets |= {values[0] for values in parse_qs(urlsplit(ended_at).query).values()}
    headers = [call.headers for call in doorway.proxy.calls()]
    secrets |= {sent.get("authorization", "").removeprefix("DPoP ") for sent in headers}
    secrets |= {sent.get("dpop", "") for sent in headers}
    secrets -= {"", job.account.pds}
    assert len(secrets) >= 8
    pieces = [(Path("printed"), (ended.out + ended.err).encode()) for ended in told]
    pieces += [(Path("login"), json.dumps(signing.read).encode())]
    pieces += everything_in(job.folder)
    assert len(pieces) > 12
    assert leaks(secrets, pieces) == []


def test_nothing_secret_is_left_of_a_mistake_of_ours(job: Job) -> None:
    """Three steps in a row meet one, so the run ends; tracebacks are kept, and word is sent."""
    assert job.run("--dry-run").code == 0  # nothing but publishing is left
    with BreakingProxy(job.pds.url) as proxy, Hook() as hook:
        ended = job.tokaway(
            *("run", job.export, "--to", job.account.handle, "--pds", proxy.url, "--json"),
            *("--pace", "0", "--password-file", job.folder / "password.txt"),
            program=(sys.executable, "-c", MISTAKEN),
            variables={"TOKAWAY_NOTIFY": hook.address},
        )
        bearers = [call.headers.get("authorization", "") for call in proxy.calls()]
        (word,) = hook.heard()
        secrets = {job.password, hook.address, "secret-token"}
    assert ended.code == 70, ended.err
    assert "The import failed" in word
    log = (job.archive / "run.log").read_text(encoding="utf-8")
    assert log.count("Traceback") >= 3 and "in upload_blob" in log
    secrets |= {one.removeprefix("Bearer ") for one in bearers} - {""}
    assert len(secrets) >= 4
    pieces = [(Path("printed"), (ended.out + ended.err + word).encode())]
    assert leaks(secrets, [*pieces, *everything_in(job.folder)]) == []


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of the system")
def test_nothing_secret_is_left_of_a_code_from_an_e_mail(tmp_path: Path) -> None:
    home = tmp_path / "home"
    asks = {"error": "AuthFactorTokenRequired", "message": "A sign in code has been sent"}
    session = {"did": f"did:plc:{'a' * 24}", "handle": "maker.test"}
    tokens = {"accessJwt": "eyJ-access", "refreshJwt": "eyJ-refresh"}
    with StandIn({}, otherwise=(401, asks)) as server:
        program = (*PROGRAM, "login", "maker.test", "--pds", server.url)
        with Terminal(program, environment(home), (100, 30)) as terminal:
            terminal.until("App password")
            terminal.press("its-main-password\n")
            terminal.until("Code from the e-mail")
            server.otherwise = (200, session | tokens)
            terminal.press("ABCDE-12345\n")
            assert terminal.ended() == 0, terminal.words
            said = terminal.written
        assert server.bodies[-1]["authFactorToken"] == "ABCDE-12345"
    # Shown while it is typed: it is good once.
    said = said.replace(b"ABCDE-12345", b"", 1)
    secrets = {"its-main-password", "ABCDE-12345"}
    kept = [(path, path.read_bytes()) for path in home.rglob("*") if path.is_file()]
    assert len(kept) > 1
    assert leaks(secrets, kept) == []
    assert leaks(secrets | set(tokens.values()), [*everything_in(home), (Path("said"), said)]) == []


@pytest.mark.parametrize("is_private", [False, True])
def test_nothing_secret_is_left_of_cookies(job: Job, tmp_path: Path, is_private: bool) -> None:
    """Also if they do not help, and that is told at length."""
    cookies = tmp_path / "cookies.txt"
    cookies.write_text(
        "# Netscape HTTP Cookie File\n"
        ".tiktok.com\tTRUE\t/\tTRUE\t1999999999\tsessionid\ts3cret-cookie\n",
        encoding="utf-8",
    )
    assert job.tokaway("plan", job.export).code == 0
    online = ("captions", job.archive, "--online", "--user", "some.one", "--cookies", cookies)
    with PageServer(tmp_path, [post(1)]) as pages:
        if is_private:
            pages.answers[PROFILE] = profile_page(0, 10222)
        ended = job.tokaway(*online, "--json", variables=trusting(pages, tmp_path / "site"))
        assert any("s3cret-cookie" in asked.cookie for asked in pages.asked)
    assert (ended.code != 0) == is_private, ended.err
    pieces = [(Path("printed"), (ended.out + ended.err).encode()), *everything_in(job.folder)]
    assert leaks({"s3cret-cookie"}, pieces) == []


def test_no_flag_takes_a_secret() -> None:
    """Arguments can be seen by everybody on the machine."""
    flags = {
        name
        for command in cli.commands.values()
        for option in command.params
        if isinstance(option, click.Option)
        for name in option.opts
    }
    assert [flag for flag in flags if "password" in flag or "token" in flag] == ["--password-file"]
