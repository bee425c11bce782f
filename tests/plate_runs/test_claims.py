"""A run id belongs to one run: whoever creates its claim first."""

import json
import secrets
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import pytest

from containers.plate_runs.dataset import Dataset
from loupe.claims import RUN_ID, claim, claimed, timestamp
from tests.plate_runs.archives import ALL, program

NOW = datetime(2026, 1, 4, 4, 32, 58, tzinfo=UTC)


def claim_some(folder: str, count: int) -> list[str]:
    """As one of several processes, all within the same second."""
    return [claim(Dataset(folder).root, ALL, 10, now=NOW).run_id for _ in range(count)]


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
    ids = [claim(Dataset(str(tmp_path)).root, ALL, 1, now=NOW).run_id for _ in range(2)]
    assert ids == ["run-20260104-043258-877a06a6", "run-20260104-043258-923adfbe"]


def test_who_claims_again_in_its_own_name_is_given_the_same_id(tmp_path: Path) -> None:
    root = Dataset(str(tmp_path)).root
    first = claim(root, ALL, 3, now=NOW, claimed_by="monday")
    assert [claim(root, ALL, 3, now=NOW, claimed_by="monday") for _ in range(3)] == [first] * 3
    assert claim(root, ALL, 3, now=NOW, claimed_by="tuesday").run_id != first.run_id


def test_a_name_whose_id_is_anothers_is_given_the_next(tmp_path: Path) -> None:
    root, elsewhere = Dataset(str(tmp_path / "a")).root, Dataset(str(tmp_path / "b")).root
    taken = claim(elsewhere, ALL, 3, now=NOW, claimed_by="monday").run_id
    claimed(root, taken, ALL, 1)
    ids = {claim(root, ALL, 3, now=NOW, claimed_by="monday").run_id for _ in range(3)}
    assert len(ids) == 1
    assert taken not in ids


def test_ids_sort_by_the_time_they_were_claimed(tmp_path: Path) -> None:
    times = [NOW.replace(year=year, second=second) for year in (2025, 2026) for second in (1, 10, 59)]
    ids = [claim(Dataset(str(tmp_path)).root, ALL, 1, now=now).run_id for now in times]
    assert ids == sorted(ids)


def test_an_id_that_was_given_is_claimed_once_and_then_found(tmp_path: Path) -> None:
    dataset, run_id = Dataset(str(tmp_path)).root, "run-20260104-043258-877a06a6"
    made = claimed(dataset, run_id, ALL, 3)
    assert claimed(dataset, run_id, ALL, 5) == made
    assert made.shards == 3


def test_the_program_prints_the_id_it_claimed(tmp_path: Path) -> None:
    said, error = program(tmp_path, "claim", "--shards", "10").communicate(timeout=60)
    made = json.loads(said)
    assert made == json.loads((tmp_path / "reports" / made["run_id"] / "claim.json").read_text()), error
    assert (made["models"], made["shards"]) == (ALL, 10)
