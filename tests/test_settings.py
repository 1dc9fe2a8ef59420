"""Settings come from five layers; what is wrong in one of them is said in words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import platformdirs
import pytest

import importer.layers
import importer.settings
from importer.cli import cli
from importer.errors import UserError
from importer.settings import Settings, load


@pytest.fixture(autouse=True)
def user_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own settings, out of the tests' way."""
    folder = tmp_path / "user"
    folder.mkdir()
    monkeypatch.setattr(platformdirs, "user_config_path", lambda _: folder)
    return folder


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "maker.tokaway"
    folder.mkdir()
    return folder


def write(folder: Path, text: str) -> Path:
    file = folder / "tokaway.toml"
    file.write_text(text, encoding="utf-8")
    return file


def refusal(
    flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None, **files: Path
) -> UserError:
    with pytest.raises(UserError) as caught:
        load(flags or {}, environ=environ or {}, **files)
    assert (caught.value.code, caught.value.exit_code) == ("settings", 2)
    return caught.value


def test_without_any_layer_the_defaults_hold(archive: Path) -> None:
    assert load({}, archive=archive, environ={}) == Settings()
    assert load({}, environ={}) == Settings()


def test_accounts_and_servers_may_be_given_as_people_type_them(archive: Path) -> None:
    typed = {"to": " @Ada.example.com", "pds": "pds.example.com", "plc": "http://localhost:2582/"}
    settings = load(typed, archive=archive, environ={"TOKAWAY_VIDEO_SERVICE": "video.example.com"})
    assert settings == Settings(
        to="ada.example.com",
        pds="https://pds.example.com",
        plc="http://localhost:2582",
        video_service="https://video.example.com",
    )


def test_each_layer_wins_over_the_one_before(user_folder: Path, archive: Path) -> None:
    names = ["buffer", "tries", "fetch_jobs", "prepare_jobs"]
    layers: list[dict[str, Any]] = [{}, {}, {}, {}]
    for number, _ in enumerate(layers):
        layers[number] = dict.fromkeys(names[number:], number + 10)
    user, own, variables, flags = layers
    write(user_folder, "\n".join(f"{name} = {value}" for name, value in user.items()))
    write(archive, "\n".join(f"{name} = {value}" for name, value in own.items()))
    environ = {f"TOKAWAY_{name.upper()}": str(value) for name, value in variables.items()}
    settings = load(flags, archive=archive, environ=environ)
    assert [getattr(settings, name) for name in names] == [10, 11, 12, 13]
    assert settings.publish_jobs == Settings().publish_jobs


def test_a_named_file_takes_the_place_of_the_users_own(user_folder: Path, tmp_path: Path) -> None:
    write(user_folder, "tries = 3\nbuffer = 3")
    named = tmp_path / "other.toml"
    named.write_text("tries = 4")
    settings = load({}, config=named, environ={})
    assert (settings.tries, settings.buffer) == (4, Settings().buffer)


def test_a_flag_that_was_not_given_hides_nothing() -> None:
    assert load({"limit": None, "to": None}, environ={"TOKAWAY_LIMIT": "3"}).limit == 3
    assert load({"wait": False}, environ={"TOKAWAY_WAIT": "true"}).wait is False


def test_variables_are_read_in_the_form_a_shell_gives_them() -> None:
    settings = load(
        {},
        environ={
            "TOKAWAY_TO": "maker.test",
            "TOKAWAY_PDS": "https://pds.test",
            "TOKAWAY_FFMPEG": "/opt/ffmpeg",
            "TOKAWAY_LIMIT": "12",
            "TOKAWAY_WAIT": "false",
            "TOKAWAY_RETRY_SECONDS": "0.5",
            "PATH": "/bin",
            "OTHER_LIMIT": "many",
        },
    )
    assert settings == Settings(
        to="maker.test",
        pds="https://pds.test",
        ffmpeg=Path("/opt/ffmpeg"),
        limit=12,
        wait=False,
        retry_seconds=0.5,
    )


def test_the_real_environment_counts_when_no_other_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TOKAWAY_TRIES", "9")
    assert load({}).tries == 9


def test_a_program_may_be_named_in_a_file_and_by_a_flag(archive: Path) -> None:
    write(archive, 'ffmpeg = "/opt/ffmpeg"')
    assert load({}, archive=archive, environ={}).ffmpeg == Path("/opt/ffmpeg")
    flags = {"ffmpeg": Path("/usr/bin/ffmpeg")}
    assert load(flags, archive=archive, environ={}).ffmpeg == Path("/usr/bin/ffmpeg")


def test_variables_that_are_no_settings_are_left_alone() -> None:
    environ = dict.fromkeys(importer.layers.NOT_SETTINGS, "somewhere")
    del environ[importer.layers.CONFIG]
    assert load({}, environ=environ) == Settings()


def test_the_settings_file_may_be_named_in_the_environment(tmp_path: Path) -> None:
    named, flagged = tmp_path / "named.toml", tmp_path / "flagged.toml"
    named.write_text("tries = 7")
    flagged.write_text("tries = 8")
    environ = {"TOKAWAY_CONFIG": str(named)}
    assert load({}, environ=environ).tries == 7
    assert load({}, config=flagged, environ=environ).tries == 8
    named.unlink()
    assert "TOKAWAY_CONFIG" in refusal(environ=environ).hint


