"""The words of the screens: gathered for translators, and taken from a translation."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "tui" / "locale" / "tokaway.pot"
MODULES = sorted((ROOT / "tui").rglob("*.py"))

# Takes the place of the folder of translations, then shows the first screen.
SHOW = """
import asyncio, gettext, sys
from pathlib import Path
ours = gettext.translation
gettext.translation = lambda domain, folder, **more: ours(domain, sys.argv[1], **more)
from tests.tui.screens import app_on, until, words
from tests.tui.imports import archive_at

async def show():
    state = Path(sys.argv[2])
    app = app_on(None, state)
    app.places = (state,)
    archive_at(state / "a.tokaway", 3, published=1, failed=1)
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: bool(app.screen.query(".card")))
        print(words(pilot))

asyncio.run(show())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a script for a shell")
def test_the_template_has_all_words_of_the_screens(tmp_path: Path) -> None:
    gathered = tmp_path / "gathered.pot"
    subprocess.run(
        [ROOT / "scripts" / "words", gathered],
        check=True,
        env={**os.environ, "PYTHON": sys.executable},
    )
    assert gathered.read_text("utf-8") == TEMPLATE.read_text("utf-8"), "run scripts/words"


def test_words_are_whole_before_they_are_translated() -> None:
    """An f-string or a sum would never be found in a translation."""
    wrong = []
    for module in MODULES:
        for call in ast.walk(ast.parse(module.read_text("utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("_", "ngettext"):
                texts = call.args[: 2 if getattr(call.func, "id", "") == "ngettext" else 1]
                if not all(isinstance(text, ast.Constant) for text in texts):
                    wrong.append(f"{module.name}:{call.lineno}")
    assert wrong == []


def test_words_are_not_hidden_where_they_are_not_gathered() -> None:
    """Before Python 3.12 what stands inside of an f-string is not found."""
    hidden = [
        f"{module.name}:{call.lineno}"
        for module in MODULES
        for whole in ast.walk(ast.parse(module.read_text("utf-8")))
        if isinstance(whole, ast.JoinedStr)
        for call in ast.walk(whole)
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("_", "ngettext")
    ]
    assert hidden == []


def test_a_translation_is_used_with_its_own_plurals(tmp_path: Path, state: Path) -> None:
    with TEMPLATE.open("rb") as file:
        catalog = read_po(file, locale="nl")
    for message in catalog:
        if message.id and isinstance(message.id, tuple):
            message.string = tuple(f"«{text}»" for text in message.id)
        elif message.id:
            message.string = f"«{message.id}»"
    target = tmp_path / "nl" / "LC_MESSAGES" / "tokaway.mo"
    target.parent.mkdir(parents=True)
    with target.open("wb") as file:
        write_mo(file, catalog)
    done = subprocess.run(
        [sys.executable, "-c", SHOW, tmp_path, state],
        capture_output=True,
        check=True,
        encoding="utf-8",
        cwd=ROOT,
        env={
            **os.environ,
            "LANGUAGE": "nl",
            "TOKAWAY_STATE": str(state),
            "PYTHONUTF8": "1",
            "PYTHONPATH": str(ROOT),
        },
    )
    for words in (
        "«Move your TikTok posts to an account that is yours.»",
        "«1 of 3 published» · «1 failed»",
        "«can go on now»",
        "«Continue»",
        "«Quit»",
    ):
        assert words in done.stdout
