"""How the program says that something was given wrong."""

from __future__ import annotations

from tests.end_to_end.command_line import Ended, JsonLine


def assert_refused(ended: Ended, code: int, word: str) -> JsonLine:
    """One error for both readers, with a hint; no traceback."""
    assert "Traceback" not in ended.err
    (error,) = ended.named("error")
    assert error == ended.lines[-1]
    assert (ended.code, error["exit"], error["code"]) == (code, code, word)
    assert error["text"] and error["hint"]
    assert "\n" not in error["text"] + error["hint"]
    told = ended.err.splitlines()
    assert told[-2:] == [f"tokaway: {error['text']}", f"  → {error['hint']}"]
    assert sum(line.startswith("tokaway: ") for line in told) == 1
    return error
