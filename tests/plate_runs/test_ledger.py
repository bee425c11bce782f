"""The ledgers are what the tree says: every sealed run once, whatever was in them before."""

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from containers.plate_runs import ledger
from containers.plate_runs.ledger import Told, build_ledger
from containers.plate_runs.records import PLATE_COLUMNS, RUN_COLUMNS
from loupe.artifacts import WrittenByAnother
from tests.plate_runs.archives import ALL, OTHER_ID, RUN_ID, archive, measure, plate, program, run_folder

PLATES = 4
IDS = [f"run-2026010{day}-043258-877a06a{day}" for day in range(1, 7)]
NAMES = ("plates.parquet", "runs.parquet")


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return archive(tmp_path / "plates", PLATES)


def ledgers(dataset: Path) -> dict[str, bytes]:
    return {name: (dataset / "ledger" / name).read_bytes() for name in NAMES}


def rows(dataset: Path, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(dataset / "ledger" / name).to_pylist()
    return found


def rebuilt(dataset: Path) -> dict[str, bytes]:
    """From the tree alone, in another folder."""
    alone = dataset.with_name("alone")
    shutil.copytree(dataset, alone, ignore=shutil.ignore_patterns("ledger"))
    build_ledger(str(alone))
    found = ledgers(alone)
    shutil.rmtree(alone)
    return found


def sealed(dataset: Path, number: int, folder: str, **changes: Any) -> None:
    """A run as it lies in the tree, without measuring anything."""
    plate_id, made = f"plate-{number:03}", {"timestamp": "2026-01-04T04:32:58Z", "notes": None}
    manifest = {"run_id": folder, "plate_id": plate_id, **made, "models": ["m"], "outputs": ["a.json"], **changes}
    run_folder(dataset, number, folder).mkdir(parents=True, exist_ok=True)
    (run_folder(dataset, number, folder) / "metrics.json").write_text(json.dumps(manifest))


def test_the_ledgers_have_the_types_of_the_catalogue_and_a_row_for_each_run(dataset: Path) -> None:
    measure(dataset)
    measure(dataset, run_id=OTHER_ID, models=["cpu-baseline-v1"])
    assert build_ledger(str(dataset)) == Told(plates=PLATES, runs=2 * PLATES, new=2 * PLATES)
    assert pq.read_schema(dataset / "ledger/runs.parquet").equals(RUN_COLUMNS)
    assert pq.read_schema(dataset / "ledger/plates.parquet").equals(PLATE_COLUMNS)
    found = rows(dataset, "runs.parquet")
    assert [(row["plate_id"], row["run_id"]) for row in found] == [
        (f"plate-{number:03}", run_id) for number in range(1, PLATES + 1) for run_id in (RUN_ID, OTHER_ID)
    ]
    assert (found[0]["models"], found[1]["outputs"]) == (ALL, ["cpu_baseline.json"])
    assert found[0]["timestamp"].isoformat() == "2026-01-04T04:32:58+00:00"
    checksum = (plate(dataset) / "source.sha256").read_text().split()[0]
    assert found[0]["source_sha256"] == rows(dataset, "plates.parquet")[0]["source_sha256"] == checksum


def test_a_plate_knows_how_many_sealed_runs_it_has_and_the_last(dataset: Path) -> None:
    for run_id in IDS[:2]:
        sealed(dataset, 2, run_id)
    build_ledger(str(dataset))
    found = [(row["plate_id"], row["runs"], row["last_run_id"]) for row in rows(dataset, "plates.parquet")]
    assert found[:2] == [("plate-001", 0, None), ("plate-002", 2, IDS[1])]


def test_an_unsealed_run_is_not_in_the_ledger_until_it_is_sealed(dataset: Path) -> None:
    measure(dataset)
    (run_folder(dataset, 3) / "metrics.json").rename(dataset / "aside")
    assert build_ledger(str(dataset)).unsealed == 1
    assert [row["plate_id"] for row in rows(dataset, "runs.parquet")] == ["plate-001", "plate-002", "plate-004"]
    (dataset / "aside").rename(run_folder(dataset, 3) / "metrics.json")
    assert build_ledger(str(dataset)).new == 1
    assert ledgers(dataset) == rebuilt(dataset)


HISTORIES = st.lists(
    st.one_of(
        st.tuples(st.just("seal"), st.integers(1, PLATES), st.sampled_from(IDS)),
        st.tuples(st.just("leave"), st.integers(1, PLATES), st.sampled_from(IDS)),
        st.tuples(st.just("lose"), st.integers(1, PLATES), st.sampled_from(IDS)),
        st.tuples(st.just("ledger"), st.just(0), st.just("")),
    ),
    max_size=30,
)


@given(HISTORIES, st.integers(1, 3))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_any_history_the_ledger_is_the_one_that_the_tree_alone_gives(
    dataset: Path, monkeypatch: pytest.MonkeyPatch, history: list[tuple[str, int, str]], group_rows: int
) -> None:
    monkeypatch.setattr(ledger, "GROUP_ROWS", group_rows)
    for path in (*dataset.glob("plates_structured/*/runs"), *dataset.glob("ledger")):
        shutil.rmtree(path)
    for deed, number, run_id in history:
        if deed == "seal":
            sealed(dataset, number, run_id)
        elif deed == "leave":
            run_folder(dataset, number, run_id).mkdir(parents=True, exist_ok=True)
        elif deed == "lose":
            shutil.rmtree(run_folder(dataset, number, run_id), ignore_errors=True)
        else:
            build_ledger(str(dataset))
    build_ledger(str(dataset))
    assert ledgers(dataset) == rebuilt(dataset)
    keys = [(row["plate_id"], row["run_id"]) for row in rows(dataset, "runs.parquet")]
    assert keys == sorted({(path.parts[-4], path.parts[-2]) for path in dataset.glob("**/metrics.json")})


def test_shards_in_any_order_and_number_give_the_same_ledger(tmp_path: Path) -> None:
    found = []
    for shards in (1, 3, 4):
        folder = archive(tmp_path / str(shards), PLATES)
        for shard in random.Random(shards).sample(range(shards), shards):
            measure(folder, f"{shard}/{shards}")
            build_ledger(str(folder))
        found.append(ledgers(folder))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"run_id": OTHER_ID}, f"it is the seal of {OTHER_ID} over plate-001"),
        ({"outputs": "a.json"}, "run_manifest: data.outputs must be array"),
        ({"timestamp": "2026-13-04T04:32:58Z"}, "data.timestamp must be date-time"),
    ],
)
def test_what_is_no_seal_is_left_out_and_told(changes: dict[str, str], reason: str, dataset: Path) -> None:
    sealed(dataset, 1, RUN_ID, **changes)
    sealed(dataset, 2, RUN_ID)
    told = build_ledger(str(dataset))
    assert (told.runs, told.plates) == (1, PLATES)
    [left_out] = told.left_out
    assert left_out.startswith(f"plate-001/runs/{RUN_ID}/metrics.json: ")
    assert reason in left_out


