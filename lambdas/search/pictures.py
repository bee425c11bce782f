"""An image from a stranger → its pixels as a person sees them; its header is believed only after it is checked."""

import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

from loupe.pixels import rgb

FORMATS = ("JPEG", "PNG", "WEBP")


class BadPicture(ValueError):
    """Bytes that are no image to search by; the text says why and what to send."""


def picture(image: bytes, *, most_pixels: int) -> Image.Image:
    """RGB, turned as EXIF says, transparent paper white; whatever the bytes are, only BadPicture is raised."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of size, which is checked here, and of strange metadata
            with Image.open(io.BytesIO(image), formats=FORMATS) as opened:
                _check(opened, most_pixels)
                return rgb(ImageOps.exif_transpose(opened))
    except BadPicture:
        raise
    except UnidentifiedImageError as error:
        raise BadPicture("The image is none that can be read: send a JPEG, PNG or WebP.") from error
    except Image.DecompressionBombError as error:
        raise BadPicture(f"The image has more than {most_pixels // 1_000_000} megapixels: send it smaller.") from error
    except Exception as error:  # a damaged image ends in whatever its decoder stumbles over
        raise BadPicture("The image is damaged or cut short: export it again.") from error


def _check(image: Image.Image, most_pixels: int) -> None:
    if image.width * image.height > most_pixels:
        most = f"the limit is {most_pixels // 1_000_000} megapixels"
        raise BadPicture(f"The image has {image.width} x {image.height} pixels and {most}: send it smaller.")
