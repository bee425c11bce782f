"""The words on a page and its rooms → what the plan calls each room. The words are text of strangers."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LONGEST_NAME = 80
_MOST_WORDS = 200  # of one room: what holds more is no room with a name
_UNITS = frozenset({"m", "mm", "cm", "ft", "feet", "sf", "sq", "sqm", "sqft", "qm", "x", "평", "坪", "帖", "畳"})
_UNIT = re.compile(
    r"[(\[]?(?:[x*\N{MULTIPLICATION SIGN}]|[mc]?m|ft|feet|sf|qm|sq\.?(?:m|ft)?|(?:m|ft)\^?2|[평坪帖畳])\.?[)\]]?"
)
_LETTERS = re.compile(r"[^\W\d_]+")
_QUANTITY = re.compile(r"^\w{1,4}=")  # H=2.50
_AROUND = " -\N{EN DASH}\N{EM DASH}/|\\:;,=+*\N{MULTIPLICATION SIGN}~_\N{MIDDLE DOT}\N{BULLET}"

Corners = NDArray[np.float64]


@dataclass(frozen=True)
class Word:
    """Its text and its corners (4, 2) in pixels of the page, from the upper left as it is read."""

    text: str
    corners: Corners


def names(words: Sequence[Word], rooms: Iterable[Mapping[str, Any]]) -> list[str | None]:
    """For each room of an answer what is written in it, without areas and dimensions; None where nothing is left."""
    centres = np.array([word.corners.mean(axis=0) for word in words]).reshape(-1, 2)
    return [_name([words[index] for index in _inside(room, centres)]) for room in rooms]


def _inside(room: Mapping[str, Any], centres: Corners) -> list[int]:
    """Which points lie within an odd number of the room's rings: in the outline and in no hole."""
    x, y = centres.T
    inside = np.zeros(len(centres), bool)
    for ring in (room["polygon"], *room.get("holes", [])):
        for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]], strict=True):
            left_of_edge = ((x - x0) * (y1 - y0) < (y - y0) * (x1 - x0)) == (y1 > y0)
            inside ^= left_of_edge & ((y0 > y) != (y1 > y))
    return [int(index) for index in np.flatnonzero(inside)]


def _name(words: list[Word]) -> str | None:
    lines = (_without_measures(line) for line in _lines(words[:_MOST_WORDS]))
    said = " ".join(word for line in lines for word in line)[:LONGEST_NAME].strip(_AROUND)
    return said if any(map(str.isalnum, said)) else None


def _lines(words: list[Word]) -> list[list[str]]:
    """The words of each line in reading order; upright words are read in their own direction, after the others."""
    by_turn: dict[int, list[Word]] = {}
    for word in words:
        by_turn.setdefault(_quarter_turns(word.corners), []).append(word)
    return [line for turns in sorted(by_turn) for line in _lines_one_way(by_turn[turns], turns)]


def _quarter_turns(corners: Corners) -> int:
    """How far clockwise the word is turned."""
    along = corners[1] - corners[0]
    return round(float(np.arctan2(along[1], along[0])) / (np.pi / 2)) % 4


def _lines_one_way(words: list[Word], turns: int) -> Iterable[list[str]]:
    """A word joins the line that its middle is level with."""
    cosine, sine = ((1, 0), (0, 1), (-1, 0), (0, -1))[turns]
    upright = [(word.text, word.corners @ np.array([[cosine, -sine], [sine, cosine]])) for word in words]
    lines: list[list[tuple[str, Corners]]] = []
    for text, corners in sorted(upright, key=lambda word: float(word[1][:, 1].mean())):
        last = lines[-1][-1][1][:, 1] if lines else np.array([np.inf])
        if last.min() <= corners[:, 1].mean() <= last.max():
            lines[-1].append((text, corners))
        else:
            lines.append([(text, corners)])
    for line in lines:
        line.sort(key=lambda word: float(word[1][:, 0].mean()))
        yield re.sub(r"\s*=\s*", "=", " ".join(_clean(text) for text, _ in line)).split()


def _clean(text: str) -> str:
    """Without control, format and private characters, surrogates and what stands for an unreadable one."""
    words = " ".join(text.split())
    return "".join(c for c in words if unicodedata.category(c)[0] != "C" and c != "\N{REPLACEMENT CHARACTER}")


def _without_measures(line: list[str]) -> list[str]:
    """What is left of a line; a small number stays right after a word, as in Bedroom 2."""
    kept, last = [], ""
    for word, following in zip(line, [*line, ""][1:], strict=True):
        last = word if _is_part_of_a_name(word, last, following) else ""
        kept += [last] if last else []
    return kept


def _is_part_of_a_name(word: str, last: str, following: str) -> bool:
    if word.isdecimal() and len(word) <= 3:
        return bool(_LETTERS.search(last)) and not _is_unit(following)
    if not last and (_is_unit(word) or not any(map(str.isalnum, word))):
        return False
    return not _is_measure(word)


def _is_measure(word: str) -> bool:
    """Digits, and besides at most units: 12.5m², 3,45x2.10, 9'10", H=2.50, ±0.00."""
    plain = _QUANTITY.sub("", _plain(word))
    return any(map(str.isdecimal, plain)) and _UNITS.issuperset(_LETTERS.findall(plain))


def _is_unit(word: str) -> bool:
    return _UNIT.fullmatch(_plain(word)) is not None


def _plain(word: str) -> str:
    """One spelling of digits, letters and units: full width, superscripts, ㎡."""
    return unicodedata.normalize("NFKC", word).casefold()
