"""The engine's own routes under /_loupe, and the AWS services behind every other path."""

import json
import os
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import asdict
from typing import Any

from local.denials import Denials
from local.faults import Fault, Faults, UnknownFault
from local.models import Models
from local.seams import resources, routing
from local.stand_ins import StandIn

Messages = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ROUTES = "/_loupe/"
REFUSED = ("/_ministack/reset", "/_ministack/config")


class Admin:
    """An ASGI application around ministack's."""

    def __init__(
        self,
        *,
        home: str,
        models: Models,
        stand_ins: Sequence[StandIn],
        denials: Denials,
        faults: Faults,
        save: Callable[[], None],
    ) -> None:
        self._home, self._models, self._stand_ins = home, models, stand_ins
        self._denials, self._faults = denials, faults
        self._started = time.time()
        self.changed = False
        self._routes: dict[tuple[str, str], Callable[[bytes], object]] = {
            ("GET", "status"): lambda _: self._status(),
            ("GET", "types"): lambda _: sorted(resources.resource_types()),
            ("GET", "denials"): lambda _: [asdict(denial) for denial in denials.last()],
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): lambda _: faults.clear(),
            ("POST", "save"): lambda _: save(),
        }

    async def __call__(self, scope: MutableMapping[str, Any], receive: Messages, send: Send) -> None:
        """Answer our own routes; pass everything else on and note that state may have changed."""
        path = scope.get("path", "")
        if path.startswith(ROUTES) or path in REFUSED:
            await self._answer(scope["method"], path.removeprefix(ROUTES), receive, send)
            return
        self.changed = self.changed or scope.get("method") not in {"GET", "HEAD"}
        await routing.application(scope, receive, send)

    async def _answer(self, method: str, name: str, receive: Messages, send: Send) -> None:
        route = self._routes.get((method, name))
        status, answer = 404, {"error": f"no route {method} {name}"}
        if route:
            status, answer = _outcome(route, await _body(receive))
        body = json.dumps(answer).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _status(self) -> dict[str, Any]:
        return {
            "home": self._home,
            "pid": os.getpid(),
            "started": self._started,
            "denials": self._denials.count,
            "endpoints": self._models.overview(),
            "stand_ins": [one.overview() for one in self._stand_ins],
        }

    def _add_fault(self, body: bytes) -> None:
        try:
            self._faults.add(Fault(**json.loads(body)))
        except TypeError as error:
            raise UnknownFault(str(error)) from error


def _outcome(route: Callable[[bytes], object], body: bytes) -> tuple[int, Any]:
    try:
        return 200, route(body)
    except ValueError as error:
        return 400, {"error": str(error)}


async def _body(receive: Messages) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body
