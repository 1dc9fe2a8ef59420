"""What to do next is said in keys and places of the screens, not in commands."""

from __future__ import annotations

import pytest

from importer.records.destination import Destination
from importer.records.destinations import DESTINATIONS
from tui.advice import advice


@pytest.mark.parametrize(
    ("code", "hint", "said"),
    [
        ("password_needed", "Sign in once: tokaway login ada.test.", "on the account's screen"),
        ("no_link", "Put it into a folder and name that with --source FOLDER.", "s in the list"),
        ("blocked", "Captions can also come from files (--from FOLDER).", "a spreadsheet (x)"),
        ("private", "To publish it: tokaway run … --include-private", "choose it in the list"),
        ("link_expired", "Run the same command with a fresh export.", "on the first screen"),
        ("disk_full", "Free some space and give the same command again.", "space and try again."),
        ("budget_empty", "Give the same command again after 09:10.", "Try again after 09:10."),
        ("wrong_video", "To mend it: tokaway verify ARCHIVE --repair", "t has it encoded anew"),
        ("any", "Publish slowly (--pace N an hour), or leave it out.", "slowly, or leave it out."),
        ("too_large", "Encode it: tokaway posts ARCHIVE POST --encode", "encoded anew"),
    ],
)
def test_a_command_becomes_what_can_be_done_here(code: str, hint: str, said: str) -> None:
    told = advice(code, hint)
    assert said in told
    assert "tokaway " not in told and "--" not in told and "command" not in told


@pytest.mark.parametrize("place", DESTINATIONS.values(), ids=list(DESTINATIONS))
def test_what_a_destination_says_beforehand_names_no_flag(place: Destination) -> None:
    if place.NOTICE:
        told = advice(place.NOTICE.code, place.NOTICE.hint)
        assert told and "--" not in told


def test_a_hint_without_a_command_stays() -> None:
    assert advice("too_large", "Ask the server's owner.") == "Ask the server's owner."
    assert advice("any", "") == ""


def test_what_only_a_command_can_do_stays() -> None:
    hint = "To send it again: tokaway verify ARCHIVE --repair"
    assert advice("blob_missing", hint) == hint


def test_orders_to_the_terminal_do_not() -> None:
    assert "\x1b" not in advice("any", "Ask \x1b[2J again.")
