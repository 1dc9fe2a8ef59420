"""What is imported is declared: an installation has all that the code needs, and nothing more."""

from __future__ import annotations

import ast
import functools
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("importer", "tokaway", "tui", "tests")
PACKAGES = OURS[:3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# Who may need what only an extra brings.
OF_EXTRAS = {
    "dask": "importer/cluster/",
    "demo": "importer/demo/",
    "notify": "importer/messenger.py",
    "web": "tui/serving.py",
}
# For those who work on Tokaway: programs, plugins, and what other packages look for.
NOT_IMPORTED = {
    "flask",
    "flask-cors",
    "hatchling",
    "import-linter",
    "moto",
    "mypy",
    "pytest-asyncio",
    "pytest-xdist",
    "ruff",
    "s3fs",
    "tokaway",
    "types-regex",
}


def named(requirements: Sequence[str]) -> set[str]:
    """The distributions that these requirements ask for."""
    return {normal(re.findall(r"^[\w.-]+", one)[0]) for one in requirements}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


ALWAYS = named(PROJECT["dependencies"])
EXTRAS = {name: named(wanted) for name, wanted in PROJECT["optional-dependencies"].items()}


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "node_modules" not in path.parts:
                yield path


@functools.cache
def imported(path: Path) -> set[str]:
    """The packages of others that a module imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    tops = {name.partition(".")[0] for name in found}
    return tops - sys.stdlib_module_names - set(OURS)


def looked_for(path: Path) -> set[str]:
    """The packages that a module only looks for, to see whether they are there."""
    text = path.read_text(encoding="utf-8")
    return set(re.findall(r'find_spec\("(\w+)"\)', text))


@functools.cache
def installed() -> Mapping[str, Sequence[str]]:
    return packages_distributions()


def brought_by(package: str) -> set[str]:
    """The distributions that bring a package."""
    return {normal(name) for name in installed().get(package, [package])}


def undeclared(path: Path, declared: set[str]) -> list[str]:
    return sorted(name for name in imported(path) if not brought_by(name) & declared)


def test_what_the_program_imports_is_declared() -> None:
    missing = {}
    for path in sources(*PACKAGES):
        where = path.relative_to(ROOT).as_posix()
        extras = [EXTRAS[name] for name, place in OF_EXTRAS.items() if where.startswith(place)]
        if names := undeclared(path, ALWAYS.union(*extras)):
            missing[where] = names
    assert missing == {}


def test_what_the_tests_import_is_declared() -> None:
    declared = ALWAYS.union(*EXTRAS.values())
    missing = {
        path.name: names for path in sources("tests") if (names := undeclared(path, declared))
    }
    assert missing == {}


@pytest.mark.parametrize("extra", ["", *EXTRAS])
def test_what_is_declared_is_used(extra: str) -> None:
    users = sources("tests") if extra == "dev" else sources(*PACKAGES)
    used = {
        distribution
        for path in users
        for name in imported(path) | looked_for(path)
        for distribution in brought_by(name)
    }
    declared = EXTRAS[extra] - NOT_IMPORTED if extra else ALWAYS
    assert declared - used == set()


def test_what_is_declared_has_the_version_with_which_it_was_tested() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    tested = named([line for line in lines if "==" in line])
    assert ALWAYS.union(*EXTRAS.values()) - tested - {"tokaway"} == set()
