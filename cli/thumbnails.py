"""An image, whoever made it → as many of its pixels as a picture has room for."""

import io
import warnings
from pathlib import Path

from PIL import Image

from cli.trouble import Trouble
from loupe.pixels import rgb


def thumbnail(image: Path | bytes, longest_side: int, *, name: str) -> tuple[Image.Image, float]:
    """RGB as it is stored, no larger than that, and how much smaller it is; Trouble when it is no image."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            with Image.open(image if isinstance(image, Path) else io.BytesIO(image)) as stored:
                longest = max(stored.size)
                stored.draft("RGB", (longest_side, longest_side))
                opened = rgb(stored)
        except Exception as error:  # a damaged image ends in whatever its decoder stumbles over
            raise Trouble(f"{name} cannot be drawn: it is no image that can be read.") from error
    opened.thumbnail((longest_side, longest_side), reducing_gap=3)
    return opened, max(opened.size) / longest
