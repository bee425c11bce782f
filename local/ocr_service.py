"""The OCR vendor's contract on loopback, with real words in its answers: `python -m local.ocr_service`.

Its switches make what a client has to live with: limits on the rate, slow answers, failures, a key.
"""

import asyncio
import hmac
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any

from aiohttp import web
from PIL import Image

from local.ocr_answer import answer
from local.ocr_document import Refused, pixels
from local.ocr_switches import Failures, RateLimit, Switches, switches

if TYPE_CHECKING:
    from local.ocr_engine import Engine

PATH = "/v1/document-digitization"
MODEL = "ocr"
MOST_BYTES = 100 << 20
MOST_FIELDS = 1000
ANSWER_SECONDS = 180
STOP_SECONDS = 0.5
MOST_READERS = 4  # each holds its own models and a page's layers: up to half a GiB
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Readers:
    """Threads that read pages, so that everything else is answered at once."""

    def __init__(self) -> None:
        cores = os.cpu_count() or 1
        count = min(MOST_READERS, cores)
        self._threads_each = cores // count
        self._pool = ThreadPoolExecutor(count, "reader")
        self._own = threading.local()

    async def read(self, document: IO[bytes]) -> dict[str, Any]:
        """The answer to a document, once a reader has time for it."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, document)

    async def stop(self, _: web.Application) -> None:
        """Forget the pages that wait."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _read(self, document: IO[bytes]) -> dict[str, Any]:
        if not hasattr(self._own, "engine"):
            self._own.engine = _engine(self._threads_each)
        page = pixels(document)
        lines = self._own.engine.read(page)
        return answer(lines, engine=self._own.engine.name, width=page.shape[1], height=page.shape[0])


class Service:
    """One route."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches
        self._readers = Readers()
        self._rate_limit = RateLimit(switches.rate_limit) if switches.rate_limit else None
        self._failures = Failures(switches.fail_share)

    def application(self) -> web.Application:
        """What the HTTP server serves."""
        application = web.Application(
            middlewares=[_in_one_sentence], client_max_size=MOST_BYTES, client_max_fields=MOST_FIELDS
        )
        application.router.add_post(PATH, self._digitize)
        application.on_cleanup.append(self._readers.stop)
        return application

    async def _digitize(self, request: web.Request) -> web.Response:
        began = time.monotonic()
        self._check_key(request)
        if self._rate_limit:
            self._rate_limit.take()
        async with asyncio.timeout(ANSWER_SECONDS):
            with await _document(request) as document:
                self._failures.take()
                found = await self._readers.read(document)
            await asyncio.sleep(began + self._switches.latency - time.monotonic())
        return web.json_response(found)

    def _check_key(self, request: web.Request) -> None:
        key, given = self._switches.key, request.headers.get("Authorization", "")
        if key and not hmac.compare_digest(given.encode("utf-8", "replace"), f"Bearer {key}".encode()):
            raise Refused(401, "The key is wrong: send `Authorization: Bearer` and the key of this service.")


def _engine(threads: int) -> "Engine":
    """Models and the libraries that run them: a service that has read no page yet is without both."""
    from local.ocr_engine import Engine  # noqa: PLC0415  # see above

    return Engine(threads)


async def _document(request: web.Request) -> IO[bytes]:
    """The one file of the form."""
    if request.content_type != "multipart/form-data":
        raise Refused(400, "The body is no form: send multipart/form-data with `document` and `model`.")
    form = await _form(request)
    [model, *_] = models = form.getall("model", [""])
    if len(models) > 1 or model != MODEL:
        raise Refused(400, f"The model is not known: send the field `model` once, with the value `{MODEL}`.")
    documents = form.getall("document", [])
    if len(documents) != 1 or not isinstance(documents[0], web.FileField):
        raise Refused(400, "Send one file in the field `document`.")
    return documents[0].file


async def _form(request: web.Request) -> Any:
    try:
        return await request.post()
    except web.HTTPRequestEntityTooLarge:
        most = f"{MOST_BYTES >> 20} MiB or {MOST_FIELDS} fields"
        raise Refused(413, f"The form is larger than {most}: send one smaller document.") from None
    except (ValueError, AssertionError, LookupError, RuntimeError) as error:
        raise Refused(400, "The form is damaged or cut off: send it again.") from error


@web.middleware
async def _in_one_sentence(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every refusal is one sentence in one shape."""
    try:
        return await handler(request)
    except Refused as refused:
        return _sentence(refused)
    except TimeoutError:
        return _sentence(Refused(504, f"The page was not read within {ANSWER_SECONDS} s: send fewer at a time."))
    except web.HTTPException as error:
        return _sentence(Refused(error.status, f"There is no {request.method} here: send a POST to {PATH}."))
    except Exception:
        logging.exception("A page was not read.")
        return _sentence(Refused(500, "The service failed: what it stumbled over is in its output."))


def _sentence(refused: Refused) -> web.Response:
    error = {"code": HTTPStatus(refused.status).name.lower(), "message": refused.reason}
    return web.json_response({"error": error}, status=refused.status, headers=refused.headers)


def main() -> None:
    """Read the flags and serve until a signal."""
    port, told = switches()
    try:
        listening = socket.create_server(("127.0.0.1", port))
    except OSError:
        sys.exit(f"Port {port} cannot be had: name another with --port, or none.")
    Image.MAX_IMAGE_PIXELS = None  # our own limit is checked before anything is decoded
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    web.run_app(
        Service(told).application(),
        sock=listening,
        print=None,
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=STOP_SECONDS,
    )
    os._exit(0)  # the readers would finish their pages, for which nobody waits any more


if __name__ == "__main__":
    main()
