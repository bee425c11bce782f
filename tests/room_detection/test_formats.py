"""One answer in every format, whatever it holds."""

import csv
import io
import json
from typing import Any
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from lambdas.room_detection.formats import FORMATS, to_csv, to_geojson, to_svg
from loupe import contracts

NUMBERS = st.floats(min_value=0, max_value=5000, allow_nan=False).map(lambda number: round(number, 1))
HINTS = st.none() | st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)
POLYGONS = st.lists(st.tuples(NUMBERS, NUMBERS).map(list), min_size=3, max_size=8)


@st.composite
def answers(draw: st.DrawFn) -> dict[str, Any]:
    pages = [{"page": number, "width": 800, "height": 600} for number in range(1, draw(st.integers(1, 3)) + 1)]
    rooms = [
        {
            "id": f"room_{index:03d}",
            "page": draw(st.integers(1, len(pages))),
            "polygon": draw(POLYGONS),
            "bounding_box_px": [1, 2, 3, 4],
            "bounding_box": [1, 2, 3, 4],
            "area_px": 5.5,
            "area_share": 0.5,
            "confidence": 0.5,
            "name_hint": draw(HINTS),
        }
        for index in range(1, draw(st.integers(0, 4)) + 1)
    ]
    answer = {"detector": {"name": "test", "version": "1.0.0"}, "pages": pages, "rooms": rooms}
    return dict(contracts.check("room_detection/rooms", answer))


@given(answers())
def test_every_format_says_the_same_twice(answer: dict[str, Any]) -> None:
    assert [text(answer) for _, _, text in FORMATS.values()] == [text(answer) for _, _, text in FORMATS.values()]


@given(answers())
def test_geojson_rings_are_closed_and_carry_every_room(answer: dict[str, Any]) -> None:
    features = json.loads(to_geojson(answer))["features"]
    assert [feature["id"] for feature in features] == [room["id"] for room in answer["rooms"]]
    for feature in features:
        [ring] = feature["geometry"]["coordinates"]
        assert ring[0] == ring[-1]
        assert len(ring) >= 4


@given(answers())
def test_csv_has_a_line_for_every_room_and_no_formula(answer: dict[str, Any]) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(answer))))
    assert [row["id"] for row in rows] == [room["id"] for room in answer["rooms"]]
    assert not any(row["name_hint"].startswith(("=", "+", "-", "@")) for row in rows)


@given(answers())
def test_svg_is_well_formed_and_holds_every_room_on_its_page(answer: dict[str, Any]) -> None:
    svg = ElementTree.fromstring(to_svg(answer))
    space = "{http://www.w3.org/2000/svg}"
    drawn = {(g.attrib["id"], p.attrib["id"]) for g in svg for p in g.iter(f"{space}polygon")}
    assert drawn == {(f"page_{room['page']}", room["id"]) for room in answer["rooms"]}
