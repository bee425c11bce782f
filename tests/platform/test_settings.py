"""What a stack writes into the environment is what the program reads."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loupe.settings import BadSettings, Settings


@dataclass(frozen=True, kw_only=True)
class Sample(Settings):
    table: str
    seconds: int


@given(table=st.text(), seconds=st.integers())
def test_settings_come_back_as_they_were_written(table: str, seconds: int) -> None:
    written = Sample(table=table, seconds=seconds)
    assert Sample.from_environ(written.to_environ()) == written


def test_missing_settings_are_named_all_at_once() -> None:
    with pytest.raises(BadSettings, match="LOUPE_TABLE, LOUPE_SECONDS"):
        Sample.from_environ({})


def test_a_setting_that_is_no_number_is_named_with_what_it_says() -> None:
    with pytest.raises(BadSettings, match="LOUPE_SECONDS is no int: 'ten'"):
        Sample.from_environ({"LOUPE_TABLE": "cards", "LOUPE_SECONDS": "ten"})
