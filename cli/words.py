"""A page's pixels → the words on it, asked of a document OCR service; nothing it says is believed unchecked."""

import http
import os
import time
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np
import requests
import urllib3
from numpy.typing import NDArray

from cli.connection import as_it_is
from cli.trouble import Trouble
from containers.ocr.answers import BadAnswer, answer_in
from containers.room_detection.names import Word

KEY = "LOUPE_OCR_KEY"
PATH = "/v1/document-digitization"
MOST_PIXELS = 20_000_000
MOST_BYTES = 16 << 20
ANSWER_SECONDS = 200  # the service gives up after 180
ATTEMPTS = 4
LONGEST_PAUSE_SECONDS = 30.0
_REASONS = {
    401: f"wants another key in {KEY}",
    403: f"wants another key in {KEY}",
    413: "finds the page too large",
    415: "does not take the page's format",
    429: "is asked too often",
}


def words(page: NDArray[np.uint8], url: str) -> list[Word]:
    """The words of a page, gray or RGB, in its own pixels. No trouble tells what the service said, nor the key."""
    service = f"The OCR service at {host(url)}"
    sent = _small_enough(page)
    try:
        found = answer_in(_answer(sent, url, service), "ocr/answer")["pages"][0]["words"]
    except BadAnswer as error:
        raise Trouble(f"{service} gave an answer that is no list of words.") from error
    scale = np.array([page.shape[1] / sent.shape[1], page.shape[0] / sent.shape[0]])
    return [Word(word["text"], _corners(word) * scale) for word in found]


def host(url: str) -> str:
    """The service's name and port, without what else an address may hold."""
    try:
        parts = urlsplit(url)
        name, port = parts.hostname, parts.port
    except ValueError:
        name = port = None
    if not name or parts.scheme not in {"http", "https"}:
        raise Trouble("The address of the OCR service must look like https://ocr.example.com.")
    return f"{name}:{port}" if port else name


def _answer(page: NDArray[np.uint8], url: str, service: str) -> bytes:
    """The body of the answer; asks again where the service is asked too often."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with _asked(page, url) as response:
                if response.status_code == http.HTTPStatus.OK:
                    return _body(response, service)
                if response.status_code != http.HTTPStatus.TOO_MANY_REQUESTS or attempt == ATTEMPTS:
                    break
                pause = _pause(response, attempt)
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            raise Trouble(f"{service} does not answer in time.") from None  # their words may hold the key
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError):
            raise Trouble(f"{service} cannot be reached, or broke off.") from None  # as above
        time.sleep(pause)
    reason = _REASONS.get(response.status_code, "does not do what it is asked")
    raise Trouble(f"{service} {reason} (HTTP {response.status_code}).")


def _asked(page: NDArray[np.uint8], url: str) -> requests.Response:
    _, png = cv2.imencode(".png", page if page.ndim == 2 else cv2.cvtColor(page, cv2.COLOR_RGB2BGR))
    return requests.post(
        url.rstrip("/") + PATH,
        data={"model": "ocr"},
        files={"document": ("page.png", png.tobytes(), "image/png")},
        headers={"Accept-Encoding": "identity", **_authorization()},
        timeout=(5, ANSWER_SECONDS),
        allow_redirects=False,  # the plan and the key go nowhere else
        stream=True,
        auth=as_it_is,
    )


def _authorization() -> dict[str, str]:
    key = os.environ.get(KEY, "").strip()
    if not (key.isascii() and (not key or key.isprintable())):
        raise Trouble(f"{KEY} holds characters that no key has: copy it again.")
    return {"Authorization": f"Bearer {key}"} if key else {}


def _body(response: requests.Response, service: str) -> bytes:
    """At most so many bytes, and in time though they drip."""
    deadline, body = time.monotonic() + ANSWER_SECONDS, bytearray()
    while some := response.raw.read1(1 << 16):
        body += some
        if len(body) > MOST_BYTES:
            raise Trouble(f"{service} gave an answer of more than {MOST_BYTES >> 20} MiB.")
        if time.monotonic() > deadline:
            raise requests.Timeout
    return bytes(body)


def _pause(response: requests.Response, attempt: int) -> float:
    told = response.headers.get("Retry-After", "")
    return min(float(told) if told.isdecimal() else 2.0 ** (attempt - 1), LONGEST_PAUSE_SECONDS)


def _small_enough(page: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = page.shape[:2]
    if height * width <= MOST_PIXELS:
        return page
    scale = (MOST_PIXELS / (height * width)) ** 0.5
    size = max(1, int(width * scale)), max(1, int(height * scale))
    return np.asarray(cv2.resize(page, size, interpolation=cv2.INTER_AREA), np.uint8)


def _corners(word: dict[str, Any]) -> NDArray[np.float64]:
    return np.array([[corner["x"], corner["y"]] for corner in word["boundingBox"]["vertices"]], np.float64)
