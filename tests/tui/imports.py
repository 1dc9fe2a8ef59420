"""Archives at any point of an import, made by the archive's own functions."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from importer.archive.ledger import Ledger, default_folder
from importer.archive.store import Archive
from importer.budgets import HOUR, Kind, Window
from importer.model import Milestone, Profile, Trouble
from tests.posts import ACCOUNT, DID, NOW, bring_to, current, exported


def archive_at(
    folder: Path, posts: int, published: int = 0, failed: int = 0, user_name: str = "ada.bakes"
) -> Path:
    """An archive of so many posts, the first of them published or failed."""
    with Archive.create(folder) as archive:
        archive.absorb([exported(second) for second in range(posts)])
        archive.set_profile(Profile(user_name=user_name))
        names = [post.id for post in archive.posts()]
        if published or failed:
            archive.set_account(ACCOUNT)
            archive.start_run(NOW)
        with archive._db.atomic():  # hundreds of changes on the disk would take seconds
            for name in names[:published]:
                bring_to(archive, name, Milestone.PUBLISHED)
        for name in names[published : published + failed]:
            archive.note_failed(current(archive, name), Trouble("gone", "It is gone.", "Ask."))
    return folder


def nothing_fits_until(at: datetime) -> None:
    """The account of these archives has published as much as its pace allows."""
    ledger = Ledger(default_folder())
    try:
        ledger.put("pds.test", DID, [Window(Kind.POSTS, HOUR, 100, used=100, resets_at=at)])
    finally:
        ledger.close()
