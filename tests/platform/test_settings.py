"""What a stack writes into the environment is what the program reads."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loupe.settings import MissingSettings, Settings


@dataclass(frozen=True, kw_only=True)
class Sample(Settings):
    table: str
    seconds: int


@given(table=st.text(), seconds=st.integers())
def test_settings_come_back_as_they_were_written(table: str, seconds: int) -> None:
    written = Sample(table=table, seconds=seconds)
    assert Sample.from_environ(written.to_environ()) == written


def test_missing_settings_are_named_all_at_once() -> None:
    with pytest.raises(MissingSettings, match="LOUPE_TABLE, LOUPE_SECONDS"):
        Sample.from_environ({})
