"""A picture → `segmentation_otsu.json` and `mask.png`: dark ink told from light paper by Otsu's threshold."""

import cv2
import numpy as np

from containers.plate_runs.pictures import WORKING_SIDE, Measured, Picture, Pixels, gray_counts

MASK = "mask.png"


def segmentation_otsu(picture: Picture) -> Measured | None:
    """The facts and the mask; nothing of a picture that cannot be decoded."""
    if not picture.decoded:
        return None
    working = picture.decoded.working
    threshold = otsu_threshold(gray_counts(working).tolist())
    mask = np.where(working <= threshold, np.uint8(255), np.uint8(0))
    facts = {
        "method": "otsu-luma-v1",
        "params": {"max_dim": WORKING_SIDE, "threshold": threshold, "polarity": "dark-is-foreground"},
        "original_geometry": {"width_px": picture.decoded.width, "height_px": picture.decoded.height},
        "mask_geometry": {"width_px": working.shape[1], "height_px": working.shape[0]},
        "outputs": {"mask_png": MASK},
        "foreground_ratio": int(np.count_nonzero(mask)) / mask.size,
    }
    return Measured(facts, {MASK: _png(mask)})


def otsu_threshold(histogram: list[int]) -> int:
    """The last value of the dark class, where the classes' means lie farthest apart; the lowest of several such."""
    total, whole = sum(histogram), sum(value * count for value, count in enumerate(histogram))
    best, threshold, dark, dark_sum = (0, 1), 0, 0, 0
    for value, count in enumerate(histogram):
        dark, dark_sum = dark + count, dark_sum + value * count
        light = total - dark
        if dark and light and (apart := (total * dark_sum - dark * whole) ** 2) * best[1] > best[0] * dark * light:
            best, threshold = (apart, dark * light), value
    return threshold


def _png(mask: Pixels) -> bytes:
    """One bit a pixel; hatching compresses best, and fastest, with little effort."""
    return cv2.imencode(".png", mask, [cv2.IMWRITE_PNG_BILEVEL, 1, cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