def test_a_run_of_another_program_keeps_its_notes(dataset: Path) -> None:
    sealed(dataset, 1, RUN_ID, notes="cheap luma otsu threshold segmentation", models=["otsu(max_dim=1024)"])
    build_ledger(str(dataset))
    [row] = rows(dataset, "runs.parquet")
    assert (row["notes"], row["source_sha256"]) == ("cheap luma otsu threshold segmentation", None)


def test_a_ledger_with_other_columns_is_built_anew(dataset: Path) -> None:
    measure(dataset)
    known = rebuilt(dataset)
    (dataset / "ledger").mkdir()
    pq.write_table(pa.table({"run_id": [RUN_ID]}), dataset / "ledger/runs.parquet")
    assert build_ledger(str(dataset)).new == PLATES
    assert ledgers(dataset) == known


def test_of_two_ledger_jobs_at_once_neither_undoes_the_other(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed(dataset, 1, RUN_ID)
    build_ledger(str(dataset))
    sealed(dataset, 1, OTHER_ID)
    write = ledger._write

    def overtaken(*arguments: Any) -> None:
        write(*arguments)
        monkeypatch.setattr(ledger, "_write", write)
        sealed(dataset, 2, OTHER_ID)
        build_ledger(str(dataset))

    monkeypatch.setattr(ledger, "_write", overtaken)
    with pytest.raises(WrittenByAnother, match=r"runs\.parquet has been written meanwhile"):
        build_ledger(str(dataset))
    assert len(rows(dataset, "runs.parquet")) == 3
    assert ledgers(dataset) == rebuilt(dataset)


def test_the_program_says_what_is_new(dataset: Path) -> None:
    measure(dataset)
    for new in (PLATES, 0):
        said, error = program(dataset, "ledger").communicate(timeout=60)
        told = json.loads(said)
        assert told == {
            "message": "complete",
            "plates": PLATES,
            "runs": PLATES,
            "new": new,
            "unsealed": 0,
            "left_out": [],
        }, error
