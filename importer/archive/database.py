"""sqlite_utils, without what it would load besides.

Where numpy is installed (it comes with the detection of languages) sqlite_utils loads it to know
its numbers. None come here, and it takes a tenth of the memory and of the start of each command.
"""

from __future__ import annotations

import sys

_is_loaded = "numpy" in sys.modules
if not _is_loaded:
    sys.modules["numpy"] = None  # type: ignore[assignment]
try:
    from sqlite_utils import Database, Migrations
finally:
    if not _is_loaded:
        del sys.modules["numpy"]

__all__ = ["Database", "Migrations"]
