"""An open picture → what its container says of it: size, profiles, and how its JPEG was made."""

import hashlib
import json
from pathlib import PurePosixPath
from typing import Any

from PIL import Image, JpegImagePlugin

# sampling factors of luma over those of chroma
_SUBSAMPLING = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0", (4, 1): "4:1:1", (1, 2): "4:4:0", (4, 2): "4:1:0"}


def source_file(picture: Image.Image | None, body: bytes, *, name: str, sha256: str) -> dict[str, Any]:
    """What `source_file` of a baseline says; of bytes that are no picture, only what holds of any bytes."""
    profile = picture.info.get("icc_profile") if picture else None
    return {
        "bytes": len(body),
        "extension": PurePosixPath(name).suffix.lower().lstrip("."),
        "format": picture.format if picture else None,
        "sha256": sha256,
        "exif_present": picture is not None and _has_exif(picture),
        "icc_present": profile is not None,
        "icc_hash": hashlib.sha256(profile).hexdigest() if profile else None,
        **_jpeg(picture),
    }


def geometry(picture: Image.Image | None) -> dict[str, Any]:
    """Size and mode as stored."""
    if not picture:
        return dict.fromkeys(("width_px", "height_px", "megapixels", "aspect_ratio", "mode"))
    return {
        "width_px": picture.width,
        "height_px": picture.height,
        "megapixels": round(picture.width * picture.height / 1_000_000, 3),
        "aspect_ratio": picture.width / picture.height,
        "mode": picture.mode,
    }


def _has_exif(picture: Image.Image) -> bool:
    try:
        return bool(picture.getexif())
    except Exception:  # broken EXIF is there all the same
        return "exif" in picture.info


def _jpeg(picture: Image.Image | None) -> dict[str, Any]:
    if not isinstance(picture, JpegImagePlugin.JpegImageFile):
        return {"jpeg_is_progressive": None, "jpeg_subsampling": None, "jpeg_quant_hash": None}
    tables = json.dumps(picture.quantization, sort_keys=True, separators=(",", ":"))
    return {
        "jpeg_is_progressive": bool(picture.info.get("progressive")),
        "jpeg_subsampling": _subsampling(picture.layer),
        "jpeg_quant_hash": hashlib.sha256(tables.encode()).hexdigest(),
    }


def _subsampling(layers: list[tuple[int, int, int, int]]) -> str:
    """The usual name where there is one; `4:0:0` is gray."""
    if len(layers) == 1:
        return "4:0:0"
    (_, across, down, _), (_, chroma_across, chroma_down, _) = layers[:2]
    known = across % chroma_across == 0 and down % chroma_down == 0
    name = _SUBSAMPLING.get((across // chroma_across, down // chroma_down)) if known else None
    return name or ",".join(f"{h}x{v}" for _, h, v, _ in layers)
