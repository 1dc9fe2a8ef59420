"""Brings what a source folder or TikTok's pages know to the posts of an archive."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from importer.archive.store import Archive
from importer.captions.finding import Finding
from importer.captions.join import Ambiguity, Joined, join
from importer.captions.online import posts, profile
from importer.captions.scan import check_folder, scan
from importer.captions.sidecars import from_text, to_text
from importer.errors import StepError, TryLater, Unreachable, UserError
from importer.media.fingerprint import Fingerprint, fingerprint
from importer.model import MediaFile, Role, Seen

Say = Callable[[str], None]
SAY_EVERY = 15
# Where the archive keeps what the pages said: beside the folders that were scanned.
_PAGES = "https://www.tiktok.com"
# Probing and the container may count a frame more or less; what is left is compared closely.
_ABOUT_AS_LONG = 0.5


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a source gave: numbers of posts, and what a person must decide or mend.

    `where` names the source; `by_rule` counts matched posts by the rule that matched them;
    `captions` and `files` are those that the archive took over just now.
    """

    where: str
    findings: int
    matched: int
    by_rule: Mapping[str, int]
    by_source: Mapping[str, int]
    captions: int
    files: int
    foreign: int
    ambiguous: tuple[Ambiguity, ...]
    unreadable: tuple[str, ...]


def gather_folder(
    archive: Archive, folder: Path, say: Say, how_to_read: Callable[[Path], str] | None = None
) -> Gathered:
    """Take captions and files out of a folder of the creator's.

    `how_to_read` says how the posts of a list are read on TikTok; by a command, if not given.

    Raises:
        UserError: there is no such folder, it may not be opened, or its name is no text.
    """
    folder = folder.absolute()
    check_folder(folder)
    known = archive.seen(str(folder))
    say(f"Scanning {folder} …")
    found = scan(folder, known, lambda files: say(f"{files:,} files looked at"))
    archive.note_seen(str(folder), found.seen)
    for path, posts_listed in found.lists:
        command = f"tokaway captions {archive.folder} --online --posts {path}"
        how = how_to_read(path) if how_to_read else f"To read those on TikTok: {command}"
        say(
            f"{path} lists {posts_listed:,} posts that yt-dlp downloaded, without their words. "
            f"{how}"
        )
    joined = _join(archive, found.findings)
    return _take_over(archive, joined, found.findings, str(folder), found.unreadable)


def gather_pages(
    archive: Archive,
    user_name: str | None,
    links: Sequence[str],
    cookies: Path | None,
    stop: threading.Event,
    say: Say,
) -> Gathered:
    """Read captions off TikTok's public pages: of given posts, or of the creator's profile.

    What was read is kept at once, so that the next call goes on where this one was stopped.

    Raises:
        UserError: the account's name is not known, or TikTok refuses what was asked.
        Unreachable: TikTok does not answer now. What was read before is taken over all the same.
    """
    name = user_name or _user_name(archive)
    if not name and not links:
        raise UserError(
            "The export does not say what your TikTok account is called, so its page cannot be "
            "read.",
            hint="Name it: --user NAME",
            code="no_user_name",
        )
    known = {path: seen.told for path, seen in archive.seen(_PAGES).items()}

    def progress(read: int) -> None:
        if read % SAY_EVERY == 0:
            say(f"{read:,} posts read")

    trouble: StepError | None = None
    refused: list[str] = []
    if links:
        where = "Post pages"
        found = posts(
            links,
            stop=stop,
            cookies=cookies,
            known=known,
            on_progress=progress,
            on_trouble=lambda link, error: refused.append(error.text),
        )
    else:
        where = f"Profile @{name}"
        found = profile(name or "", stop=stop, cookies=cookies, known=known, on_progress=progress)
    say(f"Reading {where}, politely: this takes a while.")
    try:
        for finding in found:
            told = to_text(finding)
            known[finding.video_id or ""] = told
            archive.note_seen(_PAGES, {finding.video_id or "": Seen(len(told), 0, told)}, more=True)
    except StepError as error:
        trouble = error
    findings = [from_text(told) for told in known.values()]
    gathered = _take_over(archive, _join(archive, findings), findings, where, tuple(refused))
    if isinstance(trouble, TryLater):
        raise Unreachable(_after(trouble, gathered), hint=trouble.hint, code=trouble.code)
    if trouble:
        raise UserError(_after(trouble, gathered), hint=trouble.hint, code=trouble.code)
    return gathered


def _after(trouble: StepError, gathered: Gathered) -> str:
    if not gathered.findings:
        return trouble.text
    return (
        f"{trouble.text} What was read before is kept: {gathered.matched} of "
        f"{gathered.findings} posts known from there match posts of the archive."
    )


def _user_name(archive: Archive) -> str | None:
    profile = archive.profile()
    return profile.user_name if profile else None


def _join(archive: Archive, findings: Iterable[Finding]) -> Joined:
    return join(
        archive.posts(),
        findings,
        owner=_user_name(archive),
        look=OriginalsLook(archive),
    )


def _take_over(
    archive: Archive,
    joined: Joined,
    findings: Iterable[Finding],
    where: str,
    unreadable: tuple[str, ...] = (),
) -> Gathered:
    words = {
        match.post: (match.caption, match.caption_source.value)
        for match in joined.matches.values()
        if match.caption is not None and match.caption_source
    }
    files = {match.post: match.file for match in joined.matches.values() if match.file}
    sources = Counter(finding.source.value for finding in findings)
    return Gathered(
        where=where,
        findings=joined.known,
        matched=len(joined.matches),
        by_rule={rule.value: number for rule, number in joined.by_rule.items()},
        by_source=dict(sorted(sources.items())),
        captions=archive.set_captions(words),
        files=archive.set_source_paths(files),
        foreign=joined.foreign,
        ambiguous=joined.ambiguous,
        unreadable=unreadable,
    )


class OriginalsLook:
    """Compares found files with the originals of an archive; opens as few as possible."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._originals: dict[str, MediaFile] = {}
        self._by_size: defaultdict[int, list[str]] = defaultdict(list)
        for post in archive.posts():
            for original in archive.files(post.id).get(Role.ORIGINAL, ())[:1]:
                self._originals[post.id] = original
                self._by_size[original.bytes].append(post.id)
        self._prints: dict[str, Fingerprint | None] = {}

    def same_bytes(self, path: Path) -> list[str]:
        """The posts whose original has exactly these bytes."""
        try:
            rivals = self._by_size.get(path.stat().st_size, [])
            if not rivals:
                return []
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return []
        return [name for name in rivals if self._originals[name].sha256 == sha256]

    def same_pictures(self, path: Path) -> list[str]:
        """The posts whose original lasts as long and shows the same pictures."""
        found = fingerprint(path) if self._originals else None
        if found is None:
            return []
        return [
            name
            for name, original in self._originals.items()
            if abs(original.seconds - found.seconds) < _ABOUT_AS_LONG
            and (other := self._print(name))
            and found.is_like(other)
        ]

    def _print(self, name: str) -> Fingerprint | None:
        if name not in self._prints:
            path = self._archive.path(self._originals[name].path)
            self._prints[name] = fingerprint(path)
        return self._prints[name]
