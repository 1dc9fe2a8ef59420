"""The whole way through the screens."""

from __future__ import annotations

from pathlib import Path

from importer.demo.ground import MEMBER_NAME, sample_folder, write_export
from tests.tui.screens import USUAL, app_on, shown
from tui.screens.library import LibraryScreen


async def test_an_export_named_on_the_command_line_is_opened(tmp_path: Path, state: Path) -> None:
    export = tmp_path / "TikTok_Data_1767225600.zip"
    write_export(sample_folder() / MEMBER_NAME, export, "http://127.0.0.1:9/")
    app = app_on(export, state)
    async with app.run_test(size=USUAL) as pilot:
        screen = await shown(pilot, LibraryScreen)
        assert screen.desk.folder == tmp_path / "TikTok_Data_1767225600.tokaway"
    assert app.remembered.choices.archives == (str(screen.desk.folder),)
