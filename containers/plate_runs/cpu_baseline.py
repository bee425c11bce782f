"""A picture → `cpu_baseline.json`: container, size, tiles, histograms, statistics, sharpness and fingerprints."""

import math
from typing import Any

import cv2
import numpy as np

from containers.plate_runs.perceptual import hashes
from containers.plate_runs.pictures import Decoded, Measured, Picture, Pixels

TILE_PX = 512
_COLOURS = ("R", "G", "B")
_VALUES = np.arange(256)
_DIGITS = 9  # of logarithms, whose last bits differ between processors


def cpu_baseline(picture: Picture) -> Measured:
    """Everything that `cpu.baseline.schema.json` asks of the picture itself; no pixels, no statistics."""
    facts = {
        "source_file": picture.source_file,
        "geometry": picture.geometry,
        "tiling": _tiling(picture.geometry["width_px"] or 1, picture.geometry["height_px"] or 1),
        "decode": {"ok": picture.decoded is not None, "error": picture.error},
        "pixel_stats": _pixel_stats(picture.decoded) if picture.decoded else None,
        "hashes": hashes(picture.decoded.working) if picture.decoded else None,
    }
    return Measured(facts)


def _tiling(width: int, height: int) -> dict[str, int]:
    across, down = math.ceil(width / TILE_PX), math.ceil(height / TILE_PX)
    return {"tile_size_px": TILE_PX, "tiles_x": across, "tiles_y": down, "total_tiles": across * down}


def _pixel_stats(decoded: Decoded) -> dict[str, Any]:
    counts = decoded.histograms
    return {
        "colorspace": "as-decoded",
        "rgb_histograms": {"bins": 256, **{name: counts[name] for name in _COLOURS}},
        "l_histogram": {"bins": 256, "L": counts["L"]},
        "rgb_stats": {name: statistics(counts[name]) for name in _COLOURS},
        "luma_stats": statistics(counts["L"]),
        "entropy": {name: entropy(found) for name, found in counts.items()},
        "laplacian_var": laplacian_variance(decoded.working),
    }


def statistics(histogram: list[int]) -> dict[str, float]:
    """Exact: the sums are whole numbers."""
    counts = np.array(histogram, np.int64)
    total, first, second = int(counts.sum()), int(counts @ _VALUES), int(counts @ (_VALUES * _VALUES))
    present = np.flatnonzero(counts)
    return {
        "total": total,
        "min": int(present[0]),
        "max": int(present[-1]),
        "mean": first / total,
        "std": math.sqrt((second * total - first * first) / (total * total)),
        "clipped_low_ratio": histogram[0] / total,
        "clipped_high_ratio": histogram[-1] / total,
    }


def entropy(histogram: list[int]) -> float:
    """In bits for each pixel."""
    counts = np.array([count for count in histogram if count], np.float64)
    shares = counts / counts.sum()
    return round(abs(float(np.sum(shares * np.log2(shares)))), _DIGITS)


def laplacian_variance(working: Pixels) -> float:
    """How sharp it is: the variance of its Laplacian, its edges repeated outwards; exact."""
    found = cv2.Laplacian(working, cv2.CV_16S, borderType=cv2.BORDER_REPLICATE)
    first, second = int(cv2.sumElems(found)[0]), int(cv2.norm(found, cv2.NORM_L2SQR))
    return (second * found.size - first * first) / (found.size * found.size)
