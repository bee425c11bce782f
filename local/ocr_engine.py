"""A page's pixels → its lines of words, read by RapidOCR, whose models come with the package: nothing is fetched."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rapidocr import RapidOCR

LONGEST_SIDE = 2000  # larger pages are read smaller
LONGEST_TO_SHORTEST = 4  # the detector enlarges a page until its short side has 736 pixels: a strip would fill memory
SHORTEST_SIDE = 32
UPRIGHT = 1.5  # RapidOCR reads a line of this height to width downwards
PAPER = (255, 255, 255)


@dataclass(frozen=True)
class Word:
    """What is read, how surely its line is, and the corners around it: clockwise from where reading starts."""

    text: str
    confidence: float
    corners: NDArray[np.float64]


class Engine:
    """The models; each thread has its own."""

    name = f"rapidocr-{version('rapidocr')}"

    def __init__(self, threads: int) -> None:
        self._ocr = RapidOCR(
            params={
                "Global.use_cls": False,
                "Global.return_word_box": True,
                "Global.return_single_char_box": True,  # its own words end at wide gaps between two letters
                "Global.use_preprocess_img": False,  # `_sized` takes every shape of page
                "Global.use_vertical_padding": False,
                "Global.log_level": "error",
                "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            }
        )

    def read(self, page: NDArray[np.uint8]) -> list[list[Word]]:
        """The lines of an RGB page, from top to bottom, in the page's own pixels."""
        sized, scale = _sized(page)
        found: Any = self._ocr(cv2.cvtColor(sized, cv2.COLOR_RGB2BGR))
        if not found.txts:
            return []
        lines = zip(found.txts, found.scores, found.boxes, found.word_results, strict=True)
        return [list(_words(text, score, box, letters, scale)) for text, score, box, letters in lines]


def _sized(page: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The page as it is read, and how much smaller that is in x and y; paper is added to the right and below."""
    height, width = page.shape[:2]
    share = min(1.0, LONGEST_SIDE / max(height, width))
    size = max(1, round(width * share)), max(1, round(height * share))
    if share < 1:
        page = np.asarray(cv2.resize(page, size, interpolation=cv2.INTER_AREA), np.uint8)
    least = max(SHORTEST_SIDE, -(-max(size) // LONGEST_TO_SHORTEST))
    right, below = max(0, least - size[0]), max(0, least - size[1])
    padded = cv2.copyMakeBorder(page, 0, below, 0, right, cv2.BORDER_CONSTANT, value=PAPER)
    return np.asarray(padded, np.uint8), np.array([size[0] / width, size[1] / height])


def _words(text: str, score: float, box: Any, letters: Sequence[Any], scale: NDArray[np.float64]) -> Iterator[Word]:
    """A line's words, each a strip of the line's quadrilateral."""
    line, start = _from_where_reading_starts(np.asarray(box, np.float64)), 0
    spans = _spans(line, letters, sum(map(len, text.split())))
    for word in text.split():
        span = spans[start : start + len(word)]
        yield Word(word, float(score), _strip(line, span.min(), span.max()) / scale)
        start += len(word)


def _from_where_reading_starts(box: NDArray[np.float64]) -> NDArray[np.float64]:
    width, height = np.linalg.norm(box[1] - box[0]), np.linalg.norm(box[3] - box[0])
    return np.roll(box, -1, axis=0) if height >= UPRIGHT * width else box


def _spans(line: NDArray[np.float64], letters: Sequence[Any], count: int) -> NDArray[np.float64]:
    """From where to where each letter reaches, as shares of the line; evenly where their places are not known."""
    if len(letters) != count:
        even = np.arange(count + 1) / count
        return np.stack([even[:-1], even[1:]], axis=1)
    along = line[1] - line[0]
    corners = np.array([corners for _, _, corners in letters], np.float64)
    shares = (corners - line[0]) @ along / max(1.0, float(along @ along))
    return np.asarray(np.clip(np.stack([shares.min(axis=1), shares.max(axis=1)], axis=1), 0, 1))


def _strip(line: NDArray[np.float64], start: float, end: float) -> NDArray[np.float64]:
    top, bottom = line[1] - line[0], line[2] - line[3]
    return np.array([line[0] + start * top, line[0] + end * top, line[3] + end * bottom, line[3] + start * bottom])
