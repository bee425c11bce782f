"""The obvious job over a plate, to compare with: each feature from all pixels, with Pillow and NumPy alone."""

import hashlib
import io
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Numbers = NDArray[np.float64]


def measure(body: bytes) -> dict[str, Any]:
    """What the models find, by short names; `mask` is a PNG."""
    with Image.open(io.BytesIO(body)) as source:
        rgb = source.convert("RGB")
    luma = rgb.convert("L")
    counts = rgb.histogram() + luma.histogram()
    histograms = {name: counts[256 * place : 256 * place + 256] for place, name in enumerate("RGBL")}
    small = _fitted(luma, 1024)
    threshold = _otsu(np.bincount(np.asarray(small).ravel(), minlength=256).astype(np.float64))
    ink = np.asarray(small) <= threshold
    out = io.BytesIO()
    Image.fromarray(ink).save(out, "PNG", optimize=True)
    return {
        "sha256": hashlib.sha256(body).hexdigest(),
        "histograms": histograms,
        "statistics": {name: _statistics(np.array(found, np.float64)) for name, found in histograms.items()},
        "laplacian_var": _laplacian_variance(np.asarray(small, np.float64)),
        "ahash": _ahash(luma),
        "dhash": _dhash(luma),
        "phash": _phash(luma),
        "threshold": threshold,
        "foreground_ratio": float(ink.mean()),
        "mask": out.getvalue(),
    }


def _fitted(luma: Image.Image, side: int) -> Image.Image:
    scale = min(1.0, side / max(luma.size))
    return luma.resize(
        (max(1, round(luma.width * scale)), max(1, round(luma.height * scale))), Image.Resampling.BILINEAR
    )


def _statistics(counts: Numbers) -> dict[str, float]:
    shares, values = counts / counts.sum(), np.arange(256)
    mean, present = float(shares @ values), np.flatnonzero(counts)
    return {
        "total": float(counts.sum()),
        "min": float(present[0]),
        "max": float(present[-1]),
        "mean": mean,
        "std": math.sqrt(float(shares @ (values - mean) ** 2)),
        "clipped_low_ratio": float(shares[0]),
        "clipped_high_ratio": float(shares[-1]),
        "entropy": -float(np.sum(shares[present] * np.log2(shares[present]))),
    }


def _laplacian_variance(luma: Numbers) -> float:
    wide = np.pad(luma, 1, mode="edge")
    return float(np.var(wide[:-2, 1:-1] + wide[2:, 1:-1] + wide[1:-1, :-2] + wide[1:-1, 2:] - 4 * luma))


def _cells(luma: Image.Image, width: int, height: int) -> Numbers:
    return np.asarray(luma.resize((width, height), Image.Resampling.BILINEAR), np.float64)


def _ahash(luma: Image.Image) -> int:
    cells = _cells(luma, 8, 8)
    return _number(cells > cells.mean())


def _dhash(luma: Image.Image) -> int:
    cells = _cells(luma, 9, 8)
    return _number(cells[:, 1:] > cells[:, :-1])


def _phash(luma: Image.Image) -> int:
    cosines = np.cos(np.pi / 32 * np.outer(np.arange(32), np.arange(32) + 0.5))
    waves = (cosines @ _cells(luma, 32, 32) @ cosines.T)[:8, :8].ravel()
    return _number(waves > np.median(waves[1:]))


def _number(bits: NDArray[np.bool_]) -> int:
    return int("".join("01"[bit] for bit in bits.ravel().astype(int)), 2)


def _otsu(counts: Numbers) -> int:
    dark, values = np.cumsum(counts), np.arange(256)
    light, dark_sum = counts.sum() - dark, np.cumsum(counts * values)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = dark_sum / dark - (dark_sum[-1] - dark_sum) / light
        between = np.nan_to_num(dark * light * means**2)
    return int(np.argmax(between))
