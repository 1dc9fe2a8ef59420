"""The profile on a real PDS: its picture clean, its record changed only from what was looked at."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from importer.demo.local_pds import LocalPds
from importer.demo.media_server import MediaServer
from importer.errors import Unreachable, UserError
from importer.model import Profile
from importer.pds.repo import KeyTaken, Repo
from importer.pds.xrpc import TRIES
from importer.records.profile import (
    AVATAR_BYTES,
    COLLECTION,
    RKEY,
    Field,
    Verdict,
    Wanted,
)
from importer.stages.profile import (
    Avatar,
    NoAvatar,
    fetch_avatar,
    look,
    prepare_avatar,
    write,
)
from importer.step import Step
from tests.breaking_proxy import Breakage, BreakingProxy
from tests.conftest import Hurry
from tests.media.photo_samples import P3, PLACE, exif, jpeg, sample

SignIn = Callable[[str], Repo]
PUT, UPLOAD = "com.atproto.repo.putRecord", "com.atproto.repo.uploadBlob"
GET = "com.atproto.repo.getRecord"
ADA = Profile(
    display_name="Ada Bakes", bio="Rye", links=(("instagram", "ada.bakes"), ("youtube", "ada"))
)
FOREIGN: dict[str, Any] = {
    "$type": COLLECTION,
    "displayName": "Ada L.",
    "description": "Engines",
    "pronouns": "she/her",
    "labels": {
        "$type": "com.atproto.label.defs#selfLabels",
        "values": [{"val": "!no-unauthenticated"}],
    },
    "createdAt": "2023-01-01T00:00:00.000Z",
    "orgExampleMood": {"deep": ["in", 1, None]},
}
BEFORE = Wanted()


@pytest.fixture
def repo(pds: LocalPds, sign_in: SignIn) -> Repo:
    return sign_in(pds.url)


@pytest.fixture
def media(tmp_path: Path) -> Iterator[MediaServer]:
    folder = tmp_path / "cdn"
    folder.mkdir()
    (folder / "avatar.jpeg").write_bytes(jpeg(exif=exif()))
    with MediaServer(folder) as server:
        yield server


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "ada.tokaway"
    folder.mkdir()
    return folder


def stored(repo: Repo) -> dict[str, Any]:
    found = repo.record(COLLECTION, RKEY)
    assert found
    return found.value


def avatar_bytes(repo: Repo) -> bytes:
    """The picture as anyone gets it from the server."""
    chunks: list[bytes] = []
    link = stored(repo)["avatar"]["ref"]["$link"]
    repo.server.download(
        "com.atproto.sync.getBlob",
        {"did": repo.did, "cid": link},
        chunks.append,
        chunks.clear,
    )
    return b"".join(chunks)


def bring(repo: Repo, avatar: Avatar | None = None, wanted: Wanted = BEFORE) -> dict[str, Any]:
    write(repo, look(repo, ADA, wanted, avatar), avatar, Step())
    return stored(repo)


def noise(path: Path, side: int, **options: Any) -> Path:
    """A picture that does not get smaller by packing it."""
    Image.effect_noise((side, side), 100).convert("RGB").save(path, **options)
    return path


# the record


def test_an_account_without_a_profile_gets_one_and_a_second_time_changes_nothing(
    repo: Repo,
) -> None:
    seen = look(repo, ADA, Wanted(), None)
    assert seen.found is None
    written = write(repo, seen, None, Step())
    again = look(repo, ADA, Wanted(), None)
    assert again.found == written
    assert again.found.value == {
        "$type": COLLECTION,
        "displayName": "Ada Bakes",
        "description": "Rye\nhttps://www.youtube.com/@ada",
        "website": "https://www.instagram.com/ada.bakes",
    }
    assert again.change.is_nothing


def test_what_another_app_wrote_stays_byte_for_byte(repo: Repo) -> None:
    repo.create(COLLECTION, RKEY, FOREIGN)
    value = bring(repo)
    changes = {"description": "Engines\nhttps://www.youtube.com/@ada"}
    assert value == FOREIGN | changes | {"website": "https://www.instagram.com/ada.bakes"}


@pytest.mark.parametrize("began_empty", [True, False])
def test_a_profile_that_changed_since_the_look_is_not_overwritten(
    repo: Repo, began_empty: bool
) -> None:
    if not began_empty:
        repo.create(COLLECTION, RKEY, {"$type": COLLECTION, "pronouns": "they/them"})
    seen = look(repo, ADA, Wanted(), None)
    swap = seen.found.cid if seen.found else None
    repo.replace(COLLECTION, RKEY, FOREIGN, swap)
    with pytest.raises(KeyTaken):
        write(repo, seen, None, Step())
    assert stored(repo) == FOREIGN
    shown = look(repo, ADA, Wanted(), None).change
    assert Verdict.KEPT in {one.verdict for one in shown.differences}


def test_a_profile_that_was_deleted_since_the_look_is_not_made_anew(repo: Repo) -> None:
    repo.create(COLLECTION, RKEY, FOREIGN)
    seen = look(repo, ADA, Wanted(), None)
    body = {"repo": repo.did, "collection": COLLECTION, "rkey": RKEY}
    delete = "com.atproto.repo.deleteRecord"
    repo._session.call(lambda token: repo.server.procedure(delete, body, token))
    with pytest.raises(KeyTaken):
        write(repo, seen, None, Step())
    assert repo.record(COLLECTION, RKEY) is None


def test_a_lost_answer_is_no_change_by_another(proxy: BreakingProxy, sign_in: SignIn) -> None:
    repo = sign_in(proxy.url)
    repo.create(COLLECTION, RKEY, FOREIGN)
    proxy.breakage(PUT, Breakage.DROP_ANSWER)
    value = bring(repo)
    assert value["website"] == "https://www.instagram.com/ada.bakes"
    assert len(proxy.calls(PUT)) == 3


@pytest.mark.parametrize("method", [GET, PUT])
def test_a_server_that_does_not_answer_is_told_as_such(
    proxy: BreakingProxy, sign_in: SignIn, method: str
) -> None:
    repo = sign_in(proxy.url)
    proxy.breakage(method, Breakage.RESET, times=TRIES)
    with pytest.raises(Unreachable, match="does not answer") as caught:
        bring(repo)
    assert "same command" in caught.value.hint
    assert bring(repo)["displayName"] == "Ada Bakes"


def test_a_record_the_server_refuses_leaves_the_profile_as_it_was(repo: Repo) -> None:
    """No app should write such a record, but some did."""
    repo.create(COLLECTION, RKEY, FOREIGN)
    seen = look(repo, ADA, Wanted(), None)
    seen.change.record["pronouns"] = "x" * 300
    with pytest.raises(UserError, match="as it was") as caught:
        write(repo, seen, None, Step())
    assert caught.value.code == "record_refused"
    assert stored(repo) == FOREIGN


# the picture


@pytest.mark.parametrize(
    "name", ["exif.jpg", "turned_6.jpg", "photo.heic", "exif.webp", "plain.webp", "texts.png",
             "p3.jpg", "moving.gif", "see_through.png", "plain.jpg", "motion.jpg"],
)  # fmt: skip
def test_the_picture_on_the_server_tells_nothing_but_itself(
    repo: Repo, tmp_path: Path, name: str
) -> None:
    source = sample(tmp_path, name)
    before = source.read_bytes()
    value = bring(repo, prepare_avatar(source, tmp_path / "out"))
    content = avatar_bytes(repo)
    secrets = [PLACE, b"Exif", b"eXIf", b"EXIF", b"xmpmeta", b"ICC", b"iCC", b"Phone", b"ftyp"]
    assert [secret for secret in secrets if secret in content] == []
    with Image.open(io.BytesIO(content)) as image:
        assert image.get_format_mimetype() == value["avatar"]["mimeType"]
        assert image.format in ("JPEG", "PNG")
        assert not image.getexif()
    assert value["avatar"]["size"] == len(content) <= AVATAR_BYTES
    assert source.read_bytes() == before


@pytest.mark.parametrize("options", [{"format": "JPEG", "quality": 100}, {"format": "PNG"}])
def test_a_picture_that_is_too_large_becomes_smaller(
    repo: Repo, tmp_path: Path, options: dict[str, Any]
) -> None:
    source = noise(tmp_path / "large", 1_500, **options, exif=exif(), icc_profile=P3)
    assert source.stat().st_size > AVATAR_BYTES
    value = bring(repo, prepare_avatar(source, tmp_path / "out"))
    content = avatar_bytes(repo)
    assert value["avatar"]["size"] == len(content) <= AVATAR_BYTES
    assert PLACE not in content


def test_a_large_see_through_picture_is_no_webp(tmp_path: Path) -> None:
    source = tmp_path / "large.png"
    with Image.effect_noise((700, 700), 100) as grey:
        picture = grey.convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    picture.save(source)
    avatar = prepare_avatar(source, tmp_path / "out")
    assert avatar.content_type == "image/jpeg"
    assert avatar.path.stat().st_size <= AVATAR_BYTES


def test_the_same_picture_again_is_no_difference(repo: Repo, tmp_path: Path) -> None:
    source = sample(tmp_path, "photo.heic")
    bring(repo, prepare_avatar(source, tmp_path / "out"))
    again = prepare_avatar(source, tmp_path / "again")
    assert look(repo, ADA, Wanted(replace=frozenset(Field)), again).change.is_nothing


def test_a_picture_of_ones_own_stays_and_nothing_is_uploaded(
    proxy: BreakingProxy, sign_in: SignIn, tmp_path: Path
) -> None:
    repo = sign_in(proxy.url)
    own = prepare_avatar(sample(tmp_path, "plain.png"), tmp_path / "own")
    blob = repo.upload_blob(own.path, own.content_type, Step())
    repo.create(COLLECTION, RKEY, FOREIGN | {"avatar": blob, "banner": blob})
    uploads = len(proxy.calls(UPLOAD))
    avatar = prepare_avatar(sample(tmp_path, "exif.jpg"), tmp_path / "out")
    assert bring(repo, avatar)["avatar"] == blob
    assert len(proxy.calls(UPLOAD)) == uploads
    asked = Wanted(frozenset({Field.AVATAR}), frozenset({Field.AVATAR}))
    replaced = bring(repo, avatar, asked)
    assert (replaced["avatar"], replaced["banner"]) == (avatar.blob, blob)


@pytest.mark.parametrize("name", ["cut_short.jpg", "empty.jpg", "web_page.jpg", "video.jpg"])
def test_what_is_no_picture_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(NoAvatar, match="cannot be used") as caught:
        prepare_avatar(sample(tmp_path, name), tmp_path / "out")
    assert caught.value.hint


def test_a_picture_that_changes_after_the_look_is_not_shown(repo: Repo, tmp_path: Path) -> None:
    source = sample(tmp_path, "plain.jpg")
    avatar = prepare_avatar(source, tmp_path / "out")
    assert avatar.path == source
    seen = look(repo, ADA, Wanted(), avatar)
    source.write_bytes(sample(tmp_path, "plain.png").read_bytes())
    with pytest.raises(UserError, match="has changed"):
        write(repo, seen, avatar, Step())
    assert repo.record(COLLECTION, RKEY) is None


# its link


def test_the_picture_is_fetched_once_and_outlives_its_link(
    media: MediaServer, archive: Path
) -> None:
    alive = media.url("avatar.jpeg", sign="a", **{"x-expires": int(time.time()) + 3_600})
    path = fetch_avatar(archive, alive, Step())
    assert path.is_relative_to(archive)
    assert path.read_bytes() == jpeg(exif=exif())
    dead = media.url("avatar.jpeg", sign="b", **{"x-expires": 1_700_000_000})
    assert fetch_avatar(archive, dead, Step()) == path
    assert len(media.requests) == 1


def test_a_dead_link_is_a_sentence(media: MediaServer, archive: Path) -> None:
    dead = media.url("avatar.jpeg", **{"x-expires": 1_700_000_000})
    with pytest.raises(NoAvatar) as caught:
        fetch_avatar(archive, dead, Step())
    assert caught.value.text == (
        "The export's link to your profile picture has died (on 2023-11-14 at 22:13 UTC): such "
        "links live for two days, so the picture is left out."
    )
    assert "--avatar" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "told"),
    [("gone.jpeg", "leads nowhere"), ("page.jpeg", "web page"), ("odd.jpeg", "refused")],
)
def test_other_trouble_with_the_link_is_told(
    media: MediaServer, archive: Path, name: str, told: str
) -> None:
    media.replace["/page.jpeg"] = ("text/html", b"<!doctype html>")
    media.status["/odd.jpeg"] = 418
    with pytest.raises(NoAvatar, match=told):
        fetch_avatar(archive, media.url(name), Step())


def test_no_link_at_all_is_told(archive: Path) -> None:
    with pytest.raises(NoAvatar, match="no usable link"):
        fetch_avatar(archive, "avatar of mine", Step())


@pytest.mark.parametrize(
    ("status", "told"), [(503, "server does not answer"), (429, "asks for a pause")]
)
def test_a_picture_that_cannot_be_fetched_now_is_told(
    archive: Path, media: MediaServer, status: int, told: str
) -> None:
    media.status["/avatar.jpeg"] = status
    with pytest.raises(NoAvatar, match=told):
        fetch_avatar(archive, media.url("avatar.jpeg"), Step(Hurry()))


def test_a_picture_that_came_in_part_is_completed_the_next_time(
    archive: Path, media: MediaServer
) -> None:
    whole = jpeg(exif=exif())
    media.cut_after["/avatar.jpeg"] = len(whole) // 2
    path = fetch_avatar(archive, media.url("avatar.jpeg"), Step(Hurry()))
    assert path.read_bytes() == whole
