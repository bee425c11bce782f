"""The laptop as one object: an engine that is started, given an assembly, asked how it is, and stopped."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TextIO

import boto3
from botocore.config import Config

from local import wire
from local.assembly import read_assembly
from local.deployment import Deployment, Progress
from local.introduction import introduce, key_file
from local.ports import free_port
from local.programs import Programs
from local.stacks import Stacks

ROOT = Path(__file__).parent.parent
HOME = ROOT / ".loupe"
START_SECONDS = 20.0
STOP_SECONDS = 11.0
DEATH_SECONDS = 2.0  # a process that is killed lives on for a moment
LOG_LINES = 30


class EngineFailed(RuntimeError):
    """The engine did not start; the text ends with its log."""


class NotRunning(RuntimeError):
    """The laptop is asked for something that only a running engine has."""


@dataclass(frozen=True, kw_only=True)
class LaptopStatus:
    """How the laptop is, for people and for machines."""

    running: bool
    url: str | None = None
    port: int | None = None
    pid: int | None = None
    uptime_seconds: float = 0.0
    stacks: dict[str, str] = field(default_factory=dict)
    endpoints: list[dict[str, Any]] = field(default_factory=list)
    stand_ins: list[dict[str, Any]] = field(default_factory=list)
    denials: int = 0
    last_denials: list[dict[str, str]] = field(default_factory=list)


class Laptop:
    """One folder of state and the engine that serves it."""

    def __init__(self, home: Path = HOME) -> None:
        self.home = home.resolve()
        self._engine: subprocess.Popen[bytes] | None = None

    def up(self, assembly: Path, on_progress: Progress = lambda _stack, _state: None) -> None:
        """Start the engine if it is not running and deploy an assembly to it."""
        artifacts = read_assembly(assembly)
        with self._alone():
            port = self._start()
            programs = Programs(self.home / "programs")
            for image in (image for artifact in artifacts for image in artifact.images):
                programs.keep(image.tag, image.source, image.dockerfile)
            types = frozenset(wire.ask(port, "GET", "types"))
            Deployment(self.session(), url=self.url, types=types, on_progress=on_progress).deploy(artifacts)
            self._introduce_stand_ins(port)
            wire.ask(port, "POST", "save")

    def start(self) -> None:
        """Start the engine if it is not running."""
        with self._alone():
            self._start()

    def down(self) -> None:
        """Stop the engine and every process it started; its state stays."""
        with self._alone():
            if found := self._found():
                _end(found["pid"])
            if self._engine:
                if self._engine.poll() is None:  # it was starting, and could not be found yet
                    _end(self._engine.pid)
                self._engine.wait()

    def forget(self) -> None:
        """Stop the engine and delete its state."""
        self.down()
        for item in self.home.iterdir():
            if item.name not in {"lock", "cdk.out"}:
                shutil.rmtree(item) if item.is_dir() else item.unlink()

    def status(self) -> LaptopStatus:
        """How the engine is, now."""
        found = self._found()
        if found is None:
            return LaptopStatus(running=False)
        return LaptopStatus(
            running=True,
            url=self.url,
            port=found["port"],
            pid=found["pid"],
            uptime_seconds=time.time() - found["started"],
            stacks=Stacks(self.session().client("cloudformation", endpoint_url=self.url), url=self.url).statuses(),
            endpoints=found["endpoints"],
            stand_ins=found["stand_ins"],
            denials=found["denials"],
            last_denials=self.last_denials()[-5:],
        )

    def denials(self) -> int:
        """How many requests policies have refused since the engine was started."""
        found = self._found()
        return int(found["denials"]) if found else 0

    def last_denials(self) -> list[dict[str, str]]:
        """Who was refused what, on which resource; the latest last."""
        return list(wire.ask(self._running_port(), "GET", "denials"))

    def logs(self, *, follow: bool = False) -> Iterator[str]:
        """Lines of the engine and of every program that it runs; with `follow`, without end."""
        files: dict[Path, TextIO] = {}
        with contextlib.ExitStack() as stack:
            while True:
                for file in sorted((self.home / "logs").glob("*.log")):
                    if file not in files:
                        files[file] = stack.enter_context(file.open(errors="replace"))
                    yield from (f"{file.stem}: {line.rstrip()}" for line in files[file])
                if not follow:
                    return
                time.sleep(0.2)

    def inject(self, fault: dict[str, object]) -> None:
        """Let a fault happen at the AWS boundary: see `local.faults.Fault` for its fields."""
        wire.ask(self._running_port(), "POST", "faults", fault)

    @property
    def url(self) -> str:
        """Where the AWS services answer."""
        return f"http://127.0.0.1:{self._running_port()}"

    def reachable(self, api_url: str) -> str:
        """The loopback address of an HTTP API whose stack output names its address in AWS."""
        host, _, path = api_url.partition("://")[2].partition("/")
        return f"{self.url}/_aws/execute-api/{host.partition('.')[0]}/{path}"

    def session(self) -> boto3.Session:
        """A session as the root of the laptop's account."""
        return self._session

    def client(self, service: str) -> Any:
        """An SDK client as the root of the laptop's account; root is not subject to policies."""
        config = Config(s3={"addressing_style": "path"})
        return self.session().client(service, endpoint_url=self.url, config=config)  # type: ignore[call-overload]  # any service

    @cached_property
    def _session(self) -> boto3.Session:
        return boto3.Session("test", "test", region_name="us-east-1")

    def _running_port(self) -> int:
        found = self._found()
        if found is None:
            raise NotRunning("The laptop is not running: start it with `loupe local up`.")
        port: int = found["port"]
        return port

    def _found(self) -> dict[str, Any] | None:
        """The status of our engine; another program on its old port or with its old pid is not ours."""
        record = self._record()
        status = wire.status(record["port"]) if record and _alive(record["pid"]) else None
        if not record or not status or status["home"] != str(self.home):
            return None
        return {**status, "port": record["port"]}

    def _record(self) -> dict[str, int] | None:
        try:
            record: dict[str, int] = json.loads((self.home / "engine.json").read_text())
        except (OSError, ValueError):
            return None
        return record

    def _start(self) -> int:
        if found := self._found():
            return int(found["port"])
        if self._engine:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._engine.wait(DEATH_SECONDS)
        last = self._record()
        port = free_port(like=last["port"] if last else 0)
        log = self.home / "logs" / "engine.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._engine = subprocess.Popen(
                [sys.executable, "-m", "local.engine", "--home", str(self.home), "--port", str(port)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait_until_found(self._engine, log)
        return port

    def _introduce_stand_ins(self, port: int) -> None:
        for one in wire.ask(port, "GET", "status")["stand_ins"]:
            key = key_file(self.home, one["name"]).read_text()
            introduce(one["name"], url=one["url"], key=key, session=self.session(), engine=self.url)

    def _wait_until_found(self, engine: subprocess.Popen[bytes], log: Path) -> None:
        deadline = time.monotonic() + START_SECONDS
        while (found := self._found()) is None or found["pid"] != engine.pid:
            if engine.poll() is not None or time.monotonic() > deadline:
                if engine.poll() is None:
                    _end(engine.pid)
                    engine.wait()
                lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
                raise EngineFailed("The engine did not start. The end of its log:\n" + "\n".join(lines))
            time.sleep(0.02)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One `up`, `start` or `down` of this folder at a time."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _end(pid: int) -> None:
    """Ask a process to stop; if it does not, kill it with its whole group."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while _alive(pid):
            if time.monotonic() > deadline:
                os.killpg(pid, signal.SIGKILL)
            time.sleep(0.02)


def _alive(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
