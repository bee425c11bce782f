"""The engine process: ministack with what it lacks, on loopback, its state in one folder. `python -m local.engine`."""

import argparse
import asyncio
import fcntl
import json
import logging
import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.wire import status

if TYPE_CHECKING:
    from local.services import Services

AUTOSAVE_SECONDS = 2.0
SAVING_SHARE = 0.05  # of the time, at most
STOP_SECONDS = 9.0
SITE = Path(__file__).with_name("worker_site")


def main() -> None:
    """Read the flags, prepare the folder and the environment, and serve until a signal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    flags = parser.parse_args()
    home: Path = flags.home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)  # the state that is kept here holds secrets
    _claim(home)
    _prepare_folders(home)
    _set_environment(home, flags.port)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("loupe").setLevel(logging.INFO)
    from local.services import Services  # noqa: PLC0415  # ministack reads its environment while it is imported

    asyncio.run(_serve(Services(home, port=flags.port), home=home, port=flags.port))


def _claim(home: Path) -> None:
    """Hold the folder until this process ends, however it ends."""
    claim = os.open(home / "claim", os.O_CREAT | os.O_RDWR)
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"Another engine serves {home}.")


def _prepare_folders(home: Path) -> None:
    shutil.rmtree(home / "tmp", ignore_errors=True)
    for folder in ("tmp", "state", "s3", "logs", "programs", "backlog"):
        (home / folder).mkdir(parents=True, exist_ok=True)


def _set_environment(home: Path, port: int) -> None:
    """Ministack's switches, and nothing of the user's AWS or proxy settings for the functions to inherit."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            del os.environ[name]
    os.environ.update(
        AUTH="true",
        AWS_ACCESS_KEY_ID="test",
        AWS_DEFAULT_REGION="us-east-1",
        AWS_EC2_METADATA_DISABLED="true",
        AWS_SECRET_ACCESS_KEY="test",  # noqa: S106  # ministack's own root key; it opens nothing outside this process
        BIND_HOST="127.0.0.1",
        GATEWAY_PORT=str(port),
        IOT_MTLS_ENABLED="0",
        LAMBDA_EXECUTOR="local",
        LOG_LEVEL="WARNING",
        MINISTACK_HOST="localhost",
        PERSIST_STATE="1",
        PYTHONPATH=str(SITE),
        S3_DATA_DIR=str(home / "s3"),
        S3_PERSIST="1",
        SFTP_ENABLED="0",
        STATE_DIR=str(home / "state"),
        TMPDIR=str(home / "tmp"),
    )


async def _serve(services: "Services", *, home: Path, port: int) -> None:
    from hypercorn.asyncio import serve  # noqa: PLC0415  # see main
    from hypercorn.config import Config  # noqa: PLC0415  # see main

    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.loglevel = "WARNING"
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.5
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _begin_to_stop, stop)
    threading.Thread(target=_autosave, args=(services,), daemon=True).start()
    threading.Thread(target=_announce, args=(services, home, port), daemon=True).start()
    try:
        application: Any = services.application  # plain ASGI; hypercorn's types name its own messages
        await serve(application, config, shutdown_trigger=lambda: _until_stopped(stop, services))
    finally:
        services.save()
        services.stop()
        os._exit(0)


async def _until_stopped(stop: asyncio.Event, services: "Services") -> None:
    """Return once the server may close: the jobs end before it, for what they save goes through it."""
    await stop.wait()
    await asyncio.to_thread(services.interrupt)


def _begin_to_stop(stop: asyncio.Event) -> None:
    """Stop in order; if anything hangs, stop anyway."""
    stop.set()
    timer = threading.Timer(STOP_SECONDS, os._exit, (1,))
    timer.daemon = True
    timer.start()


def _autosave(services: "Services") -> None:
    pause = AUTOSAVE_SECONDS
    while True:
        time.sleep(pause)
        begun = time.monotonic()
        services.save_changes()
        pause = max(AUTOSAVE_SECONDS, (time.monotonic() - begun) / SAVING_SHARE)


def _announce(services: "Services", home: Path, port: int) -> None:
    """Say where the engine is, once it answers; then start the endpoints, which talk to it."""

    while status(port) is None:
        time.sleep(0.01)
    draft = home / "engine.draft"
    draft.write_text(json.dumps({"pid": os.getpid(), "port": port}))
    draft.replace(home / "engine.json")
    services.resume()


if __name__ == "__main__":
    main()
