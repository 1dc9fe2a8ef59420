"""Words that the export lacks, brought from elsewhere, stand in the records at the end."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

from importer.model import Action
from tests.end_to_end.conftest import MakeJob
from tests.end_to_end.server_truth import assert_exactly
from tests.staged_export import stage

FOUND = "Whole words #found with a link https://example.com/a 🍞"
WRITTEN = "Mine\nand nobody else's"


def test_captions_of_a_folder_and_of_a_spreadsheet_are_published(
    make_job: MakeJob, tmp_path: Path
) -> None:
    job = make_job(stage(tmp_path / "staged", [Action.KEEP] * 3))
    first, second, third = job.staged.public
    films = tmp_path / "films"
    films.mkdir()
    shutil.copyfile(job.staged.media / first.file, films / "film.mp4")
    info = {
        "extractor_key": "TikTok",
        "id": str((int(first.posted_at.timestamp()) - 8 << 32) + 5),
        "timestamp": int(first.posted_at.timestamp()),
        "description": FOUND,
    }
    (films / "film.info.json").write_text(json.dumps(info), encoding="utf-8")
    assert job.tokaway("plan", job.export).code == 0
    found = job.tokaway("captions", job.archive, "--from", films)
    assert found.code == 0, found.err
    table = tmp_path / "posts.csv"
    assert job.tokaway("captions", job.archive, "--export", table).code == 0
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["caption"] == FOUND
    rows[1]["caption"], rows[1]["alt text"] = WRITTEN, "A loaf of bread"
    rows[2]["chosen"] = "no"
    with table.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    assert job.tokaway("captions", job.archive, "--import", table).code == 0
    done = job.run("--json")
    assert done.code == 0, done.err
    published = [replace(first, caption=FOUND), replace(second, caption=WRITTEN)]
    truth = assert_exactly(job.pds, job.account.did, published)
    assert truth.records[1]["value"]["embed"]["alt"] == "A loaf of bread"
    # The file at hand came before the link.
    assert [request.path for request in job.media.requests] == [f"/{second.file}"]
    assert third.id not in done.out