def test_paths_in_a_file_are_meant_from_there(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write(archive, 'password_file = "secret.txt"\nsource = "~/camera"')
    settings = load({}, archive=archive, environ={})
    assert settings.password_file == archive / "secret.txt"
    assert settings.source == tmp_path / "camera"
    write(archive, 'password_file = "-"')
    assert load({}, archive=archive, environ={}).password_file == Path("-")
    environ = {"TOKAWAY_PASSWORD_FILE": "here.txt"}
    assert load({}, archive=archive, environ=environ).password_file == Path("here.txt")


def test_an_archive_does_not_say_where_it_is(archive: Path) -> None:
    write(archive, 'archive = "elsewhere"')
    assert "the archive is where it is" in refusal(archive=archive).text


def test_every_flag_of_a_run_is_a_setting() -> None:
    (run,) = (command for name, command in cli.commands.items() if name == "run")
    flags = {option.name for option in run.params if isinstance(option, click.Option)}
    assert flags - set(importer.settings.NAMES) == {"config"}


@pytest.mark.parametrize(
    ("name", "meant"), [("trys", "tries"), ("fetch-jobs", "fetch_jobs"), ("Limit", "limit")]
)
def test_an_unknown_setting_is_named_with_what_was_meant(
    archive: Path, name: str, meant: str
) -> None:
    file = write(archive, f"{name} = 3")
    error = refusal(archive=archive)
    assert f"'{name}'" in error.text
    assert str(file) in error.text
    assert f"'{meant}'" in error.hint


def test_an_unknown_setting_unlike_any_other_leads_to_the_docs() -> None:
    error = refusal(environ={"TOKAWAY_XYZZY": "1"})
    assert "'xyzzy' in the environment" in error.text
    assert error.hint == "See docs/settings.md."


@pytest.mark.parametrize(
    "line",
    [
        "tries = 'often'",
        "tries = 2.5",
        "wait = 'perhaps'",
        "to = 7",
        "to = ['a', 'b']",
        "ffmpeg = 7",
        "retry_seconds = 'soon'",
        "limit = 2026-11-23",
    ],
)
def test_a_setting_of_the_wrong_form_is_refused(archive: Path, line: str) -> None:
    file = write(archive, line)
    error = refusal(archive=archive)
    assert f"The setting {line.partition(' ')[0]} in {file} has" in error.text


@pytest.mark.parametrize("name", ["fetch_jobs", "prepare_jobs", "publish_jobs", "buffer", "tries"])
@pytest.mark.parametrize("value", [0, -1])
def test_a_run_needs_at_least_one_of_each(name: str, value: int) -> None:
    assert name in refusal({name: value}).text


@pytest.mark.parametrize("name", ["retry_seconds", "patience_seconds"])
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "-1"])
def test_a_time_that_no_clock_can_wait_is_refused(archive: Path, name: str, value: str) -> None:
    write(archive, f"{name} = {value}")
    assert name in refusal(archive=archive).text


def test_a_run_may_have_no_patience_but_must_wait_between_tries() -> None:
    assert load({"patience_seconds": 0}, environ={}).patience_seconds == 0
    assert "retry_seconds" in refusal({"retry_seconds": 0}).text


@pytest.mark.parametrize(
    "data",
    [b"tries = ", b"tries = 1\ntries = 2", b"[settings", b"to = '\xff'", b"\xff\xfet\x00"],
)
def test_a_file_that_is_no_toml_is_refused_by_name(archive: Path, data: bytes) -> None:
    file = archive / "tokaway.toml"
    file.write_bytes(data)
    assert str(file) in refusal(archive=archive).text


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    error = refusal(config=tmp_path / "nowhere.toml")
    assert "nowhere.toml" in error.text
    assert "--config" in error.hint


# destinations


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('destinations = ["spark", "bluesky", "spark"]', ("bluesky", "spark")),
        ('destinations = ["spark"]', ("spark",)),
        ('destination = "spark"', ("spark",)),
        ("", ("bluesky",)),
    ],
)
def test_destinations_have_one_order_whatever_the_user_writes(
    tmp_path: Path, written: str, meant: tuple[str, ...]
) -> None:
    config = tmp_path / "tokaway.toml"
    config.write_text(written, encoding="utf-8")
    assert load({}, config=config, environ={}).destinations == meant
    environ = {"TOKAWAY_DESTINATIONS": "spark, bluesky"}
    assert load({}, config=config, environ=environ).destinations == ("bluesky", "spark")
    assert load({"destinations": ("spark",)}, config=config, environ=environ).destinations == (
        "spark",
    )


@pytest.mark.parametrize("names", ["myspace", "", "bluesky,sparc"])
def test_destinations_that_do_not_exist_are_refused(names: str) -> None:
    with pytest.raises(UserError) as caught:
        load({}, environ={"TOKAWAY_DESTINATIONS": names})
    assert "Known: bluesky, spark." in caught.value.hint
