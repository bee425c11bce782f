"""Wildcards of policies stand for what they stand for in AWS."""

import pytest
from ministack.core import iam_evaluator

from local.seams import access


def test_a_wildcard_stands_for_line_breaks_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iam_evaluator, "_fnmatch_compile", iam_evaluator._fnmatch_compile)  # to have it back after
    access.match_line_breaks()
    assert iam_evaluator.fnmatch_iam_cs("arn:aws:s3:::cards/raw/line\nbreak", "arn:aws:s3:::cards/raw/*")
    assert not iam_evaluator.fnmatch_iam_cs("arn:aws:s3:::cards/else/line\nbreak", "arn:aws:s3:::cards/raw/*")
