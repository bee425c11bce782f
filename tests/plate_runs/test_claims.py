"""A run id belongs to one run: whoever creates its claim first."""

import json
import secrets
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import pytest

from containers.plate_runs import claims
from containers.plate_runs.claims import claim, claimed, timestamp
from containers.plate_runs.dataset import RUN_ID, Dataset
from tests.plate_runs.archives import ALL, program

NOW = datetime(2026, 1, 4, 4, 32, 58, tzinfo=UTC)


def claim_some(folder: str, count: int) -> list[str]:
    """As one of several processes, all within the same second."""
    return [claim(Dataset(folder), ALL, 10, now=NOW).run_id for _ in range(count)]


def test_a_thousand_ids_claimed_within_a_second_by_eight_processes_are_distinct(tmp_path: Path) -> None:
    with ProcessPoolExecutor(8, mp_context=get_context("spawn")) as processes:
        groups = list(processes.map(claim_some, [str(tmp_path)] * 8, [125] * 8))
    ids = [run_id for group in groups for run_id in group]
    assert len(set(ids)) == 1000
    assert all(RUN_ID.fullmatch(run_id) for run_id in ids)
    assert {timestamp(run_id) for run_id in ids} == {"2026-01-04T04:32:58Z"}
    assert {path.parent.name for path in tmp_path.glob("reports/*/claim.json")} == set(ids)


def test_chance_that_repeats_itself_makes_no_id_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chances: Iterator[str] = iter(["877a06a6"] * 5 + ["923adfbe"] * 5)
    monkeypatch.setattr(secrets, "token_hex", lambda _: next(chances))
    ids = [claim(Dataset(str(tmp_path)), ALL, 1, now=NOW).run_id for _ in range(2)]
    assert ids == ["run-20260104-043258-877a06a6", "run-20260104-043258-923adfbe"]


def test_ids_sort_by_the_time_they_were_claimed(tmp_path: Path) -> None:
    times = [NOW.replace(year=year, second=second) for year in (2025, 2026) for second in (1, 10, 59)]
    ids = [claim(Dataset(str(tmp_path)), ALL, 1, now=now).run_id for now in times]
    assert ids == sorted(ids)


def test_an_id_that_was_given_is_claimed_once_and_then_found(tmp_path: Path) -> None:
    dataset, run_id = Dataset(str(tmp_path)), "run-20260104-043258-877a06a6"
    made = claimed(dataset, run_id, ALL, 3)
    assert claimed(dataset, run_id, ALL, 5) == made
    assert made.shards == 3


def test_the_program_prints_the_id_it_claimed(tmp_path: Path) -> None:
    said, error = program(tmp_path, "claim", "--shards", "10").communicate(timeout=60)
    made = json.loads(said)
    assert made == json.loads((tmp_path / "reports" / made["run_id"] / claims.CLAIM).read_text()), error
    assert (made["models"], made["shards"]) == (ALL, 10)
