"""The commands of a slice, run in this process."""

import json
from typing import Any

from typer.testing import CliRunner, Result

from cli.main import app
from cli.trouble import Trouble


class Slice:
    """`loupe SLICE …`."""

    def __init__(self, slice_name: str) -> None:
        self._slice = slice_name

    def run(self, *words: object) -> Result:
        return CliRunner().invoke(app, [self._slice, *map(str, words)])

    def told(self, *words: object, exit_code: int | None = None) -> Any:
        """What a command says to machines; it ends with this code, or with any that is no trouble."""
        ran = self.run(*words, "--json")
        if exit_code is None:
            assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
        else:
            assert ran.exit_code == exit_code, ran.output + repr(ran.exception)
        return json.loads(ran.stdout)

    def refusal(self, *words: object) -> str:
        """The sentence of a command that has trouble."""
        ran = self.run(*words)
        assert isinstance(ran.exception, Trouble), ran.exception or ran.output
        return str(ran.exception)
