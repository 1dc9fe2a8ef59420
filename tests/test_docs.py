"""The documents tell the truth: everything promised exists, and everything that exists is told."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest

from importer import errors, events
from importer.cli import cli
from importer.errors import TokawayError
from importer.events import Event, InHand
from importer.gathering import Gathered
from importer.layers import NOT_SETTINGS, PREFIX
from importer.machine import Finding
from importer.model import Account, Limits, Milestone
from importer.records.destination import Worded
from importer.settings import Settings
from importer.summary import Gap, Reason, Summary

ROOT = Path(__file__).parents[1]
JSON_LINES = ROOT / "docs" / "json-lines.md"
SETTINGS = ROOT / "docs" / "settings.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FOR_USERS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
# Flags of other programs that the documents name.
OF_PODMAN = {"--rm", "--read-only", "--userns", "--tmpfs", "--cap-drop", "--user"}
# Of the run and of the command: one name, told apart by the field `run`.
OF_A_RUN, OF_AN_ARCHIVE = "status (of a run)", "status (of an archive)"


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def tables(page: Path) -> Iterator[list[list[str]]]:
    """The tables of a page, each a list of rows of cells without its head."""
    for table in re.findall(r"(?:^\|.*\n?)+", text(page), re.MULTILINE):
        rows = [
            [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            for line in table.splitlines()
        ]
        yield rows[2:]


def code(page: Path) -> str:
    """What stands in code blocks and between backticks, one piece a line."""
    whole = text(page)
    blocks = re.findall(r"^ *```\w*\n(.*?)^ *```", whole, re.MULTILINE | re.DOTALL)
    rest = re.sub(r"^ *```.*?^ *```", "", whole, flags=re.MULTILINE | re.DOTALL)
    return "\n".join(
        blocks + [piece.replace("\\|", "|") for piece in re.findall("`([^`]+)`", rest)]
    )


# JSON lines


def documented_objects() -> dict[str, set[str]]:
    """The fields of each object in docs/json-lines.md, by its heading."""
    found: dict[str, set[str]] = {}
    for section in re.split(r"^### ", text(JSON_LINES), flags=re.MULTILINE)[1:]:
        heading = section.splitlines()[0].replace("`", "")
        rows = re.findall(r"^\| `(\w+)` \| \S", section, re.MULTILINE)
        assert len(rows) == len(set(rows)), heading
        found[heading] = set(rows)
    return found


def event_kinds() -> list[type[Event]]:
    return [
        kind
        for kind in vars(events).values()
        if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
    ]


def printed_objects() -> dict[str, set[str] | None]:
    """What the code prints with `console.result`; fields are `None` if they are not literal."""
    found: dict[str, set[str] | None] = {}
    for module in (ROOT / "importer").rglob("*.py"):
        for call in ast.walk(ast.parse(text(module))):
            if not (isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "result"):
                continue
            if not (call.args and isinstance(call.args[0], ast.Constant)):
                continue
            name, given = call.args[0].value, call.args[1]
            found[str(name)] = keys_of(given) if isinstance(given, ast.Dict) else None
    return found


def keys_of(literal: ast.Dict) -> set[str]:
    return {str(ast.literal_eval(key)) for key in literal.keys if key}


def of(kind: type) -> set[str]:
    return {field.name for field in fields(kind)}


def test_every_event_is_documented_with_each_of_its_fields() -> None:
    documented = documented_objects()
    for kind in event_kinds():
        heading = OF_A_RUN if kind is events.Status else kind.name
        assert documented[heading] == of(kind), heading


def test_every_object_that_a_command_prints_is_documented() -> None:
    documented = documented_objects()
    for name, keys in printed_objects().items():
        heading = OF_AN_ARCHIVE if name == "status" else name
        if name in ("plan", "status"):
            more = {"limits", "to_be_left_out", "notices"}
            keys = of(Summary) | (more if name == "plan" else {"last_day"})
        elif name == "captions":
            keys = of(Gathered)
        elif name == "finding":
            keys = of(Finding)
        elif name in ("plan_post", "post"):
            continue
        assert documented[heading] == keys, name
    assert documented["post"] == _post_fields()
    assert documented["plan_post"] == _post_fields() | of(Worded) | {"elsewhere"}
    assert documented["error"] == {"code", "text", "hint", "exit"}


def _post_fields() -> set[str]:
    module = ast.parse(text(ROOT / "importer" / "commands.py"))
    (function,) = (
        node
        for node in module.body
        if isinstance(node, ast.FunctionDef) and node.name == "post_fields"
    )
    (literal,) = (node for node in ast.walk(function) if isinstance(node, ast.Dict))
    return keys_of(literal)


def test_no_object_is_documented_that_is_never_printed() -> None:
    printed = {kind.name for kind in event_kinds()} | set(printed_objects()) | {"error"}
    assert {heading.split()[0] for heading in documented_objects()} == printed


def test_what_lies_inside_of_fields_is_documented() -> None:
    page = text(JSON_LINES)
    inside: list[tuple[type, str]] = [(InHand, "in_hand"), (Account, "account")]
    for kind, field in (*inside, (Reason, "reasons"), (Gap, "left_out"), (Limits, "limits")):
        (row, *_) = re.findall(rf"^\| `{field}` .*", page, re.MULTILINE)
        assert {name for name in of(kind) if f"`{name}`" not in row} == set(), field
    for milestone in Milestone:
        assert f"`{milestone}`" in page


# exit codes


def test_the_exit_codes_are_those_of_the_errors() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    codes = {kind.exit_code for kind in kinds if issubclass(kind, TokawayError)}
    (table,) = tables(ROOT / "docs" / "exit-codes.md")
    documented = [int(row[0]) for row in table]
    # 0 is no error, 130 is what shells call an interrupted program.
    assert documented == sorted(codes | {0, 130})
    assert all(means and to_do for _, means, to_do in table)


# settings and flags


def test_every_setting_is_documented_with_its_default_variable_and_flag() -> None:
    rows = next(tables(SETTINGS))
    (of_run,) = (command for name, command in cli.commands.items() if name == "run")
    flags = {option.name: option for option in of_run.params if isinstance(option, click.Option)}
    expected = []
    for field in fields(Settings):
        shown = str(field.default).lower() if isinstance(field.default, bool) else field.default
        shown = ", ".join(shown) if isinstance(shown, tuple) else shown
        default = "none" if shown in (None, "") else f"`{shown}`"
        option = flags.get(field.name)
        names = [*option.opts, *option.secondary_opts] if option else []
        flag = ", ".join(f"`{name}`" for name in names) or "none"
        expected.append([f"`{field.name}`", default, f"`{PREFIX}{field.name.upper()}`", flag])
    assert [row[:4] for row in rows] == expected
    assert all(row[4] for row in rows)


def test_the_documents_name_no_variable_that_does_nothing() -> None:
    known = {PREFIX + field.name.upper() for field in fields(Settings)} | set(NOT_SETTINGS)
    for page in PAGES:
        assert set(re.findall(rf"\b{PREFIX}[A-Z_]+\b", text(page))) <= known, page.name
    assert set(NOT_SETTINGS) <= set(re.findall(r"\bTOKAWAY_[A-Z_]+\b", text(SETTINGS)))


def options(command: click.Command) -> set[str]:
    return {
        name
        for option in command.params
        if isinstance(option, click.Option)
        for name in (*option.opts, *option.secondary_opts)
    }


def test_every_command_is_in_the_readme() -> None:
    shown = code(ROOT / "README.md")
    for name in cli.commands:
        assert re.search(rf"\btokaway {name}\b", shown), name


def test_every_flag_is_documented_with_the_commands_that_have_it() -> None:
    settings, others = tables(SETTINGS)
    documented: set[tuple[str, str]] = set()
    for row in settings:
        named = re.findall(r"`(-[-\w]+)`", row[3])
        documented |= {(flag, command) for flag in named for command in ("run", "config")}
    for flags, holders, _ in others:
        commands = set(re.findall(r"`(\w+)`", holders)) - {"tokaway"}
        if holders == "every command":
            commands = set(cli.commands)
        for flag in re.findall(r"`(--?[\w-]+)", flags):
            documented |= {(flag, command) for command in commands}
    for name, command in cli.commands.items():
        missing = {flag for flag in options(command) if (flag, name) not in documented}
        assert not missing, name
    asked_for_help = {"-h", "--help"}
    untrue = {
        (flag, name)
        for flag, name in documented
        if flag not in options(cli.commands[name]) | asked_for_help
    }
    assert not untrue


def test_the_documents_name_no_flag_that_does_not_exist() -> None:
    of_others = OF_PODMAN | {"--nthreads", "--nworkers", "--local-directory"}
    known = {"--version", "--help"}.union(of_others, *map(options, cli.commands.values()))
    for page in FOR_USERS:
        shown = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", code(page)))
        assert shown <= known, page.name


def test_the_documents_name_no_command_that_does_not_exist() -> None:
    for page in PAGES:
        named = set(re.findall(r"\btokaway ([a-z]+)\b(?!\.)", code(page)))
        assert named <= set(cli.commands), page.name


def test_no_message_sends_people_to_a_command_or_flag_that_does_not_exist() -> None:
    known = {"--version", "--help"}.union(*map(options, cli.commands.values()))
    wrong = []
    for module in sorted((ROOT / "importer").rglob("*.py")):
        for node in ast.walk(ast.parse(text(module))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                named = set(re.findall(r"(?:: |`)tokaway ([a-z]+)", node.value))
                flags = set(re.findall(r"(?<!\S)--[a-z][a-z-]+", node.value))
                ours = "tokaway " in node.value  # other programs have flags too
                if not named <= set(cli.commands) or (ours and not flags <= known):
                    wrong.append((module.name, node.value))
    assert wrong == []


# pages


def anchors(page: Path) -> set[str]:
    """The places that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", text(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.is_relative_to(ROOT), target
        assert found.exists(), target
        if anchor:
            assert anchor in anchors(found), target


def test_the_tour_of_the_architecture_is_short() -> None:
    assert len(text(ROOT / "ARCHITECTURE.md").splitlines()) < 150


def test_the_changelog_has_a_place_for_what_is_not_released() -> None:
    assert re.search(r"^## \[Unreleased\]$", text(ROOT / "CHANGELOG.md"), re.MULTILINE)


def test_no_document_names_a_place_on_somebodys_machine() -> None:
    for page in PAGES:
        assert not re.search(r"(?<!\w)/(home|root|Users|work|tmp)/", text(page)), page.name
