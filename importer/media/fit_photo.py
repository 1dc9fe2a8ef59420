"""Deciding what must be done to a photo before the servers accept it; knows nothing of files."""

from __future__ import annotations

from importer.media.facts import PhotoFacts
from importer.model import Action, Fit

# What every server and app takes.
FORMS = frozenset({"jpeg", "png", "webp"})


def decide_photo(facts: PhotoFacts, max_bytes: int, forms: frozenset[str] = FORMS) -> Fit:
    """What a photo needs, gentlest treatment first; the reason is written for its author."""
    reasons: list[str] = []
    if facts.form not in forms:
        reasons.append(f"it is a {facts.form.upper()} file, which not every app can show")
    if facts.is_animated:
        reasons.append("it moves, and only its first picture can be shown")
    if not facts.is_upright:
        reasons.append("it must be turned, which apps forget")
    if not facts.is_srgb:
        reasons.append("its colours are not those of screens (sRGB)")
    # Without its hidden notes it may fit: the result is looked at again.
    if facts.bytes > max_bytes and not facts.problems:
        reasons.append(f"it has {facts.bytes:,} bytes and the server takes {max_bytes:,}")
    if reasons:
        return Fit(Action.TRANSCODE, f"Converted: {'; '.join(reasons)}.")
    if facts.problems:
        return Fit(Action.REMUX, f"Cleaned without loss: {'; '.join(facts.problems)}.")
    return Fit(Action.KEEP, "It can be sent exactly as it is.")
