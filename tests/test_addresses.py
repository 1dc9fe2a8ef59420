"""What a person types or pastes as a handle or a server."""

from __future__ import annotations

import pytest

from importer.addresses import handle_in, server_in
from importer.errors import UserError


@pytest.mark.parametrize(
    "typed",
    [
        "ada.example.com",
        " @Ada.example.com ",
        "\u202a@ada.example.com\u202c",
        "https://bsky.app/profile/ada.example.com",
        "https://bsky.app/profile/ada.example.com/post/3kkcuqmgzi2b6",
        "bsky.app/profile/ada.example.com?ref=x",
        "at://ada.example.com",
    ],
)
def test_a_handle_is_found_in_what_was_pasted(typed: str) -> None:
    assert handle_in(typed) == "ada.example.com"


def test_a_did_stays_as_it_is() -> None:
    assert handle_in(" did:plc:EwVi7 ") == "did:plc:EwVi7"


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("", None),
        ("  ", None),
        ("pds.example.com", "https://pds.example.com"),
        ("https://pds.example.com/", "https://pds.example.com"),
        ("http://localhost:2583", "http://localhost:2583"),
    ],
)
def test_a_server_may_be_typed_without_https(typed: str, url: str | None) -> None:
    assert server_in(typed) == url


@pytest.mark.parametrize("typed", ["ftp://pds.example.com", "https://", "http://[", "x:notaport"])
def test_what_can_be_no_server_is_refused(typed: str) -> None:
    with pytest.raises(UserError) as caught:
        server_in(typed)
    assert caught.value.code == "server_url"
