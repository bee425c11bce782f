"""The OCR service over HTTP: one image in, its words out, or the reason why not. No reason tells the key."""

from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp

from containers.ocr.answers import BadAnswer, Words, words_in
from containers.ocr.images import Image
from containers.ocr.pace import Refused
from containers.ocr.settings import OcrSettings

PATH = "/v1/document-digitization"
MOST_BYTES = 64 << 20
CONNECT_SECONDS = 10
_PASSING = frozenset({408, 425})
_UNWILLING = {
    401: "does not take the key",
    403: "does not allow what the key asks",
    404: "has no document OCR at its address: check LOUPE_OCR_URL",
}


class Unwilling(Exception):  # the service is; every further call would be in vain
    """The service takes none of our calls: the key is wrong or lacks a right."""


class Passing(Exception):  # the trouble may pass
    """This call failed and the next may not; the text is the reason."""


class Final(Exception):  # the service's last word on this image
    """The service will never read this image; the text is the reason."""


@dataclass
class Service:
    """A session with the service, which counts what is asked of it."""

    settings: OcrSettings
    model: str
    calls: int = 0
    open_calls: int = 0
    sent_bytes: int = 0
    billed_pages: int = 0

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=self.settings.ocr_timeout_seconds, sock_connect=CONNECT_SECONDS)
        connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=60)
        headers = {"Authorization": f"Bearer {self.settings.ocr_key}"} if self.settings.ocr_key else {}
        self._session = aiohttp.ClientSession(timeout=timeout, connector=connector, headers=headers)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def read(self, image: Image) -> Words:
        """The words of an image; Refused, Unwilling, Passing or Final where there are none to be had."""
        self.calls += 1
        self.open_calls += 1
        self.sent_bytes += len(image.body)
        try:
            words = self._words(await self._asked(image), image)
        finally:
            self.open_calls -= 1
        self.billed_pages += words.billed_pages
        return words

    def _words(self, body: bytes, image: Image) -> Words:
        if self.settings.ocr_key and self.settings.ocr_key.encode() in body:
            raise Passing("the service's answer held the key")
        try:
            return words_in(body, width=image.width, height=image.height)
        except BadAnswer as error:
            raise Passing(f"the service gave {error}") from None

    async def _asked(self, image: Image) -> bytes:
        form = aiohttp.FormData({"model": self.model})
        form.add_field("document", image.body, filename=image.name, content_type=image.content_type)
        url = self.settings.ocr_url.rstrip("/") + PATH
        try:
            async with self._session.post(url, data=form, allow_redirects=False) as response:
                _check(response)
                return await _body(response)
        except TimeoutError:
            raise Passing("the service did not answer in time") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:  # its words may hold the address or a header
            raise Passing(f"the connection to the service failed ({type(error).__name__})") from None


def _check(response: aiohttp.ClientResponse) -> None:
    status = response.status
    if status == 200:
        return
    if status == 429:
        raise Refused(_seconds(response.headers.get("Retry-After", "")))
    if status in _UNWILLING:
        raise Unwilling(f"The OCR service {_UNWILLING[status]} (HTTP {status}).")
    if 300 <= status < 400:
        raise Unwilling(f"The OCR service has moved: check LOUPE_OCR_URL (HTTP {status}).")
    if status >= 500 or status in _PASSING or status < 300:
        raise Passing(f"the service answered HTTP {status}")
    raise Final(f"the service refused the image (HTTP {status})")


def _seconds(told: str) -> float | None:
    """Seconds only: the date form of the header needs a clock that agrees with the service's."""
    try:
        return max(0.0, float(told)) if told and float(told) < float("inf") else None
    except ValueError:
        return None


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for some in response.content.iter_chunked(1 << 16):
        body += some
        if len(body) > MOST_BYTES:
            raise Passing(f"the service gave an answer of more than {MOST_BYTES >> 20} MiB")
    return bytes(body)
