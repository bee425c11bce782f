"""One answer in every format, whatever it holds."""

import csv
import io
import json
from itertools import pairwise, permutations
from typing import Any
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from lambdas.room_detection.formats import FORMATS, to_csv, to_geojson, to_svg
from loupe import contracts
from tests.room_detection.conftest import ROOM, ROOMS

NUMBERS = st.floats(min_value=0, max_value=5000, allow_nan=False).map(lambda number: round(number, 1))
NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffd\ufffe\uffff"), min_size=1)
RINGS = st.lists(st.tuples(NUMBERS, NUMBERS).map(list), min_size=3, max_size=8)
SPACE = "{http://www.w3.org/2000/svg}"


@st.composite
def answers(draw: st.DrawFn) -> dict[str, Any]:
    pages = [{"page": number, "width": 800, "height": 600} for number in range(1, draw(st.integers(1, 3)) + 1)]
    ids = [f"room_{index:03d}" for index in range(1, draw(st.integers(0, 4)) + 1)]
    doors = draw(st.sets(st.sampled_from(list(permutations(ids, 2))))) if len(ids) > 1 else set()
    rooms = [
        {
            "id": name,
            "page": draw(st.integers(1, len(pages))),
            "polygon": draw(RINGS),
            **draw(st.fixed_dictionaries({}, optional={"holes": st.lists(RINGS, min_size=1, max_size=3)})),
            "bounding_box_px": [1, 2, 3, 4],
            "bounding_box": [1, 2, 3, 4],
            "area_px": 5.5,
            "area_share": 0.5,
            "confidence": 0.5,
            "neighbours": [other for other in ids if {(name, other), (other, name)} & doors],
            **draw(st.fixed_dictionaries({}, optional={"name": NAMES.map(lambda text: text[:80])})),
        }
        for name in ids
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
        for ring in feature["geometry"]["coordinates"]:
            assert ring[0] == ring[-1]
            assert len(ring) >= 4


@given(answers())
def test_geojson_gives_back_each_room_as_it_was(answer: dict[str, Any]) -> None:
    for room, feature in zip(answer["rooms"], json.loads(to_geojson(answer))["features"], strict=True):
        outer, *holes = feature["geometry"]["coordinates"]
        assert points(outer[:-1]) == points(room["polygon"])
        assert [points(hole[:-1]) for hole in holes] == [points(hole) for hole in room.get("holes", [])]
        assert ("name" in feature["properties"]) is ("name" in room)
        assert feature["properties"].items() <= room.items()


def test_geojson_rings_run_as_the_standard_asks_whichever_way_they_were_found() -> None:
    square, hole = [[0, 0], [9, 0], [9, 9], [0, 9]], [[3, 3], [6, 3], [6, 6], [3, 6]]
    for polygon in (square, square[::-1]):
        for inner in (hole, hole[::-1]):
            answer = {**ROOMS, "rooms": [{**ROOM, "polygon": polygon, "holes": [inner]}]}
            [feature] = json.loads(to_geojson(answer))["features"]
            outer, ring = feature["geometry"]["coordinates"]
            assert (signed_area(outer), signed_area(ring)) == (81, -9)


@given(answers())
def test_csv_has_a_line_for_every_room_and_no_formula(answer: dict[str, Any]) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(answer))))
    assert [row["id"] for row in rows] == [room["id"] for room in answer["rooms"]]
    assert [row["neighbours"].split() for row in rows] == [room["neighbours"] for room in answer["rooms"]]
    assert [row["name"].removeprefix("'") for row in rows] == [
        room.get("name", "").removeprefix("'") for room in answer["rooms"]
    ]
    assert not any(row["name"].startswith(("=", "+", "-", "@")) for row in rows)


@given(answers())
def test_svg_is_well_formed_and_holds_every_room_on_its_page(answer: dict[str, Any]) -> None:
    svg = ElementTree.fromstring(to_svg(answer))
    drawn = {(g.attrib["id"], p.attrib["id"]) for g in svg for p in g.iter(f"{SPACE}path")}
    assert drawn == {(f"page_{room['page']}", room["id"]) for room in answer["rooms"]}


@given(answers())
def test_svg_draws_the_rings_of_a_room_as_one_shape_with_its_name_or_id(answer: dict[str, Any]) -> None:
    shapes = {path.attrib["id"]: path for path in ElementTree.fromstring(to_svg(answer)).iter(f"{SPACE}path")}
    for room in answer["rooms"]:
        path = shapes[room["id"]]
        assert path.attrib["fill-rule"] == "evenodd"
        assert path.attrib["d"].count("M") == path.attrib["d"].count("Z") == 1 + len(room.get("holes", []))
        assert path.findtext(f"{SPACE}title") == room.get("name", room["id"])


def points(ring: list[list[float]]) -> list[list[float]]:
    """Of a ring, whichever way round it is told."""
    return sorted(ring)


def signed_area(ring: list[list[float]]) -> float:
    return sum(x * below - right * y for (x, y), (right, below) in pairwise(ring)) / 2
