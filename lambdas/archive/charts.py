"""Figures → one page with charts that stands alone: inline SVG, no script, nothing fetched from elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

Bar = tuple[str, float, str]  # what it is of, how long it is, what is written beside it

_LABEL, _BARS, _ROW, _WIDTH = 260, 420, 26, 860
_STYLE = """
:root{color-scheme:light dark;--bar:#2f6fab;--line:#8884}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
figure{margin:2rem 0}
figcaption{font-weight:600;margin-bottom:.5rem}
svg{width:100%;height:auto}
svg rect{fill:var(--bar)}
svg text{fill:currentColor;font-size:14px}
table{border-collapse:collapse}
td,th{border-bottom:1px solid var(--line);padding:.2rem .8rem .2rem 0;text-align:left}
"""
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


def page(title: str, facts: Mapping[str, Any], charts: Mapping[str, Sequence[Bar]]) -> bytes:
    """A table of facts, then each chart under its caption."""
    body = "\n".join([_table(facts.items()), *(_figure(caption, bars) for caption, bars in charts.items())])
    return _PAGE.format(title=escape(title), style=_STYLE, body=body).encode()


def _table(rows: Iterable[tuple[str, Any]]) -> str:
    cells = (f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in rows)
    return f"<table>{''.join(cells)}</table>"


def _figure(caption: str, bars: Sequence[Bar]) -> str:
    drawn = _svg(caption, bars) if bars else "<p>Nothing yet.</p>"
    return f"<figure><figcaption>{escape(caption)}</figcaption>{drawn}</figure>"


def _svg(caption: str, bars: Sequence[Bar]) -> str:
    most = max(length for _, length, _ in bars) or 1
    drawn = "".join(_bar(number, bar, most) for number, bar in enumerate(bars))
    said = escape(f"{caption}: " + "; ".join(f"{label} {value}" for label, _, value in bars))
    height = _ROW * len(bars)
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{said}">{drawn}</svg>'


def _bar(number: int, bar: Bar, most: float) -> str:
    label, length, value = bar
    top, width = number * _ROW, max(1.0, length / most * _BARS)
    middle = top + _ROW * 0.68
    return (
        f'<text x="{_LABEL - 8}" y="{middle:.0f}" text-anchor="end">{escape(label)}</text>'
        f'<rect x="{_LABEL}" y="{top + 4}" width="{width:.1f}" height="{_ROW - 8}"/>'
        f'<text x="{_LABEL + width + 8:.1f}" y="{middle:.0f}">{escape(value)}</text>'
    )
