"""What `verify` does: checks what is published, proves it, and repairs what can be repaired."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from importer.archive.store import Archive
from importer.commands import signals
from importer.console import Console
from importer.engine.stop import Stop
from importer.engine.verification import Checked, Verification
from importer.errors import Stopped
from importer.opening import working_on
from importer.server_commands import Access, waits
from importer.settings import Settings, load
from importer.verifying import Repair, repair, repairs, verification
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
    mended: set[str] = set()
    for how, posts in repairs(wrong).items():
        if not posts or not access.confirm(_question(how, len(posts))):
            continue
        done = 0
        mending = repair(archive, settings, access.credentials, how, posts, stop, waits(console))
        for one in mending:
            name = one.checked.post.id
            if one.is_mended:
                done += 1
                mended.add(name)
                console.result("repaired", {"post": name, "how": how})
            elif how is Repair.ANEW:
                console.line(f"! {name} was edited elsewhere and is left alone.")
        if how is Repair.FILES:
            console.line(f"The files of {plural(done, 'post')} were sent again.")
        elif done:
            again = f"tokaway run {archive.folder}"
            console.line(f"{plural(done, 'post')} will be published again: {again}")
    left = [one for one in wrong if one.post.id not in mended]
    if left:
        console.line(f"{plural(len(left), 'post')} cannot be repaired from here: see above.")
    return left


def _question(how: Repair, number: int) -> str:
    match how:
        case Repair.AGAIN:
            return f"{plural(number, 'post')} are gone from the server. Publish them again?"
        case Repair.FILES:
            return f"Send the files of {plural(number, 'post')} again?"
        case Repair.ANEW:
            return (
                f"{plural(number, 'video')} do not play. Delete their posts, and publish them "
                "again with the videos encoded anew?"
            )
