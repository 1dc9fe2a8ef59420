"""What is made of every kind of file is taken by the real server, which looks at it itself."""

from __future__ import annotations

from importer.media.probe import probe
from importer.model import Action, Role
from importer.stages.place import describe, post_folder
from importer.stages.publish import publish
from importer.stages.tools import Job
from importer.step import Step
from tests.media.matrix import SENT, Treated
from tests.stages.conftest import Desk
from tests.stages.test_verify import check


def test_the_whole_matrix_is_accepted(desk: Desk, treated: Treated) -> None:
    expected: dict[str, tuple[int, int, int]] = {}
    for ordinal, case in enumerate(SENT):
        post = desk.post(ordinal=ordinal)
        path = post_folder(desk.archive, post.id) / "prepared.0.mp4"
        path.write_bytes(treated[case].read_bytes())
        facts = probe(path)
        file = describe(Role.PREPARED, desk.archive, path, facts, Action.KEEP, "")
        done = publish(Job(post, {Role.PREPARED: (file,)}, desk.archive), desk.tools, Step())
        (record,) = done.records
        assert check(post, record, desk.repo) is None
        expected[record.uri] = (facts.bytes, facts.width, facts.height)
    found = {}
    for listed in desk.records():
        embed = listed["value"]["embed"]
        # What the server found by looking, not what we said.
        assert embed["video"]["mimeType"] == "video/mp4"
        shape = embed["aspectRatio"]
        found[listed["uri"]] = (embed["video"]["size"], shape["width"], shape["height"])
    assert found == expected
