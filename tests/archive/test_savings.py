"""What the lifecycle saves is computed from sizes and prices; of the example tree it is little."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from cli.archive import app
from cli.archive_savings import SMALLEST, Saving, read, savings, together
from cli.trouble import Trouble
from lambdas.archive.prices import GIB, prices
from lambdas.archive.tree import tree
from tests.conftest import EXAMPLES

EXAMPLE = EXAMPLES / "project_tree.json"
SAID_GB = 31.7  # of the project that the example is taken from; its listed files have a little more
PLACES = [place.example for place in tree().places]


def saved(*items: dict[str, Any]) -> dict[str, Saving]:
    return {one.place: one for one in savings(items, tree(), prices())}


def test_the_example_tree_saves_less_than_a_hundredth() -> None:
    found = savings(read(EXAMPLE), tree(), prices())
    total, profiling = together(found), next(one for one in found if one.place == "profiling")
    assert total.bytes / 1e9 == pytest.approx(SAID_GB, rel=0.05)
    assert profiling.bytes / (SAID_GB * 1e9) == pytest.approx(0.0037, abs=0.0001)
    assert profiling.saved_per_year == pytest.approx(0.0254, abs=0.0005)
    assert total.saved_per_year == pytest.approx(profiling.saved_per_year)
    assert total.saved_per_year / (12 * total.usd_per_month) < 0.004


def test_profiles_cost_what_glacier_costs_with_what_it_keeps_beside_them() -> None:
    one = saved({"key": "profiling/teacher/2026-01-10/trace.json", "objects": 1000, "bytes": GIB})["profiling"]
    beside = 1000 * (prices().of("s3_glacier").usd * (32 << 10) + prices().of("s3_standard").usd * (8 << 10)) / GIB
    assert one.usd_per_month == pytest.approx(prices().of("s3_standard").usd)
    assert one.usd_per_month_then == pytest.approx(prices().of("s3_glacier").usd + beside)
    assert one.usd_once == pytest.approx(1000 * prices().of("s3_glacier_transition").usd)


def test_small_objects_stay_where_they_are() -> None:
    items = {"key": "profiling/teacher/2026-01-10/trace.json", "objects": 10, "bytes": 10 * SMALLEST - 1}
    one = saved(items)["profiling"]
    assert (one.usd_per_month, one.usd_once) == (one.usd_per_month_then, 0)


def test_what_expires_costs_nothing_in_the_end() -> None:
    one = saved({"key": "experiments/checkpoints/student/run-7/epoch-12.pt", "objects": 1, "bytes": GIB})["checkpoints"]
    assert (one.usd_per_month_then, one.then) == (0, "gone after 90 days")


@given(st.lists(st.tuples(st.sampled_from([*PLACES, "nowhere.txt"]), st.integers(1, 10**6), st.integers(0, 10**13))))
def test_every_object_is_in_one_row(items: list[tuple[str, int, int]]) -> None:
    told = [{"key": key, "objects": objects, "bytes": count} for key, objects, count in items]
    total = together(savings(told, tree(), prices()))
    assert (total.objects, total.bytes) == (sum(one[1] for one in items), sum(one[2] for one in items))


def test_the_command_prints_the_table_and_the_share() -> None:
    shown = CliRunner().invoke(app, ["tree", "--saving", str(EXAMPLE)])
    assert shown.exit_code == 0
    assert "profiling" in shown.output
    assert "GLACIER after 90 days" in shown.output
    assert "The lifecycle saves 0.30%" in shown.output


def test_the_command_tells_the_contract_to_people_and_machines() -> None:
    shown = CliRunner().invoke(app, ["tree"])
    for place in tree().places:
        assert place.name in shown.output
    told = json.loads(CliRunner().invoke(app, ["tree", "--json"]).output)
    assert [one["name"] for one in told["places"]] == [place.name for place in tree().places]


@pytest.mark.parametrize(("body", "sentence"), [(None, "cannot be read"), ('[{"key": "a"}]', "is no list of")])
def test_a_file_that_is_no_tree_is_refused_in_a_sentence(tmp_path: Path, body: str | None, sentence: str) -> None:
    file = tmp_path / "tree.json"
    if body:
        file.write_text(body)
    with pytest.raises(Trouble, match=sentence):
        read(file)
