"""The creator's profile: have its picture ready, see what would change, and write just that."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from importer.errors import Refused, TryLater, Unreachable, UserError
from importer.export.links import classify
from importer.media.download import download
from importer.media.fit_photo import decide_photo
from importer.media.photos import convert_photo, probe_photo
from importer.model import Action, Profile
from importer.pds.repo import BlobMissing, PublicRepo, Repo, StoredRecord
from importer.pds.xrpc import XrpcError
from importer.records.cid import blob_cid
from importer.records.profile import (
    AVATAR_BYTES,
    AVATAR_FORMS,
    COLLECTION,
    RKEY,
    Change,
    Wanted,
    changed,
)
from importer.step import Step

FOLDER = "profile"
_ANOTHER = "Save the picture from TikTok's app and name it with --avatar FILE."


@dataclass(frozen=True, slots=True)
class Avatar:
    """A picture ready to be sent, and the blob reference it will get."""

    path: Path
    blob: dict[str, Any]

    @property
    def content_type(self) -> str:
        """What it is."""
        return str(self.blob["mimeType"])


@dataclass(frozen=True, slots=True)
class Look:
    """The profile as it was when it was looked at, and what would become of it."""

    found: StoredRecord | None
    change: Change


class NoAvatar(Exception):
    """The picture cannot be had: `text` says why, and `hint` what to do. The rest goes on."""

    def __init__(self, text: str, hint: str) -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint


def fetch_avatar(archive: Path, url: str, step: Step) -> Path:
    """Have the picture that the export links to, in the archive; its link lives two days only.

    One that was fetched before is there even after its link has died.

    Raises:
        NoAvatar: the link is dead or no link, or its server does not answer.
        DiskFull: there is no room for it.
    """
    link = classify(url)
    if link is None:
        raise NoAvatar("The export has no usable link to your profile picture.", _ANOTHER)
    target = archive / FOLDER / f"avatar.{link.key}"
    if target.is_file():
        return target
    try:
        download(link.url, target, step)
    except Refused as refused:
        when = f" (on {link.expires_at:%Y-%m-%d at %H:%M} UTC)" if link.expires_at else ""
        why = {
            "link_expired": f"has died{when}: such links live for two days",
            "gone": "leads nowhere any more",
            "not_media": "gave a web page instead of a picture",
        }.get(refused.code, "is refused by its server")
        text = f"The export's link to your profile picture {why}, so the picture is left out."
        raise NoAvatar(text, _ANOTHER) from refused
    except TryLater as trouble:
        why = {
            "rate_limited": "its server asks for a pause",
            "incomplete": "it did not arrive whole",
        }.get(trouble.code, "its server does not answer")
        text = f"Your profile picture could not be fetched: {why}. It is left out for now."
        hint = "Give the same command again while the link lives, or name a file with --avatar."
        raise NoAvatar(text, hint) from trouble
    return target


def prepare_avatar(source: Path, folder: Path) -> Avatar:
    """Make a picture a JPEG or PNG that servers take, with nothing hidden in it.

    A copy, if one is needed, is put into `folder`. The source is never changed.

    Raises:
        NoAvatar: it is no picture that can be used.
        DiskFull: there is no room for a copy.
        OSError: the file cannot be read.
    """
    try:
        facts = probe_photo(source)
        path, fit = source, decide_photo(facts, AVATAR_BYTES, AVATAR_FORMS)
        if fit.action is not Action.KEEP:
            folder.mkdir(parents=True, exist_ok=True)
            stem = folder / "avatar"
            path, facts, _ = convert_photo(source, stem, fit, AVATAR_BYTES, AVATAR_FORMS)
    except Refused as refused:
        text = f"The profile picture cannot be used: {refused.text}"
        raise NoAvatar(text, refused.hint) from refused
    content = path.read_bytes()
    blob = {
        "$type": "blob",
        "ref": {"$link": blob_cid(hashlib.sha256(content).digest())},
        "mimeType": f"image/{facts.form}",
        "size": len(content),
    }
    return Avatar(path, blob)


def look(repo: PublicRepo, profile: Profile, wanted: Wanted, avatar: Avatar | None) -> Look:
    """Read the account's profile, and see what would change in it; writes nothing.

    Raises:
        Unreachable: the server does not answer.
        UserError: it does not give the profile.
    """
    with _plainly(repo.server.host):
        found = repo.record(COLLECTION, RKEY)
    value = found.value if found else None
    return Look(found, changed(value, profile, wanted, avatar.blob if avatar else None))


def write(repo: Repo, seen: Look, avatar: Avatar | None, step: Step) -> StoredRecord:
    """Write what was seen to change, if the profile is still the one that was looked at.

    The picture is uploaded just before, so that the server does not drop it in between.

    Raises:
        KeyTaken: it is another one by now; nothing was written.
        Unreachable: the server does not answer.
        UserError: the server takes the picture or the record under no circumstances.
        SignInNeeded: the session cannot be renewed.
    """
    swap = seen.found.cid if seen.found else None
    with _plainly(repo.server.host):
        if avatar and seen.change.has_avatar:
            blob = repo.upload_blob(avatar.path, avatar.content_type, step)
            if blob["ref"] != avatar.blob["ref"]:
                raise UserError(
                    "The profile picture has changed since it was looked at. "
                    "Your profile is as it was.",
                    hint="Give the same command again.",
                    code="file_changed",
                )
        return repo.replace(COLLECTION, RKEY, seen.change.record, swap)


@contextmanager
def _plainly(host: str) -> Iterator[None]:
    """What troubles a step of a run, said of a command that is not tried again by itself."""
    again = "Give the same command again later: it looks at the profile first."
    try:
        yield
    except TryLater as trouble:
        raise Unreachable(trouble.text, hint=again, code=trouble.code) from trouble
    except BlobMissing as missing:
        text = f"{host} dropped the picture before the profile was written."
        raise Unreachable(f"{text} Your profile is as it was.", hint=again) from missing
    except Refused as refused:
        text = f"{refused.text} Your profile is as it was."
        raise UserError(text, hint=refused.hint, code=refused.code) from refused
    except XrpcError as refusal:
        text = f"{host} does not give the profile of this account ({refusal})."
        raise UserError(text, hint="Check the address given with --pds.") from refusal
