"""An evaluation → one page for people: numbers, ROC curve, confusion matrix, cuts; it fetches nothing."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import judgement

_SIDE, _EDGE = 300, 44
_PAGE = """\
<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1c2733 }}
h1 {{ font-size: 1.4rem }} h2 {{ font-size: 1.05rem; margin: 0 0 .5rem }}
.charts {{ display: flex; flex-wrap: wrap; gap: 2rem }} figure {{ margin: 0 }} svg {{ font-size: 11px }}
table {{ border-collapse: collapse; margin: 1.5rem 0 }} td, th {{ padding: .2rem .8rem .2rem 0; text-align: left }}
td {{ font-variant-numeric: tabular-nums; overflow-wrap: anywhere }} figcaption {{ color: #51606e; max-width: 21rem }}
</style>
<h1>{title}</h1>
<p>{verdict}</p>
<div class="charts">{charts}</div>
{tables}
</html>
"""


def page(told: dict[str, Any], probability: NDArray[np.float64], outcome: NDArray[np.int64]) -> str:
    """The whole document."""
    charts = [_roc(told, probability, outcome), _matrix(told["confusion"]), _cuts(told, probability, outcome)]
    tables = [_table("Metrics", _metrics(told)), _table("Made from", _made_from(told))]
    title = html.escape(f"Evaluation of {told['execution']}")
    return _PAGE.format(title=title, verdict=_verdict(told), charts="".join(charts), tables="".join(tables))


def _verdict(told: dict[str, Any]) -> str:
    accuracy, threshold = told["metrics"]["accuracy"], told["accuracy_threshold"]
    passes = "reaches" if accuracy["value"] >= threshold else "does not reach"
    return (
        f"Accuracy {accuracy['value']:.4f} over {told['rows']} rows, of which 95 times of 100 the truth is between "
        f"{accuracy['low']:.3f} and {accuracy['high']:.3f}: it {passes} the threshold of {threshold:g}."
    )


def _roc(told: dict[str, Any], probability: NDArray[np.float64], outcome: NDArray[np.int64]) -> str:
    area = told["metrics"]["auc"]["value"]
    lines = [_line([(0, 0), (1, 1)], "#b9c3cc", dashed=True), _line(judgement.roc(probability, outcome), "#0b6bcb")]
    caption = f"How many survivors are found (upwards) at the cost of how many false alarms; area {area:.3f}."
    return _chart("ROC curve", "".join(lines), caption, across="false positive rate", up="true positive rate")


def _cuts(told: dict[str, Any], probability: NDArray[np.float64], outcome: NDArray[np.int64]) -> str:
    cut, threshold = told["cut"], told["accuracy_threshold"]
    lines = [
        _line([(0, threshold), (1, threshold)], "#c2410c", dashed=True),
        _line([(cut, 0), (cut, 1)], "#b9c3cc", dashed=True),
        _line(judgement.accuracies(probability, outcome), "#0b6bcb"),
    ]
    caption = f"The accuracy that each cut would have. The model's cut is {cut:g}; the gate (red) is at {threshold:g}."
    return _chart("Accuracy by cut", "".join(lines), caption, across="cut", up="accuracy")


def _matrix(counts: dict[str, int]) -> str:
    cells = [
        ("true_negative", 0, 0, "died, as predicted"),
        ("false_positive", 1, 0, "died, predicted to survive"),
        ("false_negative", 0, 1, "survived, predicted to die"),
        ("true_positive", 1, 1, "survived, as predicted"),
    ]
    most = max(counts.values()) or 1
    drawn = "".join(_cell(x, y, counts[name], words, counts[name] / most) for name, x, y, words in cells)
    return _figure("Confusion matrix", drawn, "Each row of the validation table is in one of the four fields.")


def _cell(x: int, y: int, count: int, words: str, share: float) -> str:
    half = _SIDE / 2
    left, top = _EDGE + x * half, y * half + 8
    ink = "#fff" if share > 0.75 else "#1c2733"
    place = f'x="{left + half / 2:.0f}" text-anchor="middle" fill="{ink}"'
    return (
        f'<rect x="{left:.0f}" y="{top:.0f}" width="{half - 4:.0f}" height="{half - 4:.0f}" rx="4" '
        f'fill="#0b6bcb" fill-opacity="{0.08 + 0.92 * share:.2f}"/>'
        f'<text {place} y="{top + half / 2:.0f}" font-size="26">{count}</text>'
        f'<text {place} y="{top + half / 2 + 20:.0f}">{words}</text>'
    )


def _chart(title: str, drawn: str, caption: str, *, across: str, up: str) -> str:
    bottom, middle = _SIDE + 8, _EDGE + _SIDE / 2
    ticks = "".join(
        f'<text x="{_EDGE + share * _SIDE:.0f}" y="{bottom + 14}" text-anchor="middle">{share:g}</text>'
        f'<text x="{_EDGE - 6}" y="{bottom - share * _SIDE + 4:.0f}" text-anchor="end">{share:g}</text>'
        for share in (0, 0.5, 1)
    )
    frame = f'<rect x="{_EDGE}" y="8" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#b9c3cc"/>'
    axes = (
        f'<text x="{middle:.0f}" y="{bottom + 30}" text-anchor="middle">{across}</text>'
        f'<text transform="translate(12 {_SIDE / 2:.0f}) rotate(-90)" text-anchor="middle">{up}</text>'
    )
    return _figure(title, frame + ticks + axes + drawn, caption)


def _figure(title: str, drawn: str, caption: str) -> str:
    size = f'width="{_SIDE + _EDGE + 10}" height="{_SIDE + _EDGE}"'
    return (
        f'<figure><h2>{title}</h2><svg {size} role="img" aria-label="{title}">{drawn}</svg>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _line(points: Sequence[tuple[float, float]], colour: str, *, dashed: bool = False) -> str:
    places = " ".join(f"{_EDGE + x * _SIDE:.1f},{_SIDE + 8 - y * _SIDE:.1f}" for x, y in points)
    dashes = ' stroke-dasharray="4 4"' if dashed else ""
    return f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>'


def _metrics(told: dict[str, Any]) -> Iterable[tuple[str, str]]:
    return [(name, f"{one['value']:.4f}") for name, one in told["metrics"].items()]


def _made_from(told: dict[str, Any]) -> Iterable[tuple[str, str]]:
    inputs = [(f"{name} ({one['rows']} rows)", one["sha256"]) for name, one in told["inputs"].items()]
    bundle = [("commit", told["bundle"]["commit"]), ("bundle", told["bundle"]["sha256"])]
    return [*bundle, *inputs, ("model", told["model"]["sha256"]), ("execution", told["execution"])]


def _table(title: str, rows: Iterable[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>" for name, value in rows)
    return f"<h2>{title}</h2><table>{cells}</table>"
