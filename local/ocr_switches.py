"""What a client of the OCR service has to live with: the flags, and the limits and failures that they ask for."""

import argparse
import math
import time
from dataclasses import dataclass
from pathlib import Path

from local.ocr_document import Refused


@dataclass(frozen=True, kw_only=True)
class Switches:
    """What the service is told to be."""

    latency: float = 0.0
    rate_limit: float | None = None
    fail_share: float = 0.0
    key: str | None = None


class RateLimit:
    """So many requests a second, as many at once after a pause of a second."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._most = max(1.0, per_second)
        self._left, self._at = self._most, time.monotonic()

    def take(self) -> None:
        """Count a request, or refuse it."""
        now = time.monotonic()
        self._left = min(self._most, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            pause = math.ceil((1 - self._left) / self._per_second)
            raise Refused(429, f"Too many requests: ask again in {pause} s.", **{"Retry-After": str(pause)})
        self._left -= 1


class Failures:
    """A share of the requests fails: every twentieth of them for 0.05."""

    def __init__(self, share: float) -> None:
        self._share, self._requests = share, 0

    def take(self) -> None:
        """Count a request, or fail it."""
        before, self._requests = self._requests, self._requests + 1
        if int(self._requests * self._share + 1e-9) > int(before * self._share + 1e-9):
            raise Refused(500, "The service failed, as it was told to by --fail-share.")


def switches() -> tuple[int, Switches]:
    """The port and the switches, from the command line."""
    parser = argparse.ArgumentParser(prog="local.ocr_service", description="The OCR vendor's contract on loopback.")
    parser.add_argument("--port", type=_port, default=0, metavar="PORT", help="0 takes a free one")
    parser.add_argument("--latency", type=_at_least_zero, default=0.0, metavar="SECONDS", help="no page is sooner")
    parser.add_argument("--rate-limit", type=_above_zero, metavar="PER_SECOND", help="429 beyond it")
    parser.add_argument("--fail-share", type=_share, default=0.0, metavar="SHARE", help="500 for so many of 1")
    key = parser.add_mutually_exclusive_group()
    key.add_argument("--key", help="401 for any other")
    key.add_argument("--key-file", type=_kept_key, dest="key", metavar="FILE", help="the key, where no list shows it")
    flags = vars(parser.parse_args())
    return flags.pop("port"), Switches(**flags)


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port")
    return number


def _kept_key(file: str) -> str:
    try:
        key = Path(file).read_text().strip()
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{file} cannot be read") from error
    if not key:
        raise argparse.ArgumentTypeError(f"{file} holds no key")
    return key


def _at_least_zero(text: str) -> float:
    number = float(text)
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not zero or more")
    return number


def _above_zero(text: str) -> float:
    number = _at_least_zero(text)
    if not number:
        raise argparse.ArgumentTypeError(f"{text} is not above zero")
    return number


def _share(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return number
