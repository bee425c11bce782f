"""The numbers that a model is judged by are what they are called, or there are none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from judgement import accuracies, auc, confusion, interval, judge, roc
from refusals import Refused

shares = st.floats(0, 1, allow_nan=False)
judged = st.lists(st.tuples(shares, st.integers(0, 1)), min_size=2, max_size=40).filter(
    lambda rows: {outcome for _, outcome in rows} == {0, 1}
)


def columns(rows: list[tuple[float, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([share for share, _ in rows]), np.array([outcome for _, outcome in rows])


@settings(max_examples=50)
@given(judged)
def test_the_area_is_that_of_the_ranks_and_of_the_curve(rows: list[tuple[float, int]]) -> None:
    probability, outcome = columns(rows)
    saved, lost = probability[outcome == 1], probability[outcome == 0]
    by_ranks = stats.mannwhitneyu(saved, lost).statistic / (len(saved) * len(lost))
    false, true = np.array(roc(probability, outcome)).T
    assert auc(probability, outcome) == pytest.approx(by_ranks)
    assert auc(probability, outcome) == pytest.approx(np.trapezoid(true, false))


@settings(max_examples=50)
@given(judged)
def test_everybody_is_in_one_field_of_the_matrix_and_the_metrics_follow_from_it(rows: list[tuple[float, int]]) -> None:
    probability, outcome = columns(rows)
    told = judge(probability, outcome, 0.5)
    matrix = told["confusion"]
    assert matrix == confusion(probability, outcome, 0.5)
    assert sum(matrix.values()) == len(rows)
    accuracy = told["metrics"]["accuracy"]
    assert accuracy["value"] == (matrix["true_positive"] + matrix["true_negative"]) / len(rows)
    assert 0 <= accuracy["low"] <= accuracy["value"] <= accuracy["high"] <= 1
    assert dict(accuracies(probability, outcome))[0.5] == accuracy["value"]


def test_the_interval_is_wilsons() -> None:
    proper = stats.binomtest(152, 178).proportion_ci(0.95, method="wilson")
    assert interval(152 / 178, 178) == pytest.approx((proper.low, proper.high))


def test_a_model_that_says_what_happened_is_perfect() -> None:
    metrics = judge(np.array([0.9, 0.1, 0.8]), np.array([1, 0, 1]), 0.5)["metrics"]
    assert [metrics[name]["value"] for name in ("accuracy", "auc", "f1")] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("probability", "outcome", "reason"),
    [
        ([], [], "nothing can be judged"),
        ([0.5, 0.5], [1], "nothing can be judged"),
        ([0.5, 0.5], [1, 1], "both outcomes"),
        ([0.5, np.nan], [1, 0], "not a number"),
        ([0.5, np.inf], [1, 0], "not a number"),
    ],
)
def test_where_nothing_can_be_judged_there_are_no_numbers(
    probability: list[float], outcome: list[int], reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        judge(np.array(probability), np.array(outcome), 0.5)
