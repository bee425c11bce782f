"""One answer in the formats people ask for: JSON, GeoJSON, CSV and an SVG overlay. Pure functions of the answer."""

import csv
import io
import json
from collections.abc import Callable
from html import escape
from typing import Any

Answer = dict[str, Any]
COLUMNS = ("id", "page", "name_hint", "area_px", "area_share", "confidence", "x_min", "y_min", "x_max", "y_max")
_PALETTE = ("#2a6fdb", "#d1495b", "#3a9e5c", "#e08e2b", "#7a4fbf", "#1f9aa8", "#b4467f", "#7d8c2c")


def to_json(answer: Answer) -> str:
    return json.dumps(answer, ensure_ascii=False)


def to_geojson(answer: Answer) -> str:
    """A FeatureCollection (RFC 7946) in the page's own pixel coordinates, y downwards; one feature per room."""
    features = [
        {
            "type": "Feature",
            "id": room["id"],
            "bbox": room["bounding_box_px"],
            "geometry": {"type": "Polygon", "coordinates": [[*room["polygon"], room["polygon"][0]]]},
            "properties": {name: room[name] for name in ("page", "name_hint", "area_px", "area_share", "confidence")},
        }
        for room in answer["rooms"]
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)


def to_csv(answer: Answer) -> str:
    """One line per room. A name that a spreadsheet would run as a formula is quoted with an apostrophe."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(COLUMNS)
    for room in answer["rooms"]:
        hint = room["name_hint"] or ""
        safe = f"'{hint}" if hint[:1] in "=+-@\t" and hint else hint
        numbers = [room[name] for name in ("area_px", "area_share", "confidence")]
        lines.writerow([room["id"], room["page"], safe, *numbers, *room["bounding_box_px"]])
    return text.getvalue()


def to_svg(answer: Answer) -> str:
    """The rooms as shapes on transparent ground, to be laid over the blueprint; pages stand one below the other."""
    width = max(page["width"] for page in answer["pages"])
    height = sum(page["height"] for page in answer["pages"])
    top, groups = 0, []
    for page in answer["pages"]:
        shapes = [_shape(room, page) for room in answer["rooms"] if room["page"] == page["page"]]
        groups.append(f'<g id="page_{page["page"]}" transform="translate(0 {top})">{"".join(shapes)}</g>')
        top += page["height"]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return f'{head} fill-opacity=".25">{"".join(groups)}</svg>\n'


def _shape(room: dict[str, Any], page: dict[str, Any]) -> str:
    points = " ".join(f"{x:g},{y:g}" for x, y in room["polygon"])
    color = _PALETTE[int(room["id"].rsplit("_", 1)[-1]) % len(_PALETTE)]
    stroke = max(page["width"], page["height"]) / 500
    label = escape(room["name_hint"] or room["id"])
    return (
        f'<polygon id="{room["id"]}" points="{points}" fill="{color}" stroke="{color}" stroke-width="{stroke:g}">'
        f"<title>{label}</title></polygon>"
    )


FORMATS: dict[str, tuple[str, str, Callable[[Answer], str]]] = {
    "json": ("rooms.json", "application/json", to_json),
    "geojson": ("rooms.geojson", "application/geo+json", to_geojson),
    "csv": ("rooms.csv", "text/csv; charset=utf-8", to_csv),
    "svg": ("overlay.svg", "image/svg+xml", to_svg),
}
