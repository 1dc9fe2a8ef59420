"""Nothing secret is left anywhere: not in files, not in what is printed, not in arguments."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import click
import pytest

from importer.cli import cli
from importer.media.ffmpeg import Ffmpeg
from importer.model import Action
from tests.breaking_proxy import Breakage, BreakingProxy
from tests.browser import BrowserThread
from tests.conftest import Doorway
from tests.end_to_end.command_line import Ended
from tests.end_to_end.conftest import Job, MakeJob
from tests.person import Person
from tests.staged_export import stage
from tests.video_stand_in import VideoStandIn

FITS = (Action.KEEP, Action.REMUX, Action.KEEP)


@pytest.fixture
def job(make_job: MakeJob, tmp_path: Path) -> Job:
    return make_job(stage(tmp_path / "staged", FITS, photos=1))


def everything_in(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file but those that hold secrets on purpose, for their owner alone."""
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "password.txt" and path.parent.name != "sessions":
            yield path, path.read_bytes()


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
    leaks = [path for path, content in pieces for secret in secrets if secret.encode() in content]
    assert not leaks


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
    leaks = [path for path, content in pieces for secret in secrets if secret.encode() in content]
    assert not leaks


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
