"""The program as SageMaker runs it: the real server on a free port, healthy whatever is sent to it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from containers.room_detection import wsgi
from containers.room_detection.inference import detect_file
from loupe.contracts import check
from tests.room_detection.files import ENCRYPTED_PDF, encoded, huge_png, plan

HOUSE = Path(__file__).parents[2]
FLAT = HOUSE / "examples" / "flat.png"
LARGE = encoded(plan("L", (9000, 9000)))


class Server:
    """A running program."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.process, self.port = process, port

    def request(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers, encode_chunked="Transfer-Encoding" in headers)
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def invoke(self, body: Any, **headers: str) -> tuple[int, bytes]:
        answer, content = self.request("POST", "/invocations", body, **headers)
        return answer.status, content

    def ping(self) -> float:
        start = time.monotonic()
        answer, body = self.request("GET", "/ping")
        assert (answer.status, body, answer.headers["Content-Length"]) == (200, b"", "0")
        return time.monotonic() - start

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]


@contextmanager
def serving(**environ: str) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        "-m",
        "gunicorn",
        "-c",
        "containers/room_detection/gunicorn.conf.py",
        "containers.room_detection.wsgi:app",
    ]
    settings = {"BIND_HOST": "127.0.0.1", "SAGEMAKER_BIND_TO_PORT": str(port), "WEB_CONCURRENCY": "2", **environ}
    with subprocess.Popen(
        [sys.executable, *command, "serve"], cwd=HOUSE, env={**os.environ, **settings}, stderr=subprocess.DEVNULL
    ) as process:
        server = Server(process, port)
        try:
            _wait_for(server)
            yield server
        finally:
            process.terminate()
            process.wait(30)


def _wait_for(server: Server) -> None:
    for _ in range(100):
        try:
            server.ping()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("the program does not answer /ping")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(LOUPE_MAX_UPLOAD_MIB="2") as running:
        yield running


def test_an_invocation_answers_with_the_rooms_and_their_length(server: Server) -> None:
    answer, body = server.request("POST", "/invocations", FLAT.read_bytes(), **{"Content-Type": "image/png"})
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert int(answer.headers["Content-Length"]) == len(body)
    assert check("room_detection/rooms", json.loads(body)) == detect_file(FLAT)


def test_the_claimed_content_type_is_not_believed(server: Server) -> None:
    status, _ = server.invoke(FLAT.read_bytes(), **{"Content-Type": "application/pdf"})
    assert status == 200


def test_a_body_of_unknown_length_is_taken(server: Server) -> None:
    status, _ = server.invoke(iter([FLAT.read_bytes()]), **{"Transfer-Encoding": "chunked"})
    assert status == 200


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "empty"),
        (FLAT.read_bytes()[:5000], 400, "damaged or cut short"),
        (b"GIF89a", 415, "a GIF"),
        (b"<svg/>", 415, "an SVG"),
        (ENCRYPTED_PDF, 400, "encrypted"),
        (huge_png(30_000), 413, "30000 x 30000"),
        (bytes((2 << 20) + 1), 413, "the limit is 2 MiB"),
    ],
)
def test_a_refused_blueprint_gets_one_line_of_text(server: Server, body: bytes, status: int, words: str) -> None:
    answer, reason = server.request("POST", "/invocations", body)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert words in reason.decode()
    assert b"\n" not in reason
    assert server.ping() < 1


def test_an_upload_without_a_length_is_refused_when_it_grows_too_large(server: Server) -> None:
    status, reason = server.invoke(iter([bytes(1 << 20)] * 3), **{"Transfer-Encoding": "chunked"})
    assert (status, b"the limit is 2 MiB" in reason) == (413, True)


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/", 404), ("POST", "/ping", 404), ("GET", "/invocations", 405)]
)
def test_other_requests_are_told_what_there_is(server: Server, method: str, path: str, status: int) -> None:
    assert server.request(method, path)[0].status == status


def test_a_page_without_rooms_is_an_answer(server: Server) -> None:
    status, body = server.invoke(encoded(plan("L", (1, 1))))
    assert (status, json.loads(body)["rooms"]) == (200, [])


def test_a_client_that_leaves_in_the_middle_does_no_harm(server: Server) -> None:
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(b"POST /invocations HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + bytes(500))
    assert server.ping() < 1
    assert server.invoke(FLAT.read_bytes())[0] == 200


def test_ping_answers_while_every_invocation_runs(server: Server) -> None:
    with ThreadPoolExecutor(4) as clients:
        running = [clients.submit(server.invoke, LARGE) for _ in range(4)]
        slowest = max(server.ping() for _ in range(10))
        assert [job.result()[0] for job in running] == [200] * 4
    assert slowest < 1


def test_a_killed_worker_is_replaced() -> None:
    with serving() as server:
        before = server.workers()
        for worker in before:
            os.kill(worker, signal.SIGKILL)
        _wait_for(server)
        assert server.invoke(FLAT.read_bytes())[0] == 200
        assert not set(before) & set(server.workers())


def test_sigterm_lets_running_invocations_finish() -> None:
    with serving() as server, ThreadPoolExecutor(2) as clients:
        running = [clients.submit(server.invoke, LARGE) for _ in range(2)]
        time.sleep(0.4)
        server.process.terminate()
        assert [job.result()[0] for job in running] == [200, 200]
        assert server.process.wait(25) == 0


def test_an_unexpected_failure_is_one_line_and_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(wsgi, "predict_fn", fail)
    statuses: list[str] = []
    body = FLAT.read_bytes()
    environ = {"PATH_INFO": "/invocations", "REQUEST_METHOD": "POST", "wsgi.input": BytesIO(body)}
    environ["CONTENT_LENGTH"] = str(len(body))
    answer = b"".join(wsgi.app(environ, lambda status, headers: statuses.append(status)))
    assert statuses == ["500 Internal Server Error"]
    assert answer == b"The room detector failed on this blueprint."
