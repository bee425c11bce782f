"""What the figures promise: every version is counted once, every price is dated, no cell is a formula."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.archive.costs import COUNTED, FORMULA, UNKNOWN, Machines, formulas, per_1000_inputs, worked
from lambdas.archive.figures import Figures, figures
from lambdas.archive.models import registered
from lambdas.archive.prices import GIB, UnknownPrice, prices
from lambdas.archive.storage import NOWHERE, Seen, Storage
from lambdas.archive.tables import csv_of
from lambdas.archive.traces import IDLE_SECONDS, Traces, Use
from lambdas.archive.tree import tree
from loupe import contracts
from tests.conftest import ENVIRONMENTS

NOW = datetime(2026, 1, 11, 5, 0, tzinfo=UTC)
MACHINES = Machines(
    endpoint="ml.m5.xlarge", processing="ml.m5.large", ocr_vcpu=0.25, ocr_memory_gib=1, usd_per_page=0.0015
)
CLASSES = ["STANDARD", "STANDARD_IA", "GLACIER", "DEEP_ARCHIVE"]
keys = st.one_of(st.sampled_from([place.example for place in tree().places]), st.text(min_size=1, max_size=30))
versions = st.builds(
    Seen,
    bucket=st.sampled_from(["blueprints", "results", "project"]),
    key=keys,
    size=st.integers(0, 10**10),
    written=st.integers(0, 90 * 24 * 60).map(lambda minutes: NOW - timedelta(minutes=minutes)),
    current=st.booleans(),
    storage_class=st.sampled_from(CLASSES),
)


def seen(key: str, *, minutes_ago: float = 60, bucket: str = "project", size: int = 10, current: bool = True) -> Seen:
    return Seen(bucket=bucket, key=key, size=size, written=NOW - timedelta(minutes=minutes_ago), current=current)


def looked(*found: Seen, **bodies: Any) -> Figures:
    """Figures of these versions; objects are read by the last piece of their key."""

    def read(_bucket: str, key: str) -> bytes:
        name = key.rpartition("/")[2].replace(".", "_").replace("-", "_")
        if name not in bodies:
            raise FileNotFoundError(key)
        return json.dumps(bodies[name]).encode()

    return figures(found, read, [], MACHINES, now=NOW)


def rows(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))


@given(st.lists(versions, max_size=40))
def test_no_version_is_counted_twice_or_not_at_all(found: list[Seen]) -> None:
    told = figures(found, lambda *_: b"{}", [], MACHINES, now=NOW)
    table = rows(told.files()["storage_metrics.csv"])
    assert sum(int(row["objects"]) for row in table) == len(found) == told.summary()["storage"]["objects"]
    assert sum(int(row["bytes"]) for row in table) == sum(one.size for one in found)
    places = told.summary()["storage"]["places"].values()
    assert sum(one["bytes"] for one in places) == sum(one.size for one in found)
    assert sum(one["objects"] for one in places) == len(found)


@given(st.lists(versions, max_size=40))
def test_sums_of_slices_are_the_total_cost(found: list[Seen]) -> None:
    told = figures(found, lambda *_: b"{}", [], MACHINES, now=NOW)
    cost = told.summary()["cost"]
    table = rows(told.files()["cost_breakdown.csv"])
    assert sum(cost["by_slice"].values()) == pytest.approx(cost["usd"])
    assert sum(float(row["usd"]) for row in table) == pytest.approx(cost["usd"])
    for row in table:
        assert float(row["quantity"]) * float(row["usd_per_unit"]) == pytest.approx(float(row["usd"]))


def test_storage_is_told_by_place_class_and_currency() -> None:
    storage = Storage(tree())
    storage.add(seen("models/student/v2.0/student.onnx", size=GIB))
    storage.add(seen("models/student/v2.0/student.onnx", size=GIB, current=False))
    storage.add(seen("notes.txt"))
    told = {(row["place"], row["versions"]): row for row in storage.rows(prices(), "2026-01-11")}
    assert told["models", "current"]["usd_per_month"] == prices().of("s3_standard").usd
    assert told["models", "noncurrent"]["bytes"] == GIB
    assert told[NOWHERE, "current"]["objects"] == 1


def test_every_price_has_a_unit_a_region_a_date_and_a_source() -> None:
    for price in prices():
        assert datetime.fromisoformat(price.date).strftime("%Y-%m-%d") == price.date
        assert price.unit
        assert price.region
        assert len(price.source) > 10
    assert prices().oldest == min(price.date for price in prices())


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_everything_that_an_environment_runs_on_has_a_price(environment: str) -> None:
    config = ENVIRONMENTS[environment]
    machines = Machines(
        endpoint=config.room_detection.instance_type,
        processing=config.plate_runs.instance_type,
        ocr_vcpu=float(config.ocr.vcpu),
        ocr_memory_gib=config.ocr.memory_mib / 1024,
        usd_per_page=config.ocr.usd_per_page,
    )
    assert worked({}, machines, prices())
    for place in tree().places:
        assert all(prices().of_storage(step.storage_class) for step in place.transitions)


def test_what_has_no_price_is_named() -> None:
    with pytest.raises(UnknownPrice, match=r"'ml\.m7g\.large'"):
        prices().of("ml.m7g.large")


def test_jobs_of_rooms_cost_what_their_one_endpoint_is_up() -> None:
    begun = [seen(f"room_detection/endpoint/input/{job}", bucket="results", minutes_ago=60) for job in "abcd"]
    ended = [seen(f"room_detection/{job}/rooms.json", bucket="results", minutes_ago=58) for job in "abcd"]
    told = looked(*begun, *ended)
    [line] = [one for one in told.lines if one.component == "endpoint"]
    assert line.quantity == pytest.approx((120 + IDLE_SECONDS) / 3600)
    cost = told.summary()["cost"]["per_1000_inputs"]["room_detection"]
    assert (cost["inputs"], cost["basis"]) == (4, COUNTED)
    assert cost["usd_per_1000_inputs"] == pytest.approx(250 * line.usd, rel=0.01)


def test_an_endpoint_that_wakes_twice_is_paid_twice() -> None:
    traces = Traces(since=NOW - timedelta(days=30))
    for job, minutes in (("a", 600), ("b", 60)):
        traces.add(seen(f"room_detection/endpoint/input/{job}", bucket="results", minutes_ago=minutes))
        traces.add(seen(f"room_detection/{job}/rooms.json", bucket="results", minutes_ago=minutes - 1))
    use = traces.uses(lambda *_: b"", {})["room_detection"]
    assert use == Use(inputs=2, hours=pytest.approx(2 * (60 + IDLE_SECONDS) / 3600), writes=0)  # type: ignore[arg-type]  # about


def test_pages_and_plates_are_counted_where_runs_say_how_many() -> None:
    told = looked(
        seen("ocr/letters/run-1/run.json", bucket="results", minutes_ago=90),
        seen("ocr/letters/run-1/manifest.json", bucket="results", minutes_ago=30),
        seen("plates/birds/reports/run-1/shard-0-of-1.begun", minutes_ago=50),
        seen("plates/birds/reports/run-1/shard-0-of-1.json", minutes_ago=40),
        seen("plates/birds/reports/run-1/shard-0-of-1.2.json", minutes_ago=20),
        manifest_json={"rows": 700},
        shard_0_of_1_json={"plates_processed": 40},
        shard_0_of_1_2_json={"plates_processed": 4},
    ).summary()["cost"]["per_1000_inputs"]
    assert (told["ocr"]["inputs"], told["plate_runs"]["inputs"]) == (700, 44)
    hour = prices().of("fargate_spot_vcpu_hour").usd / 4 + prices().of("fargate_spot_gb_hour").usd
    assert told["ocr"]["usd_per_1000_inputs"] == pytest.approx(1.5 + hour / 0.7, rel=0.01)
    assert told["plate_runs"]["usd_per_1000_inputs"] == pytest.approx(
        prices().of("ml.m5.large").usd / 2 / 0.044, rel=0.01
    )


def test_runs_that_ended_before_the_window_are_of_another_month() -> None:
    month = 31 * 24 * 60
    told = looked(
        seen("ocr/letters/run-1/run.json", bucket="results", minutes_ago=month + 30),
        seen("ocr/letters/run-1/manifest.json", bucket="results", minutes_ago=month),
        manifest_json={"rows": 700},
    )
    assert told.summary()["cost"]["per_1000_inputs"]["ocr"]["inputs"] == 0


def test_a_run_that_cannot_be_read_is_named_and_spoils_no_other_figure() -> None:
    told = looked(
        seen("ocr/letters/run-1/run.json", bucket="results"),
        seen("ocr/letters/run-1/manifest.json", bucket="results"),
        seen("ocr/notes/run-2/manifest.json", bucket="results"),
        seen("models/student/v2.0/model.json"),
    ).summary()
    unread = ["ocr/letters/run-1/manifest.json", "ocr/notes/run-2/manifest.json", "models/student/v2.0/model.json"]
    assert told["unread"] == unread
    assert told["storage"]["objects"] == 4


def test_a_slice_without_runs_has_its_formula_or_says_that_nobody_knows() -> None:
    told = per_1000_inputs({}, MACHINES, prices())
    assert set(told) == set(formulas(MACHINES))
    assert (told["room_detection"]["basis"], told["room_detection"]["usd_per_1000_inputs"]) == (UNKNOWN, None)
    assert told["search"]["basis"] == FORMULA
    assert 0.001 < told["search"]["usd_per_1000_inputs"] < 0.01


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=HYPERLINK(0)"])
def test_no_cell_is_a_formula(text: str) -> None:
    [row] = rows(csv_of(["name"], [{"name": text}]))
    assert row["name"] == f"'{text}"


@given(st.lists(st.fixed_dictionaries({"a": st.text(), "b": st.floats(allow_nan=False) | st.integers() | st.none()})))
def test_a_table_has_its_rows_whatever_is_in_them(found: list[dict[str, Any]]) -> None:
    body = csv_of(["a", "b"], found)
    assert body.startswith(b'\xef\xbb\xbf"a","b"\r\n')
    read = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))[1:]
    assert [row[0].removeprefix("'") for row in read] == [row["a"].removeprefix("'") for row in found]
    assert all(not row[0].startswith(("=", "+", "-", "@")) for row in read)


def test_files_have_their_names_and_headers_where_nothing_is_there_yet() -> None:
    files = looked().files()
    assert set(files) | {"metrics.html"} == {key.rpartition("/")[2] for key in tree().place("metrics").keys}
    for name, body in files.items():
        if name.endswith(".csv") and name != "cost_breakdown.csv":
            assert len(body.splitlines()) == 1
    assert json.loads(files["model_lineage.json"]) == {"models": [], "packages": []}
    contracts.check("archive/summary", json.loads(files["summary.json"]))


def test_models_tell_their_figures_sizes_and_origin() -> None:
    card = {"metrics": {"top_1": 0.962}, "made_from": ["dinov3-teacher/v1.0"]}
    files = looked(
        seen("models/dinov3-teacher/v1.0/model.tar.gz", size=5600),
        seen("models/student/v2.0/student.onnx", size=23),
        seen("models/student/v2.0/student.pt", size=77),
        seen("models/student/v2.0/model.json", size=1),
        model_json=card,
    ).files()
    assert rows(files["model_performance.csv"]) == [
        {"model": "student", "version": "v2.0", "metric": "top_1", "value": "0.962", "source": "model.json"}
    ]
    sizes = {(row["model"], row["format"]): row for row in rows(files["compression_metrics.csv"])}
    assert sizes["dinov3-teacher", ".tar.gz"]["times_smaller"] == "1"
    assert float(sizes["student", ".onnx"]["times_smaller"]) == pytest.approx(5600 / 23)
    [teacher, student] = json.loads(files["model_lineage.json"])["models"]
    assert (teacher["card"], student["card"]) == (None, card)


class Registry:
    """What SageMaker says of one group with one version."""

    def get_paginator(self, _name: str) -> "Registry":
        return self

    def paginate(self, **_asked: str) -> list[dict[str, Any]]:
        return [{"ModelPackageSummaryList": [{"ModelPackageArn": "arn:p/5"}]}]

    def describe_model_package(self, **_asked: str) -> dict[str, Any]:
        return {
            "ModelPackageArn": "arn:p/5",
            "ModelPackageVersion": 5,
            "ModelApprovalStatus": "PendingManualApproval",
            "CreationTime": NOW,
            "CustomerMetadataProperties": {"accuracy": "0.81", "commit": "4f3efd4", "nan": "nan"},
            "InferenceSpecification": {"Containers": [{"ModelDataUrl": "s3://project/model.tar.gz"}]},
        }


def test_registered_versions_tell_their_numbers_and_where_they_lie() -> None:
    packages = list(registered(Registry(), ["cards"]))  # type: ignore[arg-type]  # as much of the client as is used
    files = figures([], lambda *_: b"", packages, MACHINES, now=NOW).files()
    [row] = rows(files["model_performance.csv"])
    assert (row["metric"], row["value"], row["source"]) == ("accuracy", "0.81", "registry")
    [package] = json.loads(files["model_lineage.json"])["packages"]
    assert package["model_data"] == ["s3://project/model.tar.gz"]
    assert package["properties"]["commit"] == "4f3efd4"


class Links(HTMLParser):
    """What a page would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        reaching = {"src", "href", "action", "data", "srcset"}
        self.found += [tag] * (tag == "script") + [name for name, _ in attrs if name in reaching or name[:2] == "on"]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_page_stands_alone_and_runs_nothing() -> None:
    body = looked(seen("<script>alert(1)</script>/x", bucket="results"), seen("models/a/b/c", size=GIB)).files()
    page, links = body["metrics.html"].decode(), Links()
    links.feed(page)
    assert links.found == []
    assert re.search(r"url\(|@import", page) is None
    assert "default-src 'none'" in page
    assert page.count("<svg") == 3
    assert "project/models" in links.words
