"""What is wrong with the files of a version: in which of them, in which row, and what was expected."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

MOST = 20  # that are told of one kind of trouble


@dataclass(frozen=True)
class Finding:
    """A file that is not as it must be; `row` where it is about one."""

    file: str
    reason: str
    row: int | None = None

    def __str__(self) -> str:
        return f"{self.file}{'' if self.row is None else f', row {self.row}'}: {self.reason}"


class Refused(ValueError):
    """A version that must not be built or published; its text says all that was found."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = list(islice(findings, MOST + 1))
        told = [str(finding) for finding in self.findings[:MOST]]
        super().__init__("; ".join([*told, *(["and more"] if len(self.findings) > MOST else [])]))
