"""What `tokaway posts` does: lists posts, chooses them, and says how their media are treated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from importer.archive.edits import Edited
from importer.archive.store import Archive
from importer.clock import utc_now
from importer.commands import post_fields
from importer.console import Console
from importer.errors import UserError
from importer.model import Post
from importer.opening import working_on
from importer.plans import foreseen_of
from importer.selection import Selection
from importer.settings import Settings, load
from importer.wanted import Wanted, become_public
from importer.wording import one_line, plural, stands, utc


def posts(
    console: Console,
    folder: Path,
    names: Sequence[str],
    selection: Selection,
    wanted: Wanted,
    allow_private: Callable[[int], bool],
    *,
    every_post: bool,
    config: Path | None = None,
) -> int:
    """List posts, after changing what is wanted of them: of all of it or nothing.

    Meant are those of `names`, or all posts without any, that `selection` matches.

    Returns:
        The exit code.
    """
    with working_on(folder) as archive:
        settings = load({}, archive=archive.folder, config=config)
        chosen = selection.of(_named(archive, names), utc_now())
        if not wanted.is_nothing:
            if not names and not every_post and selection.is_everything:
                raise UserError(
                    "Which posts? Nothing was changed.",
                    hint="Name them, say what they are like, as with --match TEXT, or say --all. "
                    f"To see their names: tokaway posts {folder}",
                    code="no_posts_named",
                )
            edited = _change(archive, chosen, wanted, allow_private)
            _show_changes(console, edited, len(chosen))
            changed = {post.id for post in chosen}
            chosen = [post for post in archive.posts() if post.id in changed]
        _show(console, archive, chosen, settings)
    return 0


def _named(archive: Archive, names: Sequence[str]) -> list[Post]:
    known = archive.posts()
    unknown = set(names) - {post.id for post in known}
    if unknown:
        raise UserError(
            f"No post is called {', '.join(sorted(unknown))}. Nothing was changed.",
            hint=f"To see their names: tokaway posts {archive.folder}",
            code="no_post",
        )
    return [post for post in known if not names or post.id in names]


def _change(
    archive: Archive, chosen: Sequence[Post], wanted: Wanted, allow_private: Callable[[int], bool]
) -> Edited:
    edits = [wanted.of(post) for post in chosen]
    private = len(become_public(edits, {post.id: post for post in chosen}))
    if private and not allow_private(private):
        raise UserError(
            f"{plural(private, 'post')} of these could not be seen by everyone on TikTok. Nothing "
            "was changed.",
            hint="Leave them out, or say that they may be public with --yes.",
            code="private_chosen",
        )
    return archive.edit(edits)


def _show_changes(console: Console, edited: Edited, meant: int) -> None:
    console.result(
        "posts_changed",
        {
            "chosen": edited.chosen,
            "left_out": edited.left_out,
            "treated": edited.treated,
            "published": edited.published,
        },
    )
    if not meant:
        console.line("No post is like that, so nothing was changed.")
        return
    console.line(
        f"{plural(edited.chosen, 'post')} chosen, {edited.left_out} left out, "
        f"{edited.treated} to be treated as you wish."
    )
    if edited.published:
        console.line(
            f"{plural(edited.published, 'post')} published already: new labels or languages come "
            "there with tokaway update, all else stays as it is."
        )


def _show(console: Console, archive: Archive, chosen: Sequence[Post], settings: Settings) -> None:
    foreseen = foreseen_of(archive, (post for post in chosen if post.chosen), settings)
    for post in chosen:
        fit = foreseen.get(post.id)
        console.result("post", post_fields(post, fit))
        console.line(
            f"{post.id}  {utc(post.posted_at)}  {post.kind}, {stands(post.milestone)}  "
            f"{one_line(post.caption) or '(no caption)'}"
        )
        if post.trouble:
            console.line(f"    {post.trouble}")
        elif fit:
            console.line(f"    {fit.reason}")
