"""Promises of the engine's process: what it keeps, what it leaves behind, where it listens."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from local.laptop import EngineFailed, Laptop, NotRunning
from tests.local.assemblies import PROGRAM, endpoint, write_assembly
from tests.local.homes import listening, processes_of

pytestmark = pytest.mark.laptop


def soon(happened: Callable[[], bool], *, seconds: float = 10) -> bool:
    until = time.monotonic() + seconds
    while not (yes := happened()) and time.monotonic() < until:
        time.sleep(0.05)
    return yes


def test_keeps_objects_tables_and_endpoints_when_it_is_killed(laptop: Laptop, tmp_path: Path) -> None:
    laptop.up(write_assembly(tmp_path / "out", {"Rooms": endpoint()}))
    laptop.client("s3").create_bucket(Bucket="kept")
    names = ["a", "a/b", "folder/", "plan ä+%2F 1.png", "long/" + "x" * 900]
    for name in names:
        laptop.client("s3").put_object(Bucket="kept", Key=name, Body=b"walls")
    port = laptop.status().port
    time.sleep(2.5)  # one autosave
    os.killpg(laptop.status().pid or 0, signal.SIGKILL)
    assert soon(lambda: not processes_of(laptop.home))
    laptop.start()
    assert laptop.status().port == port
    assert sorted(keys_of(laptop, "kept")) == sorted(names)
    for name in names:
        assert laptop.client("s3").get_object(Bucket="kept", Key=name)["Body"].read() == b"walls"
    assert laptop.status().stacks == {"Rooms": "CREATE_COMPLETE"}
    assert soon(lambda: laptop.status().endpoints[0]["ready"])


def test_makes_the_requests_again_that_it_held_when_it_was_killed(laptop: Laptop, tmp_path: Path) -> None:
    once = PROGRAM.replace(
        'if body == b"wait":',
        'if body == b"wait" and not os.path.exists("tried"):\n            open("tried", "w").close()',
    )
    laptop.up(write_assembly(tmp_path / "out", {"Rooms": endpoint()}, program=once))
    [bucket] = [one["Name"] for one in laptop.client("s3").list_buckets()["Buckets"] if "rooms" in one["Name"]]
    laptop.client("s3").put_object(Bucket=bucket, Key="a", Body=b"wait")
    name, runtime = laptop.status().endpoints[0]["name"], laptop.client("sagemaker-runtime")
    asked = runtime.invoke_endpoint_async(EndpointName=name, InputLocation=f"s3://{bucket}/a")
    assert soon((laptop.home / "programs/program/context/tried").exists)
    laptop.down()
    laptop.start()
    key = asked["OutputLocation"].partition("output/")[2]
    assert soon(lambda: f"output/{key}" in keys_of(laptop, bucket))


def keys_of(laptop: Laptop, bucket: str) -> list[str]:
    return [one["Key"] for one in laptop.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_stops_with_everything_that_it_started(laptop: Laptop, tmp_path: Path) -> None:
    laptop.up(write_assembly(tmp_path / "out", {"Rooms": endpoint()}))
    assert len(processes_of(laptop.home)) >= 3
    laptop.down()
    assert processes_of(laptop.home) == set()
    assert not laptop.status().running


def test_listens_on_loopback_only(laptop: Laptop, tmp_path: Path) -> None:
    laptop.up(write_assembly(tmp_path / "out", {"Rooms": endpoint()}))
    assert soon(lambda: len(listening(processes_of(laptop.home))) == 3)
    addresses = listening(processes_of(laptop.home))
    assert all(address.startswith("0100007F:") for address in addresses)


def test_two_starts_at_once_start_one_engine(laptop: Laptop) -> None:
    others = [Laptop(laptop.home) for _ in range(3)]
    starts = [threading.Thread(target=other.start) for other in others]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    assert len({other.status().pid for other in others}) == 1
    for other in others:
        other.down()


def test_a_record_of_a_dead_engine_is_not_a_running_one(laptop: Laptop) -> None:
    laptop.home.mkdir()
    (laptop.home / "engine.json").write_text(json.dumps({"pid": os.getpid(), "port": 9}))
    assert not laptop.status().running
    with pytest.raises(NotRunning, match="loupe local up"):
        _ = laptop.url


def test_takes_another_port_when_its_old_one_is_taken(laptop: Laptop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        laptop.home.mkdir()
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        (laptop.home / "engine.json").write_text(json.dumps({"pid": gone.pid, "port": port}))
        laptop.start()
        assert laptop.status().port != port


def test_a_folder_is_never_served_by_two_engines(laptop: Laptop) -> None:
    laptop.start()
    (laptop.home / "engine.json").unlink()
    with pytest.raises(EngineFailed, match="Another engine serves"):
        Laptop(laptop.home).start()
    for pid in processes_of(laptop.home):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def test_shows_the_end_of_its_log_when_it_does_not_start(laptop: Laptop) -> None:
    laptop.home.mkdir()
    (laptop.home / "sagemaker.json").write_text("no json")
    with pytest.raises(EngineFailed, match="JSONDecodeError"):
        laptop.start()


def test_forgets_everything_when_asked(laptop: Laptop) -> None:
    laptop.start()
    laptop.client("s3").create_bucket(Bucket="old")
    laptop.forget()
    laptop.start()
    assert laptop.client("s3").list_buckets()["Buckets"] == []


def test_status_is_for_machines_too(laptop: Laptop) -> None:
    command = [sys.executable, "-c", "from cli.local import app; app()", "status", "--json", "--home", str(laptop.home)]
    stopped = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (stopped.returncode, json.loads(stopped.stdout)["running"]) == (3, False)
    laptop.start()
    running = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(running.stdout)["url"] == laptop.url
