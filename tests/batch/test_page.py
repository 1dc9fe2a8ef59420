"""`docs/batch.md`: a newcomer who does what it says has published."""

from __future__ import annotations

import re
import shlex
from dataclasses import fields

from importer.batch.file import Bounds
from importer.model import Action
from tests.batch.crowd import PASSWORD, Crowd
from tests.batch.test_batch import name
from tests.end_to_end.command_line import ROOT
from tests.end_to_end.server_truth import assert_exactly
from tests.test_docs import tables

PAGE = ROOT / "docs" / "batch.md"


def blocks(language: str) -> list[str]:
    """The blocks of code of the page."""
    found = re.findall(
        rf"^( *)```{language}\n(.*?)^ *```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    return [re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found]


def test_every_bound_is_documented_with_its_default() -> None:
    bounds = next(tables(PAGE))
    shown = {row[0]: row[1] for row in bounds}
    for field in fields(Bounds):
        assert shown[f"`{field.name}`"] == (f"`{field.default}`" if field.default else "none")
    assert len(shown) == len(fields(Bounds))


def test_its_examples_work_as_they_stand(crowd: Crowd) -> None:
    (file,) = blocks("toml")
    for one in ("anna", "ben"):
        crowd.add(one, [Action.KEEP] * 2, handle=name())
        assert f"{one}.example.com" in file
        # What stands in for the person: an account, and a password in the file that is named.
        file = file.replace(f"{one}.example.com", crowd.accounts[one].handle)
        (crowd.folder / f"{one}-password.txt").write_text(PASSWORD, encoding="utf-8")
    crowd.file.write_text(file, encoding="utf-8")
    variables = {"TOKAWAY_PDS": crowd.line.url, "TOKAWAY_PLC": crowd.pds.plc_url}
    commands = [line for block in blocks("sh") for line in block.splitlines()]
    assert len(commands) == 3
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "tokaway"
        arguments = [str(crowd.file) if one == "batch.toml" else one for one in arguments]
        ended = crowd.tokaway(*arguments, variables=variables)
        assert ended.code == 0, ended.err
        if "--plan" in arguments:
            assert crowd.sent() == []
    for one, account in crowd.accounts.items():
        assert_exactly(crowd.pds, account.did, crowd.staged[one].public)
