"""A post's still: as a picture where the terminal shows pictures, else in half blocks or letters.

The terminal is asked what it can do when this module is imported, before Textual takes it over;
nobody is asked where the screen goes to a browser or a test.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TypeAlias

from PIL import Image, UnidentifiedImageError
from textual_image.widget import AutoImage, HalfcellImage, SixelImage, UnicodeImage
from textual_image.widget import Image as BestImage

PosterImage: TypeAlias = AutoImage | SixelImage | HalfcellImage | UnicodeImage


def poster_widget() -> PosterImage:
    """A place for stills, empty at first."""
    if os.environ.get("NO_COLOR"):
        return UnicodeImage(id="poster")
    is_terminal = sys.__stdout__ is not None and sys.__stdout__.isatty()
    return BestImage(id="poster") if is_terminal else HalfcellImage(id="poster")


def picture_of(poster: bytes | None) -> Image.Image | None:
    """A still as a picture; `None` if there is none."""
    if not poster:
        return None
    try:
        picture = Image.open(io.BytesIO(poster))
        picture.load()
    except (OSError, UnidentifiedImageError):
        return None
    return picture
