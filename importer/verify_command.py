"""What `verify` does: checks what is published, proves it, and repairs what can be repaired."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from importer.archive.store import Archive
from importer.commands import signals, working_on
from importer.console import Console
from importer.engine.stop import Stop
from importer.engine.verification import Checked, Verification
from importer.errors import Stopped
from importer.model import DOES_NOT_PLAY
from importer.server_commands import Access, waits
from importer.settings import Settings, load
from importer.stages.repair import send_files
from importer.stages.undo import Undone, undo
from importer.step import Step
from importer.toolbox import session_of
from importer.verifying import verification
from importer.wording import plural


def verify(
    console: Console, folder: Path, access: Access, *, prove: bool = False, repair: bool = False
) -> int:
    """Check each record, file and date on the PDS; then what app views show.

    Returns:
        The exit code.
    """
    stop = Stop()
    settings = load(access.flags, archive=folder)
    with (
        working_on(folder) as archive,
        signals(stop),
        verification(archive, settings, stop, waits(console), prove=prove) as look,
    ):
        wrong, records = _check(console, look)
        if stop.draining.is_set():
            raise Stopped
        _tell(console, records, wrong, look.unasked, prove=prove)
        if repair and wrong:
            wrong = _repair(console, archive, wrong, access, settings, stop)
    return 1 if wrong else 0


def _check(console: Console, look: Verification) -> tuple[list[Checked], int]:
    wrong: list[Checked] = []
    records = 0
    for checked in look.run():
        records += len(checked.records)
        uri = checked.records[0].uri
        trouble = checked.trouble
        console.result(
            "verified",
            {
                "post": checked.post.id,
                "uri": uri,
                "ok": trouble is None,
                "text": trouble.text if trouble else None,
                "code": trouble.code if trouble else None,
            },
        )
        if trouble:
            wrong.append(checked)
            console.line(f"! {checked.post.id}: {trouble.text} {trouble.hint}".rstrip())
        else:
            console.note(f"✓ {checked.post.id} {uri}")
    return wrong, records


def _tell(
    console: Console, records: int, wrong: list[Checked], unasked: str, *, prove: bool
) -> None:
    reasons = Counter(checked.trouble.code for checked in wrong if checked.trouble)
    console.result(
        "verify",
        {"records": records, "wrong": len(wrong), "reasons": dict(reasons), "proved": prove},
    )
    if unasked:
        console.line(f"Whether posts are shown was not checked: {unasked}")
    end = (
        f", {plural(len(wrong), 'post')} not right: see above."
        if wrong
        else ": record, files and date are right."
    )
    console.line(f"{plural(records, 'record')} checked{end}")
    if prove:
        console.line("The account's own key has signed all of it.")


def _repair(
    console: Console,
    archive: Archive,
    wrong: list[Checked],
    access: Access,
    settings: Settings,
    stop: Stop,
) -> list[Checked]:
    """Mend what can be mended; what is still wrong."""
    back = [one for one in wrong if one.trouble and one.trouble.code == "record_missing"]
    lost = [one for one in wrong if one.trouble and one.trouble.code == "blob_missing"]
    if back and access.confirm(
        f"{plural(len(back), 'post')} are gone from the server. Publish them again?"
    ):
        for one in back:
            archive.note_gone(one.post)
            console.result("repaired", {"post": one.post.id, "how": "to be published again"})
        console.line(
            f"{plural(len(back), 'post')} will be published again: tokaway run {archive.folder}"
        )
    else:
        back = []
    mended: list[Checked] = []
    if lost and access.confirm(f"Send the files of {plural(len(lost), 'post')} again?"):
        with session_of(settings, archive, access.credentials, stop) as (_, repo):
            for one in lost:
                files = archive.files(one.post.id)
                step = Step(stop.at_once)
                if send_files(one.records, files, archive.folder, repo, step):
                    mended.append(one)
                    console.result("repaired", {"post": one.post.id, "how": "files sent again"})
        console.line(f"The files of {plural(len(mended), 'post')} were sent again.")
    anew = _encode_anew(console, archive, wrong, access, settings, stop)
    done = {one.post.id for one in (*back, *mended, *anew)}
    left = [one for one in wrong if one.post.id not in done]
    if left:
        console.line(f"{plural(len(left), 'post')} cannot be repaired from here: see above.")
    return left


def _encode_anew(
    console: Console,
    archive: Archive,
    wrong: list[Checked],
    access: Access,
    settings: Settings,
    stop: Stop,
) -> list[Checked]:
    """Take back videos that do not play, for another try with them encoded; once for each."""
    mute = [
        one
        for one in wrong
        if one.trouble and one.trouble.code == DOES_NOT_PLAY and not one.post.encode
    ]
    if not mute or not access.confirm(
        f"{plural(len(mute), 'video')} do not play. Delete their posts, and publish them again "
        "with the videos encoded anew?"
    ):
        return []
    back: list[Checked] = []
    with session_of(settings, archive, access.credentials, stop) as (_, repo):
        for one in mute:
            if undo(one.records, repo) is Undone.CHANGED:
                console.line(f"! {one.post.id} was edited elsewhere and is left alone.")
                continue
            archive.encode_anew(one.post)
            back.append(one)
            console.result("repaired", {"post": one.post.id, "how": "to be encoded anew"})
    if back:
        console.line(
            f"{plural(len(back), 'post')} will be published again: tokaway run {archive.folder}"
        )
    return back
