"""The end of an import in words, where all is published and not all is well."""

from __future__ import annotations

from pathlib import Path

from importer.archive.looks import Look
from importer.archive.store import Archive
from importer.model import Milestone
from importer.stages.look import never_plays
from importer.summary import summarise
from tests.posts import NOW, bring_to, exported
from tui.outcome import detail, headline, numbers, reasons


def test_what_does_not_play_is_told_with_what_can_be_done_here(tmp_path: Path) -> None:
    with Archive.create(tmp_path / "maker.tokaway") as archive:
        archive.absorb([exported(second) for second in range(3)])
        first, second, _ = (
            bring_to(archive, post.id, Milestone.PUBLISHED) for post in archive.posts()
        )
        archive.put_look(Look(second.id, NOW, NOW))
        assert headline(summarise(archive, NOW)).startswith("✓ All done!")
        archive.note_not_right(first, never_plays("view.test", "Tokaway encoded it already."))
        summary = summarise(archive, NOW)
    assert headline(summary) == "! All is published, but 1 post is not right."
    assert detail(summary, NOW) == "Below is why."
    assert "1  published; a look will tell whether they play" in numbers(summary)
    told = reasons(summary).plain
    assert told.startswith("! 1 published, but not right: view.test shows the post")
    assert "e-mail address confirmed" in told and "tokaway" not in told.partition("→")[2]
