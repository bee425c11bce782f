"""What every demo does: deploy to an engine of its own, show what takes how long, stop what it started."""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from cli.local import FAILURES
from cli.proxies import ask_loopback_directly
from cli.trouble import Trouble, say
from local.laptop import Laptop
from local.synthesis import synthesize

ROOT = Path(__file__).parents[1]
EXAMPLES, HOME = ROOT / "examples", ROOT / ".loupe"
PICTURES = Path(os.environ.get("LOUPE_DEMO", ROOT / "demo"))
CONSOLE = Console()


class Phases:
    """How long each part took."""

    def __init__(self) -> None:
        self._seconds: list[float] = []

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        begun = time.perf_counter()
        with CONSOLE.status(name):
            yield
        self._seconds.append(time.perf_counter() - begun)
        CONSOLE.print(f"{name:<34} {self._seconds[-1]:5.1f} s", highlight=False)

    def together(self) -> None:
        """The last line."""
        CONSOLE.print(f"{'Together':<34} {sum(self._seconds):5.1f} s", highlight=False)


@contextmanager
def deployed(phases: Phases) -> Iterator[Laptop]:
    """The platform on an engine beside one that may be running; Trouble if a permission was missing."""
    HOME.mkdir(exist_ok=True)
    with phases.phase("Synthesize the stacks"):
        assembly = synthesize(HOME)
    with tempfile.TemporaryDirectory(prefix="loupe-demo-") as home:
        laptop = Laptop(Path(home))
        try:
            with phases.phase("Start the engine"):
                laptop.start()
            with phases.phase("Deploy the stacks"):
                laptop.up(assembly)
            yield laptop
            denials = [denial["message"] for denial in laptop.status().last_denials]
        finally:
            laptop.down()
    phases.together()
    if denials:
        raise Trouble("A permission is missing: " + "; ".join(denials))


def show(demo: Callable[[list[Path]], None]) -> None:
    """Run a demo with the files of the command line; whoever ends it, what it started is stopped."""
    ask_loopback_directly()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        demo([Path(word) for word in sys.argv[1:]])
    except (Trouble, *FAILURES) as error:
        say(error)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
