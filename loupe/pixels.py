"""Any kind of decoded pixels → RGB on white paper."""

import numpy as np
from PIL import Image

_WHITE = (255, 255, 255, 255)


def rgb(image: Image.Image) -> Image.Image:
    """16 bits become 8, what is transparent becomes white."""
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image, np.uint16) >> 8).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        clear = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", clear.size, _WHITE), clear).convert("RGB")
    return image.convert("RGB")
