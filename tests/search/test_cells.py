"""Cells: a search that proves what it says finds the same with them; one that does not never claims a proof."""

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from containers.search import recall
from containers.search.clusters import Clusters, clusters
from containers.search.matrix import Matrix
from loupe.cells import Cells, centers
from loupe.codes import Floats
from loupe.nearest import Nearest
from tests.search.vectors import Memory, bounds_of, clustered, expected, nearest, told, uniform


def matrix(rows: Floats) -> Matrix:
    file = io.BytesIO()
    np.save(file, rows)
    file.seek(0)
    return Matrix(file)


def of(rows: Floats) -> Clusters:
    return clusters(matrix(rows))


@pytest.fixture(scope="module", params=[clustered, uniform])
def rows(request: pytest.FixtureRequest) -> Floats:
    make: Callable[[int, int], Floats] = request.param
    return make(2500, 48)


@pytest.fixture(scope="module")
def found(rows: Floats) -> Clusters:
    return of(rows)


@given(st.integers(0, 10_000), st.integers(1, 60), st.tuples(st.integers(1, 60), st.booleans()))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_a_proven_answer_is_what_exact_sums_find(
    rows: Floats, found: Clusters, seed: int, limit: int, asked: tuple[int, bool]
) -> None:
    probes, exact = asked
    vector = np.random.default_rng(seed).standard_normal(48) * 0.1 + rows[seed % len(rows)]
    answer = nearest(rows, found.order, Cells(found.table, probes)).search(vector, limit, exact=exact)
    assert answer.proven or not exact
    assert not answer.proven or told(answer) == expected(rows, vector, limit)
    assert len(answer.hits) == limit


@given(st.integers(0, 10_000), st.integers(2, 4), st.integers(1, 12))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_no_cell_is_passed_over_that_holds_one_of_the_nearest(seed: int, dims: int, limit: int) -> None:
    """In few dimensions many of the nearest are in the cells beside the first."""
    rows = uniform(300, dims, seed)
    found, vector = of(rows), uniform(1, dims, seed + 1)[0]
    answer = nearest(rows, found.order, Cells(found.table, 1)).search(vector, limit)
    assert told(answer) == expected(rows, vector, limit)
    assert answer.proven


def test_answers_from_few_cells_are_proven_where_rows_lie_in_clusters() -> None:
    rows = clustered(2500, 48, spread=0.2)
    found = of(rows)
    search = nearest(rows, found.order, Cells(found.table, 32))
    assert np.mean([search.search(row, 10, exact=False).proven for row in rows[:100]]) > 0.5


def test_a_filter_is_never_answered_from_few_cells(rows: Floats, found: Clusters) -> None:
    allowed = np.arange(len(rows)) % 50 == 0
    answer = nearest(rows, found.order, Cells(found.table, 1)).search(rows[0], 20, allowed=allowed, exact=False)
    assert told(answer) == expected(rows, rows[0], 20, allowed)
    assert answer.proven


def test_every_row_is_in_one_cell_and_no_further_from_its_middle_than_that_says(rows: Floats, found: Clusters) -> None:
    assert sorted(found.order) == list(range(len(rows)))
    assert found.table["stop"][-1] == len(rows)
    assert (np.diff(found.table["stop"].astype(int)) > 0).all()
    cell = np.searchsorted(found.table["stop"], np.arange(len(rows)), side="right")
    directions = centers(found.table)
    assert np.abs(np.linalg.norm(directions, axis=1) - 1).max() < 1e-6
    cosines = np.einsum("ij,ij->i", rows[found.order].astype(float), directions[cell])
    assert (cosines >= found.table["reach"][cell] - 1e-6).all()


def test_cells_of_equal_rows_are_found_too() -> None:
    rows = np.repeat(uniform(3, 16), 40, axis=0)
    found = of(rows)
    search = nearest(rows, found.order, Cells(found.table, 1))
    assert told(search.search(rows[50], 7)) == expected(rows, rows[50], 7)


def test_cells_that_find_too_little_are_refused_with_what_they_found() -> None:
    rows = uniform(1500, 32)
    found = of(rows)
    codes, bounds = bounds_of(rows, found.order)
    asked = recall.sample(nearest(rows), Memory(rows))
    told_few = recall.of_cells(asked, codes, bounds, found.table, probes=(4,))
    assert told_few["method"] == "scan"
    assert "0.99 is needed" in told_few["reason"]


def test_the_fewest_cells_that_find_enough_are_taken() -> None:
    rows = clustered(1500, 32, spread=0.2)
    found = of(rows)
    codes, bounds = bounds_of(rows, found.order)
    said = recall.of_cells(recall.sample(nearest(rows), Memory(rows)), codes, bounds, found.table)
    assert said["method"] == "cells"
    assert said["recall_at_10"] >= 0.99
    assert said["probes"] <= 32
    assert said["proof_share"] < 0.25
    assert said["proves"]


def test_cells_that_spare_a_proof_little_are_for_versions_only_that_take_long_to_scan(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = uniform(1500, 32)
    found = of(rows)
    asked, codes = recall.sample(nearest(rows), Memory(rows)), bounds_of(rows, found.order)
    assert "of the rows: to scan all is as quick" in recall.of_cells(asked, *codes, found.table)["reason"]
    monkeypatch.setattr(recall, "SCANNED_BYTES", 20 * 32)
    said = recall.of_cells(asked, *codes, found.table)
    assert (said["method"], said["proves"]) == ("cells", False)
    assert 0.25 < said["proof_share"] <= 1


def test_so_many_rows_are_looked_at_as_is_said() -> None:
    rows = clustered(1500, 32)
    found = of(rows)
    codes, bounds = bounds_of(rows, found.order)
    scanned: list[int] = []

    class Watched(Nearest):
        def _scan(self, question: Any, ranges: Sequence[slice], allowed: Any) -> Any:
            scanned.append(sum(part.stop - part.start for part in ranges))
            return super()._scan(question, ranges, allowed)

    cells = Cells(found.table, 4)
    [last] = [hit.score for hit in nearest(rows).search(rows[7], 10).hits][-1:]
    Watched(codes, bounds, Memory(rows), cells).search(rows[7], 10)
    assert sum(scanned) == cells.looked_into(rows[7], last)
