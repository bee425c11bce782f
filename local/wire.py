"""Small JSON requests to the engine's own routes."""

import http.client
import json
from typing import Any


class EngineRefused(RuntimeError):
    """The engine's own routes refused a request; the text is their answer."""


def ask(port: int, method: str, route: str, body: object = None, *, timeout_seconds: float = 30.0) -> Any:
    """One request to `/_loupe/<route>`; raises OSError when nothing answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_seconds)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, f"/_loupe/{route}", content, {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = json.loads(response.read())
    except http.client.HTTPException as error:
        raise ConnectionError(str(error)) from error
    finally:
        connection.close()
    if response.status != 200:
        raise EngineRefused(answer["error"])
    return answer


def status(port: int) -> dict[str, Any] | None:
    """The engine's status, or None when no engine answers on that port."""
    try:
        answer: dict[str, Any] = ask(port, "GET", "status", timeout_seconds=5)
    except (OSError, ValueError, EngineRefused):
        return None
    return answer
