"""What the program is told by its environment: where the OCR service is, the key to it, and what a page costs."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from loupe.settings import Settings


@dataclass(frozen=True, kw_only=True)
class OcrSettings(Settings):
    """`ocr_url` is the service's base address; the key is shown nowhere."""

    ocr_url: str
    ocr_key: str = field(repr=False)
    ocr_timeout_seconds: int = 200  # the service gives up after 180
    ocr_retry_milliseconds: int = 1000  # before the first retry; doubled before each other
    usd_per_page: float = 0.0015
    environment: str = "laptop"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """What the environment says; the defaults where it says nothing; MissingSettings without address or key."""
        defaults = cls(ocr_url="", ocr_key="").to_environ()
        needed = ("LOUPE_OCR_URL", "LOUPE_OCR_KEY")
        return super().from_environ({n: v for n, v in defaults.items() if n not in needed} | dict(environ))
