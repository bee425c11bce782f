"""Rows → CSV that a spreadsheet opens: UTF-8 with its mark, every value quoted, none of them a formula."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_of(columns: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """A header always, then the rows; what is None is empty."""
    text, names = io.StringIO(newline=""), list(columns)
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([_cell(row[name]) for name in names] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> str:
    """Numbers as they are; words that a spreadsheet would compute are led by an apostrophe, which it does not show."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return format(value, ".12g") if isinstance(value, float) else str(value)
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
