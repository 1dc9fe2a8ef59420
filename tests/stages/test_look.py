"""What an app view shows of posts: together, part by part, and as they were written."""

from __future__ import annotations

from dataclasses import replace
from threading import Event

import pytest

from importer.demo.local_pds import LocalPds
from importer.errors import Stopped
from importer.model import Record
from importer.pds.appview import open_appview
from importer.records.bluesky import COLLECTION
from importer.records.destination import uri
from importer.stages.look import Seen, look
from importer.stages.publish import publish
from importer.step import Step
from tests.appview_stand_in import AppViewStandIn
from tests.posts import record_of
from tests.stages.conftest import Desk


def test_posts_are_asked_about_together_and_judged_by_their_worst_part(
    desk: Desk, pds: LocalPds
) -> None:
    (plays,) = publish(desk.job(desk.post()), desk.tools, Step()).records
    (mute,) = publish(desk.job(desk.post(ordinal=1), b"other"), desk.tools, Step()).records

    def absent(number: int) -> Record:
        missing = record_of(desk.post(ordinal=100 + number))
        return replace(missing, uri=uri(desk.tools.account.did, COLLECTION, missing.rkey))

    posts = {f"absent {number}": [absent(number)] for number in range(23)} | {
        "plays": [plays],
        "mute": [mute],
        "part mute": [plays, mute],
        "part absent": [plays, absent(50)],
        "edited": [replace(plays, cid="bafyreia")],
        "elsewhere": [replace(plays, collection="so.sprk.feed.post")],
    }
    with AppViewStandIn(pds) as view, open_appview(view.url, pds.url, Event()) as appview:
        assert appview
        view.refused[mute.rkey] = 1
        seen = look(posts, appview, Step())
        assert [len(asked) for asked in view.asked] == [25, 5]
        told = Step()
        told.break_off()
        with pytest.raises(Stopped):
            look(posts, appview, told)
        view.is_down = True
        assert appview.plays(f"{view.url}/watch/any") is None
    assert {name for name, what in seen.items() if what is Seen.ABSENT} == {
        *(name for name in posts if name.startswith("absent")),
        "part absent",
    }
    assert seen["plays"] is Seen.PLAYS
    assert seen["mute"] is seen["part mute"] is Seen.MUTE
    assert seen["edited"] is Seen.UNKNOWN
    assert "elsewhere" not in seen
