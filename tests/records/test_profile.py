"""A TikTok profile becomes a profile record within its limits; what is filled is left alone."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from importer.model import Profile
from importer.records.addresses import addresses_in, plain_address, web_address
from importer.records.profile import (
    COLLECTION,
    MAX_BIO_BYTES,
    MAX_BIO_GRAPHEMES,
    MAX_NAME_BYTES,
    MAX_NAME_GRAPHEMES,
    Change,
    Difference,
    Field,
    Verdict,
    Wanted,
    changed,
)
from importer.records.text import fits

EVERYTHING = Wanted()
REPLACING = Wanted(replace=frozenset(Field))
INSTAGRAM, YOUTUBE = "https://www.instagram.com/ada.bakes", "https://www.youtube.com/@adabakes"
ADA = Profile(
    user_name="ada.bakes",
    display_name="Ada Bakes",
    bio="Rye, mostly.\nLoaves on Fridays",
    avatar_url="https://cdn.test/avatar.jpeg",
    links=(("instagram", "ada.bakes"), ("youtube", "adabakes")),
)
PICTURE = {
    "$type": "blob",
    "ref": {"$link": "bafkreiada"},
    "mimeType": "image/jpeg",
    "size": 81_234,
}
OTHER_PICTURE = PICTURE | {"ref": {"$link": "bafkreiother"}, "mimeType": "image/png", "size": 9}
FOREIGN: dict[str, Any] = {
    "$type": COLLECTION,
    "displayName": "Ada L.",
    "description": "Engines",
    "website": "https://engines.example",
    "avatar": OTHER_PICTURE,
    "banner": OTHER_PICTURE,
    "pronouns": "she/her",
    "pinnedPost": {"uri": "at://did:plc:a/app.bsky.feed.post/3k", "cid": "bafyrei"},
    "labels": {"$type": "com.atproto.label.defs#selfLabels", "values": []},
    "createdAt": "2023-01-01T00:00:00.000Z",
    "org.example.mood": {"deep": ["in", 1, None]},
}


def verdicts(change: Change) -> list[tuple[Field, Verdict]]:
    return [(one.field, one.verdict) for one in change.differences]


def only(*fields: Field) -> Wanted:
    return Wanted(frozenset(fields))


def test_an_account_without_a_profile_gets_one() -> None:
    change = changed(None, ADA, EVERYTHING, PICTURE)
    assert change.record == {
        "$type": COLLECTION,
        "displayName": "Ada Bakes",
        "description": f"Rye, mostly.\nLoaves on Fridays\n{YOUTUBE}",
        "website": INSTAGRAM,
        "avatar": PICTURE,
    }
    assert change.differences == (
        Difference(Field.NAME, Verdict.SET, "", "Ada Bakes"),
        Difference(Field.AVATAR, Verdict.SET, "", "JPEG picture of 81,234 bytes"),
        Difference(Field.LINKS, Verdict.SET, "", INSTAGRAM),
        Difference(Field.BIO, Verdict.SET, "", str(change.record["description"])),
    )
    assert (change.is_nothing, change.has_avatar) == (False, True)


def test_what_is_filled_is_kept_and_told() -> None:
    before = copy.deepcopy(FOREIGN)
    change = changed(before, ADA, only(Field.NAME, Field.BIO, Field.AVATAR), PICTURE)
    assert change.record == before == FOREIGN
    assert (change.is_nothing, change.has_avatar) == (True, False)
    assert {one.verdict for one in change.differences} == {Verdict.KEPT}
    told = {one.field: (one.before, one.after, one.text) for one in change.differences}
    assert told[Field.NAME] == (
        "Ada L.",
        "Ada L.",
        "TikTok has: Ada Bakes (to take it: --replace name)",
    )
    assert told.keys() == {Field.NAME, Field.BIO, Field.AVATAR}


@pytest.mark.parametrize(
    ("field", "key"),
    [
        (Field.NAME, "displayName"),
        (Field.BIO, "description"),
        (Field.AVATAR, "avatar"),
        (Field.LINKS, "website"),
    ],
)
def test_only_what_is_named_is_replaced(field: Field, key: str) -> None:
    profile = Profile(**{**_fields(ADA), "links": ADA.links[:1]})
    change = changed(FOREIGN, profile, Wanted(replace=frozenset({field})), PICTURE)
    assert {name for name in FOREIGN if change.record[name] != FOREIGN[name]} == {key}
    assert change.record.keys() == FOREIGN.keys()
    assert (field, Verdict.REPLACED) in verdicts(change)
    assert change.has_avatar == (field is Field.AVATAR)


def _fields(profile: Profile) -> dict[str, Any]:
    return {name: getattr(profile, name) for name in Profile.__dataclass_fields__}


def test_fields_that_are_not_wanted_are_not_even_told() -> None:
    change = changed(FOREIGN, ADA, only(), PICTURE)
    assert (change.record, change.differences) == (FOREIGN, ())


@pytest.mark.parametrize("wanted", [EVERYTHING, REPLACING])
def test_an_empty_field_of_tiktok_empties_nothing(wanted: Wanted) -> None:
    blank = Profile(display_name=" \n", bio="", links=(("instagram", " "),))
    for profile in (Profile(), blank):
        change = changed(FOREIGN, profile, wanted)
        assert (change.record, change.differences) == (FOREIGN, ())


def test_a_blank_field_of_the_account_counts_as_empty() -> None:
    change = changed({"displayName": "", "description": " "}, ADA, EVERYTHING)
    assert change.record["displayName"] == "Ada Bakes"
    assert {verdict for _, verdict in verdicts(change)} == {Verdict.SET}


def test_a_further_link_is_added_to_a_bio_of_ones_own() -> None:
    change = changed({"description": "Engines"}, ADA, only(Field.LINKS))
    assert change.record["description"] == f"Engines\n{YOUTUBE}"
    assert verdicts(change) == [(Field.LINKS, Verdict.SET), (Field.BIO, Verdict.ADDED)]


def test_a_link_the_account_shows_already_is_not_shown_twice() -> None:
    shown = {
        "website": "http://instagram.com/ada.bakes/",
        "description": "See youtube.com/@adabakes!",
    }
    assert changed(shown, ADA, only(Field.LINKS)).is_nothing
    # The website is one of the links, if not the first: the other one goes below the bio.
    other = changed({"website": YOUTUBE}, ADA, only(Field.LINKS))
    assert other.record == {"$type": COLLECTION, "website": YOUTUBE, "description": INSTAGRAM}


def test_links_that_have_no_room_are_told_and_shorter_ones_still_go() -> None:
    long = "https://example.com/" + "x" * 200
    profile = Profile(
        bio="b" * 100, links=(("a", "https://a.example"), ("b", long), ("c", "c.example"))
    )
    change = changed(None, profile, EVERYTHING)
    assert change.record["description"] == "b" * 100 + "\nhttps://c.example"
    left = [one.text for one in change.differences if one.verdict is Verdict.LEFT_OUT]
    assert left == [f"The bio has no room for {long}, so this link was left out."]


def test_links_that_are_none_are_told() -> None:
    change = changed(None, Profile(links=(("lemon8", "ada.bakes"),)), EVERYTHING)
    assert change.is_nothing
    assert "lemon8 (ada.bakes)" in change.differences[0].text


def test_a_bio_comes_above_links_that_came_first() -> None:
    links_first = changed(None, ADA, only(Field.LINKS)).record
    assert links_first["description"] == YOUTUBE
    assert changed(links_first, ADA, EVERYTHING).record["description"] == f"{ADA.bio}\n{YOUTUBE}"


def test_a_replaced_bio_keeps_the_links_below_it() -> None:
    current = {"description": f"Old words\n\n{YOUTUBE}"}
    wanted = Wanted(frozenset({Field.BIO}), frozenset({Field.BIO}))
    assert changed(current, ADA, wanted).record["description"] == f"{ADA.bio}\n{YOUTUBE}"


def test_what_is_cut_is_told() -> None:
    change = changed(None, Profile(display_name="ha " * 40, bio="ho " * 200), EVERYTHING)
    assert [one.text for one in change.differences] == ["Cut to what fits."] * 2


words: st.SearchStrategy[str] = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="ab \n\u0301\u200d\U0001f468\U0001f1e9@./", max_size=400),
    st.sampled_from(
        [
            "",
            "Rye, mostly.\nLoaves on Fridays",
            "Engines",
            YOUTUBE,
            f"Hi\n{YOUTUBE}",
            "instagram.com/ada.bakes",
        ]
    ),
)
hosts = st.sampled_from(["a.example", "b.example/x", "https://c.example/" + "y" * 90, "no link"])
links = st.lists(
    st.tuples(
        st.sampled_from(["instagram", "youtube", "lemon8", "site"]),
        st.one_of(hosts, words, st.sampled_from(["ada.bakes", INSTAGRAM, YOUTUBE, "adabakes"])),
    ),
    max_size=4,
).map(tuple)
profiles = st.builds(Profile, display_name=st.none() | words, bio=st.none() | words, links=links)
# A server keeps descriptions within the limits.
texts = words.filter(lambda text: fits(text, MAX_BIO_GRAPHEMES, MAX_BIO_BYTES))
currents = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "displayName": st.text(max_size=20),
        "description": texts,
        "website": st.sampled_from(
            ["", INSTAGRAM, YOUTUBE, "https://a.example/", "https://z.example"]
        ),
        "avatar": st.sampled_from([PICTURE, OTHER_PICTURE]),
        "pronouns": st.text(max_size=5),
        "banner": st.just(OTHER_PICTURE),
    },
)
some = st.sets(st.sampled_from(Field)).map(frozenset)
wishes = st.builds(Wanted, some, some)
pictures = st.sampled_from([None, PICTURE])


@given(currents, profiles, wishes, pictures)
@example(None, Profile(bio="youtube.com/@a", links=(("youtube", "a"),)), EVERYTHING, None)
@example({"description": YOUTUBE}, Profile(bio=YOUTUBE, links=ADA.links), EVERYTHING, None)
def test_a_second_time_finds_nothing_to_change(
    current: dict[str, Any] | None,
    profile: Profile,
    wanted: Wanted,
    picture: dict[str, Any] | None,
) -> None:
    first = changed(current, profile, wanted, picture)
    second = changed(first.record, profile, wanted, picture)
    assert second.is_nothing
    assert second.record == first.record


@given(profiles, some, pictures)
@example(Profile(bio=f"Rye\n{YOUTUBE}", links=ADA.links), frozenset(Field), None)
def test_what_was_brought_is_known_again(
    profile: Profile, fields: frozenset[Field], picture: dict[str, Any] | None
) -> None:
    brought = changed(None, profile, Wanted(fields), picture).record
    again = changed(brought, profile, Wanted(fields), picture)
    assert {one.verdict for one in again.differences} <= {Verdict.LEFT_OUT}


@given(currents, profiles, wishes, pictures)
def test_the_record_is_within_the_limits_and_changed_where_it_is_told(
    current: dict[str, Any] | None,
    profile: Profile,
    wanted: Wanted,
    picture: dict[str, Any] | None,
) -> None:
    change = changed(current, profile, wanted, picture)
    record, before = change.record, current or {}
    assert fits(record.get("displayName", ""), MAX_NAME_GRAPHEMES, MAX_NAME_BYTES)
    assert fits(record.get("description", ""), MAX_BIO_GRAPHEMES, MAX_BIO_BYTES)
    site = record.get("website", "")
    assert site == before.get("website", "") or site.startswith(("http://", "https://"))
    touched = {key for key in record if key != "$type" and record[key] != before.get(key)}
    keys = {"name": "displayName", "bio": "description", "avatar": "avatar", "links": "website"}
    told = {
        keys[one.field]
        for one in change.differences
        if one.verdict not in (Verdict.KEPT, Verdict.LEFT_OUT)
    }
    assert touched == told
    assert change.is_nothing == (not touched)
    assert before.keys() <= record.keys()


@given(currents, profiles, some)
def test_without_a_word_nothing_filled_is_lost(
    current: dict[str, Any] | None, profile: Profile, fields: frozenset[Field]
) -> None:
    record = changed(current, profile, Wanted(fields), PICTURE).record
    for key, value in (current or {}).items():
        if key == "description":
            kept = [line for line in value.split("\n") if line.strip()]
            have = record[key].split("\n")
            assert all(
                line in have or addresses_in(line) <= addresses_in(record[key]) for line in kept
            )
        elif not isinstance(value, str) or value.strip():
            assert record[key] == value


@pytest.mark.parametrize(
    ("platform", "link", "address"),
    [
        ("instagram", "ada.bakes", INSTAGRAM),
        ("instagram", "@ada.bakes", INSTAGRAM),
        ("instagram", "instagram.com/ada.bakes", "https://instagram.com/ada.bakes"),
        ("instagram", "https://instagram.com/x", "https://instagram.com/x"),
        ("youtube", "@adabakes", YOUTUBE),
        ("youtube", "m.youtube.com/c/ada", "https://m.youtube.com/c/ada"),
        (
            "youtube",
            "UCabcdefghijklmnopqrstuv",
            "https://www.youtube.com/channel/UCabcdefghijklmnopqrstuv",
        ),
        ("lemon8", "v.lemon8-app.com/s/abc", "https://v.lemon8-app.com/s/abc"),
        ("lemon8", "ada.bakes", None),
        ("bio", "linktr.ee/ada", "https://linktr.ee/ada"),
        ("bio", "münchen.example", "https://münchen.example"),
        ("bio", "HTTP://Ada.Example/", "HTTP://Ada.Example/"),
        ("bio", "javascript:alert(1)", None),
        ("bio", "https://ada@evil.example", None),
        ("bio", "https://[broken", None),
        ("bio", "http://localhost", None),
        ("bio", "two words.example", None),
        ("instagram", "not/a name", None),
        ("instagram", "", None),
    ],
)
def test_links_mean_addresses(platform: str, link: str, address: str | None) -> None:
    assert web_address(platform, link) == address


def test_addresses_are_known_again() -> None:
    same = ("https://www.A.example/x/", "http://a.example/x", "a.example/x", "(a.example/x).")
    assert {plain_address(one) for one in same} == {"a.example/x"}
    assert plain_address("a.example/X") != plain_address("a.example/x")
    assert plain_address(YOUTUBE) not in addresses_in(f"{YOUTUBE}2 and more")
