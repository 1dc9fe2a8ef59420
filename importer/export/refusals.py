"""What is said when a path holds no export that can be read, one function an error."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from importer.errors import UserError

ASK_FOR_JSON = (
    "In TikTok open Settings and privacy > Account > Download your data, choose JSON, and give "
    "Tokaway the new file."
)
_UNTOUCHED = "No video was touched."
_LONGEST_NAME = 80
_NAMED = 3


def shown(name: str) -> str:
    """A name out of a file as it may be printed: one line, no control characters, not endless."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in name[: _LONGEST_NAME + 1])
    return clean if len(clean) <= _LONGEST_NAME else clean[: _LONGEST_NAME - 1] + "…"


def missing(path: str) -> UserError:
    """Nothing is there."""
    return UserError(
        f"There is no file or folder {path}. {_UNTOUCHED}",
        hint="Give the path of the ZIP that TikTok prepared, or drop the file on the terminal.",
        code="not_found",
    )


def unreadable(path: Path, error: OSError) -> UserError:
    """The system does not let it be read."""
    return UserError(
        f"{path} cannot be read: {error.strerror or error}. {_UNTOUCHED}",
        hint="Check that the file is yours to read and that its disk is connected.",
        code="unreadable",
    )


def another_kind(path: Path, what: str) -> UserError:
    """A file that is neither a ZIP nor text of TikTok's; `what` says what it is."""
    return UserError(
        f"{path.name} {what}, so it is not an export from TikTok. {_UNTOUCHED}",
        hint=ASK_FOR_JSON,
        code="not_an_export",
    )


def damaged_zip(path: Path, reason: str) -> UserError:
    """The ZIP was cut or spoilt."""
    return UserError(
        f"{path.name} is a damaged ZIP ({shown(reason)}): it was probably not downloaded to its "
        f"end. {_UNTOUCHED}",
        hint="Download the export from TikTok again, then give the same command.",
        code="damaged_zip",
    )


def locked_zip(path: Path) -> UserError:
    """The ZIP needs a password, which TikTok's never does."""
    return UserError(
        f"{path.name} is locked with a password, so its posts cannot be read. {_UNTOUCHED}",
        hint="Use the ZIP as it came from TikTok, or unpack it and give the folder.",
        code="encrypted_zip",
    )


def strange_name(path: Path, name: str) -> UserError:
    """A ZIP with a member that points out of it."""
    return UserError(
        f"{path.name} holds a file whose name leads out of it ({shown(name)}). TikTok makes no "
        f"such ZIP, so it was not read. {_UNTOUCHED}",
        hint="Download the export from TikTok again and give that ZIP.",
        code="strange_zip",
    )


def too_much(name: str) -> UserError:
    """More than any export holds: an accident, or made to fill the memory."""
    return UserError(
        f"{shown(name)} is far larger than in any export from TikTok, so it was not read. "
        f"{_UNTOUCHED}",
        hint="Check that this is the file TikTok prepared.",
        code="too_big",
    )


def lemon8_only(path: Path) -> UserError:
    """Another app's data."""
    return UserError(
        f"{path.name} holds data from Lemon8 only, nothing from TikTok. {_UNTOUCHED}",
        hint=ASK_FOR_JSON,
        code="lemon8_only",
    )


def zips_inside(path: Path, names: Sequence[str]) -> UserError:
    """Exports that are still packed, inside of what was given."""
    listed = ", ".join(map(shown, names[:_NAMED])) + (", …" if len(names) > _NAMED else "")
    if path.is_dir():
        hint = f"Give the newest ZIP from TikTok itself: {path / names[0]}"
    else:
        hint = f"Unpack {path.name} first, then give the newest ZIP from TikTok that was in it."
    return UserError(
        f"{path.name} holds no export itself, but ZIP files: {listed}. {_UNTOUCHED}",
        hint=hint,
        code="zip_inside",
    )


def no_posts_in_text(path: Path) -> UserError:
    """TikTok's text files, or somebody's, without the one that lists own posts."""
    return UserError(
        f"{path.name} is in the text format, and no list of your own posts with their links was "
        f"found in it. {_UNTOUCHED}",
        hint="Give the whole export, or its Posts.txt. If TikTok put no such file in, request the "
        "JSON format. " + ASK_FOR_JSON,
        code="txt_export",
    )


def several_texts(path: Path, names: Sequence[str]) -> UserError:
    """Text files in a language whose names are not known: stories might be among them."""
    listed = ", ".join(map(shown, names[:_NAMED])) + (", …" if len(names) > _NAMED else "")
    return UserError(
        f"{path.name} is in the text format, and more than one of its files could be the list of "
        f"your posts: {listed}. {_UNTOUCHED}",
        hint="Give the file with your posts alone, or request the JSON format. " + ASK_FOR_JSON,
        code="txt_unclear",
    )


def nothing_known(path: Path) -> UserError:
    """A ZIP, folder or JSON with nothing of TikTok's."""
    return UserError(
        f"{path.name} holds no data from TikTok that Tokaway knows. {_UNTOUCHED}",
        hint="Give the ZIP that TikTok prepared, or the folder it was unpacked to. " + ASK_FOR_JSON,
        code="no_tiktok_data",
    )
