"""Ink → walls: hollow walls are filled, thin strokes opened away, once for each thickness a wall may have here."""

from collections.abc import Iterator

import numpy as np

from containers.room_detection.masks import Mask, distances, grown, opened, parts, ridge_of
from containers.room_detection.parameters import Parameters


def strokes(ink: Mask, side: float, parameters: Parameters) -> Mask:
    """Ink without text and small furniture: parts as long as a wall at least."""
    drawn = parts(ink)
    return drawn.pick(drawn.longest >= parameters.smallest_stroke * side)


def solid(lines: Mask, thickest: float) -> Mask:
    """Fill what lies between a wall's parallel lines or hatching: background parts that no thick disc fits into."""
    gaps = parts(1 - lines, connectivity=4)
    roomy = np.zeros(gaps.area.size, bool)
    roomy[gaps.labels[distances(1 - lines) > thickest / 2]] = True
    mean_width = np.clip(2 * gaps.area / np.maximum(gaps.width + gaps.height, 1), 1, thickest)
    specks = gaps.area <= (thickest / 2) ** 2
    return lines | gaps.pick(specks | (~roomy & (gaps.longest >= 2.2 * mean_width)))


def typical_thickness(walls: Mask, thickest: float, rank: float) -> float:
    """The stroke width below which `rank` of all drawn area lies, measured along the strokes' ridges."""
    depth = distances(walls)
    widths = 2 * depth[ridge_of(depth)] - 1
    widths = widths[widths <= 1.6 * thickest]
    if widths.size < 10:
        return 0.0
    weights = np.bincount(np.round(widths).astype(int), weights=widths)
    return float(np.searchsorted(np.cumsum(weights) / weights.sum(), rank))


def wall_masks(filled: Mask, thickness: float, side: float, parameters: Parameters) -> Iterator[Mask]:
    """One mask for each hypothesis of how thick a wall is at least, thickest first."""
    thinnest = parameters.thinnest_wall_pixels
    widths = {max(thinnest, round(share * thickness)) for share in parameters.wall_openings} | {thinnest}
    for width in sorted(widths, reverse=True):
        thick = opened(filled, width, width)
        blobs = opened(thick, 1.7 * parameters.thickest_wall * side, 1.7 * parameters.thickest_wall * side)
        walls = parts(thick & (1 - grown(blobs, 3, 3)))
        yield walls.pick(walls.longest >= max(2.2 * width, 0.02 * side))
