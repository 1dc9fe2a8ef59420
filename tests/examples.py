"""The examples in the documents: blocks of code by language, and the command lines in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_OPERATORS = set("();<>|&")
# What may stand before the name of a program.
_BEFORE = re.compile(r"\w+=.*|do|then|else|if|while|until|!|exec|nohup")
PROGRAM = "tokaway"


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code of a page, whose lines begin at the margin."""

    page: Path
    language: str
    text: str

    @property
    def script(self) -> str:
        """What a shell is to do: all of it, or what stands behind the prompts."""
        if self.language != "console":
            return self.text
        return "\n".join(line[2:] for line in self.text.splitlines() if line.startswith("$ "))


def blocks(*languages: str) -> list[Block]:
    """The blocks in these languages, of all pages."""
    return [
        Block(page, language, re.sub(f"^{indent}", "", text, flags=re.MULTILINE))
        for page in PAGES
        for indent, language, text in _BLOCK.findall(page.read_text(encoding="utf-8"))
        if language in languages
    ]


def command_lines(script: str) -> Iterator[list[str]]:
    """What is given to `tokaway` in a script, one list of words for each call."""
    joined = script.replace("\\\n", " ")
    for line in joined.splitlines():
        for inner in re.findall(r"\$\((tokaway [^)]*)\)", line):
            yield shlex.split(inner)[1:]
        for words in _simple_commands(line):
            left = list(dropwhile(_BEFORE.fullmatch, words))
            if len(left) > 1 and Path(left[0]).name == PROGRAM:
                yield left[1:]


def _simple_commands(line: str) -> Iterator[list[str]]:
    """The words of a line, parted where the shell parts commands."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if set(word) <= _OPERATORS:
            yield words
            words = []
        else:
            words.append(word)
    yield words
