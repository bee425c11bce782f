"""How gunicorn serves the room detector: one worker for each core, and always a thread left for /ping."""
# ruff: noqa: N999  # the name that gunicorn looks for

import contextlib
import os
import pwd
from pathlib import Path

bind = f"{os.environ.get('BIND_HOST', '0.0.0.0')}:{os.environ.get('SAGEMAKER_BIND_TO_PORT', '8080')}"  # noqa: S104  # inside a container
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY") or len(os.sched_getaffinity(0)))
threads = 16  # more than the invocations an endpoint sends at once: one worker may get them all
preload_app = True
timeout = 120  # a worker's heartbeat, not a limit on one request
graceful_timeout = 25  # SageMaker kills 30 s after SIGTERM
keepalive = 5
control_socket_disable = True
errorlog = "-"
if Path("/dev/shm").is_dir():  # noqa: S108  # gunicorn's heartbeat file must not wait for a disk
    worker_tmp_dir = "/dev/shm"  # noqa: S108
if os.getuid() == 0:
    with contextlib.suppress(KeyError):  # SageMaker starts the image as root; a laptop has no such user
        user = pwd.getpwnam("app").pw_uid
        group = pwd.getpwnam("app").pw_gid
