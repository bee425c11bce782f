"""An OCR service that answers by the vendor's contract, and breaks it as it is told, on a loopback port of its own."""

import asyncio
import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

KEY = "up_canary_0123456789"
Fault = Callable[[web.Request, bytes, int], Any]


def words_of(document: bytes) -> list[dict[str, Any]]:
    """Words that depend on nothing but the image."""
    digest = hashlib.sha256(document).hexdigest()
    boxes = [[(x, 2), (x + 9, 2), (x + 9, 8), (x, 8.5)] for x in range(0, 40, 10)]
    return [
        {"id": n, "text": digest[8 * n : 8 * n + 8], "boundingBox": {"vertices": [{"x": x, "y": y} for x, y in box]}}
        for n, box in enumerate(boxes)
    ]


def answer(document: bytes) -> dict[str, Any]:
    return {"apiVersion": "1.1", "numBilledPages": 1, "pages": [{"id": 0, "words": words_of(document)}], "text": ""}


@dataclass
class Hostile:
    """What the service does to the nth call for a document; None is an honest answer."""

    fault: Callable[[bytes, int], str | None] = lambda _document, _call: None
    latency: float = 0.0
    calls: Counter[bytes] = field(default_factory=Counter)
    answered: Counter[int] = field(default_factory=Counter)
    open_calls: int = 0
    url: str = ""
    _starts: list[float] = field(default_factory=list)
    limit: float = 0.0  # calls in any second; none at 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.open_calls += 1
        try:
            response = await self._respond(request)
            self.answered[response.status] += 1
            return response
        finally:
            self.open_calls -= 1

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        now = time.monotonic()
        if self.limit:
            self._starts = [start for start in self._starts if start > now - 1]
            if len(self._starts) >= self.limit:
                return web.Response(status=429)
            self._starts.append(now)
        form = await request.post()
        with form["document"].file as file:  # type: ignore[union-attr]  # a file, as the contract has it
            document = file.read()
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.Response(status=401, text=f"no such key: {request.headers.get('Authorization')}")
        self.calls[document] += 1
        await asyncio.sleep(self.latency)
        fault = self.fault(document, self.calls[document])
        return web.json_response(answer(document)) if fault is None else await _FAULTS[fault](request, document)


async def _status(status: int, headers: dict[str, str] | None = None) -> web.StreamResponse:
    return web.Response(status=status, headers=headers, text=f"<html>{KEY}</html>", content_type="text/html")


async def _reset(request: web.Request, _: bytes) -> web.StreamResponse:
    assert request.transport
    request.transport.abort()
    return web.Response()


async def _drip(request: web.Request, document: bytes) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for byte in json.dumps(answer(document)).encode():
        await response.write(bytes([byte]))
        await asyncio.sleep(0.2)
    return response


async def _body(text: str) -> web.StreamResponse:
    return web.Response(text=text, content_type="application/json")


async def _twice(document: bytes) -> web.StreamResponse:
    body = answer(document)
    body["pages"][0]["words"] *= 2
    return web.json_response(body)


_FAULTS: dict[str, Callable[[web.Request, bytes], Any]] = {
    "429": lambda *_: _status(429),
    "429 in a second": lambda *_: _status(429, {"Retry-After": "1"}),
    "500": lambda *_: _status(500),
    "502": lambda *_: _status(502),
    "401": lambda *_: _status(401),
    "413": lambda *_: _status(413),
    "302": lambda *_: _status(302, {"Location": "http://127.0.0.1:9/"}),
    "reset": _reset,
    "drip": _drip,
    "truncated": lambda _, document: _body(json.dumps(answer(document))[:-40]),
    "html": lambda *_: _body("<html>busy</html>"),
    "not a number": lambda *_: _body('{"pages": [{"words": NaN}]}'),
    "nested": lambda *_: _body("[" * 100_000),
    "wrong lengths": lambda *_: _body(
        '{"pages": [{"words": [{"text": "a", "boundingBox": {"vertices": [{"x": 1}]}}]}]}'
    ),
    "words twice": lambda _, document: _twice(document),
    "key told": lambda *_: _body(json.dumps({"pages": [{"words": []}], "text": KEY})),
}
FAULTS = sorted(_FAULTS)


@contextmanager
def served(hostile: Hostile) -> Iterator[Hostile]:
    """The service runs in a thread of its own until the end."""
    loop, ready = asyncio.new_event_loop(), threading.Event()

    async def start() -> web.AppRunner:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/v1/document-digitization", hostile.handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        hostile.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        ready.set()
        return runner

    def serve() -> None:
        runner = loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield hostile
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
