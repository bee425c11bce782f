"""Features know of others what the training table says, and nothing of what they are to predict."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import features
from features import Features
from passengers import Passenger, labelled
from refusals import Refused

ANYBODY = Passenger(
    id="0", pclass=3, female=False, age=30.0, relatives=0, ticket="T0", fare=8.0, deck="", title="Mr", surname="Abel",
    survived=0,
)  # fmt: skip
PARTY = [
    replace(ANYBODY, id="1", ticket="T1", survived=1),
    replace(ANYBODY, id="2", ticket="T1", survived=0),
    replace(ANYBODY, id="3", ticket="T1", survived=1),
    replace(ANYBODY, id="4", ticket="T2", surname="Ivory", relatives=1, survived=1),
]
people = st.lists(
    st.builds(
        replace,
        st.just(ANYBODY),
        ticket=st.sampled_from(["T1", "T2", "T3", ""]),
        surname=st.sampled_from(["Abel", "Ivory"]),
        relatives=st.integers(0, 2),
        title=st.sampled_from(["Mr", "Mrs", "Rev"]),
        deck=st.sampled_from(["", "A", "G"]),
        survived=st.integers(0, 1),
    ),
    min_size=1,
    max_size=12,
).map(lambda found: [replace(one, id=str(number)) for number, one in enumerate(found)])


def column(name: str, asked: Passenger, known: list[Passenger]) -> float:
    fitted = Features.fit(known)
    return float(fitted.matrix([asked])[0, fitted.columns.index(name)])


@settings(max_examples=50)
@given(people, st.data())
def test_nobodys_own_outcome_is_in_their_features(table: list[Passenger], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(table) - 1))
    other = [replace(one, survived=1 - int(one.survived or 0)) if at == index else one for at, one in enumerate(table)]
    rows = [Features.fit(known).matrix(known)[index] for known in (table, other)]
    np.testing.assert_array_equal(*rows)


@settings(max_examples=50)
@given(people, people)
def test_outcomes_and_company_of_those_who_are_asked_about_change_nothing(
    table: list[Passenger], asked: list[Passenger]
) -> None:
    fitted = Features.fit(table)
    strangers = [replace(one, id=f"new {one.id}") for one in asked]
    together = fitted.matrix(strangers)
    unknown = fitted.matrix([replace(one, survived=None) for one in strangers])
    np.testing.assert_array_equal(together, unknown)
    np.testing.assert_array_equal(together, np.vstack([fitted.matrix([one]) for one in strangers]))


@settings(max_examples=50)
@given(people)
def test_what_was_written_is_read_as_it_was(table: list[Passenger]) -> None:
    fitted = Features.fit(table)
    told = json.loads(json.dumps(fitted.told()))
    again = Features(titles=told["titles"], decks=told["decks"], known=told["known"])
    assert again.columns == fitted.columns == told["columns"]
    np.testing.assert_array_equal(again.matrix(table), fitted.matrix(table))


def test_companions_are_those_of_the_same_ticket_or_family() -> None:
    assert column("companions_survived", PARTY[1], PARTY) == 1.0
    assert column("companions_survived", PARTY[0], PARTY) == 0.5
    cousin = replace(ANYBODY, id="9", ticket="T9", surname="Ivory", relatives=1)
    assert column("companions_survived", cousin, PARTY) == 1.0
    assert np.isnan(column("companions_survived", ANYBODY, PARTY))


def test_a_fare_is_shared_by_those_who_are_known_to_travel_on_its_ticket() -> None:
    stranger = replace(ANYBODY, id="9", ticket="T1", fare=40.0)
    assert column("group_size", stranger, PARTY) == 4
    assert column("fare_per_head", stranger, PARTY) == 10.0


def test_what_is_missing_or_was_never_seen_is_no_number() -> None:
    nobody = replace(ANYBODY, id="9", age=float("nan"), deck="Z")
    assert np.isnan(column("age", nobody, PARTY))
    assert np.isnan(column("deck", nobody, PARTY))


def test_rare_titles_are_one_category(tables: tuple[Path, Path]) -> None:
    known = labelled(tables[0].read_text(), "train.csv")
    fitted = Features.fit([*known, replace(ANYBODY, id="x", title="Jonkheer")])
    assert [name for name in fitted.columns if name.startswith("title_")][-1] == "title_other"
    assert "title_Jonkheer" not in fitted.columns
    row = fitted.matrix([replace(ANYBODY, id="y", title="Jonkheer")])[0]
    assert row[fitted.columns.index("title_other")] == 1


def test_an_array_that_was_changed_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.zeros(3))
    with pytest.raises(Refused, match=r"rows\.npy is not the array"):
        features.array(tmp_path, "rows.npy", {"arrays": {"rows.npy": "0" * 64}})
