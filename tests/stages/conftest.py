"""Real tools for the stages: an account on the real PDS, a real clip, an archive folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from importer.demo.local_pds import LocalPds
from importer.media.ffmpeg import find
from importer.media.probe import probe
from importer.model import Account, Action, Kind, Milestone, Post, Privacy, Role, post_id
from importer.pds.limits import read_limits
from importer.pds.repo import Repo
from importer.records.bluesky import COLLECTION
from importer.records.destinations import USUAL, limits, named
from importer.stages.place import describe, post_folder
from importer.stages.tools import Job, Tools
from tests.conftest import TestAccount

CLIP = Path(__file__).parents[2] / "samples" / "demo" / "media" / "clip1.mp4"
POSTED_AT = datetime(2021, 5, 4, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Desk:
    """One account's tools, and posts to work on."""

    tools: Tools
    archive: Path
    pds: LocalPds

    @property
    def repo(self) -> Repo:
        """The account's repo, through the same server as the tools'."""
        return self.tools.repo

    def post(self, posted_at: datetime = POSTED_AT, ordinal: int = 0, **more: Any) -> Post:
        """A video post as the archive knows it before it is published."""
        fields: dict[str, Any] = {
            "id": post_id(posted_at, ordinal),
            "ordinal": ordinal,
            "posted_at": posted_at,
            "kind": Kind.VIDEO,
            "privacy": Privacy.EVERYONE,
            "links": (),
            "chosen": True,
            "milestone": Milestone.PREPARED,
            "caption": "A walk by the sea #sea",
        }
        return Post(**fields | more)

    def job(self, post: Post, padding: bytes = b"") -> Job:
        """A post with its clip in place; `padding` makes the file another one."""
        path = post_folder(self.archive, post.id) / "original.mp4"
        if not path.exists():
            shutil.copyfile(CLIP, path)
            if padding:
                with path.open("ab") as clip:
                    clip.write((len(padding) + 8).to_bytes(4, "big") + b"free" + padding)
        file = describe(Role.PREPARED, self.archive, path, probe(path), Action.KEEP, "")
        return Job(post, {Role.PREPARED: (file,)}, self.archive)

    def records(self) -> list[dict[str, Any]]:
        """All posts of the account, newest key first, asked past any proxy."""
        return self.pds.list_records(self.tools.account.did, COLLECTION)

    def write_foreign(self, rkey: str, text: str = "Not ours") -> None:
        """Write a post as some other app would."""
        record = {"$type": COLLECTION, "text": text, "createdAt": "2023-01-01T00:00:00.000Z"}
        self.repo.create(COLLECTION, rkey, record)

    def delete(self, rkey: str) -> None:
        """Delete a post as the user would in some app."""
        self._write("com.atproto.repo.deleteRecord", rkey=rkey)

    def overwrite(self, rkey: str, record: dict[str, Any]) -> None:
        """Change a post as some app would."""
        self._write("com.atproto.repo.putRecord", rkey=rkey, record=record)

    def _write(self, method: str, **content: Any) -> None:
        body = {"repo": self.tools.account.did, "collection": COLLECTION, **content}
        self.repo._session.call(lambda token: self.repo.server.procedure(method, body, token))


@pytest.fixture
def desk_at(
    pds: LocalPds,
    account: TestAccount,
    sign_in: Callable[[str], Repo],
    tmp_path: Path,
) -> Iterator[Callable[[str], Desk]]:
    """Set up a desk whose tools reach the PDS at a URL; all of them share one archive."""
    # Not used by these stages; loading certificates would take longer than most tests.
    with httpx.Client(verify=False) as http:

        def at(url: str) -> Desk:
            repo = sign_in(url)
            tools = Tools(
                account=Account(account.did, account.handle, url),
                repo=repo,
                limits=limits(read_limits(repo.server), named(USUAL)),
                ffmpeg=find(),
                http=http,
                now=lambda: datetime.now(UTC),
            )
            return Desk(tools, tmp_path, pds)

        yield at


@pytest.fixture
def desk(pds: LocalPds, desk_at: Callable[[str], Desk]) -> Desk:
    """A desk whose tools reach the PDS directly."""
    return desk_at(pds.url)
