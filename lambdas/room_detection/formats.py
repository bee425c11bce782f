"""One answer in the formats people ask for: JSON, GeoJSON, CSV and an SVG overlay. Pure functions of the answer."""

import csv
import io
import json
from collections.abc import Callable
from html import escape
from typing import Any

Answer = dict[str, Any]
Ring = list[list[float]]
NUMBERS = ("area_px", "area_share", "confidence")
COLUMNS = ("id", "page", "name", *NUMBERS, "neighbours", "x_min", "y_min", "x_max", "y_max")
_FORMULAS = tuple("=+-@\uff1d\uff0b\uff0d\uff20")  # some spreadsheets take full width too
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
            "geometry": {"type": "Polygon", "coordinates": _closed(room)},
            "properties": {name: room[name] for name in ("page", "name", *NUMBERS, "neighbours") if name in room},
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
        name = room.get("name", "")
        safe = f"'{name}" if name.startswith(_FORMULAS) else name
        numbers = [room[number] for number in NUMBERS]
        beside = " ".join(room["neighbours"])
        lines.writerow([room["id"], room["page"], safe, *numbers, beside, *room["bounding_box_px"]])
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
    path = "".join(f"M{' '.join(f'{x:g},{y:g}' for x, y in ring)}Z" for ring in _rings(room))
    color = _PALETTE[int(room["id"].rsplit("_", 1)[-1]) % len(_PALETTE)]
    stroke = max(page["width"], page["height"]) / 500
    label = escape(room.get("name", room["id"]))
    return (
        f'<path id="{room["id"]}" d="{path}" fill-rule="evenodd" fill="{color}" stroke="{color}"'
        f' stroke-width="{stroke:g}"><title>{label}</title></path>'
    )


def _rings(room: dict[str, Any]) -> list[Ring]:
    """The outline, then the holes."""
    return [room["polygon"], *room.get("holes", [])]


def _closed(room: dict[str, Any]) -> list[Ring]:
    """As RFC 7946 has them: the last point is the first, the area lies to the left of the way along each ring."""
    outer, *holes = _rings(room)
    turned = [_turned(outer, 1), *(_turned(hole, -1) for hole in holes)]
    return [[*ring, ring[0]] for ring in turned]


def _turned(ring: Ring, sense: int) -> Ring:
    """From the same point, the other way round where the area's sign is not `sense`."""
    double = sum(x * below - right * y for (x, y), (right, below) in zip(ring, [*ring[1:], ring[0]], strict=True))
    return [ring[0], *reversed(ring[1:])] if double * sense < 0 else ring


FORMATS: dict[str, tuple[str, str, Callable[[Answer], str]]] = {
    "json": ("rooms.json", "application/json", to_json),
    "geojson": ("rooms.geojson", "application/geo+json", to_geojson),
    "csv": ("rooms.csv", "text/csv; charset=utf-8", to_csv),
    "svg": ("overlay.svg", "image/svg+xml", to_svg),
}
