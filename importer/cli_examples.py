"""The examples with which the help of each command ends, and its page in the documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import click


@dataclass(frozen=True, slots=True)
class Example:
    """A command line as somebody types it, and what it is for."""

    line: str
    does: str


EXAMPLES: Mapping[str, tuple[Example, ...]] = {
    "ui": (
        Example("tokaway ui", "The screens, in this terminal."),
        Example("tokaway ui TikTok_Data_1767225600.zip", "Begin with this export."),
        Example("tokaway ui --web --open", "The same in your browser."),
    ),
    "plan": (
        Example("tokaway plan TikTok_Data_1767225600.zip", "What would be published."),
        Example("tokaway plan MY.tokaway -v", "Every post, and what its file needs."),
        Example("tokaway plan NEWER.zip --archive MY.tokaway", "Take over a newer export."),
    ),
    "run": (
        Example("tokaway run TikTok_Data_1767225600.zip --to you.example.com", "Publish it all."),
        Example("tokaway run MY.tokaway --dry-run", "Everything but sending, for some posts."),
        Example("tokaway run MY.tokaway --since 2024-01-01 --limit 10", "Ten posts, to begin."),
        Example("tokaway run MY.tokaway --no-wait --json", "For a script: ends at a limit."),
    ),
    "status": (Example("tokaway status MY.tokaway", "Where an import stands, and when it ends."),),
    "captions": (
        Example("tokaway captions MY.tokaway --from ~/Videos", "Words beside files of yours."),
        Example("tokaway captions MY.tokaway --online", "Words from your public TikTok page."),
        Example("tokaway captions MY.tokaway --export posts.csv", "Edit them in a spreadsheet,"),
        Example("tokaway captions MY.tokaway --import posts.csv", "and take your edits over."),
    ),
    "posts": (
        Example("tokaway posts MY.tokaway", "All posts, with their names."),
        Example("tokaway posts MY.tokaway --match christmas --skip", "Leave some out."),
        Example("tokaway posts MY.tokaway 20240131T235959 --long trim", "Cut one that is long."),
    ),
    "retry": (
        Example("tokaway retry MY.tokaway", "Give all posts that failed another chance."),
        Example("tokaway retry MY.tokaway 20240131T235959", "This one only."),
    ),
    "report": (Example("tokaway report MY.tokaway", "Write report.html into the archive."),),
    "doctor": (Example("tokaway doctor", "What is here, and what is missing."),),
    "demo": (
        Example("tokaway demo", "The whole way; nothing leaves this machine."),
        Example("tokaway demo --keep", "Leave its server running to look around."),
    ),
    "login": (
        Example("tokaway login you.example.com", "Asks for an app password."),
        Example("tokaway login you.example.com --browser", "On a page of your server."),
        Example("tokaway login you.example.com --password-file -", "From standard input."),
    ),
    "logout": (Example("tokaway logout you.example.com", "End the session and forget it."),),
    "limits": (Example("tokaway limits you.example.com", "What your servers take today."),),
    "verify": (
        Example("tokaway verify MY.tokaway", "Read everything back and compare it."),
        Example("tokaway verify MY.tokaway --prove --repair", "Prove it, mend what can be mended."),
    ),
    "undo": (
        Example("tokaway undo MY.tokaway 20240131T235959", "Take one post back."),
        Example("tokaway undo MY.tokaway --run 3", "All that the third run published."),
    ),
    "update": (Example("tokaway update MY.tokaway", "Bring edited captions; asks first."),),
    "profile": (
        Example("tokaway profile MY.tokaway --dry-run", "What would change."),
        Example("tokaway profile MY.tokaway --only bio --replace bio", "The bio, in any case."),
    ),
    "config": (
        Example("tokaway config", "What is set on this computer, and where."),
        Example("tokaway config MY.tokaway --pace 10", "What this archive's runs would go by."),
    ),
    "schedule": (
        Example("tokaway schedule MY.tokaway", "Entries for cron, systemd and launchd."),
        Example("tokaway schedule MY.tokaway --install cron", "Put one there; asks first."),
        Example("tokaway schedule MY.tokaway --remove cron", "Take it away again."),
    ),
    "batch": (
        Example("tokaway batch creators.toml --plan", "What each creator would send."),
        Example("tokaway batch creators.toml", "Publish for all of them, in turn."),
        Example("tokaway batch creators.toml --no-wait --json", "For a script: ends at limits."),
    ),
    "completion": (
        Example('eval "$(tokaway completion bash)"', "For this shell."),
        Example("tokaway completion fish > ~/.config/fish/completions/tokaway.fish", "For good."),
    ),
}


class Documented(click.Group):
    """Commands whose help ends with their examples."""

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Take a command in, and give it its examples."""
        examples = EXAMPLES.get(name or cmd.name or "", ())
        lines = [line for one in examples for line in (f"  # {one.does}", f"  {one.line}")]
        # A paragraph after \b is not wrapped.
        cmd.epilog = "\n".join(["\b", "Examples:", *lines]) if lines else None
        super().add_command(cmd, name)
