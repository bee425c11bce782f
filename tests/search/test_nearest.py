"""A search finds what a sum over all rows finds, in its order, whatever the rows are; and proves it."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loupe.codes import BadVector, Doubles, Floats, Question, encode, margins, scores, unit
from loupe.nearest import Nearest
from tests.search.vectors import Memory, bounds_of, clustered, expected, nearest, of_length_one, told, uniform


def few(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, derandomize=True)


def _along_the_axes(random: np.random.Generator, rows: Doubles) -> Doubles:
    count, dims = rows.shape
    found: Doubles = np.eye(dims)[random.integers(0, dims, count)]
    return found + 1e-9


# rows that are hard in one way each, made of rows of chance
KINDS: dict[str, Callable[[np.random.Generator, Doubles], Doubles]] = {
    "uniform": lambda _, rows: rows,
    "clustered": lambda random, rows: rows[random.integers(0, len(rows), len(rows))] + 0.1 * rows,
    "twice": lambda random, rows: rows[random.integers(0, max(1, len(rows) // 4), len(rows))],
    "alike": lambda _, rows: rows[:1] + rows * 1e-7,
    "of one code": lambda _, rows: rows[:1] + rows * np.abs(rows[:1]).max() / 2000,  # apart by less than half a step
    "spiked": lambda random, rows: rows * random.choice([1.0, 1.0, 30.0], rows.shape),
    "along the axes": _along_the_axes,
    "opposed": lambda _, rows: rows[:1] * np.where(np.arange(len(rows)) % 2, 1, -1)[:, None] + 1e-4 * rows,
}


@st.composite
def collections(draw: st.DrawFn) -> Floats:
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    kind, rows = draw(st.sampled_from(sorted(KINDS))), (draw(st.integers(1, 400)), draw(st.integers(1, 40)))
    return of_length_one(KINDS[kind](random, random.standard_normal(rows)))


@given(collections(), st.integers(1, 500), st.integers(0, 10_000), st.booleans())
@few(150)
def test_finds_what_exact_sums_over_all_rows_find(rows: Floats, limit: int, seed: int, own: bool) -> None:
    random = np.random.default_rng(seed)
    vector = rows[seed % len(rows)] if own else random.standard_normal(rows.shape[1])
    answer = nearest(rows).search(vector, limit)
    assert told(answer) == expected(rows, vector, limit)
    assert answer.proven


@given(collections(), st.integers(1, 20), st.integers(0, 10_000), st.floats(0, 1))
@few(60)
def test_a_filter_leaves_the_nearest_of_the_rows_that_it_allows(
    rows: Floats, limit: int, seed: int, share: float
) -> None:
    random = np.random.default_rng(seed)
    allowed, vector = random.random(len(rows)) < share, random.standard_normal(rows.shape[1])
    assert told(nearest(rows).search(vector, limit, allowed=allowed)) == expected(rows, vector, limit, allowed)


@given(collections(), st.integers(0, 10_000))
@few(60)
def test_no_score_is_further_from_what_the_codes_say_than_the_bound(rows: Floats, seed: int) -> None:
    question = Question(unit(np.random.default_rng(seed).standard_normal(rows.shape[1]), rows.shape[1]))
    codes, scales, errors = encode(rows)
    true = rows.astype(np.float64) @ question.query.astype(np.float64)
    coarse = question.code.products(codes, scales)
    fine = coarse + question.finer.products(codes, scales)
    assert (np.abs(true - coarse) <= margins(errors, question.code.error)).all()
    assert (np.abs(true - fine) <= margins(errors, question.finer.error)).all()


@pytest.mark.parametrize("make", [uniform, clustered])
@pytest.mark.parametrize("limit", [1, 10, 100, 1000])
def test_recall_is_one_with_and_without_clusters(make: Callable[[int, int], Floats], limit: int) -> None:
    rows = make(3000, 64)
    search = nearest(rows)
    for vector in uniform(5, 64, seed=2):
        assert told(search.search(vector, limit)) == expected(rows, vector, limit)


def test_reads_few_rows_beyond_those_that_it_finds() -> None:
    rows = uniform(5000, 256)
    memory = Memory(rows)
    search = Nearest(*bounds_of(rows), memory)
    for vector in uniform(20, 256, seed=2):
        search.search(vector, 10)
    assert memory.taken < 20 * 50


def test_equal_rows_come_in_their_order_even_if_all_are_equal() -> None:
    rows = np.repeat(uniform(1, 48), 3000, axis=0)
    answer = nearest(rows).search(rows[0], 5)
    assert [hit.row for hit in answer.hits] == [0, 1, 2, 3, 4]
    assert len({hit.score for hit in answer.hits}) == 1


def test_scores_of_equal_rows_are_equal_wherever_they_lie() -> None:
    rows = np.repeat(uniform(1, 771), 50, axis=0)
    query = uniform(1, 771, seed=2)[0]
    lone = [scores(rows[row : row + 1], query)[0] for row in range(50)]
    assert len({*scores(rows, query).tolist(), *map(float, lone)}) == 1


@pytest.mark.parametrize("limit", [5, 6, 1000])
def test_more_than_there_are_gives_all_there_are(limit: int) -> None:
    rows = uniform(5, 16)
    assert len(nearest(rows).search(rows[0], limit).hits) == 5


def test_a_filter_that_allows_nothing_gives_nothing_and_that_is_proven() -> None:
    answer = nearest(uniform(5, 16)).search(uniform(1, 16)[0], 3, allowed=np.zeros(5, np.bool_))
    assert (answer.hits, answer.proven) == ([], True)


@pytest.mark.parametrize("length", [1e-300, 1e-30, 0.5, 3.0, 1e30, 1e300])
def test_the_length_of_a_query_changes_nothing(length: float) -> None:
    rows = uniform(50, 16)
    search, vector = nearest(rows), uniform(1, 16, seed=2)[0].astype(np.float64)
    assert told(search.search(vector * length, 5)) == told(search.search(vector, 5))


@pytest.mark.parametrize(
    ("vector", "reason"),
    [
        ([0.0] * 16, "only zeros"),
        ([float("nan")] + [1.0] * 15, "not finite"),
        ([float("inf")] + [1.0] * 15, "not finite"),
        ([1.0] * 15, "15 numbers"),
        ([[1.0] * 16], "1 x 16 numbers"),
    ],
)
def test_a_query_without_direction_or_of_other_dimensions_is_refused(vector: list[float], reason: str) -> None:
    with pytest.raises(BadVector, match=reason):
        nearest(uniform(5, 16)).search(vector, 3)


def test_a_row_is_its_own_nearest() -> None:
    rows = uniform(100, 16)
    search = nearest(rows)
    assert search.search(search.row(17), 1).hits[0].row == 17
    with pytest.raises(IndexError, match="rows 0 to 99"):
        search.row(100)
