"""Two streams side by side: each key once, from whichever side has it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.archive.comparison import OutOfOrder, side_by_side
from tests.archive.memory import entry

KEYS = st.sets(st.text(min_size=1, max_size=3))


@given(left=KEYS, right=KEYS)
def test_each_key_comes_once_in_order_with_what_both_sides_have_of_it(left: set[str], right: set[str]) -> None:
    one, other = ([entry(key, side) for key in sorted(keys)] for keys, side in ((left, b"left"), (right, b"right")))
    pairs = [(a.key if a else None, b.key if b else None) for a, b in side_by_side(one, other)]
    assert pairs == [(key if key in left else None, key if key in right else None) for key in sorted(left | right)]


@pytest.mark.parametrize("keys", [["b", "a"], ["a", "a"]])
def test_a_stream_out_of_order_is_refused_rather_than_compared_wrongly(keys: list[str]) -> None:
    with pytest.raises(OutOfOrder, match="'a' comes after"):
        list(side_by_side([entry(key, b"") for key in keys], []))
