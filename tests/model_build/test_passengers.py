"""A table is taken as it is meant, or refused by row and column."""

import csv
import io
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passengers import Passenger, labelled, unlabelled
from refusals import Refused

ROWS = (
    {
        "PassengerId": "1", "Survived": "0", "Pclass": "3", "Name": "Braund, Mr. Owen", "Sex": "male", "Age": "22",
        "SibSp": "1", "Parch": "0", "Ticket": "A/5 21171", "Fare": "7.25", "Cabin": "", "Embarked": "S",
    },
    {
        "PassengerId": "2", "Survived": "1", "Pclass": "1", "Name": 'Cumings, Mme. John ("Florence")', "Sex": "female",
        "Age": "", "SibSp": "0", "Parch": "0", "Ticket": "PC 17599", "Fare": "", "Cabin": "C85", "Embarked": "",
    },
)  # fmt: skip


def table(*rows: dict[str, str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, ROWS[0])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def test_what_is_missing_stays_missing() -> None:
    _, second = labelled(table(*ROWS), "train.csv")
    assert math.isnan(second.age)
    assert math.isnan(second.fare)
    assert second.family == ""


def test_titles_decks_and_families_are_read_out_of_names_and_cabins() -> None:
    first, second = labelled(table(*ROWS), "train.csv")
    assert (first.title, first.deck, first.family) == ("Mr", "", "Braund/1")
    assert (second.title, second.deck) == ("Mrs", "C")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("PassengerId", ""),
        ("Survived", "2"),
        ("Survived", ""),
        ("Pclass", "4"),
        ("Name", " "),
        ("Sex", "Female"),
        ("Age", "-1"),
        ("Age", "nan"),
        ("Age", "inf"),
        ("Age", "twenty"),
        ("SibSp", "1.0"),
        ("Parch", ""),
        ("Parch", "٣"),
        ("Fare", "1e400"),
        ("Fare", "12,50"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_row_and_column(column: str, value: str) -> None:
    with pytest.raises(Refused, match=rf"^train\.csv: row 3: column {column}: "):
        labelled(table(ROWS[0], {**ROWS[1], column: value}), "train.csv")


@pytest.mark.parametrize("column", ["PassengerId", "Survived", "Name", "Fare"])
def test_a_missing_column_is_named(column: str) -> None:
    rows = table(*ROWS).replace(f"{column},", "other,", 1)
    with pytest.raises(Refused, match=f"no column {column}"):
        labelled(rows, "train.csv")


def test_a_row_of_another_length_is_refused_by_its_number() -> None:
    with pytest.raises(Refused, match="row 3: it has not as many values"):
        labelled(table(ROWS[0]) + "2,1,3\r\n", "train.csv")
    with pytest.raises(Refused, match="row 2: it has not as many values"):
        labelled(table(ROWS[0]).rstrip() + ",more\r\n", "train.csv")


def test_a_passenger_who_is_there_twice_is_refused() -> None:
    with pytest.raises(Refused, match=r"row 3: column PassengerId: 1 was there before"):
        labelled(table(ROWS[0], {**ROWS[1], "PassengerId": "1"}), "train.csv")


@pytest.mark.parametrize("text", ["", "\n", table().rstrip(), table()])
def test_an_empty_table_is_refused(text: str) -> None:
    with pytest.raises(Refused, match=r"no column|no rows"):
        labelled(text, "validation.csv")


def test_a_table_of_one_outcome_is_refused() -> None:
    with pytest.raises(Refused, match="rows with 0 and rows with 1"):
        labelled(table(ROWS[0], {**ROWS[0], "PassengerId": "3"}), "train.csv")


def test_outcomes_are_asked_for_only_where_they_are_known() -> None:
    lines = [line.split(",", 2) for line in table(ROWS[0]).splitlines()]
    [one] = unlabelled("\n".join(f"{name},{rest}" for name, _, rest in lines), "request")
    assert one.survived is None


@settings(max_examples=50)
@given(st.text(max_size=300))
def test_whatever_the_text_it_is_passengers_or_a_refusal(text: str) -> None:
    for whole in (text, table() + text, table(ROWS[0]).replace("7.25", text)):
        try:
            found = labelled(whole, "train.csv")
        except Refused:
            continue
        assert all(isinstance(one, Passenger) for one in found)
