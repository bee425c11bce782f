"""A document that anybody may have sent → its page as RGB pixels; its header is believed only after it is checked."""

from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from loupe.pixels import rgb

MOST_PIXELS = 200_000_000
FORMATS = ("PNG", "JPEG", "TIFF", "BMP")


class Refused(Exception):
    """An HTTP status, and one sentence for who asked."""

    def __init__(self, status: int, reason: str, **headers: str) -> None:
        super().__init__(reason)
        self.status, self.reason, self.headers = status, reason, headers


def pixels(document: IO[bytes]) -> NDArray[np.uint8]:
    """The page as it is stored: no EXIF turns it, transparent paper is white."""
    try:
        with Image.open(document, formats=FORMATS) as image:
            _check(image)
            return np.asarray(rgb(image), np.uint8)
    except Refused:
        raise
    except UnidentifiedImageError as error:
        raise Refused(415, "The document is no image: send a PNG, JPEG, TIFF or BMP.") from error
    except Exception as error:  # a damaged image ends in whatever its decoder stumbles over
        raise Refused(415, "The image is damaged: export it again.") from error


def _check(image: Image.Image) -> None:
    if image.width * image.height > MOST_PIXELS:
        most = f"the limit is {MOST_PIXELS // 1_000_000} megapixels"
        raise Refused(413, f"The page has {image.width} x {image.height} pixels and {most}: send it smaller.")
    try:
        image.seek(1)
    except EOFError:
        image.seek(0)
    else:
        raise Refused(415, "The image has more than one page: send each page by itself.")
