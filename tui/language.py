"""The words of the screens in the person's language; `scripts/words` gathers them."""

from __future__ import annotations

import gettext
from pathlib import Path

LOCALES = Path(__file__).parent / "locale"
_TRANSLATION = gettext.translation("tokaway", LOCALES, fallback=True)

_ = _TRANSLATION.gettext
ngettext = _TRANSLATION.ngettext
