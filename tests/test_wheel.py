"""What is installed: a package is only as good as the files in it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOT_CODE = (
    "importer/demo/pds_server/start.mjs",
    "importer/demo/sample/user_data_tiktok.json",
    "importer/report.html.j2",
    "tui/locale/tokaway.pot",
)


def test_the_package_has_all_the_screens_need(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path],
        check=True,
        capture_output=True,
        cwd=ROOT,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    ours = [file for file in (ROOT / "tui").rglob("*") if file.is_file()]
    wanted = {file.relative_to(ROOT).as_posix() for file in ours if "__pycache__" not in file.parts}
    assert wanted | set(NOT_CODE) <= names
    assert {suffix for name in wanted if (suffix := Path(name).suffix)} >= {
        ".py",
        ".tcss",
        ".html",
        ".css",
        ".js",
        ".pot",
    }
    assert not any(name.startswith(("tests/", "docs/")) for name in names)
