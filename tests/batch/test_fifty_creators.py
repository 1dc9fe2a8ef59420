"""Fifty creators on one real PDS with its real limits: in turns, complete, and never refused."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from importer.demo.local_pds import LocalPds
from importer.model import Action
from tests.batch.conftest import MakeCrowd
from tests.batch.crowd import PASSWORD, Crowd, published
from tests.end_to_end.command_line import JsonLine
from tests.end_to_end.server_truth import assert_exactly, look

SMALL, POSTS, MANY = 47, 2, 18
TURN, PUBLISHING = 3, 2
# What a Python process may grow by chance; a leak of fifty archives would be far more.
GROWTH = 1.3


def resident(pid: int) -> int:
    """How much memory a process holds, in kB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.partition("VmRSS:")[2].split()[0])


def test_fifty_creators_fairly_completely_and_never_refused(
    make_crowd: MakeCrowd, limited_pds: LocalPds
) -> None:
    many = make_crowd(limited_pds)
    many.add("prolific", [Action.KEEP] * MANY)
    for number in range(SMALL):
        many.add(f"small{number:02}", [Action.KEEP] * POSTS)
    many.add("stranger", [Action.KEEP])
    many.add("broken", [Action.KEEP])
    (many.folder / "stranger.txt").write_text("not-the-password\n", encoding="utf-8")
    (many.folder / "broken.zip").write_bytes(b"PK\x03\x04 this is no ZIP")
    many.write(f"jobs = 3\nturn = {TURN}", f"publish_jobs = {PUBLISHING}")

    # Killed in the middle, as by a power cut.
    with many.tokaway.running("batch", many.file, "--json") as killed:
        for _ in range(SMALL // 3):
            killed.wait_for("creator_done")
        killed.signal(signal.SIGKILL)
        killed.end()

    # The same command again.
    sizes: list[int] = []
    with many.tokaway.running("batch", many.file, "--json") as running:
        while running.wait_for_any("creator_done", "batch_done")["event"] != "batch_done":
            sizes.append(resident(running.pid))
        code = running.end()

    _assert_fair([*killed.read, *running.read], set(many.accounts))
    _assert_told(many, running.read, code)
    assert many.refused() == []
    assert sizes[-1] < GROWTH * sizes[len(sizes) // 4], sizes
    for name, account in many.accounts.items():
        if name in ("stranger", "broken"):
            assert look(limited_pds, account.did).records == ()
        else:
            assert_exactly(limited_pds, account.did, many.staged[name].public)

    # Nothing is left: the same command says so, and sends nothing.
    many.line.forget()
    again = many.tokaway("batch", many.file)
    assert (again.code, many.sent()) == (code, [])
    assert f"prolific: {MANY} of {MANY} published" in again.out
    assert PASSWORD not in again.out + again.err


def _assert_fair(lines: list[JsonLine], everybody: set[str]) -> None:
    """Nobody waits for the whole archive of another."""
    turns = [line["creator"] for line in lines if line["event"] == "creator_turn"]
    second = [place for place, name in enumerate(turns) if name == "prolific"][1]
    assert set(turns[:second]) == everybody
    # Who has much gives way after a turn's posts; what was in hand then is finished.
    ends = [line["event"] == "run_finished" and line["creator"] == "prolific" for line in lines]
    before = published(lines[: ends.index(True)]).count("prolific")
    assert TURN <= before < TURN + PUBLISHING, before


def _assert_told(many: Crowd, lines: list[JsonLine], code: int) -> None:
    done = {line["creator"]: line for line in lines if line["event"] == "creator_done"}
    assert done.keys() == many.accounts.keys()
    bad = {name: line for name, line in done.items() if line["outcome"] != "all_published"}
    assert bad.keys() == {"stranger", "broken"}
    assert (bad["stranger"]["exit"], bad["broken"]["exit"]) == (3, 2)
    assert "password" in bad["stranger"]["text"] and bad["stranger"]["hint"]
    assert "broken.zip" in bad["broken"]["text"] and bad["broken"]["hint"]
    end = lines[-1]
    assert (end["event"], end["exit"], code) == ("batch_done", 3, 3)
    assert end["published"] == MANY + SMALL * POSTS
    assert all("creator" in line for line in lines[:-1])
    page = many.file.with_name("batch-report.html").read_text(encoding="utf-8")
    assert all(name in page for name in many.accounts)
    assert 'href="prolific.tokaway/report.html"' in page
    assert PASSWORD not in page + json.dumps(lines)
