"""Lines of words → the answer, in the shape that the vendor documents for its model `ocr`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.ocr_engine import Word


def answer(lines: Sequence[Sequence["Word"]], *, engine: str, width: int, height: int) -> dict[str, Any]:
    """One page's answer, which names the engine that read it."""
    words = [word for line in lines for word in line]
    text = "\n".join(" ".join(word.text for word in line) for line in lines)
    confidence = round(sum(word.confidence for word in words) / len(words), 4) if words else 0.0
    page = {"confidence": confidence, "height": height, "id": 0, "text": text, "width": width}
    return {
        "apiVersion": "1.1",
        "confidence": confidence,
        "metadata": {"pages": [{"height": height, "page": 1, "width": width}]},
        "mimeType": "multipart/form-data",
        "modelVersion": engine,
        "numBilledPages": 1,
        "pages": [{**page, "words": [_word(number, word) for number, word in enumerate(words)]}],
        "stored": False,
        "text": text,
    }


def _word(number: int, word: "Word") -> dict[str, Any]:
    vertices = [{"x": round(x), "y": round(y)} for x, y in word.corners.tolist()]
    return {
        "boundingBox": {"vertices": vertices},
        "confidence": round(word.confidence, 4),
        "id": number,
        "text": word.text,
    }
