"""Posts of several files: split videos, photos, captions; prepared, published, found again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import av
import pytest
from PIL import Image

from importer.demo.local_pds import LocalPds
from importer.errors import Refused, TryLater
from importer.media.photos import probe_photo
from importer.media.probe import probe
from importer.model import Action, Kind, Long, MediaFile, Milestone, Photos, Post, Role
from importer.pds.xrpc import TRIES
from importer.records.bluesky import COLLECTION, DESTINATION, is_record_of
from importer.records.cid import record_cid
from importer.records.keys import record_key
from importer.stages.place import describe, post_folder
from importer.stages.prepare import prepare
from importer.stages.publish import publish
from importer.stages.tools import FileGone, Job, Prepared
from importer.step import Step
from tests.breaking_proxy import Breakage, BreakingProxy
from tests.clips import run
from tests.media.photo_samples import sample
from tests.stages.conftest import POSTED_AT, Desk
from tests.stages.test_recognise import look
from tests.stages.test_verify import check

DeskAt = Callable[[str], Desk]
WRITE = "com.atproto.repo.applyWrites"
UPLOAD = "com.atproto.repo.uploadBlob"
PARTS = 3
LIMIT = 4.2
SRT = "1\n00:00:00,500 --> 00:00:02,000\nHello\n\n2\n00:00:05,000 --> 00:00:06,000\nAgain\n"


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds with a key frame each second and pictures that depend on later ones."""
    path = tmp_path_factory.mktemp("long") / "long.mp4"
    run(
        *("-f", "lavfi", "-i", "testsrc2=s=90x160:r=20:d=10"),
        *("-f", "lavfi", "-i", "sine=440:44100:d=10"),
        *("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "20", "-bf", "2"),
        *("-c:a", "aac", "-movflags", "+faststart", path),
    )
    return path


@pytest.fixture
def brief(desk: Desk) -> Desk:
    """A desk whose server takes videos of little more than four seconds."""
    return limited(desk)


def limited(desk: Desk) -> Desk:
    limits = replace(desk.tools.limits, video_seconds=LIMIT)
    return replace(desk, tools=replace(desk.tools, limits=limits))


def video_job(desk: Desk, clip: Path, **post: Any) -> Job:
    """A post whose original is `clip`, with what lies beside it."""
    made = desk.post(milestone=Milestone.FETCHED, **post)
    folder = post_folder(desk.archive, made.id)
    original = folder / "original.mp4"
    if not original.exists():
        original.write_bytes(clip.read_bytes())
    file = describe(Role.ORIGINAL, desk.archive, original, probe(original))
    return Job(made, {Role.ORIGINAL: (file,)}, desk.archive)


def photo_job(desk: Desk, names: list[str], **post: Any) -> Job:
    made = desk.post(kind=Kind.PHOTO, milestone=Milestone.FETCHED, **post)
    folder = post_folder(desk.archive, made.id)
    files: list[MediaFile] = []
    for part, name in enumerate(names):
        path = folder / f"original-{part:02}{Path(name).suffix}"
        path.write_bytes(sample(desk.archive, name).read_bytes())
        files.append(describe(Role.ORIGINAL, desk.archive, path, probe_photo(path), part=part))
    return Job(made, {Role.ORIGINAL: tuple(files)}, desk.archive)


def ready(job: Job, made: Prepared) -> Job:
    """The job as the archive hands it to publishing."""
    files = dict(job.files)
    for role in (Role.PREPARED, Role.CAPTIONS):
        files[role] = tuple(file for file in made.files if file.role is role)
    return replace(job, files=files)


def prepared(job: Job, desk: Desk) -> Job:
    return ready(job, prepare(job, desk.tools, Step()))


def videos(job: Job) -> list[Path]:
    return [job.archive / file.path for file in job.files[Role.PREPARED]]


def pictures(path: Path) -> list[bytes]:
    """The picture's packets."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


# preparing


def test_a_long_video_is_split_without_losing_a_picture(brief: Desk, long_clip: Path) -> None:
    job = prepared(video_job(brief, long_clip), brief)
    parts = job.files[Role.PREPARED]
    assert [file.part for file in parts] == list(range(PARTS))
    assert {file.fit for file in parts} == {Action.SPLIT}
    assert all(file.seconds <= LIMIT for file in parts)
    whole = probe(long_clip)
    assert sum(file.seconds for file in parts) == pytest.approx(whole.seconds, abs=0.05)
    assert [p for path in videos(job) for p in pictures(path)] == pictures(long_clip)
    assert all(probe(path).problems == () for path in videos(job))


def test_sound_goes_on_from_part_to_part(brief: Desk, long_clip: Path) -> None:
    job = prepared(video_job(brief, long_clip), brief)
    heard = 0
    for path in videos(job):
        with av.open(str(path)) as container:
            heard += sum(1 for packet in container.demux(audio=0) if packet.size)
    with av.open(str(long_clip)) as container:
        assert heard == sum(1 for packet in container.demux(audio=0) if packet.size)


def test_without_key_frames_the_parts_are_encoded(brief: Desk, tmp_path: Path) -> None:
    clip = tmp_path / "one_key_frame.mp4"
    run("-f", "lavfi", "-i", "testsrc2=s=90x160:r=20:d=10", "-c:v", "libx264", "-g", "999",
        "-pix_fmt", "yuv420p", "-movflags", "+faststart", clip)  # fmt: skip
    job = prepared(video_job(brief, clip), brief)
    parts = job.files[Role.PREPARED]
    assert sum(file.seconds for file in parts) == pytest.approx(10, abs=0.1)
    assert sum(len(pictures(path)) for path in videos(job)) == 200


def test_a_long_video_may_be_trimmed(brief: Desk, long_clip: Path) -> None:
    job = prepared(video_job(brief, long_clip, long=Long.TRIM), brief)
    (file,) = job.files[Role.PREPARED]
    assert file.fit is Action.TRIM
    assert LIMIT - 0.2 < file.seconds <= LIMIT
    assert probe(videos(job)[0]).hidden_seconds < 0.1


def test_or_left_out(brief: Desk, long_clip: Path) -> None:
    with pytest.raises(Refused) as caught:
        prepared(video_job(brief, long_clip, long=Long.SKIP), brief)
    assert (caught.value.skip, caught.value.code) == (True, "does_not_fit")


def test_finished_parts_of_a_killed_run_are_taken(brief: Desk, long_clip: Path) -> None:
    job = video_job(brief, long_clip)
    first = prepared(job, brief)
    made = [path.stat().st_mtime_ns for path in videos(first)]
    videos(first)[1].unlink()
    again = prepared(job, brief)
    times = [path.stat().st_mtime_ns for path in videos(again)]
    assert (times[0], times[2]) == (made[0], made[2])
    assert times[1] != made[1]
    before, after = first.files[Role.PREPARED], again.files[Role.PREPARED]
    assert [file.sha256 for file in before] == [file.sha256 for file in after]


def test_a_video_that_could_be_kept_is_encoded_on_request(desk: Desk, long_clip: Path) -> None:
    job = prepared(video_job(desk, long_clip, encode=True), desk)
    (file,) = job.files[Role.PREPARED]
    assert file.fit is Action.TRANSCODE


def test_captions_beside_a_video_come_in_the_part_they_belong_to(
    brief: Desk, long_clip: Path
) -> None:
    job = video_job(brief, long_clip)
    (post_folder(brief.archive, job.post.id) / "original.eng-US.srt").write_text(SRT)
    (post_folder(brief.archive, job.post.id) / "original.deu.vtt").write_text("nothing")
    made = prepare(job, brief.tools, Step())
    captions = ready(job, made).files[Role.CAPTIONS]
    assert [(file.part, file.lang) for file in captions] == [(0, "en-US"), (1, "en-US")]
    assert "original.deu.vtt cannot be used: there are no captions in it." in made.reason
    texts = [(brief.archive / file.path).read_text() for file in captions]
    assert ["Hello" in text for text in texts] == [True, False]
    assert ["Again" in text for text in texts] == [False, True]


def test_photos_are_each_treated_as_gently_as_can_be(desk: Desk) -> None:
    job = prepared(photo_job(desk, ["plain.jpg", "exif.jpg", "photo.heic"]), desk)
    files = job.files[Role.PREPARED]
    assert [file.fit for file in files] == [Action.KEEP, Action.REMUX, Action.TRANSCODE]
    assert files[0].path.endswith("original-00.jpg")
    assert [Path(file.path).name for file in files[1:]] == ["prepared.1.jpg", "prepared.2.jpg"]
    assert (files[2].width, files[2].height) == (40, 60)


def test_the_first_ten_of_many_photos(desk: Desk) -> None:
    made = prepare(photo_job(desk, ["plain.jpg"] * 12, photos=Photos.FIRST), desk.tools, Step())
    assert len(made.files) == 10
    assert "2 left out" in made.reason


@pytest.mark.parametrize("has_sound", [True, False])
def test_photos_may_become_a_video(desk: Desk, has_sound: bool) -> None:
    job = photo_job(desk, ["plain.jpg", "see_through.png", "turned_6.jpg"], photos=Photos.VIDEO)
    if has_sound:
        sound = post_folder(desk.archive, job.post.id) / "original.mp3"
        run("-f", "lavfi", "-i", "sine=440:44100:d=2", sound)
    done = prepared(job, desk)
    (file,) = done.files[Role.PREPARED]
    assert (file.fit, file.width, file.height) == (Action.SLIDESHOW, 1080, 1920)
    assert file.seconds == pytest.approx(9, abs=0.1)
    facts = probe(videos(done)[0])
    assert (facts.audio_codec is not None) == has_sound
    assert not list(job.archive.rglob("*.part"))
    with av.open(str(videos(done)[0])) as container:
        frames = list(container.decode(video=0))
    image: Image.Image = frames[0].to_image()  # type: ignore[no-untyped-call]
    assert len(frames) == 270
    # Red beside blue in the first photo, in the middle of an upright canvas.
    red, _, blue = image.split()
    assert cast(int, red.getpixel((200, 800))) > 180
    assert cast(int, blue.getpixel((900, 800))) > 180
    assert cast(int, red.getpixel((540, 60))) < 40


# publishing


def test_a_split_video_becomes_a_thread(brief: Desk, long_clip: Path) -> None:
    job = prepared(video_job(brief, long_clip), brief)
    done = publish(job, brief.tools, Step())
    assert not done.found
    listed = sorted(brief.records(), key=lambda record: record["uri"])
    assert [record.uri for record in done.records] == [record["uri"] for record in listed]
    assert [record.cid for record in done.records] == [record["cid"] for record in listed]
    assert [record.part for record in done.records] == list(range(PARTS))
    first, second, third = (record["value"] for record in listed)
    assert first["text"].startswith("A walk by the sea")
    assert "reply" not in first
    assert [second["text"], third["text"]] == ["2/3", "3/3"]
    root = {"uri": listed[0]["uri"], "cid": listed[0]["cid"]}
    assert second["reply"] == {"root": root, "parent": root}
    assert third["reply"]["root"] == root
    assert third["reply"]["parent"] == {"uri": listed[1]["uri"], "cid": listed[1]["cid"]}
    dates = [value["createdAt"] for value in (first, second, third)]
    assert dates == [f"2021-05-04T12:00:00.00{part}Z" for part in range(PARTS)]
    for record in listed:
        assert record_cid(record["value"]) == record["cid"]
    assert [check(job.post, record, brief.repo) for record in done.records] == [None] * PARTS


def test_twice_is_once_for_threads_too(brief: Desk, long_clip: Path) -> None:
    job = prepared(video_job(brief, long_clip), brief)
    first = publish(job, brief.tools, Step())
    second = publish(job, brief.tools, Step())
    assert second.found
    assert [record.uri for record in second.records] == [record.uri for record in first.records]
    assert len(brief.records()) == PARTS


@pytest.mark.parametrize(
    "fault",
    [Breakage.DROP_ANSWER, Breakage.CUT_ANSWER, Breakage.CUT_BODY, Breakage.RESET,
     Breakage.EXPIRED_TOKEN],
)  # fmt: skip
@pytest.mark.parametrize("times", [1, TRIES])
def test_a_thread_over_a_bad_line_is_whole_or_not_there(
    proxy: BreakingProxy, desk_at: DeskAt, long_clip: Path, fault: Breakage, times: int
) -> None:
    desk = limited(desk_at(proxy.url))
    job = prepared(video_job(desk, long_clip), desk)
    proxy.breakage(WRITE, fault, times=times)
    for _ in range(3):
        try:
            publish(job, desk.tools, Step())
        except TryLater:
            assert len(desk.records()) in {0, PARTS}
            continue
        break
    assert len(desk.records()) == PARTS


def test_a_foreign_record_under_any_key_moves_the_whole_thread(
    brief: Desk, long_clip: Path
) -> None:
    brief.write_foreign(record_key(POSTED_AT, 0, DESTINATION, part=1))
    job = prepared(video_job(brief, long_clip), brief)
    done = publish(job, brief.tools, Step())
    keys = [record_key(POSTED_AT, 0, DESTINATION, part=part, attempt=1) for part in range(PARTS)]
    assert [record.rkey for record in done.records] == keys
    assert publish(job, brief.tools, Step()).found
    assert len(brief.records()) == PARTS + 1


def test_a_thread_that_another_run_wrote_meanwhile(
    pds: LocalPds, proxy: BreakingProxy, desk_at: DeskAt, long_clip: Path
) -> None:
    desk, other = limited(desk_at(proxy.url)), limited(desk_at(pds.url))
    job = prepared(video_job(desk, long_clip), desk)
    edited = replace(job, post=replace(job.post, caption="Edited"))
    proxy.before(WRITE, lambda: publish(edited, other.tools, Step()))
    done = publish(job, desk.tools, Step())
    assert done.found
    assert len(desk.records()) == PARTS
    assert len(done.records) == PARTS


def test_a_lost_archive_finds_whole_threads(brief: Desk, long_clip: Path) -> None:
    job = prepared(video_job(brief, long_clip), brief)
    done = publish(job, brief.tools, Step())
    fresh = replace(job.post, milestone=Milestone.FOUND)
    ((_, records),) = look(brief, [fresh])
    assert [record.uri for record in records] == [record.uri for record in done.records]
    assert [record.part for record in records] == list(range(PARTS))


def test_what_the_user_deleted_of_a_thread_does_not_come_back(brief: Desk, long_clip: Path) -> None:
    job = prepared(video_job(brief, long_clip), brief)
    done = publish(job, brief.tools, Step())
    brief.delete(done.records[2].rkey)
    again = publish(job, brief.tools, Step())
    assert again.found
    assert len(again.records) == len(brief.records()) == 2


@pytest.mark.parametrize(
    ("count", "embeds"),
    [
        (1, [("app.bsky.embed.images", 1)]),
        (4, [("app.bsky.embed.images", 4)]),
        (5, [("app.bsky.embed.gallery", 5)]),
        (10, [("app.bsky.embed.gallery", 10)]),
        (12, [("app.bsky.embed.gallery", 10), ("app.bsky.embed.images", 2)]),
    ],
)
def test_photos_are_shown_as_apps_can(
    desk: Desk, count: int, embeds: list[tuple[str, int]]
) -> None:
    names = ["plain.jpg", "plain.png", "exif.webp", "photo.heic"] * 3
    job = prepared(photo_job(desk, names[:count], alt="A red door"), desk)
    done = publish(job, desk.tools, Step())
    values = [record["value"] for record in sorted(desk.records(), key=lambda r: r["uri"])]
    found = [
        (value["embed"]["$type"], len(value["embed"].get("images") or value["embed"]["items"]))
        for value in values
    ]
    assert found == embeds
    items = [
        item for value in values for item in value["embed"].get("images") or value["embed"]["items"]
    ]
    assert [item["image"]["mimeType"] for item in items] == [
        {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}[Path(file.path).suffix]
        for file in job.files[Role.PREPARED]
    ]
    assert items[0]["aspectRatio"] == {"width": 60, "height": 40}
    assert items[-1]["alt"] == ("A red door" if count == 1 else f"A red door ({count}/{count})")
    digests = [desk.repo.blob_sha256(item["image"]["ref"]["$link"])[0] for item in items]
    assert digests == [
        hashlib.sha256((job.archive / file.path).read_bytes()).digest()
        for file in job.files[Role.PREPARED]
    ]
    assert all(is_record_of(value, job.post, part) for part, value in enumerate(values))
    for record in done.records:
        assert check(job.post, record, desk.repo) is None


def test_captions_are_part_of_the_record(desk: Desk, long_clip: Path) -> None:
    job = video_job(desk, long_clip)
    for name in ("original.eng-US.srt", "original.ger.srt"):
        (post_folder(desk.archive, job.post.id) / name).write_text(SRT)
    job = prepared(job, desk)
    done = publish(job, desk.tools, Step())
    (listed,) = desk.records()
    captions = listed["value"]["embed"]["captions"]
    assert [caption["lang"] for caption in captions] == ["en-US", "de"]
    assert {caption["file"]["mimeType"] for caption in captions} == {"text/vtt"}
    # The same words are one blob.
    assert len(set(done.records[0].blob_cids)) == 2
    assert check(job.post, done.records[0], desk.repo) is None


def test_captions_larger_than_a_file_may_be_come_in_several(desk: Desk, long_clip: Path) -> None:
    job = video_job(desk, long_clip)
    told = "".join(
        f"{n}\n00:00:{n / 60:06.3f} --> 00:00:{(n + 1) / 60:06.3f}\nWord {n} {'of many ' * 8}\n\n"
        for n in range(600)
    )
    (post_folder(desk.archive, job.post.id) / "original.eng-US.srt").write_text(told)
    (post_folder(desk.archive, job.post.id) / "original.vtt").write_text(f"WEBVTT\n\n{SRT}")
    job = prepared(job, desk)
    files = job.files[Role.CAPTIONS]
    assert max(file.bytes for file in files) <= 20_000 < sum(file.bytes for file in files)
    publish(job, desk.tools, Step())
    (listed,) = desk.records()
    langs = [caption["lang"] for caption in listed["value"]["embed"]["captions"]]
    assert sorted(langs) == ["en-US", "en-US-x-part2", "en-US-x-part3", "und"]
    words = "".join((desk.archive / file.path).read_text() for file in files)
    assert [n for n in range(600) if f"Word {n} " not in words] == []


@pytest.mark.parametrize("role", [Role.PREPARED, Role.CAPTIONS])
def test_any_file_that_is_gone_is_noticed(desk: Desk, long_clip: Path, role: Role) -> None:
    job = video_job(desk, long_clip)
    (post_folder(desk.archive, job.post.id) / "original.en.srt").write_text(SRT)
    job = prepared(job, desk)
    (job.archive / job.files[role][0].path).unlink()
    with pytest.raises(FileGone):
        publish(job, desk.tools, Step())
    assert desk.records() == []


def test_the_post_of_a_photo_is_not_taken_for_that_of_a_video(desk: Desk) -> None:
    job = prepared(photo_job(desk, ["plain.jpg"]), desk)
    publish(job, desk.tools, Step())
    (listed,) = desk.records()
    video: Post = replace(job.post, kind=Kind.VIDEO)
    assert is_record_of(listed["value"], job.post)
    assert not is_record_of(listed["value"], video)
    assert listed["uri"].split("/")[3] == COLLECTION
