"""An asynchronous endpoint that runs: its model server, its backlog, and as many workers as it takes invocations."""

import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from botocore.config import Config

from local import identity
from local.backlog import Backlog
from local.inference import Abandoned, Destination, Inference, Request
from local.programs import Program
from local.seams import account
from local.server import Server

IDLE_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class EndpointPlan:
    """What a model and an endpoint configuration say together."""

    name: str
    program: Program
    environment: dict[str, str]
    role: str
    url: str
    invocations: int
    start_seconds: float
    output_path: str
    failure_path: str | None
    success_topic: str | None
    error_topic: str | None
    kms_key: str | None

    @cached_property
    def destination(self) -> Destination:
        """Clients that act as the model's role, so that its policies are enforced."""
        session = identity.session(self.role, "SageMaker")
        config = Config(s3={"addressing_style": "path"}, max_pool_connections=self.invocations)
        return Destination(
            s3=session.client("s3", endpoint_url=self.url, config=config),
            sns=session.client("sns", endpoint_url=self.url, config=config),
            success_topic=self.success_topic,
            error_topic=self.error_topic,
            kms_key=self.kms_key,
        )


class Endpoint:
    """One endpoint and its threads."""

    def __init__(self, plan: EndpointPlan, *, home: Path) -> None:
        self.plan = plan
        self.backlog = Backlog(home / "backlog" / plan.name)
        self._stopping = threading.Event()
        log = home / "logs" / f"{plan.name}.log"
        self.server = Server(plan.program, environment=plan.environment, log=log, start_seconds=plan.start_seconds)
        self._workers = [
            threading.Thread(target=self._work, name=f"{plan.name}-{number}", daemon=True)
            for number in range(plan.invocations)
        ]

    def start(self) -> None:
        """Start the server and take requests."""
        self.server.start()
        for worker in self._workers:
            worker.start()

    def stop(self) -> None:
        """Stop at once; requests in flight go back to the backlog."""
        self._stopping.set()
        self.server.stop()

    def accept(self, request: Request) -> None:
        """Queue a request."""
        self.backlog.add(request)

    def _work(self) -> None:
        while not self._stopping.is_set():
            taken = self.backlog.take(wait_seconds=IDLE_SECONDS)
            if taken is None:
                continue
            file, request = taken
            try:
                self._infer(request)
            except Abandoned:
                return
            except Exception:
                account.log.exception("inference %s broke the engine's worker", request.inference_id)
            self.backlog.settle(file)

    def _infer(self, request: Request) -> None:
        Inference(
            request=request,
            destination=self.plan.destination,
            port=self._port,
            stopping=self._stopping.is_set,
        ).run()

    def _port(self) -> int | None:
        return self.server.port if self.server.ready.wait(IDLE_SECONDS) else None
